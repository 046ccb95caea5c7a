"""What a transcript's header tells a test to do: its steps, each a function that gives what came of it.

    "scenario": ["connect", "imsi", "send"], "expect": {"imsi": "001010000000001", "send": [7]}

A step's outcome is a value of JSON: what the driver gave, or the name of the error that it raised, with its code where
`expect` has one. A step that is not in `expect` must only not raise. Delays are not played, unless the scenario says
`at its own time`, or a part of it, as which the driver's time-out for +CMGS is then taken, too.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gsm.errors import GsmError
from gsm.inbox import ReceivedText
from gsm.modem import CMGS_TIMEOUT_S, Modem
from gsm.outcomes import Settled
from gsm.pdu import StatusReport, decode_submit, from_hex
from gsm.replayer import Replayer, replayed
from gsm.transcript import Transcript, decode_transcript
from tests.replay.scripted_modem import eventually

FASTER = {"at a hundredth of the time": 100.0, "at a twentieth of the time": 20.0, "at its own time": 1.0}
TEXTS = {"send": "corpus", "send again": "corpus again"}
RECIPIENT = "+8613900000001"
PIN = "0000"
# Long enough for a busy machine; only what never comes takes as long.
_PATIENCE_S = 20.0


class _Watched(Modem):
    """Our driver, and the last +CNMI that its modem took."""

    indications: str | None = None

    def write(self, data: str, *args: Any, **kwargs: Any) -> Any:
        lines = super().write(data, *args, **kwargs)
        if data.startswith("AT+CNMI=") and not data.endswith("?") and lines[-1] == "OK":
            self.indications = data.partition("=")[2]
        return lines


@dataclass
class Run:
    """One driver on one transcript, and what it was told."""

    driver: _Watched
    replayer: Replayer
    expect: dict[str, Any]
    received: list[ReceivedText] = field(default_factory=list)
    reports: list[StatusReport] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    back: threading.Event = field(default_factory=threading.Event)

    def send(self, step: str) -> list[int | None]:
        """Send this step's text; the reference of each part."""
        return list(self.driver.send_text(RECIPIENT, TEXTS[step]).references)

    def wait_until_received(self) -> list[list[str]]:
        """Number and text of each message, once there are as many as expected."""
        with contextlib.suppress(AssertionError):
            eventually(lambda: len(self.received) >= len(self.expect["receive"]), _PATIENCE_S)
        return [[message.number, message.text] for message in self.received]

    def wait_until_reported(self) -> list[list[int]]:
        """Reference and status (TP-MR, TP-ST) of each report, once there are as many as expected."""
        with contextlib.suppress(AssertionError):
            eventually(lambda: len(self.reports) >= len(self.expect["report"]), _PATIENCE_S)
        return [[report.reference, report.status] for report in self.reports]

    def wait_until_settled(self) -> list[list[Any]]:
        """Number and reference of each message whose sending had ended as unknown, once there are as many."""
        with contextlib.suppress(AssertionError):
            eventually(lambda: len(self.settled) >= len(self.expect["settled"]), _PATIENCE_S)
        return [[settled.number, settled.reference] for settled in self.settled]


def _wait_until_ready(run: Run) -> None:
    """After a reset every command fails until the driver has set the modem up again."""

    def answers() -> bool:
        try:
            return bool(run.driver.write("AT")[-1] == "OK")
        except GsmError:
            return False

    eventually(answers, _PATIENCE_S)


def _clock(run: Run) -> str | None:
    told = run.driver.network_time()
    return told.isoformat() if told else None


def _ussd(run: Run) -> str:
    return str(run.driver.sendUssd("*100#").message)


STEPS: dict[str, Callable[[Run], Any]] = {
    "connect": lambda run: run.driver.connect(),
    "connect with a PIN": lambda run: run.driver.connect(PIN),
    "imsi": lambda run: run.driver.imsi,
    "own number": lambda run: run.driver.own_number(),
    "signal": lambda run: run.driver.signalStrength,
    "network": lambda run: run.driver.networkName,
    "service centre": lambda run: run.driver.smsc,
    "maker": lambda run: run.driver.manufacturer,
    "clock": _clock,
    "indications": lambda run: run.driver.indications,
    "send": lambda run: run.send("send"),
    "send again": lambda run: run.send("send again"),
    "read what is stored": lambda run: run.driver.read_stored(),
    "receive": Run.wait_until_received,
    "report": Run.wait_until_reported,
    "settled": Run.wait_until_settled,
    "once it is ready": _wait_until_ready,
    "look after it": lambda run: run.driver._watch_registration(),
    "come back": lambda run: run.back.wait(_PATIENCE_S),
    "balance": _ussd,
}


@dataclass(frozen=True, slots=True)
class Played:
    """What came of each step, the commands that the transcript does not know, and the messages that it was given."""

    transcript: Transcript
    results: dict[str, Any]
    unknown_commands: tuple[bytes, ...]
    messages: tuple[str, ...]


def play(file: Path, link: Path) -> Played:
    """Play a transcript's scenario on our driver."""
    transcript = decode_transcript(file.read_text(encoding="ascii"))
    with _running(transcript, link) as run:
        results = {step: _outcome(run, step) for step in transcript.header.scenario if step not in FASTER}
        messages = tuple(decode_submit(from_hex(line.decode())[1]).text for line in run.replayer.texts)
        return Played(transcript, results, run.replayer.unknown_commands, messages)


def _outcome(run: Run, step: str) -> Any:
    try:
        return STEPS[step](run)
    except GsmError as error:
        name = type(error).__name__
        with_code = f"{name} {getattr(error, 'code', None)}"
        return with_code if " " in str(run.expect.get(step)) else name


@contextlib.contextmanager
def _running(transcript: Transcript, link: Path) -> Iterator[Run]:
    faster = max((FASTER.get(step, 0.0) for step in transcript.header.scenario), default=0.0)
    if faster:
        events = tuple(replace(event, t_s=event.t_s / faster) for event in transcript.events)
        transcript = Transcript(transcript.header, events)
    with replayed(transcript, by_command=True, timed=bool(faster), link=link) as replayer:
        driver = _Watched(
            str(link),
            command_timeout_s=_PATIENCE_S,
            sim_timeout_s=_PATIENCE_S,
            cmgs_timeout_s=CMGS_TIMEOUT_S / faster if faster else _PATIENCE_S,
            first_answer_timeout_s=_PATIENCE_S,
            reopen_interval_s=0.02,
            back=lambda: run.back.set(),
            received=lambda message: run.received.append(message),
            reported=lambda report: run.reports.append(report),
            settled=lambda settled: run.settled.append(settled),
        )
        run = Run(driver, replayer, dict(transcript.header.expect))
        try:
            yield run
        finally:
            driver.close()
