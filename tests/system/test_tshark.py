"""Wireshark's ISO 8583 dissector reads what we send as we describe it, field for field."""

import json
import shutil
import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from tests.system.house import PAYEE, House
from tests.unit.wire import key_vectors, story
from wire import describe, framing, iso

pytestmark = pytest.mark.foreign

BANK_PORT = 8583
OPERATOR_PORT = 40000
_DISSECTOR = (
    "iso8583.len_endian:bigendian",
    "iso8583.charset:Digits represented as ASCII Characters",
    "iso8583.binencode:Bin data not encoded",
)


class To(Enum):
    """Which way bytes went."""

    BANK = "to the bank"
    OPERATOR = "to the operator"


Conversation = list[tuple[To, bytes]]  # each item as one side wrote it to its socket


# -- a capture file -------------------------------------------------------------------------------------------


def write_pcap(file: Path, conversation: Conversation) -> None:
    """Write the conversation as a TCP connection over IPv4 and Ethernet (classic pcap, link type 1)."""
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    file.write_bytes(header + b"".join(_packets(conversation)))


def _packets(conversation: Conversation) -> Iterable[bytes]:
    sent = {To.BANK: 1, To.OPERATOR: 1}
    answer = {To.BANK: To.OPERATOR, To.OPERATOR: To.BANK}
    for number, (to, data) in enumerate(conversation):
        packet = _ethernet(_ipv4(to, _tcp(to, data, sent[to], sent[answer[to]])))
        sent[to] += len(data)
        yield struct.pack("<IIII", 1_795_336_215 + number, 0, len(packet), len(packet)) + packet


def _tcp(to: To, data: bytes, sequence: int, acknowledged: int) -> bytes:
    ports = (OPERATOR_PORT, BANK_PORT) if to is To.BANK else (BANK_PORT, OPERATOR_PORT)
    push_and_acknowledge = 0x5018  # header of 5 words; PSH, ACK
    return struct.pack(">HHIIHHHH", *ports, sequence, acknowledged, push_and_acknowledge, 65535, 0, 0) + data


def _ipv4(to: To, payload: bytes) -> bytes:
    operator, bank = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])  # RFC 5737: addresses for documentation
    addresses = operator + bank if to is To.BANK else bank + operator
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, 6, 0) + addresses + payload


def _ethernet(payload: bytes) -> bytes:
    return bytes(12) + b"\x08\x00" + payload


# -- two readings ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """One message as somebody reads it: values by field number, 0 for the MTI."""

    values: dict[int, str]


def read_by_tshark(file: Path, port: int = BANK_PORT) -> list[Reading]:
    """Return every ISO 8583 message that tshark finds on `port`."""
    tshark = shutil.which("tshark")
    assert tshark, "tshark is not installed"
    options = [part for option in _DISSECTOR for part in ("-o", option)]
    command = [tshark, "-r", str(file), "-T", "json", "-x", "--no-duplicate-keys", "-d", f"tcp.port=={port},iso8583"]
    output = subprocess.run([*command, *options], capture_output=True, text=True, check=True).stdout
    readings = []
    for packet in json.loads(output):
        layers = packet["_source"]["layers"].get("iso8583", [])
        for layer in layers if isinstance(layers, list) else [layers]:
            readings.append(_tshark_reading(layer))
    return readings


def _tshark_reading(layer: dict[str, Any]) -> Reading:
    values = {0: layer["iso8583.mti"]}
    for number, field in iso.FIELDS.items():
        name = f"iso8583.bit{number}"
        if name in layer:
            # Behind the hex of a binary field tshark 4.0 prints a stray character; its raw form is right.
            values[number] = layer[f"{name}_raw"][0] if field.kind.startswith("b") else layer[name]
    unknown = {name for name in layer if name.startswith("iso8583.bit") and not name.endswith("_raw")}
    assert len(unknown) == len(values) - 1, "tshark found a field that the profile has not"
    return Reading(values)


def read_by_describe(conversation: Conversation) -> list[Reading]:
    """Return what `describe` says of each message; of DE48, which it never shows, what `iso.decode` says."""
    readings = []
    for raw in _messages(conversation):
        (description,) = describe.describe(raw)
        values = {int(line.number.replace("MTI", "DE0")[2:]): line.value.split(" (")[0] for line in description.fields}
        if 48 in values:
            values[48] = iso.decode(raw)[48]
        readings.append(Reading(values))
    return readings


def _messages(conversation: Conversation) -> Iterable[bytes]:
    """Cut each direction into its messages, in the order in which their last bytes came."""
    readers = {to: framing.FrameReader() for to in To}
    for to, data in conversation:
        yield from readers[to].receive(data)


def assert_tshark_agrees(conversation: Conversation, file: Path, port: int = BANK_PORT) -> list[str]:
    """Compare the two readings of a conversation, which is written to `file`. Returns the MTIs that were compared."""
    write_pcap(file, conversation)
    theirs, ours = read_by_tshark(file, port), read_by_describe(conversation)
    assert [reading.values[0] for reading in theirs] == [reading.values[0] for reading in ours]
    for number, (their, our) in enumerate(zip(theirs, ours, strict=True), 1):
        assert their.values == our.values, f"message {number}, {our.values[0]}"
    return [reading.values[0] for reading in ours]


# -- tests ----------------------------------------------------------------------------------------------------


def whole_story() -> Conversation:
    """Return every message of the vectors' story, sealed for real, framed."""
    book = story.Book(story.FOLDER)
    key_vectors.add_static_blocks(book)
    key_vectors.add_work_blocks(book)
    messages = story.conversation(book).values()
    return [(_direction(message), framing.frame(iso.encode(message))) for message in messages]


def _direction(message: iso.Message) -> To:
    asked_by_bank = message.mti[:3] in ("080", "062")
    answered_by_bank = message.mti[2] == "1" or message.mti in ("0830", "0430")
    if message.mti in ("0810", "0630"):
        return To.BANK
    return To.OPERATOR if asked_by_bank or answered_by_bank else To.BANK


def test_tshark_reads_every_message_type_as_we_do(tmp_path: Path) -> None:
    compared = assert_tshark_agrees(whole_story(), tmp_path / "story.pcap")
    assert set(compared) == set(iso.MESSAGES)


def test_tshark_reads_messages_that_share_a_segment_or_are_split_over_two(tmp_path: Path) -> None:
    one, two, three = [data for to, data in whole_story() if to is To.BANK][:3]
    conversation = [(To.BANK, one + two), (To.BANK, three[:20]), (To.BANK, three[20:])]
    assert len(assert_tshark_agrees(conversation, tmp_path / "split.pcap")) == 3


def test_comparison_covers_every_field_of_the_profile(tmp_path: Path) -> None:
    write_pcap(tmp_path / "story.pcap", whole_story())
    seen = {number for reading in read_by_tshark(tmp_path / "story.pcap") for number in reading.values}
    assert seen == {0, *iso.FIELDS}


def test_tshark_reads_a_captured_conversation_of_the_programs(house: House, tmp_path: Path) -> None:
    house.balance(PAYEE)
    assert house.transfer("12.34").json["outcome"] == "done"
    house.tap.wait_for("bank", "0630")  # the payee's notice is answered
    ways = {"bank": To.BANK, "operator": To.OPERATOR}
    conversation = [(ways[to], framing.frame(message)) for to, message in list(house.tap.passed)]
    compared = assert_tshark_agrees(conversation, tmp_path / "programs.pcap")
    passed = {"0800", "0810", "0820", "0830", "0600", "0610", "0100", "0110", "0200", "0210", "0620", "0630"}
    assert set(compared) >= passed
