"""The list of serial ports that `handset modem list` prints."""

import json

import click

from console import printable
from gsm.find import Candidate, NoModemFound, SeveralModems, preferred, survey, survey_one
from handset.modem_texts import REPLIES, ROLES, ModemText, said_of_choice
from handset.settings import Settings
from wire.response_codes import Language


def list_all(settings: Settings, as_json: bool) -> bool:
    """Ask all ports, or the one that was named, and print them; whether a modem answered."""
    if settings.port is None:
        found = survey(settings.system_root, settings.baud, settings.rtscts)
        chosen, reason = _chosen(found, settings.language)
    else:
        chosen = survey_one(settings.port, settings.system_root, settings.baud, settings.rtscts)
        found, reason = [chosen], _about_the_named(chosen, settings.language)
    if as_json:
        rows = [{**_facts(each), "chosen": each is chosen} for each in found]
        click.echo(printable(json.dumps(rows, ensure_ascii=False)))
    else:
        _print(found, chosen, reason, settings.language)
    return any(each.answers for each in found)


def _chosen(found: list[Candidate], language: Language) -> tuple[Candidate | None, str]:
    """The port that is used where none is named; and what is to be said of the choice."""
    try:
        return preferred(found), ModemText.CHOSEN.say(language)
    except SeveralModems as error:
        return None, said_of_choice(error, language)
    except NoModemFound:
        return None, (ModemText.NOBODY_ANSWERS if found else ModemText.NO_PORTS).say(language)


def _about_the_named(port: Candidate, language: Language) -> str:
    text = ModemText.CHOSEN_BY_PORT if port.answers else ModemText.NO_ANSWER
    return text.say(language, port=port.path)


def _print(found: list[Candidate], chosen: Candidate | None, reason: str, language: Language) -> None:
    for each in found:
        described = "  ".join(part for part in _described(each, language) if part)
        click.echo(("* " if each is chosen else "  ") + printable(described))
        if each.by_id:
            click.echo(f"      {printable(each.by_id)}")
    click.echo(printable(reason), err=True)


def _described(port: Candidate, language: Language) -> tuple[str, ...]:
    usb, role = port.usb, ROLES[port.role].say(language)
    where = (
        f"{usb.identity.vendor_id:04x}:{usb.identity.product_id:04x} "
        + ModemText.INTERFACE.say(language, number=usb.identity.interface)
        if usb
        else ""
    )
    if port.heard is None:
        return port.path, port.name, where, ModemText.NOT_ASKED.say(language, role=role)
    return port.path, port.name, where, role, REPLIES[port.heard.reply].say(language)


def _facts(port: Candidate) -> dict[str, object]:
    identity = port.usb.identity if port.usb else None
    return {
        "port": port.path,
        "by_id": port.by_id,
        "name": port.name,
        "usb": identity
        and {
            "vendor_id": f"{identity.vendor_id:04x}",
            "product_id": f"{identity.product_id:04x}",
            "interface": identity.interface,
            "serial_number": identity.serial_number,
            "location": identity.location,
        },
        "role": port.role.name.lower(),
        "answer": port.heard.reply.name.lower() if port.heard else None,
    }
