"""`handset modem record, replay, show, import`: transcripts of what modems say."""

import contextlib
import json
import signal
import tempfile
from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console import CannotStart, announce_ready, printable
from handset.named_port import port_option, refuse_unfit
from handset.settings import Settings
from handset.transcript_texts import TranscriptText

if TYPE_CHECKING:
    from gsm.transcript import Transcript

_MARKS = {"tx": (">", "cyan"), "rx": ("<", "green"), "ctl": ("!", "yellow")}
_FILE = click.Path(dir_okay=False, path_type=Path)
# Less is masked before a person wonders: a second or two (measured: 80 kB a second).
_MASKED_AT_ONCE_OCTETS = 128 * 1024
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--strict", is_flag=True, help="Same octets, same order (the default).")
@click.option("--by-command", is_flag=True, help="Answers looked up by command, in their order.")
@click.option("--timed", is_flag=True, help="With the recorded delays.")
@click.option("--link", type=click.Path(path_type=Path), metavar="PATH", help="Symbolic link to the port.")
@click.pass_context
def replay(ctx: click.Context, file: Path, strict: bool, by_command: bool, timed: bool, link: Path | None) -> None:
    """Serve a transcript as a modem on a pty.

    Prints one line of JSON with the port when it is ready. A strict replay says nothing more at the end of the
    transcript, and ends when the program closes the port; what the program sends then, or otherwise than recorded,
    unplugs the modem. A replay by command repeats last answers, and ends at Ctrl-C or SIGTERM.

    \b
    Example:
      handset modem replay dialogue.jsonl --link /tmp/modem

    Exit status: 0 as recorded, 1 the program left the transcript (standard error says where), 2 cannot run.
    """
    from gsm.port_link import LinkRefused
    from gsm.replay import shown
    from gsm.replayer import Replayer

    if strict and by_command:
        raise click.UsageError(_said(TranscriptText.STRICT_OR_BY_COMMAND), ctx)
    transcript = _transcript(file)
    if not transcript.events:
        raise CannotStart(_said(TranscriptText.NOTHING_TO_PLAY, file=file))

    def played() -> None:
        _tell(_said(TranscriptText.PLAYED, file=file))

    try:
        replayer = Replayer(transcript, by_command=by_command, timed=timed, link=link, at_end=played)
    except LinkRefused as error:
        raise CannotStart(str(error)) from error
    except OSError as error:
        raise CannotStart(_said(TranscriptText.NO_PTY, reason=error)) from error
    _end_on_signals(replayer.stop)
    _tell_of_the_former_link(link, replayer.left_behind)
    announce_ready(port=replayer.port)
    try:
        replayer.run()
        _end_in_peace()
        complaints = [f"{file}: {replayer.deviation}"] if replayer.deviation else []
        complaints += [
            _said(TranscriptText.NOT_IN_IT, file=file, command=shown(each)) for each in replayer.unknown_commands
        ]
        if not by_command and not replayer.finished and not complaints:
            replayer.expect_no_more()
            left = f": {replayer.deviation}" if replayer.deviation else ""
            complaints = [_said(TranscriptText.STOPPED_EARLY, file=file) + left]
    finally:
        replayer.close()
    for complaint in complaints:
        _tell(complaint)
    ctx.exit(1 if complaints else 0)


@click.command()
@port_option
@click.option("--out", required=True, type=_FILE, metavar="FILE", help="The transcript; must not be there yet.")
@click.option("--link", type=click.Path(path_type=Path), metavar="PATH", help="Symbolic link to the port to open.")
@click.option(
    "--baud", type=click.IntRange(1200, 4_000_000), help="Speed until the program sets its own.  [default: the group's]"
)
@click.option("--about", default="", metavar="TEXT", help="What the transcript shows, for its header.")
@click.pass_context
def record(ctx: click.Context, port: str | None, out: Path, link: Path | None, baud: int | None, about: str) -> None:
    """Record what a program and a modem say to each other.

    Prints one line of JSON with a port when it is ready. Let any program use that port in place of the modem's;
    everything passes through unchanged. Ctrl-C, SIGTERM or closing the terminal ends the recording. Identities,
    numbers, PINs and texts are replaced throughout, each by the same pseudonym everywhere, before anything is written.
    What cannot be masked is named by its line, and then nothing is written at all.

    \b
    Example:
      handset modem record --port /dev/ttyUSB0 --out dialogue.jsonl --link /tmp/modem
      gammu --config gammurc identify                 (where gammurc says port = /tmp/modem)

    Exit status: 0 written, 1 something could not be masked, 2 cannot run, or could not be written there.
    """
    from gsm.errors import GsmError
    from gsm.recorder import Recorder, named

    settings = ctx.find_object(Settings)
    assert settings is not None, "the group made it"
    device = port or settings.port
    if device is None:
        raise click.UsageError(_said(TranscriptText.NO_PORT), ctx)
    refuse_unfit(settings, device)
    _refuse_unwritable(out)
    try:
        recorder = Recorder(device, baudrate=baud or settings.baud, link=link, root=settings.system_root)
    except GsmError as error:
        raise CannotStart(str(error)) from error
    except OSError as error:
        raise CannotStart(_said(TranscriptText.NO_PTY, reason=error)) from error
    _end_on_signals(recorder.stop)
    _tell_of_the_former_link(link, recorder.left_behind)
    announce_ready(port=recorder.port, modem=device)
    try:
        end = recorder.run()
        _end_in_peace()
        transcript = recorder.transcript(about=about, program="handset modem record")
    finally:
        recorder.close()
    reason = _said(TranscriptText[f"ENDED_{end.name}"])
    octets = sum(len(event.data) for event in transcript.events)
    if octets > _MASKED_AT_ONCE_OCTETS:
        _tell(_said(TranscriptText.BEING_MASKED, reason=reason, octets=octets))
    text = _masked(ctx, transcript, then=named)
    try:
        _write(text, out)
    except OSError as error:
        raise CannotStart(_written_elsewhere(text, out, _why_not(error, out))) from error
    _tell(_said(TranscriptText.WRITTEN, file=out, events=len(transcript.events), reason=reason))


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "origin", required=True, type=click.Choice(["socat", "gammu"]), help="Whose log it is.")
@click.option("--out", required=True, type=_FILE, metavar="FILE", help="The transcript; must not be there yet.")
@click.option("--about", default="", metavar="TEXT", help="What the transcript shows, for its header.")
@click.option("--source", metavar="TEXT", help="Where the log comes from, for the header.")
@click.option("--modem", default="", metavar="TEXT", help="The modem's make and model, for the header.")
@click.pass_context
def import_log(
    ctx: click.Context, file: Path, origin: str, out: Path, about: str, source: str | None, modem: str
) -> None:
    """Make a transcript of socat's or gammu's log, masked as by `record`.

    socat's log is what `socat -x` or `socat -v` writes to standard error, with the program at its first address;
    gammu's is its log file with logformat textall, textalldate or binary.

    \b
    Examples:
      socat -x pty,link=/tmp/tap,rawer /dev/ttyUSB0,rawer,b115200 2> socat.log
      handset modem import --from socat socat.log --out dialogue.jsonl
      handset modem import --from gammu gammu.log --out dialogue.jsonl

    Exit status: 0 written, 1 something could not be masked, 2 cannot run.
    """
    from gsm.transcript_import import IMPORTS, LOG_OCTETS_MAX, LogError

    _refuse_unwritable(out)
    if file.stat().st_size > LOG_OCTETS_MAX:
        raise CannotStart(_said(TranscriptText.LOG_TOO_LONG, file=file, most=LOG_OCTETS_MAX))
    try:
        transcript = IMPORTS[origin](file.read_bytes())
    except LogError as error:
        raise CannotStart(f"{file}: {error}") from error
    header = changed(transcript.header, about=about, modem=modem, source=source or transcript.header.source)
    text = _masked(ctx, changed(transcript, header=header))
    try:
        _write(text, out)
    except OSError as error:
        raise CannotStart(_why_not(error, out)) from error


@click.command()
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--plain", is_flag=True, help="No colour, even on a terminal.")
def show(file: Path, as_json: bool, plain: bool) -> None:
    """Print a transcript as a dialogue.

    `>` is the program, `<` the modem, `!` the port. Control octets are escapes; beside a PDU stands what it says.

    \b
    Example:
      handset modem show dialogue.jsonl
    """
    from gsm.dialogue import lines_of

    transcript = _transcript(file)
    if as_json:
        for line in lines_of(transcript):
            note = {"note": line.note} if line.note else {}
            click.echo(json.dumps({"t": line.t_s, "dir": line.direction, "text": line.text, **note}))
        return
    colour = False if plain else None
    header = transcript.header
    facts = (header.about, f"{header.modem} {header.firmware}".strip(), header.source, header.recorded)
    masked = _said(TranscriptText.MASKED, kinds=", ".join(header.masked) or _said(TranscriptText.NOTHING_MASKED))
    for fact in filter(None, (*facts, masked)):
        click.secho(f"# {printable(fact)}", dim=True, color=colour)
    if not transcript.events:
        click.secho(f"# {_said(TranscriptText.NO_DIALOGUE)}", dim=True, color=colour)
    for line in lines_of(transcript):
        mark, shade = _MARKS[line.direction]
        click.echo(f"{line.t_s:10.3f} ", nl=False)
        click.secho(f"{mark} {printable(line.text)}", fg=shade, nl=False, color=colour)
        click.secho(f"   {printable(line.note)}" if line.note else "", dim=True, color=colour)


def _end_on_signals(stop: Callable[[], None]) -> None:
    """Ctrl-C, SIGTERM, and the terminal's closing, unless whoever started the program has that ignored (nohup(1))."""
    for number in _ENDING:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: stop())


def _end_in_peace() -> None:
    """Whoever cannot wait for the end is not to spoil it: what was recorded is not written yet."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)


def _said(text: TranscriptText, **facts: object) -> str:
    """In the person's language."""
    settings = click.get_current_context().find_object(Settings)
    assert settings is not None, "the group made it"
    return text.say(settings.language, **facts)


def _tell(sentence: str) -> None:
    """To whoever is at the terminal; it may be gone, which is no reason to stop."""
    with contextlib.suppress(OSError):
        click.echo(printable(sentence), err=True)


def _tell_of_the_former_link(link: Path | None, left_behind: str | None) -> None:
    if left_behind is not None:
        _tell(_said(TranscriptText.LINK_LEFT, link=link))


def _refuse_unwritable(out: Path) -> None:
    """Make the file and take it away again: nothing else shows for certain that it can be made at the end."""
    try:
        _write("", out)
        out.unlink()
    except OSError as error:
        raise CannotStart(_why_not(error, out)) from error


def _write(text: str, out: Path) -> None:
    """All of it or nothing, and over nothing that is there. Raises OSError."""
    with out.open("x", encoding="ascii") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            out.unlink()
            raise


def _written_elsewhere(text: str, out: Path, why: str) -> str:
    """A recording cannot be had again, so it goes to the folder for temporary files; says where, or that it is lost."""
    folder = tempfile.gettempdir()
    try:
        other = Path(tempfile.mkdtemp(prefix="yinxin-", dir=folder)) / out.name
        _write(text, other)
    except OSError as error:
        return _said(TranscriptText.LOST, why=why, folder=folder, reason=error.strerror)
    return _said(TranscriptText.INSTEAD, why=why, file=other)


def _why_not(error: OSError, out: Path) -> str:
    match error:
        case FileExistsError():
            return _said(TranscriptText.THERE_ALREADY, file=out)
        case FileNotFoundError() | NotADirectoryError():
            return _said(TranscriptText.NO_FOLDER, file=out, folder=out.parent)
    return f"{out}: {error.strerror}"


def _masked(
    ctx: click.Context, transcript: "Transcript", then: "Callable[[Transcript], Transcript]" = lambda masked: masked
) -> str:
    """The file's text; ends the command with status 1 where something cannot be masked."""
    from gsm.masking import CannotMask, mask
    from gsm.transcript import TranscriptError, encode_transcript

    try:
        return encode_transcript(then(mask(transcript)))
    except CannotMask as error:
        _tell(_said(TranscriptText.NOT_WRITTEN, reason=error))
        ctx.exit(1)
    except TranscriptError as error:
        raise CannotStart(_said(TranscriptText.NOT_WRITTEN, reason=error)) from error


def _transcript(file: Path) -> "Transcript":
    from gsm.transcript import TranscriptError, decode_transcript

    try:
        return decode_transcript(file.read_text(encoding="ascii"))
    except OSError as error:
        raise CannotStart(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CannotStart(_said(TranscriptText.NOT_ASCII, file=file, octet=error.start)) from error
    except TranscriptError as error:
        raise CannotStart(f"{file}: {error}") from error


TRANSCRIPT_COMMANDS = (record, replay, show, import_log)
