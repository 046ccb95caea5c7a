"""`handset modem record, replay, show, import`: transcripts of what modems say."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console import CannotStart, announce_ready

if TYPE_CHECKING:
    from gsm.transcript import Transcript

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--strict", "kind", flag_value="strict", default="strict", help="Same octets, same order (the default).")
@click.option("--by-command", "kind", flag_value="by-command", help="Answers looked up by command, in their order.")
@click.option("--timed", is_flag=True, help="With the recorded delays.")
@click.option("--link", type=click.Path(path_type=Path), metavar="PATH", help="Symbolic link to the port.")
@click.pass_context
def replay(ctx: click.Context, file: Path, kind: str, timed: bool, link: Path | None) -> None:
    """Serve a transcript as a modem on a pty.

    Prints one line of JSON with the port when it is ready. A strict replay ends when the program closes the port; a
    replay by command at Ctrl-C or SIGTERM.

    \b
    Example:
      handset modem replay dialogue.jsonl --link /tmp/modem

    Exit status: 0 as recorded, 1 the program left the transcript (standard error says where), 2 cannot run.
    """
    from gsm.replay import shown
    from gsm.replayer import Replayer

    transcript = _transcript(file)
    try:
        replayer = Replayer(transcript, by_command=kind == "by-command", timed=timed, link=link)
    except OSError as error:
        raise CannotStart(f"no port can be made: {error}") from error
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: replayer.stop())
    announce_ready(port=replayer.port)
    try:
        replayer.run()
        complaints = [f"{file}: {replayer.deviation}"] if replayer.deviation else []
        complaints += [f"{file}: not in the transcript: {shown(command)}" for command in replayer.unknown_commands]
        if kind == "strict" and not replayer.finished and not complaints:
            complaints = [f"{file}: stopped before its end"]
    finally:
        replayer.close()
    for complaint in complaints:
        click.echo(complaint, err=True)
    ctx.exit(1 if complaints else 0)


def _transcript(file: Path) -> "Transcript":
    from gsm.transcript import TranscriptError, decode_transcript

    try:
        return decode_transcript(file.read_text(encoding="ascii"))
    except OSError as error:
        raise CannotStart(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CannotStart(f"{file}: not a transcript: octet {error.start} is not ASCII") from error
    except TranscriptError as error:
        raise CannotStart(f"{file}: {error}") from error


TRANSCRIPT_COMMANDS = (replay,)
