"""Data coding schemes and protocol identifiers: TS 23.038 clause 4 and TS 23.040 clause 9.2.3.9."""

import itertools

import pytest
from hypothesis import given

from gsm.errors import PduError
from gsm.pdu import (
    Alphabet,
    Coding,
    MessageClass,
    ProtocolId,
    UserData,
    Waiting,
    WaitingIndication,
    alphabet_of,
    replace_type,
)
from tests.unit.gsm.strategies import CODINGS

VOICEMAIL_ON = WaitingIndication(Waiting.VOICEMAIL, active=True, store=False)


@pytest.mark.parametrize(
    ("dcs", "meant"),
    [
        (0x00, Coding()),
        (0x04, Coding(Alphabet.OCTETS)),
        (0x08, Coding(Alphabet.UCS2)),
        (0x10, Coding(message_class=MessageClass.FLASH)),
        (0x18, Coding(Alphabet.UCS2, MessageClass.FLASH)),
        (0x15, Coding(Alphabet.OCTETS, MessageClass.EQUIPMENT)),
        (0x12, Coding(message_class=MessageClass.SIM)),
        (0x13, Coding(message_class=MessageClass.TERMINAL)),
        (0x01, Coding()),
        (0x0C, Coding()),
        (0x28, Coding(Alphabet.UCS2, compressed=True)),
        (0x40, Coding(automatic_deletion=True)),
        (0x58, Coding(Alphabet.UCS2, MessageClass.FLASH, automatic_deletion=True)),
        (0x80, Coding()),
        (0xBF, Coding()),
        (0xC8, Coding(waiting=VOICEMAIL_ON)),
        (0xC0, Coding(waiting=WaitingIndication(Waiting.VOICEMAIL, active=False, store=False))),
        (0xC9, Coding(waiting=WaitingIndication(Waiting.FAX, active=True, store=False))),
        (0xDA, Coding(waiting=WaitingIndication(Waiting.MAIL, active=True, store=True))),
        (0xE3, Coding(Alphabet.UCS2, waiting=WaitingIndication(Waiting.OTHER, active=False, store=True))),
        (0xF0, Coding(message_class=MessageClass.FLASH)),
        (0xF6, Coding(Alphabet.OCTETS, MessageClass.SIM)),
    ],
)
def test_every_coding_group_is_read(dcs: int, meant: Coding) -> None:
    """TS 23.038 clause 4, table of bits 7 to 4."""
    assert Coding.of(dcs) == meant


def test_compressed_text_is_octets_to_us() -> None:
    assert alphabet_of(0x20) is Alphabet.OCTETS
    assert Coding.of(0x20).alphabet is Alphabet.GSM7


@given(CODINGS)
def test_a_coding_survives(coding: Coding) -> None:
    assert Coding.of(coding.dcs) == coding


def test_every_coding_has_an_octet_or_is_refused() -> None:
    indications = [WaitingIndication(*values) for values in itertools.product(Waiting, [True, False], [True, False])]
    for fields in itertools.product(
        Alphabet, [None, *MessageClass], [True, False], [True, False], [None, *indications]
    ):
        coding = Coding(*fields)
        try:
            assert Coding.of(coding.dcs) == coding
        except PduError:
            assert coding.waiting is not None


def test_octets_that_wait_are_refused() -> None:
    with pytest.raises(PduError, match="message waiting"):
        Coding(Alphabet.OCTETS, waiting=VOICEMAIL_ON).dcs  # noqa: B018
    with pytest.raises(PduError, match="message waiting"):
        Coding(Alphabet.UCS2, waiting=VOICEMAIL_ON).dcs  # noqa: B018


def test_flash_is_class_0_in_every_alphabet() -> None:
    flash = MessageClass.FLASH
    messages = [
        UserData.of_text("a", message_class=flash),
        UserData.of_text("银", message_class=flash),
        UserData.of_octets(b"a", message_class=flash),
    ]
    assert [message.dcs for message in messages] == [0x10, 0x18, 0x14]
    assert {message.coding.message_class for message in messages} == {flash}
    assert UserData.of_text("a").coding.message_class is None


def test_replace_types_are_41_to_47() -> None:
    """TS 23.040 clause 9.2.3.9: bits 5 to 0 from 000001 to 000111 after 01."""
    assert [replace_type(octet) for octet in range(0x40, 0x49)] == [None, 1, 2, 3, 4, 5, 6, 7, None]
    assert replace_type(ProtocolId.REPLACE_TYPE_3) == 3
    assert replace_type(ProtocolId.SHORT_MESSAGE) is None
