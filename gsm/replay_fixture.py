"""For tests: a test that runs against every transcript of a folder, each served as a modem on a pty.

    from gsm.replay_fixture import every_transcript, replayed_modem  # the fixture must be known where it is used

    @every_transcript("tests/replay/corpus")
    def test_the_driver_connects(replayed_modem):
        my_program("--port", replayed_modem.port)
        assert replayed_modem.header.expect["imsi"] == ...

It needs pytest and this package, and nothing else of this project.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gsm.replayer import Replayer, replayed
from gsm.transcript import Header, Transcript, decode_transcript

# A pty hands octets on within milliseconds, on a busy machine later. Only a test that fails waits for so long.
_READING_S, _READING_INTERVAL_S = 1.0, 0.01


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `every_transcript` asks the fixture for."""

    file: Path
    by_command: bool
    timed: bool


@dataclass(frozen=True, slots=True)
class ReplayedModem:
    """A modem that plays a transcript. `port` is what a program opens, a link that stays over unplugging."""

    name: str
    transcript: Transcript
    replayer: Replayer

    @property
    def header(self) -> Header:
        """The transcript's header, with `scenario` and `expect`."""
        return self.transcript.header

    @property
    def port(self) -> str:
        """What a program opens."""
        return self.replayer.port

    @property
    def unknown_commands(self) -> tuple[bytes, ...]:
        """Commands that got ERROR because the transcript does not have them."""
        return self.replayer.unknown_commands


def every_transcript(
    folder: Path | str, *, by_command: bool = True, timed: bool = False, name: str = "*"
) -> pytest.MarkDecorator:
    """Run a test with `replayed_modem` once for each transcript of `folder` whose name fits `name`.

    By command unless told otherwise, without the recorded delays unless `timed`. A strict replay fails the test where
    the program leaves it, and where the test ends before the transcript does, with the line. Raises FileNotFoundError
    where there is no transcript at all: a test that runs against nothing shows nothing.
    """
    files = sorted(Path(folder).glob(f"{name}.jsonl"))
    if not files:
        raise FileNotFoundError(f"no transcript {name}.jsonl in {folder}")
    wanted = [Wanted(file, by_command, timed) for file in files]
    return pytest.mark.parametrize("replayed_modem", wanted, indirect=True, ids=[file.stem for file in files])


@pytest.fixture
def replayed_modem(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReplayedModem]:
    """The modem of one transcript; parametrised by `every_transcript`."""
    wanted: Wanted = request.param
    transcript = decode_transcript(wanted.file.read_text(encoding="ascii"))
    link = tmp_path / "modem"
    with replayed(transcript, by_command=wanted.by_command, timed=wanted.timed, link=link) as replayer:
        yield ReplayedModem(wanted.file.stem, transcript, replayer)
        if not wanted.by_command:
            _let_it_read(replayer)
    replayer.expect_no_more()
    if replayer.deviation is not None:
        pytest.fail(f"{wanted.file.name}: {replayer.deviation}")


def _let_it_read(replayer: Replayer) -> None:
    """What the program has just written may be on its way yet."""
    deadline = time.monotonic() + _READING_S
    while not (replayer.all_was_sent or replayer.deviation) and time.monotonic() < deadline:
        time.sleep(_READING_INTERVAL_S)
