"""Whatever is typed, the engine answers, goes on, and does not mind how the octets were cut."""

from hypothesis import assume, given
from hypothesis import strategies as st

from gsm import pdu
from gsm.pdu import Submit, UserData
from modem_emulator.commands import COMMANDS
from modem_emulator.engine import Engine
from modem_emulator.equipment import Submit as SubmitAction
from modem_emulator.equipment import SubmitCommand, Write
from tests.unit.modem_emulator.dialogue import NOW_S, OK, message, modem

_TPDU = pdu.encode_submit(Submit("+8613900000002", UserData.of_text("hello")))
_TYPED = [
    b"AT",
    b"\r",
    b"\r\n",
    b";",
    b"=",
    b"?",
    b"=?",
    b'"',
    b",",
    b"\x1a",
    b"\x1b",
    b"\0",
    b"\x08",
    b"A/",
    b"AT+CMGF=1\r",
    b'AT+CSCS="UCS2"\r',
    b"ATE1\r",
    b'AT+CMGS="+8613900000002"\r',
    b"AT+CMGS=%d\r" % len(_TPDU),
    b"AT+CMGW=%d\r" % len(_TPDU),
    pdu.to_hex(_TPDU).encode() + b"\x1a",
    b"AT+CMGL=4\r",
    b'AT+CMGL="ALL"\r',
    b"AT+CNMI=2,1,0,2\r",
    *(b"AT" + name.encode() for name in COMMANDS if name not in ("Q", "V", "S3", "S5")),
]
DIALOGUES = st.lists(st.sampled_from(_TYPED) | st.binary(max_size=12), max_size=25).map(b"".join)


def heard(engine: Engine, data: bytes) -> bytes:
    """What is written back, with a network that accepts every message at once."""
    actions = engine.receive(data, NOW_S)
    octets = b""
    while actions:
        action = actions.pop(0)
        match action:
            case Write(written):
                octets += written
            case SubmitAction(submit):
                actions = engine.submitted(submit.reference, NOW_S) + actions
            case SubmitCommand(command):
                actions = engine.submitted(command.reference, NOW_S) + actions
    return octets


def speaks_as_usual(engine: Engine) -> bool:
    """Nobody has typed ATV0, ATQ1, or another line end than CR LF."""
    settings = engine.equipment.settings
    usual = [settings.registers[number] for number in (3, 4, 5)] == [13, 10, 8]
    return usual and settings.verbose and not settings.quiet


def with_a_message() -> Engine:
    engine = modem()
    engine.deliver(message(), NOW_S)
    return engine


@given(DIALOGUES)
def test_after_anything_an_escape_and_a_line_end_make_the_modem_answer_again(typed: bytes) -> None:
    engine = with_a_message()
    heard(engine, typed)
    assume(speaks_as_usual(engine))
    heard(engine, b"\x1b\r")
    assert heard(engine, b"\x1bAT\r").decode("latin-1").endswith(OK)


@given(DIALOGUES, st.lists(st.integers(1, 40), max_size=12))
def test_an_answer_does_not_depend_on_how_the_octets_are_cut(typed: bytes, lengths: list[int]) -> None:
    whole = heard(with_a_message(), typed)
    engine, pieces, rest = with_a_message(), b"", typed
    for length in lengths:
        pieces += heard(engine, rest[:length])
        rest = rest[length:]
    pieces += heard(engine, rest)
    assert pieces == whole


@given(st.sampled_from(sorted(COMMANDS)), st.sampled_from(["", "=", "?"]), st.text(max_size=30))
def test_every_command_takes_any_parameters_and_answers_with_a_result(name: str, form: str, text: str) -> None:
    engine = with_a_message()
    typed = text.encode("utf-8").replace(b"\r", b"").replace(b"\x08", b"")
    shown = heard(engine, f"AT{name}{form}".encode() + typed + b"\r")
    assume(speaks_as_usual(engine))
    assert shown.endswith((b"\r\n", b"> "))
