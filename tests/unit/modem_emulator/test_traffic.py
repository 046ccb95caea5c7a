"""A dialogue for eyes: cut into lines, and never a PIN."""

import pytest

from modem_emulator.traffic import LINE_CHARACTERS_MAX, MASK, Dialogue, Piece, masked


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("AT+CPIN=1234", "AT+CPIN=****"),
        ('at+cpin = "12345678" , "1234"', "at+cpin = ****"),
        ("AT+CMEE=1;+CPIN=1234;+CSQ", "AT+CMEE=1;+CPIN=****;+CSQ"),
        ('AT+CPIN="12;34"', "AT+CPIN=****"),
        ('AT+CPIN="1234', "AT+CPIN=****"),
        ("AT*EPIN=1234", "AT*EPIN=****"),
        ('AT^CPIN2="1234"', "AT^CPIN2=****"),
        ('AT+CPWD="SC","1234","4321"', 'AT+CPWD="SC",****'),
        ("AT+CPWD=SC,1234,4321", "AT+CPWD=SC,****"),
        ('AT+CLCK="SC",1,"1234",7;+CSQ', 'AT+CLCK="SC",1,****;+CSQ'),
        ("ATD**04*1234*4321*4321#", "ATD**04*****"),
        ("ATD**052*12345678*4321*4321#;", "ATD**052*****;"),
        ('AT+CSIM=26,"A020000108313233344FFFFFFF"', 'AT+CSIM=26,"A020****'),
    ],
)
def test_no_pin_is_shown(typed: str, shown: str) -> None:
    assert masked(typed) == shown


@pytest.mark.parametrize(
    "harmless",
    [
        "AT+CPIN?",
        "AT+CPIN=?",
        'AT+CLCK="SC",2',
        'AT+CPINR="SIM PIN"',
        'AT+CSIM=14,"A0A40000026F07"',
        "ATD*100#",
        "+CPIN: SIM PIN",
    ],
)
def test_what_is_no_secret_is_shown(harmless: str) -> None:
    assert masked(harmless) == harmless


def typed_singly(dialogue: Dialogue, text: str) -> list[Piece]:
    """Type character by character at a modem that echoes."""
    pieces = []
    for character in text:
        pieces += dialogue.tx(character.encode())
        pieces += dialogue.rx(character.encode())
    return pieces


def test_lines_come_in_the_order_in_which_they_were_said() -> None:
    dialogue = Dialogue()
    assert dialogue.tx(b"AT+C") == []
    assert dialogue.tx(b"SQ\rAT\r") == [Piece("tx", "AT+CSQ"), Piece("tx", "AT")]
    assert dialogue.rx(b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n") == [Piece("rx", "+CSQ: 20,99"), Piece("rx", "OK")]


def test_a_prompt_shows_though_its_line_has_no_end_and_so_does_the_end_of_a_text() -> None:
    dialogue = Dialogue()
    dialogue.tx(b"AT+CMGS=10\r")
    assert dialogue.rx(b"\r\n> ") == [Piece("rx", "> ")]
    assert dialogue.tx(b"0011\x1a") == [Piece("tx", "0011<Ctrl-Z>")]
    assert dialogue.tx(b"\x1b") == [Piece("tx", "<ESC>")]


def test_an_echo_is_one_line_even_when_it_comes_by_characters() -> None:
    assert typed_singly(Dialogue(), "AT+CSQ\r") == [Piece("tx", "AT+CSQ"), Piece("rx", "AT+CSQ")]


def test_garbage_shows_at_once_and_does_nothing_to_a_terminal() -> None:
    dialogue = Dialogue()
    dialogue.tx(b"AT\r")
    assert dialogue.rx(b"\x07\x1b[2J\xe9") == [Piece("rx", "\\x07\\x1b[2J\xe9")]


@pytest.mark.parametrize("typed", ["AT+CPX\bIN=1234\r", "AT+C\x00P\x01IN=1234\r", "AT+CPIN=12\x7f234\r"])
def test_corrections_and_control_characters_hide_no_secret_command(typed: str) -> None:
    dialogue = Dialogue()
    shown = dialogue.tx(typed.encode()) + dialogue.rx(typed.encode())
    assert [piece.text.endswith(MASK) for piece in shown] == [True, True]


def test_the_rest_of_an_echoed_pin_is_masked_when_a_line_comes_between() -> None:
    dialogue = Dialogue()
    pieces = typed_singly(dialogue, "AT+CPIN=12")
    pieces += dialogue.rx(b'\r\n+CMTI: "SM",1\r\n')
    pieces += typed_singly(dialogue, "34\r")
    assert [piece.text for piece in pieces] == ["AT+CPIN=****", '+CMTI: "SM",1', "AT+CPIN=****", MASK]


def test_who_begins_to_look_while_a_pin_is_typed_sees_nothing_of_it() -> None:
    assert Dialogue().tx(b"34\r") == [Piece("tx", MASK)]


def test_a_line_without_end_takes_no_memory() -> None:
    dialogue = Dialogue()
    for _ in range(100):
        dialogue.tx(b"A" * 1000)
    [piece] = dialogue.tx(b"\r")
    assert len(piece.text) <= LINE_CHARACTERS_MAX
