"""The AT line protocol: answers, prompts and unsolicited codes told apart; noise; late answers; limits."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsm.channel import (
    ABORT,
    BUFFER_OCTETS_MAX,
    Answer,
    Channel,
    Event,
    Late,
    Prompt,
    PromptWithdrawn,
    State,
    TimedOut,
    Unsolicited,
    Write,
)

PROBE = b"AT+CMEE?\r"


def asked(command: str, received: bytes) -> list[Event]:
    """What a fresh channel makes of `received` while `command` runs."""
    channel = Channel()
    channel.send(command.encode() + b"\r")
    return channel.receive(received)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("AT", "OK"),
        ("AT+CIMI", "460001234567890\r\nOK"),
        ("AT+CIMI", "+CIMI: 460001234567890\r\nOK"),
        ("AT+CSQ", "+CSQ: 19,99\r\nOK"),
        ("AT+CPIN?", "+CPIN: READY\r\nOK"),
        ("AT+CREG?", "+CREG: 0,1\r\nOK"),
        ("AT+CREG?", '+CREG: 2,1,"00C3","A1B2"\r\nOK'),
        ("AT+CREG=?", "+CREG: (0-2)\r\nOK"),
        ("AT+CGMI", "huawei\r\nOK"),
        ("AT+CGSN", "353143037000000\r\nOK"),
        ("AT+CCID", "+ICCID: 89860000000000000000\r\nOK"),
        ("ATI", "Manufacturer: huawei\r\nModel: E173\r\nOK"),
        ("AT+CMGR=1", "+CMGR: 0,,23\r\n0791448720003023\r\nOK"),
        ("AT+CLAC", "AT+CIMI\r\n+CMTI\r\n^RSSI\r\nOK"),
        ("AT+CUSD?", "+CUSD: 1\r\nOK"),
        ("AT+CMGF=7", "+CMS ERROR: 303"),
        ("AT+CPIN?", "+CME ERROR: SIM not inserted"),
        ("AT^X", "COMMAND NOT SUPPORT"),
        ("ATD123;", "NO CARRIER"),
        ("AT+CNUM", '+CNUM: ,"13800000000",129\r\n+CNUM: "x","",129\r\nOK'),
    ],
)
def test_an_answer_is_the_answer(command: str, answer: str) -> None:
    """Shapes of TS 27.007 (clauses 5.1, 5.4, 5.6, 7.1, 7.2, 7.15, 8.3, 8.5, 8.37, 9.2), TS 27.005 (3.2.5, 4.2), V.250
    (6.1.3 ATI, 5.7.1 result codes). +ICCID and COMMAND NOT SUPPORT are not of those: modems in use say them.
    """
    assert asked(command, b"\r\n" + answer.encode() + b"\r\n") == [Answer(tuple(answer.split("\r\n")))]


@pytest.mark.parametrize("command", ["AT+CIMI", "AT+CSQ", "AT", "AT+CMGR=1", "AT+CGMI", "AT+CREG?", "AT+CUSD=1"])
@pytest.mark.parametrize(
    "code",
    [
        "^RSSI:19",
        "^BOOT:1,0,0,0,6",
        "^MODE:5,4",
        "^SIMST:1",
        '+CMTI: "SM",3',
        '+CDSI: "SM",4',
        "+CREG: 1",
        '+CREG: 1,"00C3","A1B2"',
        "+CGREG: 5",
        "RING",
        '+CUSD: 0,"hello",15',
        '+CLIP: "+8613800000000",145',
        "+WIND: 7",
        "+CPIN: NOT READY",
        "Call Ready",
        "NO CARRIER",
        "^UNHEARD:OF",
    ],
)
def test_an_unsolicited_code_is_no_part_of_any_answer(command: str, code: str) -> None:
    """TS 27.005 clause 3.4.1 (+CMTI, +CDSI), TS 27.007 7.2 (+CREG), 7.15 (+CUSD), 7.6 (+CLIP), 10.1.20 (+CGREG),
    V.250 5.7.1 (RING, NO CARRIER). Codes with ^ are Huawei's, +WIND is Wavecom's, Call Ready is SIMCom's.
    """
    events = asked(command, f"\r\n{code}\r\n\r\nOK\r\n".encode())
    assert events == [Unsolicited((code,)), Answer(("OK",))]


def test_a_bare_line_without_digits_is_not_an_imsi() -> None:
    events = asked("AT+CIMI", b"SMS Ready soon\r\n460001234567890\r\nOK\r\n")
    assert events == [Unsolicited(("SMS Ready soon",)), Answer(("460001234567890", "OK"))]


def test_each_code_of_a_burst_is_an_event() -> None:
    burst = b'\r\n+CMTI: "SM",1\r\n\r\n+CMTI: "SM",2\r\n\r\n^RSSI:3\r\n'
    assert Channel().receive(burst) == [
        Unsolicited(('+CMTI: "SM",1',)),
        Unsolicited(('+CMTI: "SM",2',)),
        Unsolicited(("^RSSI:3",)),
    ]


def test_a_code_with_its_pdu_is_one_event_even_inside_an_answer() -> None:
    """TS 27.005 clause 3.4.1: in PDU mode +CMT and +CDS are followed by a line with the PDU."""
    events = asked("AT+CSQ", b"+CMT: ,2\r\n0004AB\r\n+CDS: 3\r\n000006AB\r\n+CBM: 2\r\n0102\r\n+CSQ: 1,9\r\nOK\r\n")
    assert events == [
        Unsolicited(("+CMT: ,2", "0004AB")),
        Unsolicited(("+CDS: 3", "000006AB")),
        Unsolicited(("+CBM: 2", "0102")),
        Answer(("+CSQ: 1,9", "OK")),
    ]


@pytest.mark.parametrize(
    ("command", "answer"), [("AT", ()), ("AT+CIMI", ("460001234567890",)), ("AT+CCID", ("89860000000000000000",))]
)
@pytest.mark.parametrize("code", ["+CMT: ,23", '+CMT: "Bank",23', "+CDS: 25", "+CBM: 88"])
def test_a_code_whose_pdu_was_lost_does_not_swallow_the_answer(
    code: str, command: str, answer: tuple[str, ...]
) -> None:
    said = "\r\n".join((code, *answer, "OK", ""))
    assert asked(command, said.encode()) == [Unsolicited((code,)), Answer((*answer, "OK"))]


def test_a_ussd_text_with_quotes_in_it_ends_with_its_coding_scheme() -> None:
    said = '+CUSD: 0,"Say "hi", 15'
    assert asked("AT+CIMI", said.encode() + b"\r\n460001234567890\r\nOK\r\n") == [
        Unsolicited((said,)),
        Answer(("460001234567890", "OK")),
    ]


def test_a_ussd_text_of_several_lines_is_one_event() -> None:
    assert Channel().receive(b'+CUSD: 1,"Menu\r\n1 Balance\r\nOK",15\r\n') == [
        Unsolicited(('+CUSD: 1,"Menu', "1 Balance", 'OK",15'))
    ]


def test_a_ussd_text_that_never_ends_stops_nothing() -> None:
    events = asked("AT", b'+CUSD: 1,"Menu\r\n' + b"line\r\n" * 40 + b"OK\r\n")
    assert events[-1] == Answer(("line",) * 25 + ("OK",))


def test_a_caller_is_told_with_the_ring() -> None:
    """TS 27.007 clause 7.6: +CLIP follows each RING."""
    assert Channel().receive(b'RING\r\n\r\n+CLIP: "+86138",145\r\n') == [Unsolicited(("RING", '+CLIP: "+86138",145'))]


def test_echo_is_dropped() -> None:
    assert asked("AT+CIMI", b"AT+CIMI\r\r\n460001234567890\r\n\r\nOK\r\n") == [Answer(("460001234567890", "OK"))]


def test_the_echo_of_a_text_after_the_prompt_is_dropped() -> None:
    channel = Channel()
    channel.send(b"AT+CMGS=12\r", prompt=True)
    assert channel.receive(b"AT+CMGS=12\r\r\n> ") == [Prompt()]
    assert channel.send_text(b"0011AB\x1a") == b"0011AB\x1a"
    assert channel.receive(b"0011AB\x1a\r\n+CMGS: 7\r\n\r\nOK\r\n") == [Answer(("+CMGS: 7", "OK"))]


def test_codes_around_the_prompt_are_unsolicited() -> None:
    channel = Channel()
    channel.send(b"AT+CMGS=12\r", prompt=True)
    assert channel.receive(b'\r\n+CMTI: "SM",1\r\n\r\n> ') == [Unsolicited(('+CMTI: "SM",1',)), Prompt()]
    assert channel.receive(b'\r\n+CMTI: "SM",2\r\n') == [Unsolicited(('+CMTI: "SM",2',))]
    channel.send_text(b"00\x1a")
    assert channel.receive(b"\r\n+CMGS: 7\r\nOK\r\n") == [Answer(("+CMGS: 7", "OK"))]


def test_an_error_instead_of_the_prompt_is_the_answer() -> None:
    channel = Channel()
    channel.send(b"AT+CMGS=12\r", prompt=True)
    assert channel.receive(b"\r\n+CMS ERROR: 302\r\n") == [Answer(("+CMS ERROR: 302",))]
    assert channel.state is State.IDLE


def test_a_prompt_that_nobody_wants_is_aborted() -> None:
    assert Channel().receive(b"\r\n> ") == [Write(ABORT)]
    assert asked("AT", b"\r\n> ") == [Write(ABORT)]


def test_a_withdrawn_prompt_gets_no_text() -> None:
    channel = Channel()
    channel.send(b"AT+CMGS=12\r", prompt=True)
    channel.receive(b"> ")
    assert channel.receive(b"\r\n+CMS ERROR: 305\r\n") == []
    with pytest.raises(PromptWithdrawn):
        channel.send_text(b"00\x1a")


def test_a_prompt_left_alone_is_aborted_before_the_next_command() -> None:
    channel = Channel()
    channel.send(b"AT+CMGS=12\r", prompt=True)
    channel.receive(b"> ")
    assert channel.send(b"AT+CSQ\r") == ABORT + PROBE
    assert channel.receive(b"\r\nOK\r\n+CMEE: 1\r\nOK\r\n") == [Late(1, ("OK",)), Write(b"AT+CSQ\r")]


def timed_out(command: bytes) -> Channel:
    channel = Channel()
    channel.send(command)
    channel.timeout()
    return channel


def test_a_late_answer_that_comes_before_the_next_command_is_told_as_late() -> None:
    channel = timed_out(b"AT+CIMI\r")
    assert channel.receive(b"460001234567890\r\nOK\r\n") == [Late(1, ("460001234567890", "OK"))]
    assert channel.send(b"AT+CSQ\r") == b"AT+CSQ\r"


@pytest.mark.parametrize("late", [(), ("+CMGS: 1", "OK"), ("ERROR",), ("OK",), ("+CMS ERROR: 500",)])
def test_a_late_answer_never_becomes_the_answer_to_the_next_command(late: tuple[str, ...]) -> None:
    channel = timed_out(b"AT+CMGS=12\r")
    assert channel.send(b"AT\r") == PROBE
    told = [Late(1, late)] if late else []
    octets = "".join(line + "\r\n" for line in late).encode()
    assert channel.receive(octets + b'+CMEE: 1\r\n+CMTI: "SM",1\r\nOK\r\n') == [
        Unsolicited(('+CMTI: "SM",1',)),
        *told,
        Write(b"AT\r"),
    ]
    assert channel.receive(b"ERROR\r\n") == [Answer(("ERROR",))]


def test_a_question_answered_late_is_not_taken_for_the_next_one() -> None:
    channel = timed_out(b"AT+CMGS=12\r")
    assert channel.send(b"AT+CSQ\r") == PROBE
    assert channel.receive(b"+CMGS: 1\r\nOK\r\n") == []
    assert channel.timeout() == TimedOut((), False, b"", 1)
    assert channel.send(b"AT+CIMI\r") == b"AT+CMGF?\r"
    assert channel.receive(b"+CMEE: 1\r\nOK\r\n") == []
    assert channel.receive(b"+CMGF: 0\r\nOK\r\n") == [Late(1, ("+CMGS: 1", "OK")), Write(b"AT+CIMI\r")]


def test_an_error_is_not_told_as_late_when_it_may_answer_a_question() -> None:
    channel = timed_out(b"AT+CMGS=12\r")
    channel.send(b"AT+CSQ\r")
    channel.receive(b"+CMS ERROR: 500\r\n")
    channel.timeout()
    channel.send(b"AT+CSQ\r")
    assert channel.receive(b"+CMGF: 0\r\nOK\r\n") == [Write(b"AT+CSQ\r")]


def test_a_late_answer_is_told_with_the_number_of_its_command() -> None:
    channel = timed_out(b"AT+CIMI\r")
    channel.receive(b"OK\r\n")
    channel.send(b"AT+CSQ\r")
    assert channel.timeout().debt == 2
    assert channel.receive(b"ERROR\r\n") == [Late(2, ("ERROR",))]
    assert channel.receive(b"ERROR\r\n") == [Unsolicited(("ERROR",))]


def test_a_question_that_was_swallowed_is_not_waited_for() -> None:
    channel = timed_out(b"AT\r")
    assert channel.send(b"AT\r") == PROBE
    channel.timeout()
    assert channel.send(b"AT\r") == b"AT+CMGF?\r"
    assert channel.receive(b"+CMGF: 0\r\nOK\r\n") == [Write(b"AT\r")]


def test_a_question_is_never_the_command_that_timed_out() -> None:
    channel = timed_out(b"AT+CMEE?\r")
    assert channel.send(b"AT\r") == b"AT+CMGF?\r"
    assert channel.receive(b"+CMEE: 1\r\nOK\r\n+CMGF: 0\r\nOK\r\n") == [
        Late(1, ("+CMEE: 1", "OK")),
        Write(b"AT\r"),
    ]


def test_an_unsolicited_registration_does_not_answer_a_question() -> None:
    channel = timed_out(b"AT+CMGF?\r")
    channel.send(b"AT\r")
    channel.timeout()
    assert channel.send(b"AT\r") == b"AT+CREG?\r"
    assert channel.receive(b"+CREG: 1\r\nOK\r\n") == [Unsolicited(("+CREG: 1",))]
    assert channel.receive(b"+CREG: 0,1\r\nOK\r\n") == [Write(b"AT\r")]


def test_a_modem_that_refuses_every_question_is_used_on_in_the_end() -> None:
    channel = timed_out(b"AT+CMGS=12\r")
    for _ in range(5):
        assert channel.send(b"AT\r") != b"AT\r"
        assert channel.receive(b"ERROR\r\n") == []
        assert channel.timeout() == TimedOut((), False, b"", 1)
    assert channel.send(b"AT\r") == b"AT\r"


def test_a_modem_that_refuses_every_question_owes_one_more_result_than_was_asked() -> None:
    channel = timed_out(b"AT+CMGS=12\r")
    for _ in range(4):
        channel.send(b"AT\r")
        channel.timeout()
    channel.send(b"AT\r")
    assert channel.receive(5 * b"ERROR\r\n") == []
    assert channel.receive(b"ERROR\r\n") == [Write(b"AT\r")]


QUESTIONS_ANSWERED = [
    b"+CMEE: 1\r\nOK\r\n",
    b"+CMGF: 0\r\nOK\r\n",
    b"+CREG: 0,1\r\nOK\r\n",
    b"+CSMS: 0,1,1,1\r\nOK\r\n",
    b"+CNMI: 2,1,0,1,0\r\nOK\r\n",
]


def test_a_modem_that_always_answers_when_the_time_is_up_never_answers_the_wrong_command() -> None:
    """Each attempt brings what the one before it asked: none of these may be the next command's answer."""
    channel = timed_out(b"AT+CIMI\r")
    for said in [b"460001234567890\r\nOK\r\n", *QUESTIONS_ANSWERED, *QUESTIONS_ANSWERED]:
        channel.send(b"AT+CMGD=1\r")
        assert channel.receive(said) == []
        assert not channel.timeout().written
    channel.send(b"AT+CMGD=1\r")
    assert Write(b"AT+CMGD=1\r") in channel.receive(QUESTIONS_ANSWERED[0] + QUESTIONS_ANSWERED[1])


def test_a_modem_that_wakes_answers_all_before_the_next_command_is_written() -> None:
    """After a hang in which the first question was asked a second time."""
    channel = timed_out(b"AT+CMGS=12\r")
    for _ in QUESTIONS_ANSWERED:
        channel.send(b"AT\r")
        channel.timeout()
    assert channel.send(b"AT+CMGS=20\r", prompt=True) == PROBE
    assert channel.receive(b"+CMGS: 5\r\nOK\r\n" + b"".join(QUESTIONS_ANSWERED)) == []
    assert channel.receive(QUESTIONS_ANSWERED[0]) == [Late(1, ("+CMGS: 5", "OK")), Write(b"AT+CMGS=20\r")]
    assert channel.receive(b"> ") == [Prompt()]


def test_a_modem_that_lost_what_was_written_while_it_hung_is_used_on() -> None:
    channel = timed_out(b"AT+CMGS=12\r")
    for _ in range(7):
        channel.send(b"AT\r")
        channel.timeout()
    assert channel.send(b"AT\r") == b"AT+CREG?\r"
    assert channel.receive(QUESTIONS_ANSWERED[2]) == []  # the answer may be to the first asking
    assert not channel.timeout().written
    assert channel.send(b"AT\r") == b"AT\r"


def test_an_answer_whose_end_is_still_to_come_is_waited_for() -> None:
    channel = timed_out(b"AT+CMGS=12\r")
    for _ in range(7):
        channel.send(b"AT\r")
        channel.timeout()
    channel.send(b"AT\r")
    channel.receive(b"+CREG: 0,1\r\n")
    channel.timeout()
    assert channel.send(b"AT\r") == QUESTIONS_ASKED[3]
    assert channel.receive(b"OK\r\n") == []


QUESTIONS_ASKED = [PROBE, b"AT+CMGF?\r", b"AT+CREG?\r", b"AT+CSMS?\r", b"AT+CNMI?\r"]


@given(st.lists(st.integers(0, 6), max_size=30), st.sampled_from(["+CMGS: 7\r\nOK\r\n", "OK\r\n", "ERROR\r\n"]))
def test_a_modem_that_answers_in_order_is_never_misunderstood_however_late_it_is(
    given_out: list[int], answer: str
) -> None:
    """`given_out`: how many of the answers that are due the modem gives in each attempt, before its time is up."""
    answers = dict(zip(QUESTIONS_ASKED, QUESTIONS_ANSWERED, strict=True))
    channel = timed_out(b"AT+CMGS=12\r")
    due = [answer.encode()]
    for count in given_out:
        due.append(answers[channel.send(b"AT+CSQ\r")])
        said, due = b"".join(due[:count]), due[count:]
        if Write(b"AT+CSQ\r") in channel.receive(said):
            assert not due
            return
        channel.timeout()
        # Giving up is right only for a modem that is far behind and whose answers look as if it had lost some.
        assert channel.state is State.OWED or (due and len(due) % len(QUESTIONS_ASKED) == 0)
        if channel.state is not State.OWED:
            return


def test_a_time_out_tells_whether_the_text_was_handed_over() -> None:
    channel = Channel()
    channel.send(b"AT+CMGS=12\r", prompt=True)
    assert channel.timeout() == TimedOut((), False, ABORT, 1)
    channel = Channel()
    channel.send(b"AT+CMGS=12\r", prompt=True)
    channel.receive(b"> ")
    channel.send_text(b"00\x1a")
    assert channel.timeout() == TimedOut((), True, b"", 1)


def test_a_time_out_gives_the_lines_so_far() -> None:
    channel = Channel()
    channel.send(b"AT+CPIN?\r")
    channel.receive(b"+CPIN: READY\r\n")
    assert channel.timeout().lines == ("+CPIN: READY",)


def test_a_prompt_that_comes_twice_does_not_take_the_text_back() -> None:
    """TS 27.005 clause 3.5.1: an ESC gives the message up."""
    channel = Channel()
    channel.send(b"AT+CMGS=12\r", prompt=True)
    channel.receive(b"\r\n> ")
    channel.send_text(b"00\x1a")
    assert channel.receive(b"\r\n> ") == []
    assert channel.receive(b"+CMGS: 1\r\nOK\r\n") == [Answer(("+CMGS: 1", "OK"))]
    channel.send(b"AT\r")
    assert channel.receive(b"\r\n> ") == [Write(ABORT)]


def test_what_a_terminal_would_obey_is_replaced() -> None:
    assert asked("AT+CGMI", b"\x1b[31mE\x07V\x9bIL\xc2\x9b\x7f.\tLtd\xc3\xa9\r\nOK\r\n") == [
        Answer(("[31mE\ufffdV\ufffdIL\ufffd\ufffd.\tLtd\u00e9", "OK"))
    ]


@pytest.mark.parametrize("noise", [b"\xff\xfe", b"\x00\x00", b"\x80", b"\x1b\x7f"])
def test_bytes_that_are_not_text_stop_nothing(noise: bytes) -> None:
    assert asked("AT+CSQ", noise + b"\r\n" + noise + b"+CSQ: 1,9\r\n" + noise + b"OK" + noise + b"\r\n") == [
        Answer(("+CSQ: 1,9", "OK"))
    ]


def test_ten_megabytes_of_zeros_take_no_memory_and_the_next_line_is_read() -> None:
    channel = Channel()
    channel.send(b"AT\r")
    zeros = bytes(65_536)
    tracemalloc.start()
    for _ in range(160):
        assert channel.receive(zeros) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * BUFFER_OCTETS_MAX
    assert channel.receive(b"\r\nOK\r\n") == [Answer(("OK",))]


def test_an_answer_without_end_takes_no_memory() -> None:
    channel = Channel()
    channel.send(b"AT+CLAC\r")
    for _ in range(60):
        channel.receive(b"x" * 10_000 + b"\r\n")
    answer = channel.receive(b"OK\r\n")[0]
    assert isinstance(answer, Answer)
    assert sum(map(len, answer.lines)) <= BUFFER_OCTETS_MAX + 2


PIECES = st.lists(
    st.sampled_from([b"OK\r\n", b"ERROR\r\n", b"> ", b"+CMGS: 1\r\n", b"+CMEE: 1\r\n", b"^RSSI:1\r\n", b"\xff"])
    | st.binary(max_size=12),
    max_size=12,
)


@given(PIECES, st.lists(st.sampled_from("sptx"), max_size=6))
def test_no_bytes_in_any_state_raise_and_the_channel_can_go_on(pieces: list[bytes], moves: list[str]) -> None:
    channel = Channel()
    for move in [*moves, "x"]:
        busy = channel.state in (State.RUNNING, State.PROMPT_WANTED, State.CLEARING)
        if move == "s" and not busy:
            channel.send(b"AT+CSQ\r")
        elif move == "p" and not busy:
            channel.send(b"AT+CMGS=1\r", prompt=True)
        elif move == "t":
            channel.timeout()
        elif move == "x" and channel.state is State.PROMPTED:
            channel.send_text(b"00\x1a")
        for piece in pieces:
            for event in channel.receive(piece):
                assert isinstance(event, Answer | Prompt | Unsolicited | Write)


@given(st.lists(st.sampled_from([b"\r\n+CSQ: 1,9\r\n", b"\r\n^RSSI:1\r\n", b'+CMTI: "SM",1\r\n', b"\r\n\r\nOK\r\n"])))
def test_whole_or_byte_by_byte_is_the_same(pieces: list[bytes]) -> None:
    stream = b"".join(pieces)
    whole, bytewise = Channel(), Channel()
    whole.send(b"AT+CSQ\r")
    bytewise.send(b"AT+CSQ\r")
    assert whole.receive(stream) == [event for octet in stream for event in bytewise.receive(bytes([octet]))]
