"""The emulator as a library: blocking programs on real ptys, here with pyserial."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import serial

from gsm import pdu
from gsm.pdu import Submit
from modem_emulator import EmulatedModem, Ended, NotInTime, Phone, emulated
from modem_emulator.profile import InvalidProfile
from modem_emulator.records import InvalidRecord
from modem_emulator.server import Broken
from modem_emulator.smsc import PortTaken
from modem_emulator.store import MemoryStore, Status

WAIT_S = 30.0
LONG = "Ten characters, sixteen times over, are more than one message holds. " * 4


class Terminal:
    """Somebody who types at a modem and reads what comes."""

    def __init__(self, port: str) -> None:
        self._serial = serial.Serial(port, timeout=WAIT_S)

    def ask(self, typed: str, end: bytes = b"OK\r\n") -> str:
        self._serial.write(typed.encode())
        return self.read_until(end)

    def read_until(self, end: bytes) -> str:
        seen: bytes = self._serial.read_until(end)
        assert seen.endswith(end), seen
        return seen.decode("latin-1")

    def send(self, to: str, text: str) -> None:
        for part in pdu.split(text, reference=7):
            tpdu = pdu.encode_submit(Submit(to, part, status_report_request=True))
            self.ask(f"AT+CMGS={len(tpdu)}\r", b"> ")
            self.ask(pdu.to_hex(tpdu) + "\x1a")

    def close(self) -> None:
        self._serial.close()


@contextmanager
def typing_at(modem: EmulatedModem) -> Iterator[Terminal]:
    terminal = Terminal(modem.port)
    try:
        yield terminal
    finally:
        terminal.close()


def test_modems_differ_and_say_who_they_are() -> None:
    with emulated(modems=2) as network, typing_at(network.modems[1]) as terminal:
        first, second = network.modems
        assert (first.imsi, first.msisdn) == ("460001234567890", "+8613900000001")
        assert (second.imsi, second.msisdn) == ("460001234567891", "+8613900000002")
        assert first.imei != second.imei
        assert second.imsi in terminal.ask("AT+CIMI\r")
        assert second.imei in terminal.ask("AT+CGSN\r")


def test_phones_can_be_given_one_by_one() -> None:
    with emulated([Phone("460009999999999", "8613800000000", pin="4711")]) as network:
        (modem,) = network.modems
        assert (modem.imsi, modem.msisdn) == ("460009999999999", "+8613800000000")
        with typing_at(modem) as terminal:
            assert "SIM PIN" in terminal.ask("AT+CPIN?\r")


def test_what_a_modem_sends_to_anybody_is_there_whole() -> None:
    with emulated() as network, typing_at(network.modems[0]) as terminal:
        (modem,) = network.modems
        terminal.send("13912345678", LONG)
        terminal.send("10010", "你好")
        first = modem.wait_for_sent(WAIT_S)
        assert (first.destination, first.text, len(first.parts), first.report_wanted) == ("13912345678", LONG, 2, True)
        assert [(message.destination, message.text) for message in modem.sent] == [("10010", "你好")]
        network.wait_until_quiet(WAIT_S)
        assert [(report.number, report.text) for report in modem.stored] == []  # +CNMI wants no reports yet


def test_a_stranger_sends_delivery_reports() -> None:
    with emulated() as network, typing_at(network.modems[0]) as terminal:
        terminal.ask("AT+CNMI=2,0,0,1\r")
        terminal.send("+8613912345678", "hello")
        terminal.read_until(b"\r\n")
        assert "+CDS: " in terminal.read_until(b"\r\n")


def test_one_modem_sends_to_the_other() -> None:
    with emulated(modems=2) as network, typing_at(network.modems[0]) as terminal:
        terminal.send("+8613900000002", LONG)
        network.wait_until_quiet(WAIT_S)
        received = network.modems[1].stored
        assert [(one.index, one.status, one.number) for one in received] == [
            (1, Status.RECEIVED_UNREAD, "+8613900000001"),
            (2, Status.RECEIVED_UNREAD, "+8613900000001"),
        ]
        assert "".join(one.text for one in received) == LONG


def test_a_text_from_a_name_arrives_and_is_announced() -> None:
    with emulated() as network, typing_at(network.modems[0]) as terminal:
        terminal.ask("AT+CNMI=2,1\r")
        network.modems[0].receives("hello", sender="YINXIN")
        assert '+CMTI: "SM",1' in terminal.read_until(b'"SM",1\r\n')
        (stored,) = network.modems[0].stored
        assert (stored.status, stored.number, stored.text) == (Status.RECEIVED_UNREAD, "YINXIN", "hello")


def test_a_stored_message_says_where_it_lies() -> None:
    with emulated(profile="quectel-ec25") as network:
        (modem,) = network.modems
        modem.wait_until_registered(WAIT_S)
        modem.receives("hello")
        network.wait_until_quiet(WAIT_S)
        assert [(one.storage, one.index, one.text) for one in modem.stored] == [("ME", 0, "hello")]


def test_a_locked_modem_is_not_registered_until_its_pin_is_there() -> None:
    with emulated(pin="1234") as network, typing_at(network.modems[0]) as terminal:
        (modem,) = network.modems
        with pytest.raises(NotInTime, match="its SIM is SIM PIN"):
            modem.wait_until_registered(0.05)
        terminal.ask("AT+CPIN=1234\r")
        modem.wait_until_registered(WAIT_S)


def test_what_no_sms_can_hold_is_refused_where_it_is_sent() -> None:
    with emulated() as network, pytest.raises(Exception, match="address"):
        network.modems[0].receives("hello", sender="a name that is too long for it")


def test_a_fault_befalls_its_command_and_not_the_next() -> None:
    with emulated() as network, typing_at(network.modems[0]) as terminal:
        network.modems[0].fault("fail-command", result="+CME ERROR: 30", on="+CSQ")
        terminal.ask("AT+CREG?\r")
        terminal.ask("AT+CSQ\r", b"\r\n+CME ERROR: 30\r\n")
        terminal.ask("AT+CSQ\r")
        with pytest.raises(InvalidRecord, match="known: "):
            network.modems[0].fault("set-on-fire")


def test_without_signal_messages_wait_and_the_network_is_quiet() -> None:
    with emulated() as network, typing_at(network.modems[0]) as terminal:
        (modem,) = network.modems
        modem.signal = None
        assert "+CSQ: 99," in terminal.ask("AT+CSQ\r")
        modem.receives("hello")
        network.wait_until_quiet(WAIT_S)
        assert (modem.signal, modem.stored) == (None, ())
        modem.signal = 7
        network.wait_until_quiet(WAIT_S)
        assert (modem.signal, len(modem.stored)) == (7, 1)
        with pytest.raises(ValueError, match="0 to 31"):
            modem.signal = 32


def test_an_unplugged_modem_hangs_up_and_comes_back() -> None:
    with emulated() as network:
        (modem,) = network.modems
        with typing_at(modem) as terminal:
            modem.unplug()
            with pytest.raises((OSError, serial.SerialException)):
                terminal.ask("AT\r")
        modem.plug_in()
        with typing_at(modem) as terminal:
            terminal.ask("AT\r")


def test_waiting_in_vain_tells_what_went_through_the_port() -> None:
    with emulated() as network, typing_at(network.modems[0]) as terminal:
        terminal.ask("AT+CSQ\r")
        with pytest.raises(NotInTime, match=r"modem0 sent no message in 0\.05 s(?s:.)*> AT\+CSQ"):
            network.modems[0].wait_for_sent(0.05)


def test_an_open_prompt_is_not_quiet() -> None:
    with emulated() as network, typing_at(network.modems[0]) as terminal:
        terminal.ask("AT+CMGS=10\r", b"> ")
        with pytest.raises(NotInTime, match="a command is under way"):
            network.wait_until_quiet(0.3)
        terminal.ask("\x1b")
        network.wait_until_quiet(WAIT_S)


def test_the_dialogue_shows_both_directions_in_order() -> None:
    with emulated() as network, typing_at(network.modems[0]) as terminal:
        (modem,) = network.modems
        terminal.ask("ATE0\r")
        terminal.ask("AT+CSQ\r")
        assert [(one.direction, one.data) for one in modem.traffic] == [
            ("to modem", b"ATE0\r"),
            ("from modem", b"ATE0\r\r\nOK\r\n"),
            ("to modem", b"AT+CSQ\r"),
            ("from modem", b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n"),
        ]
        lines = [line.split(maxsplit=1)[1] for line in modem.dialogue.splitlines()]
        assert lines[-3:] == ["> AT+CSQ", "< +CSQ: 20,99", "< OK"]


def test_no_pin_stands_in_the_dialogue() -> None:
    with emulated(pin="1234") as network, typing_at(network.modems[0]) as terminal:
        (modem,) = network.modems
        terminal.ask('AT+CPIN="1234"\r')
        assert "AT+CPIN" in modem.dialogue
        assert "1234" not in modem.dialogue


def test_any_thread_may_use_it() -> None:
    with emulated(slots=200) as network, ThreadPoolExecutor(8) as threads:
        (modem,) = network.modems
        list(threads.map(lambda number: modem.receives(f"text {number}"), range(100)))
        assert {one.text for one in modem.stored} == {f"text {number}" for number in range(100)}


def test_whoever_waits_hears_that_the_emulator_ended() -> None:
    heard: list[BaseException] = []

    def wait(modem: EmulatedModem) -> None:
        try:
            modem.wait_for_sent(WAIT_S)
        except Ended as error:
            heard.append(error)

    with emulated() as network:
        waiting = threading.Thread(target=wait, args=network.modems)
        waiting.start()
    waiting.join(WAIT_S)
    assert len(heard) == 1
    with pytest.raises(Ended):
        network.modems[0].receives("too late")


class FullDisk(MemoryStore):
    """A store like the one in memory, until its disk is full."""

    full = False

    def commit(self) -> None:
        if self.full:
            raise OSError(28, "No space left on device")


def test_a_broken_emulator_says_so_at_the_next_call() -> None:
    store = FullDisk()
    with emulated(store=store) as network, typing_at(network.modems[0]) as terminal:
        store.full = True
        terminal._serial.write(b"AT\r")
        with pytest.raises(Broken, match="No space left"):
            network.modems[0].wait_for_sent(WAIT_S)


def test_two_networks_stand_side_by_side() -> None:
    with emulated() as one, emulated() as other:
        one.modems[0].receives("hello")
        assert (len(one.modems[0].stored), len(other.modems[0].stored)) == (1, 0)


def test_what_cannot_start_raises_at_the_with() -> None:
    with pytest.raises(InvalidProfile), emulated(profile="no such make"):
        pass
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken):  # noqa: SIM117
        with emulated(smpp_port=taken.getsockname()[1]):
            pass


def test_who_imports_the_package_or_the_plugin_pays_nothing() -> None:
    program = (
        "import sys, modem_emulator, modem_emulator.pytest_plugin;"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('modem_emulator', 'gsm', 'smpp34')))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "['modem_emulator', 'modem_emulator.pytest_plugin']"
