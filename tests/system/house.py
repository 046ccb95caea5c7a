"""The whole house as programs: bank, operator, emulator and handsets, made by hand as docs/raspberry-pi.md tells.

A tap stands between operator and bank: it keeps what passes, and can call somebody at a chosen message, which is how
the tests kill a program in the middle of a transfer.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handset.demo_customers import CUSTOMERS, OPERATOR_ID, OPERATOR_NUMBER, Customer
from tests.system.ports import free_port
from wire.framing import FrameReader

BIN = Path(sys.executable).parent
START_S = 30.0
PAYER, PAYEE, OTHER = CUSTOMERS[0], CUSTOMERS[1], CUSTOMERS[2]
SMPP_PASSWORD = "notreal"  # SMPP 3.4 section 4.1.1: at most eight characters


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command printed and how it ended."""

    status: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.output)


def run(*command: str | Path, given: str = "", timeout_s: float = 120.0, env: dict[str, str] | None = None) -> Ended:
    """Run one console script to its end, with `given` on its standard input."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]],
        input=given,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, **(env or {})},
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def run_all(commands: Sequence[tuple[Sequence[str | Path], str]]) -> None:
    """Run commands that do not depend on each other side by side; each must succeed."""
    started = [
        (command, given, subprocess.Popen([BIN / command[0], *command[1:]], stdin=-1, stdout=-1, stderr=-1, text=True))
        for command, given in commands
    ]
    for command, given, process in started:
        output, errors = process.communicate(given, timeout=60)
        assert process.returncode == 0, f"{command}: {output}{errors}"


class Server:
    """One of the programs that run until they are told to stop."""

    def __init__(self, name: str, command: Sequence[str | Path], log: Path, env: dict[str, str] | None = None) -> None:
        self.name, self.command, self.log, self.env = name, list(command), log, env
        self.process: subprocess.Popen[str] | None = None
        self.ready: dict[str, Any] = {}

    def start(self) -> dict[str, Any]:
        """Start it and wait for the JSON line that says it is ready."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [BIN / self.command[0], *self.command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **(self.env or {})},
            )
        guard = threading.Timer(START_S, self.process.kill)
        guard.start()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        guard.cancel()
        assert line, f"{self.name} did not start: {self.log.read_text()[-2000:]}"
        self.ready = json.loads(line)
        return self.ready

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and return its exit status. Kills it, and fails, if it takes more than ten seconds."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid


@dataclass
class Tap:
    """Passes TCP on between operator and bank, in a thread of its own."""

    bank_port: int
    passed: list[tuple[str, bytes]] = field(default_factory=list)  # ("bank" or "operator" it went to, one message)
    on_message: Callable[[str, bytes], None] | None = None
    port: int = 0

    def start(self) -> None:
        listening = threading.Event()

        def serve() -> None:
            asyncio.run(self._serve(listening))

        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()
        assert listening.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self, listening: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        listening.set()
        await self._stop.wait()
        server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            bank_reader, bank_writer = await asyncio.open_connection("127.0.0.1", self.bank_port)
        except OSError:
            writer.close()
            return
        both = (
            asyncio.ensure_future(self._pass("bank", reader, bank_writer)),
            asyncio.ensure_future(self._pass("operator", bank_reader, writer)),
        )
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for one in (writer, bank_writer):
            one.close()
        for task in both:
            task.cancel()

    async def _pass(self, to: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader()
        with suppress(OSError):
            while data := await reader.read(65536):
                for message in frames.receive(data):
                    self.passed.append((to, message))
                    if self.on_message is not None:
                        # In a thread: what it kills must not make this loop wait.
                        await asyncio.to_thread(self.on_message, to, message)
                writer.write(data)
                await writer.drain()

    def wait_for(self, to: str, mti: str, count: int = 1, seconds: float = START_S) -> None:
        """Wait until so many messages of a type have passed."""
        end = time.monotonic() + seconds
        while self.mtis(to).count(mti) < count:
            assert time.monotonic() < end, f"{mti} does not pass to the {to}"
            time.sleep(0.05)

    def mtis(self, to: str) -> list[str]:
        return [message[:4].decode() for way, message in list(self.passed) if way == to]


class House:
    """Bank, operator and emulator with three customers, in one folder."""

    def __init__(self, folder: Path, *, bank_options: Sequence[str] = (), operator_options: Sequence[str] = ()) -> None:
        self.folder = folder
        self.bank_state, self.operator_state = folder / "bank", folder / "operator"
        self.links, self.network_state = folder / "modems", folder / "network"
        self._bank_options, self._operator_options = bank_options, operator_options
        self.customers: tuple[Customer, ...] = (PAYER, PAYEE, OTHER)

    # -- before ---------------------------------------------------------------------------------------------

    def build(self) -> "House":
        """Hold the whole ceremony."""
        bank = ("bank-server", "--state", self.bank_state)
        key, seeds = self.folder / "static.key", [self.folder / "seed1", self.folder / "seed2"]
        for step in (
            (*bank, "init"),
            (*bank, "operator", "add", "--operator", OPERATOR_ID, "--node", "1", "--static-key-out", key),
        ):
            run_all([(step, "")])
        operator = ("operator-platform", "--state", self.operator_state)
        run_all(
            [
                ((*bank, "seed", "make", "--custodian", "1", "--out", seeds[0]), ""),
                ((*bank, "seed", "make", "--custodian", "2", "--out", seeds[1]), ""),
                ((*operator, "init", "--operator", OPERATOR_ID, "--node", "1", "--static-key", key), ""),
                *(
                    (
                        (
                            *(*bank, "account", "open", "--account", c.account),
                            *("--name", c.name, "--balance-fen", str(c.balance_fen)),
                        ),
                        "",
                    )
                    for c in self.customers
                ),
            ]
        )
        run_all(
            [
                ((*bank, "seed", "combine", "--operator", OPERATOR_ID, *seeds), ""),
                *(
                    (
                        (*bank, "enrol", "--account", c.account, "--msisdn", c.msisdn, "--imsi", c.imsi),
                        f"{c.pin}\n",
                    )
                    for c in self.customers
                ),
                *(
                    ((*operator, "subscriber", "add", "--imsi", c.imsi, "--msisdn", c.msisdn), "")
                    for c in self.customers
                ),
            ]
        )
        run_all([((*bank, "control-key", "issue", "--operator", OPERATOR_ID), "")])
        shown = run(*bank, "terminal-key", "--json").json
        run_all(
            [
                (
                    (
                        *("handset", "--state", self.handset_state(c), "enrol"),
                        *("--bank-key", shown["terminal_key"], "--fingerprint", shown["fingerprint"]),
                    ),
                    "",
                )
                for c in self.customers
            ]
        )
        return self

    def handset_state(self, customer: Customer) -> Path:
        return self.folder / f"handset-{customer.msisdn}"

    # -- the servers ----------------------------------------------------------------------------------------

    def start(self) -> "House":
        """Start all three, the tap between operator and bank."""
        self.bank = Server(
            "bank",
            ("bank-server", "--state", self.bank_state, "serve", "--port", str(free_port()), *self._bank_options),
            self.folder / "bank.log",
        )
        self.bank.start()
        self.tap = Tap(self.bank.ready["port"])
        self.tap.start()
        phones = [f"--phone=imsi={c.imsi},msisdn={c.msisdn}" for c in self.customers]
        smpp_port = free_port()
        self.emulator = Server(
            "emulator",
            (
                *("modem-emulator", "serve", *phones, "--esme", f"{OPERATOR_NUMBER}=operator"),
                *("--smpp-port", str(smpp_port), "--link-dir", self.links, "--state", self.network_state),
            ),
            self.folder / "emulator.log",
        )
        self.emulator.start()
        self.operator = Server(
            "operator",
            (
                *("operator-platform", "--state", self.operator_state, "serve"),
                *("--bank", f"127.0.0.1:{self.tap.port}", "--smpp", f"127.0.0.1:{smpp_port}"),
                *("--system-id", "operator", "--short-number", OPERATOR_NUMBER, *self._operator_options),
            ),
            self.folder / "operator.log",
            env={"OPERATOR_SMPP_PASSWORD": SMPP_PASSWORD},
        )
        self.operator.start()
        self.tap.wait_for("bank", "0810", count=2)  # first seeds and control key have arrived
        return self

    def stop(self) -> None:
        for server in (self.operator, self.emulator, self.bank):
            if server.process is not None:
                server.process.terminate()
        for server in (self.operator, self.emulator, self.bank):
            if server.process is not None:
                with suppress(subprocess.TimeoutExpired):
                    server.process.wait(10)
                server.process.kill()
        self.tap.stop()

    # -- the handset ----------------------------------------------------------------------------------------

    def port_of(self, customer: Customer) -> str:
        return str(self.emulator.ready["modems"][self.customers.index(customer)]["port"])

    def handset(self, customer: Customer, *arguments: str, given: str = "", timeout_s: float = 120.0) -> Ended:
        """Run the handset of one customer on its modem."""
        return run(
            "handset",
            *("--port", self.port_of(customer), "--operator", OPERATOR_NUMBER),
            *("--state", self.handset_state(customer)),
            *arguments,
            given=given,
            timeout_s=timeout_s,
        )

    def transfer(
        self,
        amount: str,
        payee: str = PAYEE.account,
        payer: Customer = PAYER,
        pin: str | None = None,
        *options: str,
        language: str = "en",
    ) -> Ended:
        """Make one transfer with --json."""
        return self.handset(
            payer,
            *("--lang", language, "transfer", "--to", payee, "--from", payer.account),
            *("--amount", amount, "--json", *options),
            given=f"{pin or payer.pin}\n",
        )

    def balance(self, customer: Customer) -> int:
        ended = self.handset(customer, "balance", "--account", customer.account, "--json", given=f"{customer.pin}\n")
        assert ended.status == 0, ended
        return int(ended.json["balance_fen"])

    def verify(self) -> Ended:
        return run("bank-server", "--state", self.bank_state, "verify")

    def written(self) -> list[Path]:
        """Every file below the folder."""
        return [path for path in self.folder.rglob("*") if path.is_file()]
