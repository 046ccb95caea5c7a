"""A modem that plays a dialogue on a pty: it waits for bytes and answers lines, with delays and garbage."""

import contextlib
import os
import select
import threading
import time
import tty
from collections.abc import Callable, Mapping
from pathlib import Path

from gsm.modem import Modem
from gsm.pdu import decode_submit, from_hex

Reply = bytes | Callable[["ScriptedModem"], bytes | None]

# What a modem that supports what matters answers to the library's initialisation (dialogue of a Huawei E173 as in
# python-gsmmodem's own test fakes, shortened). Commands that are not here get ERROR.
ORDINARY: dict[str, Reply] = {
    "AT": b"OK",
    "ATZ": b"OK",
    "ATE0": b"OK",
    "AT+CMEE?": b"+CMEE: 1\r\n\r\nOK",
    "AT+CMEE=1": b"OK",
    "AT+CFUN?": b"+CFUN: 1\r\n\r\nOK",
    "AT+CPIN?": b"+CPIN: READY\r\n\r\nOK",
    "AT+CLAC": b"+CLAC:+CNUM,+CSCS,^DTMF,+CPBS\r\n\r\nOK",
    "AT+WIND?": b"ERROR",
    "AT+CGMI": b"huawei\r\n\r\nOK",
    "AT+COPS=3,0": b"OK",
    "AT+CMGF=0": b"OK",
    "AT+CMGF?": b"+CMGF: 0\r\n\r\nOK",
    "AT+CREG?": b"+CREG: 0,1\r\n\r\nOK",
    "AT+CSCA?": b'+CSCA: "+8613800100500",145\r\n\r\nOK',
    "AT+CSMP=49,167,0,0": b"OK",
    "AT+CSMP=17,167,0,0": b"OK",
    "AT+CPMS=?": b'+CPMS: ("SM"),("SM"),("SM")\r\n\r\nOK',
    'AT+CPMS="SM","SM","SM"': b"+CPMS: 0,20,0,20,0,20\r\n\r\nOK",
    'AT+CPMS="SM"': b"+CPMS: 0,20,0,20,0,20\r\n\r\nOK",
    "AT+CNMI=2,1,0,2": b"OK",
    "AT+CLIP=1": b"OK",
    "AT+CRC=1": b"OK",
    "AT+CVHU=0": b"OK",
    "AT+CIMI": b"460001234567890\r\n\r\nOK",
    "AT+CSQ": b"+CSQ: 19,99\r\n\r\nOK",
    "AT+CSCS=?": b'+CSCS: ("IRA","GSM","UCS2")\r\n\r\nOK',
    "AT+CSCS?": b'+CSCS: "GSM"\r\n\r\nOK',
    'AT+CSCS="GSM"': b"OK",
}


class ScriptedModem:
    """Answers each command from a table; a command that starts with `AT+CMGS=` gets a prompt, its text `sent`.

    `store` holds PDU lines by index, which `+CMGL`, `+CMGR` and `+CMGD` read and delete. `path` stays the same over
    `unplug` and `plug`: a symbolic link to the pty of the moment.
    """

    def __init__(self, path: Path, replies: Mapping[str, Reply] | None = None, sent: Reply = b"") -> None:
        self.path = str(path)
        self.replies: dict[str, Reply] = {**ORDINARY, **(replies or {})}
        self.prompt: Reply = b"> "
        self.sent: Reply = sent or b"+CMGS: 7\r\n\r\nOK"
        self.store: dict[int, str] = {}
        self.commands: list[str] = []
        self.texts: list[str] = []
        self.swallowed: list[str] = []  # lines that came while it waited for a text: it takes them for its beginning
        self.lock = threading.RLock()
        self.prompted = False
        self.master = self.slave = -1
        self._thread: threading.Thread | None = None
        self.plug()

    def plug(self) -> None:
        """Make the port: a new pty under the same path."""
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.symlink(os.ttyname(self.slave), self.path)
        self._stop, stop = os.pipe()
        self._stopped = stop
        self._thread = threading.Thread(target=self._serve, args=(self.master, self._stop), daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Take the port away, as pulling a USB modem does."""
        os.write(self._stopped, b"x")
        assert self._thread is not None
        self._thread.join(5)
        os.unlink(self.path)
        with self.lock:
            for descriptor in (self.slave, self.master, self._stop, self._stopped):
                os.close(descriptor)
            self.master = -1  # a delayed answer must not go to whatever gets this number next

    def say(self, data: bytes) -> None:
        """Write raw bytes, unasked."""
        with self.lock, contextlib.suppress(OSError):  # unplugged meanwhile
            self.prompted |= data.strip().endswith(b">")
            os.write(self.master, data)

    def urc(self, *lines: str) -> None:
        """Write unsolicited lines, in one burst."""
        self.say(b"".join(b"\r\n" + line.encode() + b"\r\n" for line in lines))

    def times_given(self, text: str) -> int:
        """How often a message of this text went over the line, each part of a long one counted."""
        given = [decode_submit(from_hex(line)[1]).text for line in self.texts]
        return sum(each == text or (len(text) > 160 and each in text) for each in given)

    def wait_for(self, command: str, timeout_s: float = 5.0) -> None:
        """Wait until a command has come and has been answered."""

        def answered() -> bool:
            with self.lock:
                return command in self.commands

        eventually(answered, timeout_s)

    def _serve(self, master: int, stop: int) -> None:
        buffer = b""
        while True:
            ready, _, _ = select.select([master, stop], [], [])
            if stop in ready:
                return
            buffer += os.read(master, 65_536)
            while True:
                ends = [place for end in (b"\r", b"\x1a", b"\x1b") if (place := buffer.find(end)) >= 0]
                if not ends:
                    break
                unit, end, buffer = buffer[: min(ends)], buffer[min(ends) : min(ends) + 1], buffer[min(ends) + 1 :]
                with self.lock:
                    self._take(unit.decode("latin-1").strip(), end)

    def _take(self, unit: str, end: bytes) -> None:
        if end == b"\x1b":
            self.prompted = False
        elif end == b"\x1a":
            self.texts.append(unit)
            self.prompted = False
            self.swallowed.clear()
            self._reply(self.sent)
        elif self.prompted:
            self.swallowed.append(unit)
        else:
            self.commands.append(unit)
            self._reply(self._answer(unit))

    def _answer(self, command: str) -> Reply:
        if command in self.replies:
            return self.replies[command]
        name, _, value = command.partition("=")
        match name:
            case "AT+CMGS":
                return self.prompt
            case "AT+CMGL":
                listed = [f"+CMGL: {index},0,,{len(pdu) // 2 - 1}\r\n{pdu}\r\n" for index, pdu in self.store.items()]
                return ("".join(listed) + "\r\nOK").encode()
            case "AT+CMGR":
                pdu = self.store.get(int(value))
                return b"OK" if pdu is None else f"+CMGR: 0,,{len(pdu) // 2 - 1}\r\n{pdu}\r\n\r\nOK".encode()
            case "AT+CMGD":
                self.store.pop(int(value.split(",")[0]), None)
                return b"OK"
        return b"ERROR"

    def _reply(self, reply: Reply) -> None:
        data = reply(self) if callable(reply) else reply
        if data is not None:
            self.say(b"\r\n> " if data == b"> " else b"\r\n" + data + b"\r\n")


def after(delay_s: float, data: bytes) -> Reply:
    """A reply that comes late; the modem goes on listening meanwhile."""

    def reply(modem: ScriptedModem) -> None:
        threading.Timer(delay_s, modem.say, [b"\r\n" + data + b"\r\n"]).start()

    return reply


def set_up_is_over(driver: Modem) -> None:
    """Wait until the driver has read what the modem holds; from now on it asks nothing by itself for a while."""
    read = threading.Event()
    driver.call_in_order(read.set)
    assert read.wait(5)


def eventually(condition: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)
