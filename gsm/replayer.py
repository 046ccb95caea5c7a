"""A transcript served as a modem on a pty.

    with replayed(transcript, by_command=True) as modem:
        my_program("--port", modem.port)
        assert not modem.unknown_commands

`Replayer.run` is the loop itself, for a program of its own; `replayed` runs it in a thread, for tests.
"""

import contextlib
import heapq
import itertools
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gsm.pseudo_terminal import CLOSED_LOOK_INTERVAL_S, PseudoTerminal
from gsm.replay import CommandReplay, Deviation, Due, Replay, StrictReplay, untimed
from gsm.stopper import Stopper
from gsm.transcript import Direction, Transcript, decode_transcript

# What the modem says before it is asked must not come while the program is still setting up its port, which throws
# away what has come by then (pyserial's open, tcflush in C). Programs that speak first do not wait for this.
SETTLING_S = 0.15
_STOP_WAIT_S = 5.0


class Replayer:
    """Serves one transcript. `port` is what a program opens; it is there from the start.

    Strict unless `by_command`; `timed` keeps the recorded delays. Raises OSError where no port can be made, LinkRefused
    where `link` is somebody else's. A strict replay calls `at_end` once it has said all there is.
    """

    def __init__(
        self,
        transcript: Transcript,
        *,
        by_command: bool = False,
        timed: bool = False,
        link: Path | None = None,
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._replay: Replay = CommandReplay(transcript) if by_command else StrictReplay(transcript)
        self._by_command = by_command
        self._timed = timed
        self._terminal = PseudoTerminal(link)
        self._path = self._terminal.path
        self._due: list[tuple[float, int, Due]] = []
        self._order = itertools.count()
        self._unwritten = bytearray()
        self._open = self._met = False
        self._at_end: Callable[[], None] | None = None if by_command else at_end
        self._stopper = Stopper()

    @property
    def port(self) -> str:
        """The link, or the device of the moment."""
        return self._terminal.path if self._terminal.plugged_in else self._path

    @property
    def left_behind(self) -> str | None:
        """Where the link led that a program which has ended had left at this one's place."""
        return self._terminal.left_behind

    @property
    def deviation(self) -> Deviation | None:
        """Where a strict replay was left; None where it was not."""
        return self._replay.deviation

    @property
    def finished(self) -> bool:
        """Whether the whole dialogue was held."""
        return self._replay.finished and not self._due and not self._unwritten

    @property
    def all_was_sent(self) -> bool:
        """Whether the program has sent all that a transcript has of it."""
        return self._replay.finished

    @property
    def client_is_there(self) -> bool:
        """Whether a program has the port open."""
        return self._open

    @property
    def unknown_commands(self) -> tuple[bytes, ...]:
        """Commands that a replay by command does not know, in the order in which they came."""
        return tuple(self._replay.unknown) if isinstance(self._replay, CommandReplay) else ()

    @property
    def texts(self) -> tuple[bytes, ...]:
        """What a replay by command was given to its prompts, without the Ctrl-Z, in the order in which it came."""
        return tuple(self._replay.texts) if isinstance(self._replay, CommandReplay) else ()

    def expect_no_more(self) -> None:
        """After `run`: what a strict replay still waits for is a `deviation`, for the program has ended."""
        self._replay.ended()

    def run(self) -> None:
        """Serve until `stop`; a strict replay also ends at a deviation, or when the program closes the port."""
        while not self._is_over():
            ready = self._wait()
            if self._stopper.descriptor in ready:
                return
            self._look()
            self._do_what_is_due()
            self._tell_of_the_end()

    def stop(self) -> None:
        """End `run`; may be called from any thread and from a signal handler, as often as they like."""
        self._stopper.stop()

    def close(self) -> None:
        """Take the port away."""
        self._terminal.close()
        self._stopper.close()

    def _is_over(self) -> bool:
        if self._by_command:
            return False
        return self.deviation is not None or (self._met and not self._open and self.finished)

    def _tell_of_the_end(self) -> None:
        if self._at_end is not None and self._met and self.finished and self.deviation is None:
            self._at_end()
            self._at_end = None

    def _wait(self) -> list[int]:
        """Until there is something to do."""
        wait_s = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
        watched = [self._stopper.descriptor]
        if self._open:
            watched.append(self._terminal.master)
        elif self._terminal.plugged_in:
            wait_s = CLOSED_LOOK_INTERVAL_S
        writing = [self._terminal.master] if self._unwritten and self._open else []
        ready, _, _ = select.select(watched, writing, [], wait_s)
        return ready

    def _look(self) -> None:
        """Take in what the program did: it opened the port, wrote, closed it."""
        if not self._terminal.plugged_in:
            return
        is_open = self._terminal.is_open()
        data = self._terminal.read()
        if not self._open and (is_open or data):
            self._opened()
        while data:
            self._hurry()
            self._plan(self._replay.receive(data))
            data = self._terminal.read()
        if self._open and not is_open:
            self._closed()

    def _opened(self) -> None:
        if not self._met:
            self._plan(self._replay.start(), SETTLING_S)
        self._open = self._met = True

    def _closed(self) -> None:
        self._open = False
        self._replay.closed()
        self._unwritten.clear()
        self._terminal.freshen()

    def _hurry(self) -> None:
        """The program has spoken, so it listens: what was to be said before is not put off any longer."""
        if not self._timed:
            self._due = [(0.0, order, due) for _, order, due in sorted(self._due)]

    def _plan(self, dues: Iterable[Due], pause_s: float = 0.0) -> None:
        now_s = time.monotonic() + pause_s
        for due in dues if self._timed else untimed(list(dues)):
            heapq.heappush(self._due, (now_s + due.after_s, next(self._order), due))

    def _do_what_is_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            self._do(heapq.heappop(self._due)[2])
        if self._unwritten and self._terminal.plugged_in:
            del self._unwritten[: self._terminal.write(bytes(self._unwritten))]

    def _do(self, due: Due) -> None:
        if due.direction is Direction.RX:
            if self._terminal.plugged_in:
                self._unwritten += due.data
                del self._unwritten[: self._terminal.write(bytes(self._unwritten))]
        elif due.data == b"unplugged":
            self._terminal.unplug()
            self._open = False
            self._unwritten.clear()
        elif due.data == b"plugged in":
            self._terminal.plug_in()


@contextlib.contextmanager
def replayed(
    transcript: Transcript | Path, *, by_command: bool = False, timed: bool = False, link: Path | None = None
) -> Iterator[Replayer]:
    """A modem on a pty that plays the transcript (or the file) in a thread while the block runs."""
    if isinstance(transcript, Path):
        transcript = decode_transcript(transcript.read_text(encoding="ascii"))
    replayer = Replayer(transcript, by_command=by_command, timed=timed, link=link)
    thread = threading.Thread(target=replayer.run, name=f"replay on {replayer.port}", daemon=True)
    thread.start()
    try:
        yield replayer
    finally:
        replayer.stop()
        thread.join(_STOP_WAIT_S)
        replayer.close()
