"""The serial line: a thread and a pyserial port that drive a `Channel`.

`Line` has the interface of python-gsmmodem-new's `SerialComms`, on which its `GsmModem` stands (`connect`, `close`,
`write`, `notifyCallback`, `fatalErrorCallback`), and is a `SerialComms`, so that it can take that class's place.

Threads
- Any thread may call `write`; one command runs at a time (`_txLock`, which may be held over several).
- The thread that waits for an answer reads the port itself: handing each answer over costs more than all the rest.
- The reader thread reads while no command is under way, and opens the port again when it was lost.
- The dispatcher thread runs every callback, one after the other, in the order in which things happened. A callback
  may therefore use `write`, and one that blocks holds up the callbacks after it, but never a command.
From asyncio: call `write` through `asyncio.to_thread`, and leave a callback by `loop.call_soon_threadsafe`.

What is written or read is never logged: it may be a PIN or somebody's message.
"""

import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import serial
from gsmmodem.exceptions import TimeoutException
from gsmmodem.serial_comms import SerialComms

from gsm.channel import END_OF_TEXT, Answer, Channel, Late, Prompt, Started, TimedOut, Unsolicited, Write
from gsm.errors import CannotOpen, GsmError, ModemGone, ModemReset
from gsm.port import WRITE_TIMEOUT_S, Port
from gsm.usb import ROOT, UsbIdentity, identity_of, port_of, tty_name

# One SIM or phone can announce at most the messages that it can store (some hundreds) before anybody reads them; a
# queue that grows past this belongs to a callback that hangs, and takes nothing more that the modem says unasked.
CALLBACKS_WAITING_MAX = 10_000
# A USB modem that is plugged in again needs some seconds for its port; looking more often finds nothing sooner.
REOPEN_INTERVAL_S = 0.5
REOPEN_INTERVAL_S_MAX = 30.0
# The reader thread leaves the port alone for so long after an answer, since commands come in rows; what comes unasked
# meanwhile is read by the next command or after this.
COMMANDS_PAUSE_S = 0.05
# How long close() waits for a callback that is still running.
CLOSE_TIMEOUT_S = 2.0

_STARTED = "it started anew"

log = logging.getLogger("gsm.line")


class CommandTimedOut(TimeoutException, GsmError):  # type: ignore[misc]
    """The modem did not answer in time. `data` holds the lines that did come (None for none), as in the library.

    `written` tells whether the command, or the text after a prompt, had been handed to the modem. `debt` is the number
    under which `lateCallback` tells the answer, if it comes after all.
    """

    def __init__(self, timed_out: TimedOut) -> None:
        super().__init__(list(timed_out.lines) or None)
        self.written = timed_out.written
        self.debt = timed_out.debt

    def __str__(self) -> str:
        return "the modem did not answer in time; try again, or unplug it and plug it in"


class Line(SerialComms):  # type: ignore[misc]
    """One modem's serial line. `port` is a path or a symbolic link to one, opened again after it was lost.
    (Who makes ptys: take the link away before closing the pty, whose name the next program may get.)

    `reopenedCallback` is called when a lost port is open again; until it returns, only what it does itself reaches
    the modem. If it raises, the port is closed and opened again later. `backCallback` is called after it.
    `lateCallback` gets the number of a command that had timed out, and the lines of its answer that came later.
    A modem that says that it has started anew, or of which `start_over` says so, is set up in the same way without
    closing the port. A port on USB is known by its device and interface: where these turn up under another name, `port`
    becomes that name. `usb_root` is where `dev` and `sys` are. No flow control is used unless asked for (`rtscts=True`,
    `dsrdtr=True`).
    """

    alive: bool
    port: str

    def __init__(
        self,
        port: str,
        baudrate: int = 115200,
        notifyCallbackFunc: Callable[[list[str]], object] | None = None,  # noqa: N803 (the library's names)
        fatalErrorCallbackFunc: Callable[[Exception], object] | None = None,  # noqa: N803
        *args: Any,
        reopenedCallback: Callable[[], object] | None = None,  # noqa: N803
        backCallback: Callable[[], object] | None = None,  # noqa: N803
        lateCallback: Callable[[int, list[str]], object] | None = None,  # noqa: N803
        reopen_interval_s: float = REOPEN_INTERVAL_S,
        usb_root: Path = ROOT,
        **kwargs: Any,
    ) -> None:
        super().__init__(port, baudrate, notifyCallbackFunc, fatalErrorCallbackFunc, *args, **kwargs)
        self.reopenedCallback = reopenedCallback or self._placeholderCallback
        self.backCallback = backCallback or self._placeholderCallback
        self.lateCallback = lateCallback or self._placeholderCallback
        self._reopen_interval_s = reopen_interval_s
        self._reopen_wait_s = reopen_interval_s
        self._reopen_at_once = False
        self._usb_root = usb_root
        self._identity: UsbIdentity | None = None
        # The lock guards all that follows; its conditions are those of writers, the dispatcher and the reader thread.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._called = threading.Condition(self._lock)
        self._port_wanted = threading.Condition(self._lock)
        self._reading = False
        self._pause_until_s = 0.0
        self._channel = Channel()
        self._answer: list[str] | None = None
        self._starts = 0
        self._is_first_set_up = False
        self._gone: str | None = "it was not opened yet"
        self._initialiser: int | None = None
        self._reopen_wanted = False
        self._waiting: deque[Callable[[], object]] = deque()
        self._dropped = 0
        self._later: list[tuple[float, Callable[[], object]]] = []
        self._dispatcher: threading.Thread | None = None

    # ---- what programs call

    def connect(self) -> None:
        """Open the port and start the threads; nothing if that was done. Raises CannotOpen."""
        if self.alive:
            return
        try:
            self._stand_on(self._open())
        except (serial.SerialException, OSError, ValueError) as error:
            raise CannotOpen(self.port, _reason(error)) from error
        self._channel = Channel(self._channel.debts)
        self._gone = None
        self._reopen_wanted = False
        self._waiting.clear()
        self._later.clear()
        self.alive = True
        self.rxThread = threading.Thread(target=self._read_loop, name=f"gsm reader {self.port}", daemon=True)
        self._dispatcher = threading.Thread(target=self._dispatch_loop, name=f"gsm dispatcher {self.port}", daemon=True)
        self.rxThread.start()
        self._dispatcher.start()

    def close(self) -> None:
        """Stop the threads and close the port; a command that waits for its answer raises ModemGone at once."""
        with self._changed:
            if not self.alive:
                return
            self.alive = False
            self._gone = "it was closed"
            self._called.notify_all()
        self._wake_reader()
        for thread in (self.rxThread, self._dispatcher):
            if thread is not None and thread is not threading.current_thread():
                thread.join(CLOSE_TIMEOUT_S)
        self._close_port()

    def write(
        self,
        data: str,
        waitForResponse: bool = True,  # noqa: N803
        timeout: float = 5,
        expectedResponseTermSeq: str | None = None,  # noqa: N803
    ) -> list[str] | None:
        """Write a command with its line end, or a text with its Ctrl-Z, and give the lines of the answer.

        With `expectedResponseTermSeq` (the prompt) the answer may also be the prompt, as `["> "]`. `timeout` is in
        seconds. Raises CommandTimedOut, ModemGone, and PromptWithdrawn for a text that the modem no longer wants.
        """
        octets = data.encode("utf-8")
        deadline = time.monotonic() + timeout
        with self._txLock, self._lock:
            self._check_present(written=False)
            if not self._reading:
                self._read_what_is_there()  # what came before the command is not its answer
                self._check_present(written=False)
            self._answer = None
            if octets.endswith(END_OF_TEXT):
                self._put(self._channel.send_text(octets))
            else:
                prompt = expectedResponseTermSeq is not None
                self._put(self._channel.send(octets, prompt=prompt, answered=waitForResponse))
            return self._wait_for_answer(deadline) if waitForResponse else None

    @property
    def echoed(self) -> bool:
        """Whether the modem has echoed the latest command, or its text."""
        return self._channel.echoed

    def call_in_order(self, call: Callable[[], object]) -> None:
        """Run `call` on the dispatcher thread, after the callbacks that wait there."""
        with self._lock:
            self._waiting.append(call)
            self._called.notify_all()

    def _tell_unsolicited(self, lines: list[str]) -> None:
        if not self._dropped and len(self._waiting) >= CALLBACKS_WAITING_MAX:
            log.error("%s: a callback hangs; what the modem says unasked is dropped until it ends", self.port)
            self._dropped = 1
        elif self._dropped and self._waiting:
            self._dropped += 1
        else:
            if self._dropped:
                log.error("%s: %d unsolicited codes were dropped", self.port, self._dropped)
            self._dropped = 0
            self.call_in_order(lambda: self.notifyCallback(lines))

    def call_later(self, delay_s: float, call: Callable[[], object]) -> None:
        """Run `call` on the dispatcher thread once so many seconds have passed; never, if it is closed before."""
        with self._lock:
            self._later.append((time.monotonic() + delay_s, call))
            self._called.notify_all()

    def call_repeatedly(self, pause_s: Callable[[], float], call: Callable[[], object]) -> None:
        """Run `call` now and again, with `pause_s()` seconds between, on the dispatcher thread, until closed."""

        def once() -> None:
            try:
                call()
            finally:
                self.call_later(pause_s(), once)

        self.call_later(pause_s(), once)

    def start_over(self, reason: str) -> None:
        """Have the modem set up again, as after a reset; whoever waits for an answer gets ModemReset."""
        with self._lock:
            self._starts += 1
            self._changed.notify_all()
            if self._gone is not None or self._is_first_set_up:
                return  # it is being set up: who does that begins again
            log.warning("%s is set up again: %s", self.port, reason)
            self._gone, self._initialiser = reason, None
            error = ModemReset(self.port, reason)
            self.call_in_order(lambda: self.fatalErrorCallback(error))
            self.call_in_order(self._set_up_again)

    def reopen_at_once(self) -> None:
        """Try a lost port, or a modem that could not be set up, now: what stood in the way may be mended."""
        with self._lock:
            self._reopen_wait_s, self._reopen_at_once = self._reopen_interval_s, True
            self._port_wanted.notify_all()

    # ---- a command

    def _wait_for_answer(self, deadline: float) -> list[str]:
        starts = self._starts
        while self._answer is None:
            if self._starts != starts:
                raise ModemReset(self.port, _STARTED, written=True)
            self._check_present(written=True)
            remaining_s = deadline - time.monotonic()
            if remaining_s <= 0:
                timed_out = self._channel.timeout()
                self._put(timed_out.data)
                raise CommandTimedOut(timed_out)
            if self._reading:
                self._changed.wait(remaining_s)
            else:
                self._read(remaining_s)
        return self._answer

    def _check_present(self, *, written: bool) -> None:
        """Raise ModemGone unless the modem is there and set up, or is being set up by this very thread."""
        if self._gone is not None and threading.get_ident() != self._initialiser:
            raise ModemGone(self.port, self._gone, written=written)

    def _put(self, data: bytes) -> None:
        """Write to the port. A failure part-way counts as written: the modem may have got what matters."""
        try:
            if data:
                self._opened.write(data)
        except (serial.SerialException, OSError, TypeError) as error:
            self._lose(_reason(error))
            raise ModemGone(self.port, _reason(error), written=True) from error

    # ---- reading: whoever waits for an answer, or else the reader thread

    def _read(self, within_s: float | None) -> None:
        """Read once and take in what came; the lock, held once, is free meanwhile. Only while nobody else reads."""
        assert not self._reading
        data, lost = b"", None
        self._reading = True
        self._lock.release()
        try:
            data = self._opened.read(within_s)
        except (OSError, ValueError) as error:
            lost = _reason(error)
        finally:
            self._lock.acquire()
            self._reading = False
        if lost is not None:
            self._lose(lost)
        elif data:
            self._receive(data)
        if self._gone is not None:
            self._changed.notify_all()  # whoever closes the port waits until nobody reads

    def _read_what_is_there(self) -> None:
        try:
            data = self._opened.read_what_is_there()
        except (OSError, ValueError) as error:
            self._lose(_reason(error))
        else:
            if data:
                self._receive(data)

    def _receive(self, data: bytes) -> None:
        for event in self._channel.receive(data):
            match event:
                case Answer(lines):
                    self._answered(list(lines))
                case Late(debt, lines):
                    self.call_in_order(lambda debt=debt, lines=list(lines): self.lateCallback(debt, lines))  # type: ignore[misc]
                case Prompt():
                    self._answered(["> "])
                case Started():
                    self.start_over(_STARTED)
                case Unsolicited(lines):
                    self._tell_unsolicited(list(lines))
                case Write(octets):
                    with contextlib.suppress(ModemGone):
                        self._put(octets)

    def _answered(self, lines: list[str]) -> None:
        self._answer = lines
        self._pause_until_s = time.monotonic() + COMMANDS_PAUSE_S

    def _read_loop(self) -> None:
        while self.alive:
            with self._lock:
                pause_s = COMMANDS_PAUSE_S if self._reading else self._pause_until_s - time.monotonic()
                if not self.alive:
                    return
                if self._reopen_wanted:
                    pass
                elif pause_s > 0:
                    self._port_wanted.wait(pause_s)
                else:
                    self._read(None)
                    self._changed.notify_all()
            if self._reopen_wanted and self.alive:
                self._reopen()

    def _lose(self, reason: str, cause: Exception | None = None) -> None:
        """The port is of no use any more: fail whoever waits, and have it opened again."""
        with self._changed:
            if self._reopen_wanted or not self.alive:
                return
            log.warning("%s is gone (%s)", self.port, reason)
            self._gone = reason
            self._initialiser = None
            self._reopen_wanted = True
        error = ModemGone(self.port, reason)
        error.__cause__ = cause
        self.call_in_order(lambda: self.fatalErrorCallback(error))
        self._wake_reader()

    def _reopen(self) -> None:
        self._close_port()
        while self.alive:
            with self._lock:
                self._port_wanted.wait_for(lambda: not self.alive or self._reopen_at_once, self._reopen_wait_s)
                self._reopen_at_once = False
            with contextlib.suppress(serial.SerialException, OSError, ValueError):
                port = self._open()
                break
        else:
            return
        with self._changed:
            self._stand_on(port)
            self._channel = Channel(self._channel.debts)
            self._reopen_wanted = False
        self.call_in_order(self._set_up_again)

    def _open(self) -> serial.Serial:
        self._follow_device()
        settings: dict[str, Any] = {
            "timeout": self.timeout,
            "write_timeout": WRITE_TIMEOUT_S,
            "rtscts": False,
            "dsrdtr": False,
            "exclusive": True,
            **self.com_kwargs,
        }
        opened = serial.Serial(self.port, self.baudrate, *self.com_args, **settings)
        self._identity = identity_of(self.port, self._usb_root) or self._identity
        return opened

    def _follow_device(self) -> None:
        """Find the device again that was opened before; its name may have gone to another one meanwhile."""
        if self._identity is None:
            return
        found, there = port_of(self._identity, self._usb_root), identity_of(self.port, self._usb_root)
        if found is not None:
            if tty_name(found, self._usb_root) != tty_name(self.port, self._usb_root):
                log.info("%s is now %s", self.port, found)
                self.port = found
        elif there is not None and replace(there, location="") != replace(self._identity, location=""):
            raise serial.SerialException("another device has its name now")

    def _stand_on(self, port: serial.Serial) -> None:
        self.serial, self._opened = port, Port(port)

    def _close_port(self) -> None:
        with self._lock:
            self._changed.wait_for(lambda: not self._reading, CLOSE_TIMEOUT_S)
            self._opened.close()

    def _wake_reader(self) -> None:
        """Have whoever reads, waits to read, or waits for what is read look at what has changed."""
        with self._lock:
            self._changed.notify_all()
            self._port_wanted.notify_all()
            self._opened.wake()

    # ---- the dispatcher thread

    def _dispatch_loop(self) -> None:
        while (call := self._next_call()) is not None:
            try:
                call()
            except ModemGone:
                log.info("%s: a callback ended because the modem is gone", self.port)
            except CommandTimedOut:
                log.warning("%s: a callback ended because the modem did not answer in time", self.port)
            except (Exception, SystemExit) as error:  # a callback does not end the driver
                # Only the kind of the error: its text may quote a message.
                log.error("%s: a callback failed with %s", self.port, type(error).__name__)

    def _next_call(self) -> Callable[[], object] | None:
        """Wait for what is to be called; None when this thread has nothing to do any more."""
        with self._called:
            # After close() and connect() another dispatcher may have taken over from one whose callback hung.
            while self.alive and self._dispatcher is threading.current_thread():
                if self._waiting:
                    return self._waiting.popleft()
                due = min(self._later, key=lambda entry: entry[0], default=None)
                wait_s = None if due is None else due[0] - time.monotonic()
                if due is not None and wait_s is not None and wait_s <= 0:
                    self._later.remove(due)
                    return due[1]
                self._called.wait(wait_s)
        return None

    def _set_up_again(self) -> None:
        """After the port was opened again: let the program set the modem up, then let everybody in."""
        with self._changed:
            if self._reopen_wanted or self._gone is None:
                return  # lost again already, or set up already
            self._initialiser = threading.get_ident()
        try:
            self.reopenedCallback()
        except Exception as error:
            log.warning("%s is back but could not be set up: %s", self.port, type(error).__name__)
            self._reopen_wait_s = min(REOPEN_INTERVAL_S_MAX, self._reopen_wait_s * 2)
            self._lose(str(error), error)
            return
        with self._changed:
            if self._reopen_wanted:
                return
            self._gone = self._initialiser = None
            self._reopen_wait_s = self._reopen_interval_s
        log.info("%s is back", self.port)
        self.backCallback()


def _reason(error: Exception) -> str:
    """What the system says, without the path, which ModemGone names itself."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    if "device reports readiness" in str(error) or "port that is not open" in str(error):
        return "it was unplugged"  # pyserial's words for a read that finds the end of the file
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
