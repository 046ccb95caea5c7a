"""What the driver does by itself: looks for messages, makes room, watches the registration; over ptys."""

import time
from datetime import UTC, datetime

import pytest

from gsm import registration
from gsm.errors import NotRegistered
from gsm.pdu import Deliver, UserData, encode_deliver, split, to_hex
from tests.replay.conftest import Connect, MakeModem
from tests.replay.scripted_modem import Reply, ScriptedModem, eventually

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
    modem.wait_for("AT+CMGL=4")
    driver.write("AT")
    driver._mailbox._read_whole_at_s.clear()  # as if that had been a minute ago
    modem.store.update({index: text(f"old {index}") for index in (1, 2, 3)})
    if told:
        modem.urc('^SMMEMFULL: "SM"')
    eventually(lambda: got == ["old 1", "old 2", "old 3"])
    eventually(lambda: not modem.store)


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
