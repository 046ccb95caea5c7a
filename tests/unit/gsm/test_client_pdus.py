"""What gammu, smstools, ModemManager and gnokii really wrote is read as it was asked for, and we write the same.

`client_pdus.json` holds the lines that the programs of Debian 12 sent to `modem-emulator serve`.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gsm.pdu import (
    Alphabet,
    Language,
    MessageClass,
    Ports,
    Submit,
    UserData,
    decode_submit,
    encode_submit,
    from_hex,
    split,
    text_of,
    to_hex,
)
from gsm.reassembly import Complete, Reassembler

RECORDED = json.loads((Path(__file__).parent / "client_pdus.json").read_text())
MESSAGES = [
    pytest.param(message, id=f"{message['client']}-{number}") for number, message in enumerate(RECORDED["messages"])
]


def asked(message: dict[str, Any]) -> dict[str, Any]:
    """What was asked of the program, and what it adds of its own accord."""
    added: dict[str, Any] = RECORDED["clients"][message["client"]]["adds"]
    return added | message["asked"]


def submits(message: dict[str, Any]) -> list[Submit]:
    return [decode_submit(from_hex(line)[1]) for line in message["lines"]]


def ours(wanted: dict[str, Any], reference: int) -> list[str]:
    """The lines that we write for the same request, under the reference that the program chose."""
    message_class = wanted.get("message_class")
    options = {"message_class": None if message_class is None else MessageClass(message_class)}
    if "octets" in wanted:
        udh = [Ports(*wanted["ports"]).element()] if "ports" in wanted else []
        parts: tuple[UserData, ...] = (UserData.of_octets(bytes.fromhex(wanted["octets"]), udh, **options),)
    else:
        languages = [Language[name] for name in wanted.get("languages", [])]
        parts = split(wanted["text"], reference, languages=languages, **options)
    validity = timedelta(seconds=wanted["validity_s"]) if "validity_s" in wanted else None
    fields = {name: wanted[name] for name in ("status_report_request", "reply_path", "protocol_id") if name in wanted}
    tpdus = [encode_submit(Submit(wanted["destination"], part, validity=validity, **fields)) for part in parts]
    return [to_hex(tpdu, wanted.get("smsc", "")) for tpdu in tpdus]


@pytest.mark.parametrize("message", MESSAGES)
def test_what_a_program_wrote_is_read_as_it_was_asked_for(message: dict[str, Any]) -> None:
    wanted = asked(message)
    for line, submit in zip(message["lines"], submits(message), strict=True):
        assert from_hex(line)[0] == wanted.get("smsc", "")
        assert submit.destination == wanted["destination"]
        assert submit.validity == (timedelta(seconds=wanted["validity_s"]) if "validity_s" in wanted else None)
        assert submit.user_data.coding.message_class == wanted.get("message_class")
        assert submit.user_data.ports == (Ports(*wanted["ports"]) if "ports" in wanted else None)
        assert submit.status_report_request is wanted.get("status_report_request", False)
        assert submit.reply_path is wanted.get("reply_path", False)
        assert submit.protocol_id == wanted.get("protocol_id", 0)
    contents = [submit.user_data for submit in submits(message)]
    if "octets" in wanted:
        assert [(data.alphabet, data.content) for data in contents] == [
            (Alphabet.OCTETS, bytes.fromhex(wanted["octets"]))
        ]
    else:
        assert text_of(contents) == wanted["text"]
        assert {data.alphabet for data in contents} < {Alphabet.GSM7, Alphabet.UCS2}


@pytest.mark.parametrize("message", MESSAGES)
def test_what_a_program_wrote_is_handed_on_octet_for_octet(message: dict[str, Any]) -> None:
    for line, submit in zip(message["lines"], submits(message), strict=True):
        assert encode_submit(submit) == from_hex(line)[1]


@pytest.mark.parametrize("message", MESSAGES)
def test_we_write_what_the_program_wrote_or_the_difference_is_stated(message: dict[str, Any]) -> None:
    place = submits(message)[0].user_data.concatenation
    same = ours(asked(message), place.reference if place else 0) == message["lines"]
    assert same is ("differs" not in message), message.get("differs")


@pytest.mark.parametrize("message", MESSAGES)
def test_parts_that_a_program_wrote_come_together_in_any_order(message: dict[str, Any]) -> None:
    reassembler: Reassembler[int] = Reassembler()
    results = [
        reassembler.add("1", submit.user_data, number, 0)
        for number, submit in reversed(list(enumerate(submits(message))))
    ]
    last = results[-1]
    assert isinstance(last, Complete)
    assert last.items == tuple(range(len(message["lines"])))
    assert "octets" in message["asked"] or last.text == message["asked"]["text"]


def test_the_record_holds_each_kind_of_message_that_the_programs_can_send() -> None:
    lines = dict.fromkeys(RECORDED["clients"], 0)
    for message in RECORDED["messages"]:
        lines[message["client"]] += len(message["lines"])
    assert all(count >= 8 for count in lines.values())
    kinds = {key for message in RECORDED["messages"] for key in message["asked"]}
    assert kinds >= {"text", "octets", "ports", "languages", "message_class", "status_report_request", "reply_path"}
