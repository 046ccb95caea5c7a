"""`handset modem doctor`: examines, prints each finding as it is made, and tells whether all is well."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from console import printable
from gsm.doctor import Check, Finding, State, examine
from gsm.observations import Observations
from handset.doctor_texts import ADVICE, TITLES, said
from handset.modem_texts import KINDS, PLACES, REPLIES, ROLES, ModemText
from handset.settings import Settings
from handset.sim_pin_file import sim_pin_in_file
from handset.sqlite_store import kept_number
from wire.response_codes import Language

# Stands in a command where a person is to put a port, as MSISDN and FILE do.
_PLACE_OF_PORT = "PORT"
_MARKS = {State.WELL: "✓", State.MEND: "✗", State.SKIPPED: "–"}
# Whatever else is typed costs nothing.
_YES = ("y", "yes", "是")
# Facts that are words for programs, and what a person reads for them; and what is said where a fact is empty.
_WORDS: dict[str, Mapping[str, ModemText]] = {
    "role": {role.name: text for role, text in ROLES.items()},
    "reply": {reply.name: text for reply, text in REPLIES.items()},
    "place": {place.name: text for place, text in PLACES.items()},
    "kind": {kind.name: text for kind, text in KINDS.items()},
}
_OTHERWISE = {"name": ModemText.NAME_UNKNOWN, "others": ModemText.NONE_LISTED, "better": ModemText.NONE_LISTED}
_COLOURS = {State.WELL: "green", State.MEND: "red", State.SKIPPED: None}


def examine_modem(settings: Settings, as_json: bool, test_sms: bool, wait_s: float) -> bool:
    """Examine the modem; whether nothing is to be mended.

    A text is sent only if it was agreed to; it has `wait_s` seconds to come back.
    """

    def agrees(number: str) -> bool:
        if test_sms or as_json or not sys.stdin.isatty():
            return test_sms
        question = ModemText.ASK_TEST_SMS.say(settings.language, number=number)
        return str(click.prompt(question, default="n", show_default=False, err=True)).strip().lower() in _YES

    reports: list[dict[str, Any]] = []
    with Observations(
        settings.port,
        root=settings.system_root,
        baudrate=settings.baud,
        rtscts=settings.rtscts,
        number=settings.number,
        pin_at_hand=sim_pin_in_file(settings.sim_pin_file) is not None,
        kept=lambda imsi: kept_number(settings.state, imsi),
        agrees=agrees,
        delivery_s=wait_s,
    ) as observer:
        port = settings.port
        for finding in examine(observer):
            if finding.check is Check.DEVICE and finding.state is State.WELL:
                port = str(finding.facts["port"])
            report = report_of(finding, port or _PLACE_OF_PORT, settings.baud, settings.language)
            reports.append(report)
            if not as_json:
                _print(finding, report, settings.language)
    well = all(report["state"] != State.MEND.value for report in reports)
    if as_json:
        click.echo(printable(json.dumps({"well": well, "port": port, "checks": reports}, ensure_ascii=False)))
    else:
        click.echo((ModemText.ALL_WELL if well else ModemText.TO_MEND).say(settings.language))
    return well


def report_of(finding: Finding, port: str, baud: int, language: Language) -> dict[str, Any]:
    """What is said of a finding; `port` and `baud` (bits a second) are those that commands are to name."""
    advice = ADVICE[finding.verdict]
    facts = {"port": port, "baud": baud, **finding.facts}
    if "because" in facts:
        facts["because"] = said(TITLES[Check(facts["because"])], language)
    others = finding.facts.get("others")
    facts["others"] = ", ".join(others) if isinstance(others, list) else ""
    for key, texts in _WORDS.items():
        if str(facts.get(key)).upper() in texts:
            facts[key] = texts[str(facts[key]).upper()].say(language)
    for key, otherwise in _OTHERWISE.items():
        facts[key] = facts.get(key) or otherwise.say(language)
    return {
        "check": finding.check.value,
        "state": finding.state.value,
        "verdict": finding.verdict.name.lower(),
        "seen": said(advice.seen, language, **facts),
        "means": said(advice.means, language, **facts),
        "todo": said(advice.todo, language, **facts),
        "commands": [command.format(**facts) for command in advice.commands],
        "facts": dict(finding.facts),
    }


def _print(finding: Finding, report: dict[str, Any], language: Language) -> None:
    mark = click.style(_MARKS[finding.state], fg=_COLOURS[finding.state])
    title = said(TITLES[finding.check], language)
    click.echo(ModemText.FINDING.say(language, mark=mark, title=title, seen=printable(report["seen"])))
    for line in (report["means"], report["todo"]):
        if line:
            click.echo(f"    {printable(line)}")
    for command in report["commands"]:
        click.echo(f"      {printable(command)}")
