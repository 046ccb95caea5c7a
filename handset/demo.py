"""`handset --demo`: a bank, an operator and an SMS network in a temporary folder, and nothing left of them afterwards.

The keys are made by the commands that custodians and staff would use, each in a process of its own, and what can be
done at the same time is done at the same time. The three servers take free ports and say which.
"""

import asyncio
import contextlib
import json
import logging
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from handset import die_with_parent
from handset.demo_customers import CUSTOMERS, OPERATOR_ID, OPERATOR_NUMBER, Customer

_NODE = "1"
_SYSTEM_ID = "operator"
_COMMAND_S_MAX = 60.0  # a ceremony command takes 0.3 s; a loaded Raspberry Pi a few
_READY_S_MAX = 60.0
_STOP_S_MAX = 5.0

_log = logging.getLogger("handset.demo")


class DemoFailed(Exception):
    """A part of the demo did not start; the message says which, and what it said."""


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """Where the demo's handset finds its modem, its operator and its enrolled state."""

    folder: Path
    port: str
    operator_number: str
    handset_state: Path


@contextlib.contextmanager
def running(keep: bool = False) -> Iterator[RunningDemo]:
    """Start the demo, and take it down again however the block is left, SIGTERM included. Raises DemoFailed."""
    with _stopped_by_signals(), contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="yinxin-demo-"))
        if keep:
            stack.callback(lambda: print(f"{folder}", file=sys.stderr))
        else:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        began = time.monotonic()
        demo = _start(folder, stack)
        _log.info("the demo is up after %.1f s", time.monotonic() - began)
        yield demo


def _start(folder: Path, stack: contextlib.ExitStack) -> RunningDemo:
    phones = [f"imsi={customer.imsi},msisdn={customer.msisdn}" for customer in CUSTOMERS]
    network = _Server(folder, "modem-emulator", stack)
    network.start(
        "serve",
        *(argument for phone in phones for argument in ("--phone", phone)),
        *("--esme", f"{OPERATOR_NUMBER}={_SYSTEM_ID}", "--smpp-port", "0", "--link-dir", str(folder / "modems")),
    )
    asyncio.run(_Ceremony(folder).perform())
    bank = _Server(folder, "bank-server", stack)
    bank.start("--state", str(folder / "bank"), "serve", "--port", "0")
    told = network.ready()
    modems = told["modems"]
    assert isinstance(modems, list)
    port = next(modem["port"] for modem in modems if modem["imsi"] == CUSTOMERS[0].imsi)
    operator = _Server(folder, "operator-platform", stack)
    operator.start(
        *("--state", str(folder / "operator"), "serve"),
        *("--bank", f"127.0.0.1:{bank.ready()['port']}", "--smpp", f"127.0.0.1:{told['smpp_port']}"),
        *("--system-id", _SYSTEM_ID, "--short-number", OPERATOR_NUMBER),
    )
    operator.ready()
    return RunningDemo(folder, str(port), OPERATOR_NUMBER, folder / "handset")


class _Ceremony:
    """Steps 202 to 208 before the first connection, accounts and enrolments: what a bank and an operator do once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._at_once = asyncio.Semaphore(2 * (os.cpu_count() or 1))

    async def perform(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                seeds = [group.create_task(self._seed(custodian)) for custodian in ("1", "2")]
                await self._bank("init")
                for customer in CUSTOMERS:
                    group.create_task(self._open_account(customer))
                group.create_task(self._enrol_handset())
                static_key = str(self._folder / "static.key")
                operator = ("--operator", OPERATOR_ID, "--node", _NODE)
                await self._bank("operator", "add", *operator, "--static-key-out", static_key)
                group.create_task(self._set_operator_up(static_key))
                await asyncio.gather(*seeds)
                await self._bank("seed", "combine", "--operator", OPERATOR_ID, *(str(seed.result()) for seed in seeds))
                await self._bank("control-key", "issue", "--operator", OPERATOR_ID)
        except* DemoFailed as failures:
            raise failures.exceptions[0] from None

    async def _seed(self, custodian: str) -> Path:
        out = self._folder / f"seed{custodian}"
        await self._bank("seed", "make", "--custodian", custodian, "--out", str(out))
        return out

    async def _open_account(self, customer: Customer) -> None:
        account = ("--account", customer.account)
        await self._bank(
            "account", "open", *account, "--name", customer.name, "--balance-fen", str(customer.balance_fen)
        )
        await self._bank("enrol", *account, "--msisdn", customer.msisdn, "--imsi", customer.imsi, told=customer.pin)

    async def _enrol_handset(self) -> None:
        shown = json.loads(await self._bank("terminal-key", "--json"))
        options = ("--state", str(self._folder / "handset"), "--operator", OPERATOR_NUMBER)
        pinned = ("--bank-key", shown["terminal_key"], "--fingerprint", shown["fingerprint"])
        await self._run("handset", *options, "enrol", *pinned)

    async def _set_operator_up(self, static_key: str) -> None:
        state = ("--state", str(self._folder / "operator"))
        named = ("--operator", OPERATOR_ID, "--node", _NODE, "--static-key", static_key)
        await self._run("operator-platform", *state, "init", *named)
        async with asyncio.TaskGroup() as group:
            for customer in CUSTOMERS:
                sim = ("--imsi", customer.imsi, "--msisdn", customer.msisdn)
                group.create_task(self._run("operator-platform", *state, "subscriber", "add", *sim))

    async def _bank(self, *arguments: str, told: str = "") -> str:
        return await self._run("bank-server", "--state", str(self._folder / "bank"), *arguments, told=told)

    async def _run(self, program: str, *arguments: str, told: str = "") -> str:
        """Run one command to its end, with `told` on its standard input; return what it printed."""
        async with self._at_once:
            process = await asyncio.create_subprocess_exec(
                *_command(program),
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the demo, which then ends its children itself
            )
            try:
                async with asyncio.timeout(_COMMAND_S_MAX):
                    out, err = await process.communicate(f"{told}\n".encode())
            except TimeoutError:
                raise DemoFailed(f"{program} {arguments[2]} did not end") from None
            finally:
                if process.returncode is None:
                    process.kill()
        if process.returncode != 0:
            raise DemoFailed(f"{program} failed: {err.decode(errors='replace').strip()}")
        return out.decode()


class _Server:
    """One server as a child process, its log in the folder; ended when the stack is unwound, or when we die."""

    def __init__(self, folder: Path, program: str, stack: contextlib.ExitStack) -> None:
        self._folder = folder
        self._program = program
        self._stack = stack
        self._log_path = folder / f"{program}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        log = self._stack.enter_context(self._log_path.open("wb"))
        launcher = (sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()))
        self._process = subprocess.Popen(
            (*launcher, *_command(self._program), *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        self._stack.callback(self._stop)

    def ready(self) -> dict[str, object]:
        """Return what the server announced. Raises DemoFailed with the end of its log if it did not."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        line = _first_line(process.stdout, time.monotonic() + _READY_S_MAX)
        try:
            announced: dict[str, object] = json.loads(line)
        except ValueError:
            self._stop()
            lines = self._log_path.read_text(errors="replace").strip().splitlines()[-5:]
            raise DemoFailed("\n  ".join((f"{self._program} did not start:", *lines))) from None
        return announced

    def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _first_line(stream: IO[bytes], deadline: float) -> bytes:
    """Read up to the first line end, the stream's end or the deadline."""
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not line.endswith(b"\n") and selector.select(max(0.0, deadline - time.monotonic())):
            byte = os.read(stream.fileno(), 1)
            if not byte:
                break
            line += byte
    return line


def _command(program: str) -> tuple[str, ...]:
    """Return how to run a program of ours: the script next to our Python, so that no PATH has to be right."""
    script = Path(sys.executable).parent / program
    if not script.exists():
        raise DemoFailed(f"there is no {script}; the demo needs all of yinxin: pip install 'yinxin[all]'")
    return (sys.executable, str(script))


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack as Ctrl-C does."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
