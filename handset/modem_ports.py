"""The list of serial ports that `handset modem list` prints."""

import json

import click

from gsm.errors import ModemError
from gsm.find import Candidate, preferred, survey
from handset.modem_texts import REPLIES, ROLES, ModemText
from handset.settings import Settings
from wire.response_codes import Language


def list_all(settings: Settings, as_json: bool) -> bool:
    """Ask all ports and print them; whether a modem answered."""
    found = survey(settings.system_root, settings.baud, settings.rtscts)
    chosen, reason = _chosen(found)
    if as_json:
        click.echo(json.dumps([{**_facts(each), "chosen": each is chosen} for each in found], ensure_ascii=False))
    else:
        _print(found, chosen, reason, settings.language)
    return any(each.answers for each in found)


def _chosen(found: list[Candidate]) -> tuple[Candidate | None, str]:
    try:
        return preferred(found), ""
    except ModemError as error:
        return None, str(error)


def _print(found: list[Candidate], chosen: Candidate | None, reason: str, language: Language) -> None:
    for each in found:
        click.echo(("* " if each is chosen else "  ") + "  ".join(part for part in _described(each, language) if part))
        if each.by_id:
            click.echo(f"      {each.by_id}")
    if not found:
        click.echo(ModemText.NO_PORTS.say(language), err=True)
    elif chosen:
        click.echo(ModemText.CHOSEN.say(language), err=True)
    elif any(each.answers for each in found):
        click.echo(reason, err=True)
    else:
        click.echo(ModemText.NOBODY_ANSWERS.say(language), err=True)


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
