"""How a program of this project starts, logs and stops."""

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from console.printable import printable

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class CannotStart(Exception):
    """What is missing, in one sentence that says what to do; shown without a traceback, exit status 2."""


def announce_ready(**facts: Any) -> None:
    """Print one JSON line on standard output: the program serves now, and where (ports, pty paths).

    Whoever started the program with port 0 reads its real port here.
    """
    print(json.dumps({"ready": True, **facts}), flush=True)


def logging_options(command: Decorated) -> Decorated:
    """Add `--log-file` and `--log-level` to a command; they take effect while options are read."""
    level = click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        expose_value=False,
        callback=lambda _ctx, _option, value: logging.getLogger().setLevel(value.upper()),
        help="How much is logged.",
    )
    file = click.option(
        "--log-file",
        type=click.Path(dir_okay=False, path_type=Path),
        expose_value=False,
        is_eager=True,
        callback=lambda _ctx, _option, value: _log_to(value),
        help="Log here instead of to standard error.",
    )
    return level(file(command))


class _PrintableLines(logging.Formatter):
    """A traceback keeps its lines; whatever else commands a terminal is shown as escapes."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(printable, super().format(record).split("\n")))


def _log_to(path: Path | None) -> None:
    handler: logging.Handler
    try:
        handler = logging.FileHandler(path, encoding="utf-8") if path else logging.StreamHandler(sys.stderr)
    except OSError as error:
        raise CannotStart(f"cannot write the log to {path}: {error.strerror}") from error
    handler.setFormatter(_PrintableLines("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.getLogger().handlers[:] = [handler]


def run_until_stopped(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` until it ends, or cancel it on SIGTERM or Ctrl-C and return when it has cleaned up."""

    async def guarded() -> None:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(guarded())
