"""Processes joined into one network, as processes: started, refused, killed, started again."""

import asyncio
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import smpp34

from tests.system.ports import free_port
from tests.system.test_emulator_programs import WAIT_S, Program, ask, collect, refused, send_text

pytestmark = pytest.mark.programs

ANNA = "imsi=460001234567890,msisdn=8613900000001,slots=999"
BERND = "imsi=460001234567891,msisdn=8613900000002,slots=999"
BERND_NUMBER, ANNA_NUMBER = "+8613900000002", "+8613900000001"
HEAL_S = 60.0


class House:
    """A centre with an ESME, and two members with a phone each; every one has its state and can be killed."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        joined = ("--join", f"127.0.0.1:{self.port}")
        self.arguments = {
            "centre": ("--listen", str(self.port), "--esme", "95533=operator"),
            "anna": (*joined, "--phone", ANNA, "--link-dir", str(folder / "anna")),
            "bernd": (*joined, "--phone", BERND, "--link-dir", str(folder / "bernd")),
        }
        self.folder = folder
        self.running: dict[str, Program] = {}

    def start(self, name: str) -> Program:
        (self.folder / name).mkdir(exist_ok=True)
        # To a file, for nobody reads the pipe while messages go.
        kept = ("--state", str(self.folder / f"{name}-state"), "--log-file", str(self.folder / f"{name}.log"))
        program = Program(*self.arguments[name], *kept)
        self.running[name] = program
        return program

    def kill(self, name: str) -> None:
        self.running.pop(name).end(signal.SIGKILL)

    def modem(self, name: str) -> str:
        return str(self.folder / name / "modem0")

    def texts(self, name: str) -> list[str]:
        """The messages that lie in a modem, by +CMGL; a delivery report is a heading without a number in quotes."""
        shown = ask(self.modem(name), b"ATE0;+CMGF=1\r", b'AT+CMGL="ALL"\r').decode()
        return re.findall(r'\+CMGL: \d+,"[A-Z ]+","[^\n]*\r\n([^\r\n]*)\r\n', shown)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    for name in list(made.running):
        made.kill(name)


def until(condition: object, wanted: str) -> None:
    deadline = time.monotonic() + HEAL_S
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, wanted
        time.sleep(0.1)


def test_messages_go_between_members_and_the_esmes_of_the_centre(house: House) -> None:
    for name in ("centre", "anna", "bernd"):
        house.start(name)
    smpp_port = house.running["centre"].ready["smpp_port"]
    assert "smpp_port" not in house.running["anna"].ready
    send_text(house.modem("anna"), BERND_NUMBER, "to bernd")
    send_text(house.modem("bernd"), ANNA_NUMBER, "to anna")
    send_text(house.modem("bernd"), "95533", "to the bank")
    assert asyncio.run(collect(smpp_port, 1)) == [b"to the bank"]

    async def submit() -> bytes:
        session = await smpp34.Client("127.0.0.1", smpp_port, "operator", "secret").connect()
        answer = await session.submit_sm(
            "8613900000001", b"from the bank", source_addr="95533", registered_delivery=1, dest_addr_ton=1
        )
        assert answer.is_success
        receipt = await asyncio.wait_for(session.next(), WAIT_S)
        assert isinstance(receipt, smpp34.DeliverSmEvent)
        return receipt.short_message

    assert b"stat:DELIVRD" in asyncio.run(submit())
    assert house.texts("bernd") == ["to bernd"]
    assert house.texts("anna") == ["to anna", "from the bank"]


def test_a_number_in_use_elsewhere_is_refused_at_the_start(house: House) -> None:
    house.start("centre")
    house.start("anna")
    result = refused("--join", str(house.port), "--phone", ANNA)
    assert result.returncode == 2
    assert f"{ANNA_NUMBER} is in use by another process that has joined" in result.stderr.splitlines()[-1]
    assert result.stderr.count("is in use by another process") == 2, "a line in the log, and the sentence at the end"


def test_a_modem_looks_for_its_network_until_somebody_listens(house: House) -> None:
    house.start("anna")
    assert b"+CREG: 0,2" in ask(house.modem("anna"), b"AT+CREG?\r")
    house.start("centre")
    until(lambda: b"+CREG: 0,1" in ask(house.modem("anna"), b"AT+CREG?\r"), "the modem has found its network")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--phone", ANNA, "--join", "1", "--listen", "2"], "not both"),
        (["--phone", ANNA, "--join", "1", "--esme", "95533=operator"], "give --esme there"),
        (["--phone", ANNA, "--join", "1", "--lose", "1"], "give it there"),
        (["--phone", ANNA, "--join", "example.org:1"], "127.0.0.1"),
        (["--phone", ANNA, "--join", "x"], "is no port"),
        ([], "at least one --phone"),
        (["--phone", ANNA, "--esme", "95533=operator,names=A-NAME-TOO-LONG"], "at most 11"),
        (["--phone", ANNA, "--esme", "95533=operator,colour=red"], "unknown key 'colour'"),
    ],
)
def test_what_cannot_be_meant_together_is_said(arguments: list[str], said: str) -> None:
    result = refused(*arguments)
    assert result.returncode == 2
    assert said in result.stderr


def test_a_taken_listen_port_is_one_line_and_status_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = refused("--phone", ANNA, "--listen", str(taken.getsockname()[1]))
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "choose another --listen" in result.stderr


def test_nothing_acknowledged_is_lost_or_doubled_when_centre_and_members_are_killed(house: House) -> None:
    for name in ("centre", "anna", "bernd"):
        house.start(name)
    acknowledged: dict[str, list[str]] = {"anna": [], "bernd": []}
    tried: set[str] = set()
    done = threading.Event()

    def talk(name: str, to: str) -> None:
        count = 0
        while not done.is_set():
            text = f"{name} {count}"
            tried.add(text)
            if sent(house.modem(name), to, text):
                acknowledged[name].append(text)
            count += 1
            time.sleep(0.05)  # so that the SIM does not fill up

    talkers = [
        threading.Thread(target=talk, args=("anna", BERND_NUMBER)),
        threading.Thread(target=talk, args=("bernd", ANNA_NUMBER)),
    ]
    for talker in talkers:
        talker.start()
    try:
        for name in ("centre", "bernd", "centre", "anna"):
            before = {sender: len(texts) for sender, texts in acknowledged.items()}
            until(lambda: all(len(acknowledged[one]) >= before[one] + 5 for one in before), "messages go")  # noqa: B023
            house.kill(name)
            house.start(name)
        before = {sender: len(texts) for sender, texts in acknowledged.items()}
        until(lambda: all(len(acknowledged[one]) >= before[one] + 2 for one in before), "messages go again")
    finally:
        done.set()
        for talker in talkers:
            talker.join(HEAL_S)
    for name, sender in (("bernd", "anna"), ("anna", "bernd")):
        until(lambda: set(acknowledged[sender]) <= set(house.texts(name)), "all has arrived")  # noqa: B023
        assert set(house.texts(name)) <= tried
        assert max(Counter(house.texts(name)).values()) == 1


def sent(port: str, destination: str, text: str) -> bool:
    """Try to send a message from a modem that may be killed meanwhile; whether +CMGS said that it was taken."""
    try:
        descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        time.sleep(0.1)
        return False
    try:
        if b"> " not in typed(descriptor, f'ATE0;+CMGF=1;+CMGS="{destination}"\r'.encode(), b"> "):
            time.sleep(0.1)
            return False
        return b"+CMGS: " in typed(descriptor, text.encode() + b"\x1a", b"\r\nOK\r\n", wait_s=HEAL_S)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def typed(descriptor: int, line: bytes, end: bytes, wait_s: float = 2.0) -> bytes:
    """Type a line and return what came until `end`, an error, or for so long. Raises OSError when the modem is gone."""
    os.write(descriptor, line)
    seen, deadline = b"", time.monotonic() + wait_s
    while end not in seen and b"ERROR" not in seen and time.monotonic() < deadline:
        if select.select([descriptor], [], [], 0.1)[0]:
            seen += os.read(descriptor, 4096)
    return seen


def test_a_centre_that_ends_leaves_its_members_running(house: House) -> None:
    house.start("centre")
    house.start("anna")
    assert house.running.pop("centre").end(signal.SIGTERM)[0] == 0
    until(lambda: b"+CREG: 0,2" in ask(house.modem("anna"), b"AT+CREG?\r"), "the modem looks for its network")
    assert house.running.pop("anna").end(signal.SIGTERM)[0] == 0
    assert "Traceback" not in (house.folder / "anna.log").read_text()


def test_the_link_listens_on_loopback_only(house: House) -> None:
    house.start("centre")
    listening = subprocess.run(["cat", "/proc/net/tcp"], capture_output=True, text=True, check=True).stdout
    ours = [line.split()[1] for line in listening.splitlines() if line.split()[1].endswith(f":{house.port:04X}")]
    assert {address.split(":")[0] for address in ours} == {"0100007F"}
