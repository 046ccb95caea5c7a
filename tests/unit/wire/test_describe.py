import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.wire import story
from wire import describe, framing, iso, terminal
from wire.errors import BadFrame, BadMessage

ROOT = story.ROOT


def message(path: str) -> bytes:
    return bytes.fromhex(json.loads((story.FOLDER / f"{path}.json").read_text(encoding="utf-8"))["message"])


def values(raw: bytes) -> dict[str, str]:
    (description,) = describe.describe(raw)
    return {line.number: line.value for line in description.fields}


SIGN_ON, TRANSFER = message("iso-message/sign-on"), message("iso-message/transfer")
STORY = [path.stem for path in (story.FOLDER / "iso-message").glob("*.json") if "gives" in path.read_text()]


def test_every_field_of_a_message_is_there_with_its_value() -> None:
    assert values(TRANSFER) == {
        "MTI": "0200",
        "DE3": "400000",
        "DE7": "1122083015",
        "DE11": "000012",
        "DE32": "10001",
        "DE37": "432700000001",
        "DE48": "sealed, 150 bytes",
        "DE60": "0001000700000001",
        "DE61": "002",
        "DE64": iso.decode(TRANSFER)[64],
    }


@pytest.mark.parametrize("name", STORY)
def test_nothing_of_de48_is_ever_shown(name: str) -> None:
    raw = message(f"iso-message/{name}")
    (description,) = describe.describe(raw)
    decoded = iso.decode(raw)
    assert [line.number for line in description.fields[1:]] == [f"DE{number}" for number in sorted(decoded.fields)]
    if 48 not in decoded.fields:
        return
    hidden = decoded[48]
    for shown in (description.text(), repr(description)):
        assert not any(hidden[start : start + 8] in shown for start in range(len(hidden) - 7))
        assert decoded.block[-16:].hex() not in shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("registration", "initial authentication information, serial 0001000700000001, sealed, 94 bytes"),
        ("first-seeds", "first seeds, generation 1, sealed, 101 bytes"),
        ("renewed-seeds", "renewed seeds, generation 2, sealed, 157 bytes"),
        ("control-key", "control key, epoch 1, sealed, 154 bytes"),
        ("notice", f"notice for a payee, notice id {story.NOTICE_ID.hex()}, sealed, 164 bytes"),
    ],
)
def test_block_is_named_with_its_number_and_length(name: str, shown: str) -> None:
    assert values(message(f"iso-message/{name}"))["DE48"] == shown


def test_response_code_is_shown_with_its_meaning() -> None:
    assert values(message("iso-message/reversal-answer"))["DE39"] == "98 (no answer from the bank)"


def test_identity_in_a_terminal_message_is_masked() -> None:
    (description,) = describe.describe(message("terminal-message/inquiry"))
    shown = description.text()
    assert "register and inquiry" in shown
    assert "sealed, 74 bytes" in shown
    assert story.PAYER_SIM.imsi not in shown
    assert story.PAYER_SIM.msisdn not in shown


def test_reply_and_notice_are_told_apart() -> None:
    reply = values(message("terminal-message/transfer-reply"))
    assert (reply["byte 9"], reply["bytes 10-11"]) == ("23 (transfer)", "00 (approved)")
    assert reply["bytes 12-19"] == "0001000700000001"
    notice = values(message("terminal-message/notice"))
    assert notice["bytes 1-8"] == story.NOTICE_ID.hex()
    assert values(message("terminal-message/unsealed-reply"))["bytes 12-19"] == "none"


def test_ranges_of_bytes_cover_a_terminal_message() -> None:
    for name in ("register", "inquiry", "transfer", "inquiry-reply", "notice"):
        raw, covered = message(f"terminal-message/{name}"), 0
        for number in values(raw):
            first, _, last = number.split()[1].partition("-")
            assert int(first) == covered
            covered = int(last or first) + 1
        assert covered == len(raw)


# -- what a file holds ----------------------------------------------------------------------------------------


def test_same_message_is_read_raw_as_hex_and_as_base64() -> None:
    register = message("terminal-message/register")
    assert describe.captured(SIGN_ON) == [SIGN_ON]
    assert describe.captured(SIGN_ON.hex(" ", 4).encode() + b"\n") == [SIGN_ON]
    text = terminal.to_text(register)
    assert describe.captured(f"{text}\n{text}\n".encode()) == [register, register]


def test_stream_of_frames_is_cut_into_its_messages() -> None:
    stream = framing.frame(SIGN_ON) + framing.frame(TRANSFER)
    titles = [description.title for description in describe.describe(stream)]
    assert titles == ["0820 network management, 46 bytes", "0200 transfer, 289 bytes"]


def test_broken_message_in_a_stream_is_named_by_number_and_field() -> None:
    with pytest.raises(BadMessage, match=r"^message 2: DE64: "):
        describe.describe(framing.frame(SIGN_ON) + framing.frame(TRANSFER[:-1]))
    with pytest.raises(BadFrame, match=r"^message 2: the capture ends inside it"):
        describe.describe(framing.frame(SIGN_ON) + framing.frame(TRANSFER)[:-1])
    with pytest.raises(BadFrame, match=r"^message 2: a message of 65535 bytes"):
        describe.describe(framing.frame(SIGN_ON) + b"\xff\xff")


def test_block_of_no_known_kind_names_de48() -> None:
    decoded = iso.decode(message("iso-message/first-seeds")).with_fields(DE48="AAAA")
    with pytest.raises(BadMessage, match="DE48: holds a block of no known kind"):
        describe.describe(iso.encode(decoded))


# -- python -m wire.describe ----------------------------------------------------------------------------------


def test_example_of_the_help_works() -> None:
    help_text = run("--help").stdout
    text = help_text.partition("example: echo ")[2].split()[0]
    shown = run("-", given=text)
    assert shown.returncode == 0
    assert "97 (terminal not registered)" in shown.stdout


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wire.describe", *arguments]
    return subprocess.run(command, input=given, cwd=ROOT, capture_output=True, text=True, check=False)


def test_json_has_one_object_a_message(tmp_path: Path, capsys) -> None:
    file = tmp_path / "capture"
    file.write_bytes(framing.frame(SIGN_ON) + framing.frame(TRANSFER))
    assert describe.main(["--json", str(file)]) == 0
    sign_on, transfer = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert sign_on["title"] == "0820 network management, 46 bytes"
    assert {"number": "DE61", "notation": "ans ..999", "value": "002"}.items() <= transfer["fields"][8].items()


def test_what_came_before_a_broken_frame_is_printed(tmp_path: Path, capsys) -> None:
    file = tmp_path / "capture"
    file.write_bytes(framing.frame(SIGN_ON) + b"\0\0")
    assert describe.main([str(file)]) == 1
    shown = capsys.readouterr()
    assert "0820 network management" in shown.out
    assert "message 2: a message of 0 bytes" in shown.err


@pytest.mark.parametrize("content", [b"", b" \n", b"hello", b"0820", b"\x40" * 30])
def test_file_of_no_message_is_refused(monkeypatch, capsys, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert describe.main(["-"]) == 1
    assert capsys.readouterr().err.startswith("wire.describe: -: ")


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--verbose"], ["nowhere.bin"]])
def test_wrong_command_line_is_status_2(capsys, arguments: list[str]) -> None:
    assert describe.main(arguments) == 2
    assert capsys.readouterr().err
