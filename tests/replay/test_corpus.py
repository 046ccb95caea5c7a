"""The corpus: dialogues of makes of modem and of faults, each played to our driver (see corpus/README.md)."""

from pathlib import Path

import pytest

from gsm.transcript import Direction, Transcript, decode_transcript
from tests.replay.corpus_scenario import FASTER, STEPS, TEXTS, play
from tests.replay.corpus_table import CORPUS, table, with_table

FILES = sorted(CORPUS.glob("*.jsonl"))
TRANSCRIPTS = {file.stem: decode_transcript(file.read_text(encoding="ascii")) for file in FILES}

# design.md section 6 and the issue "Real modems" name these makes; the emulator has a profile of the first nine.
FAMILIES = {
    "generic 3GPP",
    "Huawei E173",
    "Huawei E3372",
    "SIMCom SIM800",
    "SIMCom SIM7600",
    "Quectel EC25",
    "ZTE K3565-Z",
    "Sierra Wireless MC7455",
    "Nokia",
    "Huawei E1752",
    "Huawei K3715",
    "SIMCom SIM900",
    "Quectel GSM module",
    "Wavecom",
    "Siemens and Cinterion",
    "Telit",
    "u-blox SARA",
    "Motorola",
    "Sony Ericsson",
}
# Each fault that shows in a dialogue. Two of design.md's do not: RTS/CTS forced on (it is no octet), and
# requestDelivery=False ignored (it is one bit of the PDU that we send); test_faults.py has both.
FAULTS = {
    "unsolicited line before the answer",
    "+CMTI during a command",
    "two +CMTI in one burst",
    "+CMGS later than 35 s",
    "+CMGS later than our own time-out",
    "+CMGS never",
    "+CNUM without a quoted name",
    "+CNUM with two lines",
    "own number in the ON phonebook",
    "own number in EF MSISDN",
    "own number nowhere",
    "octet that is not UTF-8",
    "noise at start",
    "unplugged and plugged in",
    "PUK asked",
    "+CPIN:READY without a space",
    "+CPIN? not ended by OK",
    "message in several parts",
    "error as a number",
    "error in words",
    "error of a vendor's own",
    "COMMAND NOT SUPPORT",
    "prompt in pieces",
    "prompt late",
    "reset in the middle of a command",
    "SIM busy",
    "PIN asked again after a reset",
    "registration lost",
    "storage full",
    "no +CNMI",
    "+CNMI allows little",
    "status report",
    "echo stays on",
    "USSD text across lines",
}
# Met besides.
FURTHER_FAULTS = {
    "message not stored but shown",
    "PIN refused",
    "no SIM",
    "service centre forgotten",
}


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_driver_does_what_the_header_expects(file: Path, tmp_path: Path) -> None:
    played = play(file, tmp_path / "modem")
    expected = {step: played.transcript.header.expect.get(step) for step in played.results}
    assert played.results == expected
    given = [command for command in played.unknown_commands if command.startswith(b"AT+CPIN=")]
    assert not given, "a PIN that nobody asked for"
    for step, text in TEXTS.items():
        was_handed_over = isinstance(expected.get(step), list) or expected.get(step) == "SendUnknown"
        times = played.messages.count(text)
        assert times == 1 if was_handed_over else times <= 1, "a message goes over the wire once, whatever comes of it"


def test_there_are_25_or_more() -> None:
    assert len(FILES) >= 25


def test_no_family_is_missing() -> None:
    assert {transcript.header.family for transcript in TRANSCRIPTS.values()} >= FAMILIES


def test_no_fault_is_missing_and_none_is_unknown() -> None:
    assert {
        fault for transcript in TRANSCRIPTS.values() for fault in transcript.header.faults
    } == FAULTS | FURTHER_FAULTS


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_each_says_where_its_facts_come_from_and_what_to_do(name: str) -> None:
    header = TRANSCRIPTS[name].header
    assert len(header.source) > 20
    assert header.about
    assert header.modem
    assert header.family
    assert header.scenario
    assert set(header.scenario) <= STEPS.keys() | FASTER.keys()
    assert set(header.expect) <= set(header.scenario)
    assert header.expect, "nothing is expected"


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_nobodys_number_or_card_is_in_it(name: str) -> None:
    """IMSIs of the test network 001-01, numbers of a block that is not given out (+86 139 0000 00xx)."""
    said = _text(TRANSCRIPTS[name])
    for digits in _digits(said):
        assert digits.startswith(("00101", "86139000000", "139000000")), digits


def test_the_table_in_the_readme_is_the_corpus() -> None:
    """To write it anew: python -m tests.replay.corpus_table"""
    readme = (CORPUS / "README.md").read_text(encoding="utf-8")
    assert readme == with_table(readme, table(TRANSCRIPTS))


def _text(transcript: Transcript) -> str:
    """What was said in plain: PDUs, which are hexadecimal lines, are left out."""
    octets = b"".join(event.data for event in transcript.events if event.direction is not Direction.CTL)
    lines = octets.decode("latin-1").replace("\x1a", "\r").replace("\n", "\r").replace("> ", "\r").split("\r")
    return "\n".join(line for line in lines if not _is_pdu(line))


def _is_pdu(line: str) -> bool:
    line = line.removeprefix("+CRSM: 144,0,").strip('>"')
    return len(line) > 20 and not set(line) - set("0123456789ABCDEF")


def _digits(said: str) -> list[str]:
    """Runs of ten digits or more: long enough for a number, an IMSI or a card."""
    found, run = [], ""
    for character in said + " ":
        if character.isdigit():
            run += character
        else:
            found += [run] if len(run) >= 10 else []
            run = ""
    return found
