"""A scripted modem on a pty, and a driver on it: ours, or the library's as it is."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gsmmodem.modem import GsmModem

from gsm.modem import Modem
from tests.replay.scripted_modem import Reply, ScriptedModem, eventually

MakeModem = Callable[..., ScriptedModem]
Connect = Callable[..., Any]


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[MakeModem]:
    """Makes scripted modems: `scripted({"AT+CIMI": b"..."}, sent=...)`."""
    made: list[ScriptedModem] = []

    def make(replies: dict[str, Reply] | None = None, **arguments: Any) -> ScriptedModem:
        made.append(ScriptedModem(tmp_path / f"modem{len(made)}", replies, **arguments))
        return made[-1]

    yield make
    for modem in made:
        if Path(modem.path).is_symlink():
            modem.unplug()


@pytest.fixture
def ours() -> Iterator[Connect]:
    """Makes and connects our Modem with short time-outs."""
    made: list[Modem] = []

    def connect(modem: ScriptedModem, pin: str | None = None, **arguments: Any) -> Modem:
        settings: dict[str, Any] = {
            "cmgs_timeout_s": 5.0,
            "command_timeout_s": 2.0,
            "first_answer_timeout_s": 2.0,
            "reopen_interval_s": 0.02,
        }
        made.append(Modem(modem.path, **{**settings, **arguments}))
        made[-1].connect(pin)
        return made[-1]

    yield connect
    for driver in made:
        driver.close()


class Hurried(GsmModem):  # type: ignore[misc]
    """The library's GsmModem as it is, but for the seconds that it waits for an answer: too many for tests."""

    patience_s = 0.4

    def write(self, data: str, waitForResponse: bool = True, timeout: float = 10, *args: Any, **kwargs: Any) -> Any:  # noqa: N803
        return super().write(data, waitForResponse, min(timeout, self.patience_s), *args, **kwargs)


@pytest.fixture
def unmodified() -> Iterator[Connect]:
    """Makes and connects the library's GsmModem as it is; once connected in a hurry, if `hurried`."""
    made: list[GsmModem] = []

    def connect(modem: ScriptedModem, pin: str | None = None, *, hurried: bool = False, **arguments: Any) -> GsmModem:
        made.append((Hurried if hurried else GsmModem)(modem.path, **arguments))
        made[-1].timeout = 0.05  # its reader looks for close() only that often
        made[-1].connect(pin)
        return made[-1]

    yield connect
    for driver in made:
        with contextlib.suppress(AssertionError):  # one of its threads may still be at a command, and would complain
            eventually(lambda driver=driver: driver._responseEvent is None, 1.0)  # type: ignore[misc]
        if driver.alive:
            driver.close()
