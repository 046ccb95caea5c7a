"""What the driver does by itself: looks for messages, makes room, watches the registration; over ptys."""

import time
from datetime import UTC, datetime

import pytest
from gsmmodem.exceptions import CmsError

from gsm import registration
from gsm.errors import NotRegistered, SendFailed, SimMissing, SimPinNeeded
from gsm.inbox import ReceivedText
from gsm.mailbox import LeaveOnSim
from gsm.pdu import Deliver, StatusReport, UserData, encode_deliver, encode_status_report, split, to_hex
from tests.replay.conftest import Connect, MakeModem
from tests.replay.scripted_modem import Reply, ScriptedModem, eventually, set_up_is_over

NUMBER = "+8613900000000"
MOMENT = datetime(2026, 10, 22, 12, 0, tzinfo=UTC)


def pdu_of(data: UserData) -> str:
    return to_hex(encode_deliver(Deliver(NUMBER, data, MOMENT)))


def text(content: str) -> str:
    return pdu_of(UserData.of_text(content))


def space(modem: ScriptedModem) -> bytes:
    """+CPMS of a SIM with three places."""
    return f"+CPMS: {len(modem.store)},3,{len(modem.store)},3,{len(modem.store)},3\r\n\r\nOK".encode()


# Nokia phones refuse +CNMI in every form (python-gsmmodem issue 15; gammu issue 11).
NO_INDICATIONS: dict[str, Reply] = {
    "AT+CNMI=2,1,0,2": b"ERROR",
    "AT+CNMI=2,1,0,1,0": b"ERROR",
    'AT+CPMS="SM"': space,
}


# ---- looking for messages


def test_a_modem_that_tells_of_no_message_is_asked_for_them(scripted: MakeModem, ours: Connect) -> None:
    modem, got = scripted(NO_INDICATIONS), []
    driver = ours(modem, received=lambda message: got.append(message.text))
    assert driver._poll_pause_s() == 5.0
    driver.close()
    ours(modem, received=lambda message: got.append(message.text), poll_interval_s=0.05)
    modem.store[1] = text("nobody said so")
    eventually(lambda: got == ["nobody said so"])
    eventually(lambda: not modem.store)


def test_the_library_never_sees_it(scripted: MakeModem, unmodified: Connect) -> None:
    """`connect` sets `_smsReadSupported` to False where +CNMI is refused, and it looks for none by itself."""
    modem, got = scripted(NO_INDICATIONS), []
    unmodified(modem, smsReceivedCallbackFunc=lambda sms: got.append(sms.text))
    modem.store[1] = text("nobody said so")
    time.sleep(0.2)
    assert not got
    assert modem.store


def test_an_announcement_that_was_lost_is_made_good(scripted: MakeModem, ours: Connect) -> None:
    modem, got = scripted({'AT+CPMS="SM"': space}), []
    driver = ours(modem, received=lambda message: got.append(message.text))
    assert driver._poll_pause_s() == 60.0
    driver.close()
    ours(modem, received=lambda message: got.append(message.text), poll_interval_s=0.05)
    modem.store.update({index: pdu_of(part) for index, part in enumerate(split("long " * 50, 7), start=1)})
    eventually(lambda: got == ["long " * 50])
    eventually(lambda: not modem.store)


def test_what_is_polled_for_is_only_what_is_unread(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({'AT+CPMS="SM"': space})
    modem.store[1] = "not a pdu"  # it stays
    ours(modem, received=lambda message: None, poll_interval_s=0.02)
    modem.wait_for("AT+CMGL=0")
    eventually(lambda: modem.commands.count("AT+CMGL=0") > 2)
    assert modem.commands.count("AT+CMGL=4") == 1


@pytest.mark.parametrize("told", [True, False])
def test_a_full_memory_is_read_whole_and_emptied(scripted: MakeModem, ours: Connect, told: bool) -> None:
    modem, got = scripted({'AT+CPMS="SM"': space}), []
    # What was read once is not unread any more.
    modem.replies["AT+CMGL=0"] = b"OK"
    settings = {} if told else {"poll_interval_s": 0.05}
    driver = ours(modem, received=lambda message: got.append(message.text), **settings)
    set_up_is_over(driver)
    driver._mailbox._read_whole_at_s.clear()  # as if that had been a minute ago
    modem.store.update({index: text(f"old {index}") for index in (1, 2, 3)})
    if told:
        modem.urc('^SMMEMFULL: "SM"')
    eventually(lambda: got == ["old 1", "old 2", "old 3"])
    eventually(lambda: not modem.store)


def leave(message: ReceivedText) -> None:
    """A program that wants only some messages, as the handset wants only its operator's."""
    if message.text.startswith("stranger"):
        raise LeaveOnSim


def test_a_memory_full_of_what_nobody_takes_is_told_once_and_so_is_room(scripted: MakeModem, ours: Connect) -> None:
    modem, told = scripted({'AT+CPMS="SM"': space}), []
    modem.store.update({index: text(f"stranger {index}") for index in (1, 2, 3)})
    ours(modem, received=leave, full=told.append, poll_interval_s=0.05)
    eventually(lambda: told == [True])
    polls = modem.commands.count('AT+CPMS="SM"')
    eventually(lambda: modem.commands.count('AT+CPMS="SM"') > polls + 3)
    assert told == [True]
    assert len(modem.store) == 3, "what is not ours is not deleted"
    del modem.store[2]  # by its owner
    eventually(lambda: told == [True, False])


def test_the_message_that_fills_the_memory_is_noticed_when_it_comes(scripted: MakeModem, ours: Connect) -> None:
    modem, told = scripted({'AT+CPMS="SM"': space}), []
    modem.store.update({index: text(f"stranger {index}") for index in (1, 2)})
    driver = ours(modem, received=leave, full=told.append)
    assert driver._poll_pause_s() == 60.0
    set_up_is_over(driver)
    modem.store[3] = text("stranger 3")
    modem.urc('+CMTI: "SM",3')
    eventually(lambda: told == [True])


def test_a_full_memory_of_what_is_taken_is_no_news(scripted: MakeModem, ours: Connect) -> None:
    modem, told = scripted({'AT+CPMS="SM"': space}), []
    modem.store.update({index: text(f"for us {index}") for index in (1, 2, 3)})
    ours(modem, received=leave, full=told.append, poll_interval_s=0.05)
    eventually(lambda: not modem.store)
    eventually(lambda: modem.commands.count('AT+CPMS="SM"') > 4)
    assert told == []


@pytest.mark.parametrize("at_the_prompt", [True, False])
def test_a_message_refused_for_a_full_memory_makes_room_for_the_next_one(
    scripted: MakeModem, ours: Connect, at_the_prompt: bool
) -> None:
    """+CMS ERROR 322, memory full (TS 27.005 clause 3.2.5): certainly not sent, and not sent again by the driver."""
    modem, got = scripted({'AT+CPMS="SM"': space}), []
    driver = ours(modem, received=lambda message: got.append(message.text))
    set_up_is_over(driver)
    modem.store.update({index: text(f"old {index}") for index in (1, 2, 3)})

    def if_room(answer: bytes) -> Reply:
        return lambda same: b"+CMS ERROR: 322" if same.store else answer

    if at_the_prompt:
        modem.prompt = if_room(b"> ")
    else:
        modem.sent = if_room(b"+CMGS: 7\r\n\r\nOK")
    with pytest.raises(SendFailed, match="full") as caught:
        driver.send_text(NUMBER, "hi")
    assert caught.value.code == 322
    eventually(lambda: got == ["old 1", "old 2", "old 3"])
    eventually(lambda: not modem.store)
    assert len(modem.texts) == (0 if at_the_prompt else 1)
    assert driver.send_text(NUMBER, "hi").reference == 7


def test_the_library_leaves_a_full_memory_full(scripted: MakeModem, unmodified: Connect) -> None:
    """It reads a message only when it is told of one, and of a full memory it is told nothing: each send fails."""
    modem, got = scripted({'AT+CPMS="SM"': space}), []
    modem.store.update({index: text(f"old {index}") for index in (1, 2, 3)})
    modem.sent = lambda same: b"+CMS ERROR: 322" if same.store else b"+CMGS: 7\r\n\r\nOK"
    driver = unmodified(modem, smsReceivedCallbackFunc=lambda sms: got.append(sms.text))
    for _ in range(2):
        with pytest.raises(CmsError, match="322"):
            driver.sendSms(NUMBER, "hi")
    modem.urc('^SMMEMFULL: "SM"')
    time.sleep(0.2)
    assert len(modem.store) == 3
    assert got == []


def test_reports_that_are_stored_and_not_told_of_are_found(scripted: MakeModem, ours: Connect) -> None:
    """<mem> SR, status reports (TS 27.005 clause 3.1), of a modem that announces nothing."""
    modem, reported = scripted({**NO_INDICATIONS, 'AT+CPMS="SR"': b"+CPMS: 1,20,0,20,0,20\r\n\r\nOK"}), []
    modem.replies["AT+CPMS=?"] = b'+CPMS: ("SM","SR"),("SM"),("SM")\r\n\r\nOK'
    modem.replies['AT+CPMS="SM","SM","SM"'] = b"+CPMS: 0,20,0,20,0,20\r\n\r\nOK"
    reports: dict[int, str] = {}

    def listed(same: ScriptedModem) -> bytes:
        chosen = next(command for command in reversed(same.commands) if command.startswith('AT+CPMS="'))
        there = reports if '"SR"' in chosen else {}
        return "".join(f"+CMGL: {index},0,,24\r\n{line}\r\n" for index, line in there.items()).encode() + b"\r\nOK"

    def deleted(_: ScriptedModem) -> bytes:
        reports.pop(5, None)
        return b"OK"

    modem.replies.update({"AT+CMGL=0": listed, "AT+CMGL=4": listed, "AT+CMGD=5": deleted})
    ours(
        modem, received=lambda _: None, reported=lambda report: reported.append(report.reference), poll_interval_s=0.05
    )
    reports[5] = to_hex(encode_status_report(StatusReport(9, NUMBER, MOMENT, MOMENT, 0)))
    eventually(lambda: reported[:1] == [9])
    eventually(lambda: not reports)


def test_the_library_never_finds_such_a_report(scripted: MakeModem, unmodified: Connect) -> None:
    modem, reported = scripted({**NO_INDICATIONS, "AT+CPMS=?": b'+CPMS: ("SM","SR"),("SM"),("SM")\r\n\r\nOK'}), []
    unmodified(modem, smsStatusReportCallback=reported.append).sendSms(NUMBER, "hi")
    commands = list(modem.commands)
    time.sleep(0.2)
    assert modem.commands == commands, "it looks for nothing by itself"
    assert not reported


def test_indications_are_chosen_by_what_the_modem_allows(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({"AT+CNMI=?": b"+CNMI: (0,1),(0,1),(0),(0,1),(1)\r\n\r\nOK", "AT+CNMI=1,1,0,1,1": b"OK"})
    driver = ours(modem)
    assert "AT+CNMI=1,1,0,1,1" in modem.commands
    assert driver._poll_pause_s() == 60.0
    modem.commands.clear()
    ours(scripted({"AT+CNMI=3,1,0,0": b"OK"}), AT_CNMI="3,1,0,0")
    assert "AT+CNMI=1,1,0,1,1" not in modem.commands  # the caller knows better


# ---- registration


def test_without_a_network_nothing_is_handed_over_and_with_one_again_it_is(scripted: MakeModem, ours: Connect) -> None:
    lost: Reply = b"+CREG: 1,2\r\n\r\nOK"
    modem = scripted({"AT+CREG=1": b"OK"})
    driver = ours(modem)
    registered = modem.replies["AT+CREG?"]
    modem.replies["AT+CREG?"] = lost
    modem.urc("+CREG: 2")
    eventually(lambda: driver._registration.is_registered is False)
    with pytest.raises(NotRegistered, match="safe to send it again"):
        driver.send_text(NUMBER, "hi")
    assert not modem.texts
    modem.replies["AT+CREG?"] = registered
    assert driver.send_text(NUMBER, "hi").reference == 7  # asked again first: it need not wait to be told


def test_a_packet_network_is_a_network(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({"AT+CREG?": b"+CREG: 0,2\r\n\r\nOK", "AT+CEREG?": b"+CEREG: 0,1\r\n\r\nOK"})
    driver = ours(modem)
    modem.urc("+CREG: 2")
    assert driver.send_text(NUMBER, "hi").reference == 7


def test_a_network_lost_for_long_has_the_radio_switched_off_and_on(
    scripted: MakeModem, ours: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "RESTART_AFTER_S", 0.1)

    def on(modem: ScriptedModem) -> bytes:
        modem.replies["AT+CREG?"] = b"+CREG: 0,1\r\n\r\nOK"
        return b"OK"

    modem = scripted({"AT+CREG?": b"+CREG: 0,2\r\n\r\nOK", "AT+CFUN=4": b"OK", "AT+CFUN=1": on})
    driver = ours(modem, registration_interval_s=0.02)
    eventually(lambda: driver._registration.is_registered)
    assert modem.commands.count("AT+CFUN=4") == modem.commands.count("AT+CFUN=1") == 1
    assert modem.commands.index("AT+CFUN=4") < modem.commands.index("AT+CFUN=1")
    assert driver.send_text(NUMBER, "hi").reference == 7


@pytest.mark.parametrize(
    ("said", "error"), [(b"+CPIN: SIM PIN\r\n\r\nOK", SimPinNeeded), (b"+CME ERROR: 10", SimMissing)]
)
def test_a_network_that_is_lost_for_the_sim_s_sake_is_told_as_that(
    scripted: MakeModem, ours: Connect, said: bytes, error: type[Exception]
) -> None:
    """A SIM that was taken out, or asks for its PIN after an undervoltage: most modems say nothing but +CREG."""
    modem, gone, back = scripted(), [], []
    driver = ours(modem, gone=lambda reason: gone.append(type(reason.__cause__)), back=lambda: back.append(1))
    registered, ready = modem.replies["AT+CREG?"], modem.replies["AT+CPIN?"]
    modem.replies.update({"AT+CREG?": b"+CREG: 1,0\r\n\r\nOK", "AT+CPIN?": said})
    driver._watch_registration()
    eventually(lambda: error in gone)
    modem.replies.update({"AT+CREG?": registered, "AT+CPIN?": ready})
    eventually(lambda: back)
    assert driver._registration.is_registered, "known at once, not at the next look"


def test_the_library_hands_a_message_over_whatever_the_network(scripted: MakeModem, unmodified: Connect) -> None:
    modem = scripted({"AT+CREG?": b"+CREG: 0,2\r\n\r\nOK"})
    unmodified(modem).sendSms(NUMBER, "hi")
    assert len(modem.texts) == 1


# ---- the SIM's own number


def test_the_own_number_is_read_from_its_file_where_nothing_else_knows_it(scripted: MakeModem, ours: Connect) -> None:
    record = "FF" * 14 + "0891683108000000F0" + "FF" * 5
    template = "621B8205422100" + "1C02" + "83026F40A506" + "C00100DE0100" + "8A01058B036F0606"
    replies: dict[str, Reply] = {
        "AT+CRSM=192,28480": f'+CRSM: 144,0,"{template}"\r\n\r\nOK'.encode(),
        "AT+CRSM=178,28480,1,4,28": b'+CRSM: 144,0,"' + b"FF" * 28 + b'"\r\n\r\nOK',
        "AT+CRSM=178,28480,2,4,28": f"+CRSM: 144,0,{record}\r\n\r\nOK".encode(),
    }
    assert ours(scripted(replies)).own_number() == "+8613800000000"


def test_the_library_does_not_look_there(scripted: MakeModem, unmodified: Connect) -> None:
    modem = scripted({"AT+CNUM": b"OK"})
    assert unmodified(modem).ownNumber is None
    assert not any(command.startswith("AT+CRSM") for command in modem.commands)
