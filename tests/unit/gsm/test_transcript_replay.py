"""What a replayed modem says, without and with a pty."""

import os
import select
import threading
import time
import tty
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsm.replay import CommandReplay, Deviation, Due, StrictReplay
from gsm.replayer import Replayer, replayed
from gsm.transcript import Direction, Event, Header, Transcript

WAIT_S = 20.0


def dialogue(*turns: str | tuple[float, str]) -> Transcript:
    """Turns that begin with `>` are the program's, with `<` the modem's, with `!` the port's; a second apart."""
    events = []
    for second, turn in enumerate(turns):
        t_s, text = (float(second), turn) if isinstance(turn, str) else turn
        direction = {">": Direction.TX, "<": Direction.RX, "!": Direction.CTL}[text[0]]
        events.append(Event(t_s, direction, text[1:].encode("latin-1")))
    return Transcript(Header("made up"), tuple(events))


def said(due: Sequence[Due]) -> bytes:
    return b"".join(each.data for each in due)


TWO = dialogue(">AT\r", "<\r\nOK\r\n", ">AT+CSQ\r", "<\r\n+CSQ: 19,99\r\n", "<\r\nOK\r\n")


class TestStrict:
    def test_the_same_octets_get_the_same_answers(self) -> None:
        replay = StrictReplay(TWO)
        assert said(replay.receive(b"AT\r")) == b"\r\nOK\r\n"
        assert not replay.finished
        assert said(replay.receive(b"AT+CSQ\r")) == b"\r\n+CSQ: 19,99\r\n\r\nOK\r\n"
        assert replay.finished
        assert replay.deviation is None

    @settings(deadline=None)
    @given(st.lists(st.integers(0, 10), max_size=5).map(sorted))
    def test_pieces_do_not_matter(self, cuts: list[int]) -> None:
        replay = StrictReplay(TWO)
        whole = b"AT\rAT+CSQ\r"
        got = b""
        for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
            got += said(replay.receive(whole[start:end]))
        assert got == b"\r\nOK\r\n\r\n+CSQ: 19,99\r\n\r\nOK\r\n"
        assert replay.finished

    def test_a_deviation_is_named_by_line_and_ends_it(self) -> None:
        replay = StrictReplay(TWO)
        replay.receive(b"AT\r")
        assert replay.receive(b"AT+CIMI\r") == []
        assert replay.deviation == Deviation(4, b"AT+CSQ\r", b"AT+CIMI\r")
        assert str(replay.deviation) == r"line 4: expected 'AT+CSQ\r', got 'AT+CIMI\r'"
        assert replay.receive(b"AT+CSQ\r") == []

    def test_saying_more_is_a_deviation(self) -> None:
        replay = StrictReplay(dialogue(">AT\r", "<OK\r\n"))
        replay.receive(b"AT\rAT\r")
        assert replay.deviation == Deviation(4, b"", b"AT\r")
        assert str(replay.deviation) == r"line 4: the transcript has ended before it, got 'AT\r'"

    def test_ending_early_is_a_deviation(self) -> None:
        replay = StrictReplay(TWO)
        replay.receive(b"AT\r")
        replay.closed()
        assert str(replay.deviation) == r"line 4: expected 'AT+CSQ\r', the program ended before it"

    def test_closing_is_none_where_the_transcript_opens_it_again(self) -> None:
        replay = StrictReplay(dialogue("!opened", ">AT\r", "<OK\r\n", "!closed", "!opened", ">ATZ\r", "<OK\r\n"))
        replay.start()
        replay.receive(b"AT\r")
        replay.closed()
        assert replay.deviation is None

    def test_neither_pins_nor_texts_are_shown(self) -> None:
        replay = StrictReplay(dialogue('>AT+CPIN="1234"\r', "<OK\r\n"))
        replay.receive(b'AT+CPIN="4321"\r')
        assert "1234" not in str(replay.deviation)
        assert "4321" not in str(replay.deviation)
        replay = StrictReplay(dialogue('>AT+CMGS="1"\r', "<\r\n> ", ">hello\x1a", "<OK\r\n"))
        replay.receive(b'AT+CMGS="1"\rsecret\x1a')
        assert str(replay.deviation) == "line 4: expected the text of a message, of 6 octets; another one came"

    def test_what_comes_first_needs_no_command(self) -> None:
        assert said(StrictReplay(dialogue("<\r\nRDY\r\n", ">AT\r")).start()) == b"\r\nRDY\r\n"

    def test_what_is_due_says_how_long_after(self) -> None:
        replay = StrictReplay(dialogue((1, ">AT\r"), (1.5, "<OK\r\n"), (4, "<RING\r\n")))
        assert [due.after_s for due in replay.receive(b"AT\r")] == [0.5, 3]


class TestByCommand:
    def test_order_does_not_matter(self) -> None:
        replay = CommandReplay(TWO)
        assert said(replay.receive(b"AT+CSQ\rAT\r")) == b"\r\n+CSQ: 19,99\r\n\r\nOK\r\n\r\nOK\r\n"
        assert replay.finished

    def test_the_second_time_gets_the_second_answer_and_so_does_the_third(self) -> None:
        replay = CommandReplay(dialogue(">AT+CREG?\r", "<0,2", ">AT+CREG?\r", "<0,1"))
        assert [said(replay.receive(b"at+creg? \r")) for _ in range(3)] == [b"0,2", b"0,1", b"0,1"]

    def test_an_unknown_command_gets_an_error_and_is_told(self) -> None:
        replay = CommandReplay(TWO)
        assert said(replay.receive(b"AT+CIMI\r\n")) == b"\r\nERROR\r\n"
        assert replay.unknown == [b"AT+CIMI"]

    def test_what_stands_in_quotes_keeps_its_case(self) -> None:
        replay = CommandReplay(dialogue('>AT+COPS=1,1,"One"\r', "<OK", '>AT+COPS=1,1,"ONE"\r', "<ERROR"))
        assert said(replay.receive(b'at+cops=1,1,"ONE"\r')) == b"ERROR"

    def test_a_prompt_takes_any_text_of_any_length(self) -> None:
        replay = CommandReplay(
            dialogue(
                ">AT+CMGS=20\r", "<\r\n> ", ">0011\x1a", "<+CMGS: 1", ">AT+CMGS=30\r", "<\r\n> ", ">00\x1a", "<512"
            )
        )
        assert said(replay.receive(b"AT+CMGS=23\r")) == b"\r\n> "
        assert said(replay.receive(b"DEADBEEF\rAT\r\x1a")) == b"+CMGS: 1"
        assert said(replay.receive(b"AT+CMGS=24\r")) == b"\r\n> "
        assert said(replay.receive(b"DEADBEEF\x1a")) == b"512"
        assert replay.unknown == []

    @pytest.mark.parametrize(
        ("masked", "sent"),
        [
            ('AT+CPIN="0000"', 'AT+CPIN="4711"'),
            ('AT+CUSD=1,"*000*0000#",15', 'AT+CUSD=1,"*100*5551#",15'),
            ('AT+CMGS="+9999990000001"', 'AT+CMGS="+8613912345678"'),
            ('AT+FOO="xxx xx",000000', 'AT+FOO="Bob Li",471147'),
            ('AT+FOO="00780078"', 'AT+FOO="004C0069"'),
            ("ATD999-9000-0001;", "ATD139-1234-5678;"),
        ],
    )
    def test_a_masked_command_is_found_by_what_it_was(self, masked: str, sent: str) -> None:
        replay = CommandReplay(dialogue(f">{masked}\r", "<found"))
        assert said(replay.receive(f"{sent}\r".encode())) == b"found"

    @pytest.mark.parametrize(
        ("recorded", "sent"),
        [
            ("AT+CMGF=0", "AT+CMGF=1"),
            ("AT+CFUN=1,0", "AT+CFUN=1,1"),
            ('AT+CPIN="0000"', 'AT+CPIN="47111"'),
            ('AT+CPIN="0000"', 'AT+CPIN="geh1"'),
            ('AT+CPIN="0000"', "AT+CPIN=471147"),
            ('AT+CPMS="SM"', 'AT+CPMS="ME"'),
            ("AT+CMGR=100", "AT+CMGR=101"),
        ],
    )
    def test_another_command_is_not(self, recorded: str, sent: str) -> None:
        replay = CommandReplay(dialogue(f">{recorded}\r", "<found"))
        assert said(replay.receive(f"{sent}\r".encode())) == b"\r\nERROR\r\n"

    def test_a_text_may_be_given_up(self) -> None:
        replay = CommandReplay(dialogue(">AT+CMGS=20\r", "<\r\n> ", ">0011\x1a", "<+CMGS: 1", ">AT\r", "<fine"))
        replay.receive(b"AT+CMGS=20\r")
        assert said(replay.receive(b"\x1bAT\r")) == b"\r\nOK\r\nfine"

    def test_an_echo_that_came_while_the_command_was_typed_belongs_to_it(self) -> None:
        replay = CommandReplay(dialogue(">A", "<A", ">TI\r", "<TI\r\r\nOK\r\n", ">AT\r", "<OK"))
        assert said(replay.receive(b"AT\r")) == b"OK"
        assert said(replay.receive(b"ATI\r")) == b"ATI\r\r\nOK\r\n"


# ---- on a pty


class Client:
    """A program at the far end."""

    def __init__(self, port: str) -> None:
        self.descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)

    def write(self, data: bytes) -> None:
        os.write(self.descriptor, data)

    def read_until(self, end: bytes) -> bytes:
        got, deadline = b"", time.monotonic() + WAIT_S
        while not got.endswith(end):
            ready, _, _ = select.select([self.descriptor], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{end!r} did not come: {got!r}"
            got += os.read(self.descriptor, 4096)
        return got

    def wait_for_hang_up(self) -> None:
        poll = select.poll()
        poll.register(self.descriptor, select.POLLHUP)
        assert poll.poll(WAIT_S * 1000), "it was not unplugged"

    def close(self) -> None:
        os.close(self.descriptor)


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def test_a_transcript_is_a_modem_on_a_port() -> None:
    with replayed(TWO) as modem:
        client = Client(modem.port)
        client.write(b"AT\r")
        assert client.read_until(b"OK\r\n") == b"\r\nOK\r\n"
        client.write(b"AT+CSQ\r")
        assert client.read_until(b"\nOK\r\n") == b"\r\n+CSQ: 19,99\r\n\r\nOK\r\n"
        client.close()
        eventually(lambda: modem.finished)
        assert modem.deviation is None


def test_the_end_of_a_transcript_is_told_once_and_then_nothing_more_is_said() -> None:
    ended: list[bool] = []
    replayer = Replayer(TWO, at_end=lambda: ended.append(True))
    thread = threading.Thread(target=replayer.run)
    thread.start()
    client = Client(replayer.port)
    client.write(b"AT\r")
    client.read_until(b"OK\r\n")
    assert not ended
    client.write(b"AT+CSQ\r")
    client.read_until(b"\nOK\r\n")
    eventually(lambda: ended)
    client.write(b"AT\r")
    thread.join(WAIT_S)
    assert not thread.is_alive(), "what was not recorded ends it"
    assert ended == [True]
    replayer.close()
    client.wait_for_hang_up()
    client.close()


def test_a_program_that_leaves_early_is_found_out() -> None:
    with replayed(TWO) as modem:
        client = Client(modem.port)
        client.write(b"AT\r")
        client.read_until(b"OK\r\n")
        client.close()
        eventually(lambda: modem.deviation == Deviation(4, b"AT+CSQ\r", None))


def test_programs_come_and_go_in_a_replay_by_command_and_find_the_port_raw(tmp_path: Path) -> None:
    with replayed(TWO, by_command=True, link=tmp_path / "modem") as modem:
        for _ in range(3):
            client = Client(modem.port)
            assert not tty.tcgetattr(client.descriptor)[3] & tty.ECHO
            client.write(b"AT+CSQ\r")
            assert client.read_until(b"\nOK\r\n") == b"\r\n+CSQ: 19,99\r\n\r\nOK\r\n"
            settings = tty.tcgetattr(client.descriptor)
            settings[3] |= tty.ECHO | tty.ICANON
            tty.tcsetattr(client.descriptor, tty.TCSANOW, settings)
            client.close()
            eventually(lambda: not modem.client_is_there)
    assert not (tmp_path / "modem").is_symlink()


def test_boot_lines_reach_a_program_that_only_listens() -> None:
    with replayed(dialogue("<\r\nRDY\r\n", ">AT\r", "<OK\r\n")) as modem:
        client = Client(modem.port)
        assert client.read_until(b"RDY\r\n") == b"\r\nRDY\r\n"
        client.close()


def test_delays_are_kept_where_they_are_wanted() -> None:
    with replayed(dialogue((0, ">AT\r"), (0.3, "<OK\r\n")), timed=True) as modem:
        client = Client(modem.port)
        client.write(b"AT\r")
        start = time.monotonic()
        client.read_until(b"OK\r\n")
        assert time.monotonic() - start > 0.25
        client.close()


def test_unplugging_takes_the_port_away_and_plugging_in_brings_it_back(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    transcript = dialogue((0, ">AT\r"), (0, "!unplugged"), (0.2, "!plugged in"), (0.3, ">ATI\r"), (0.3, "<OK\r\n"))
    with replayed(transcript, by_command=True, timed=True, link=link) as modem:
        client = Client(modem.port)
        client.write(b"AT\r")
        client.wait_for_hang_up()
        client.close()
        eventually(link.is_symlink)
        client = Client(modem.port)
        client.write(b"ATI\r")
        assert client.read_until(b"OK\r\n") == b"OK\r\n"
        client.close()
