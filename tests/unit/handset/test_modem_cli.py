"""`handset modem list` and `doctor`, and the port that is found where none is given."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from gsm.doctor import Check, Finding, State, Verdict
from gsm.observations import Observations
from gsm.replayer import replayed
from gsm.transcript import Direction, Event, Header, Transcript
from handset.cli import main
from handset.doctor_texts import ADVICE, TITLES
from handset.modem_doctor import report_of
from handset.sqlite_store import Bank, SqliteStore
from handset.texts import LANGUAGES
from modem_emulator.emulation import EmulatedModem
from tests.unit.gsm.machine import Interface, Machine
from wire.identity import Identity

Run = Callable[..., Result]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


@pytest.fixture
def run(machine: Machine, tmp_path: Path) -> Run:
    def running(*arguments: str, lang: str = "en") -> Result:
        options = ("--lang", lang, "--system-root", str(machine.root), "--state", str(tmp_path / "state"))
        return CliRunner().invoke(main, [*options, *arguments])

    return running


def plug_in_ec25(machine: Machine, modem: EmulatedModem) -> None:
    machine.plug_in(
        "2c7c:0125",
        Interface(0, "ttyUSB0"),
        Interface(2, "ttyUSB2", modem.port),
        manufacturer="Quectel",
        product="EC25",
        serial_number="A1",
    )


def test_the_list_says_of_each_port_what_it_is_and_answered(
    run: Run, machine: Machine, gsm_modem: EmulatedModem
) -> None:
    plug_in_ec25(machine, gsm_modem)
    result = run("modem", "list")
    assert result.exit_code == 0
    first, link, other = result.stdout.splitlines()[:3]
    assert first.startswith("* ")
    assert first.endswith("ttyUSB2  yinxin emulated modem  2c7c:0125 interface 2  AT commands  answers AT")
    assert link.strip().endswith("/dev/serial/by-id/usb-Quectel_EC25_A1-if02-port0")
    assert other.endswith("ttyUSB0  Quectel EC25, EG25  2c7c:0125 interface 0  not asked: diagnostics")


def test_the_list_in_chinese(run: Run, machine: Machine, gsm_modem: EmulatedModem) -> None:
    plug_in_ec25(machine, gsm_modem)
    result = run("modem", "list", lang="zh")
    assert "2c7c:0125 接口 2  AT 指令  应答 AT" in result.stdout
    assert "未询问：诊断" in result.stdout


def test_the_list_as_json(run: Run, machine: Machine, gsm_modem: EmulatedModem) -> None:
    plug_in_ec25(machine, gsm_modem)
    found: list[dict[str, Any]] = json.loads(run("modem", "list", "--json").stdout)
    root = machine.root
    assert found[0] == {
        "port": f"{root}/dev/ttyUSB2",
        "by_id": f"{root}/dev/serial/by-id/usb-Quectel_EC25_A1-if02-port0",
        "name": "yinxin emulated modem",
        "usb": {
            "vendor_id": "2c7c",
            "product_id": "0125",
            "interface": 2,
            "serial_number": "A1",
            "location": "1-1.2",
        },
        "role": "at",
        "answer": "answered",
        "chosen": True,
    }
    assert (found[1]["role"], found[1]["answer"], found[1]["chosen"]) == ("diagnostics", None, False)


def test_a_machine_without_ports_or_without_a_modem_ends_with_1(run: Run, machine: Machine) -> None:
    assert run("modem", "list").exit_code == 1
    assert run("modem", "list", "--json").stdout == "[]\n"
    machine.plug_in("2c7c:0125", Interface(2, "ttyUSB2"))
    result = run("modem", "list")
    assert result.exit_code == 1
    assert "ttyUSB2  Quectel EC25, EG25  2c7c:0125 interface 2  AT commands  cannot be opened" in result.stdout
    assert "handset modem doctor" in result.stderr


def test_several_modems_are_listed_and_none_is_chosen(
    run: Run, machine: Machine, gsm_modems: tuple[EmulatedModem, ...]
) -> None:
    for position, modem in enumerate(gsm_modems):
        machine.plug_in("12d1:1001", Interface(2, f"ttyUSB{position}", modem.port), location=f"1-1.{position}")
    result = run("modem", "list")
    assert result.exit_code == 0
    assert "* " not in result.stdout
    assert "--port" in result.stderr


def test_with_a_port_only_that_port_is_listed_and_asked(
    run: Run, machine: Machine, gsm_modems: tuple[EmulatedModem, ...]
) -> None:
    for position, modem in enumerate(gsm_modems):
        machine.plug_in("12d1:1001", Interface(2, f"ttyUSB{position}", modem.port), location=f"1-1.{position}")
    named = f"{machine.root}/dev/ttyUSB1"
    result = run("--port", named, "modem", "list")
    assert result.exit_code == 0
    [row] = [line for line in result.stdout.splitlines() if "interface" in line]
    assert row.startswith(f"* {named}  yinxin emulated modem  12d1:1001 interface 2")
    assert "no other was asked" in result.stderr
    assert gsm_modems[0].traffic == ()
    assert run("modem", "list", "--port", named).stdout == result.stdout
    [only] = json.loads(run("--port", named, "modem", "list", "--json").stdout)
    assert (only["port"], only["chosen"], only["answer"]) == (named, True, "answered")


def test_a_port_that_does_not_answer_is_listed_and_ends_with_1(run: Run, machine: Machine) -> None:
    machine.plug_in("2c7c:0125", Interface(0, "ttyUSB0"))
    result = run("--port", f"{machine.root}/dev/ttyUSB0", "modem", "list")
    assert result.exit_code == 1
    assert "not asked: diagnostics" in result.stdout
    assert "modem doctor" in result.stderr


UNFIT = [
    ("/etc/passwd", "is no serial port but a plain file.", "不是串口，而是普通文件"),
    ("/etc", "is no serial port but a folder.", "不是串口，而是文件夹"),
    ("/dev/null", "is no serial port but another device", "不是串口，而是别的设备"),
    ("/dev/none", "is not there", "不存在"),
    ("{tmp}/link", "is a link, and the port it leads to is not there", "是一个链接，它指向的端口不存在"),
]


@pytest.mark.usefixtures("enrolled")
@pytest.mark.parametrize(("path", "english", "chinese"), UNFIT)
def test_what_is_no_serial_port_is_refused_by_every_command(
    tmp_path: Path, path: str, english: str, chinese: str
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    port, out = path.replace("{tmp}", str(tmp_path)), str(tmp_path / "out.jsonl")
    balance = ["--operator", "95533", "balance", "--account", "4600010000000001"]
    commands = (["modem", "list"], ["modem", "record", "--out", out], balance)
    for lang, said in (("en", english), ("zh", chinese)):
        options = ["--lang", lang, "--state", str(tmp_path / "state"), "--port", port]
        for command in commands:
            result = CliRunner().invoke(main, [*options, *command], input="123456\n")
            assert result.exit_code == 2, command
            assert f"{port} {said}" in result.stderr
        result = CliRunner().invoke(main, [*options, "modem", "doctor"])
        assert result.exit_code == 1
        assert said in result.stdout


@pytest.fixture
def enrolled(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state", synchronous="OFF")
    store.pin_bank(Bank(bytes([9, *[0] * 31]), "0" * 32))  # the base point of X25519: something can be sealed to it
    store.close()


@pytest.mark.usefixtures("enrolled")
def test_without_a_port_and_without_a_modem_the_handset_says_what_to_do(run: Run) -> None:
    result = run("--operator", "95533", "retry")
    assert result.exit_code == 2
    assert "handset modem list" in result.stderr
    assert "--demo" in result.stderr
    assert "没有找到调制解调器" in run("--operator", "95533", "retry", lang="zh").stderr


@pytest.mark.usefixtures("enrolled")
def test_without_a_port_several_modems_are_named(
    run: Run, machine: Machine, gsm_modems: tuple[EmulatedModem, ...]
) -> None:
    for position, modem in enumerate(gsm_modems):
        machine.plug_in("12d1:1001", Interface(2, f"ttyUSB{position}", modem.port), location=f"1-1.{position}")
    result = run("--operator", "95533", "retry")
    assert result.exit_code == 2
    assert "ttyUSB0 (yinxin emulated modem)" in result.stderr
    assert "ttyUSB1" in result.stderr
    assert "几个调制解调器应答" in run("--operator", "95533", "retry", lang="zh").stderr
    assert "几个调制解调器应答" in run("modem", "list", lang="zh").stderr


@pytest.mark.usefixtures("enrolled")
def test_without_a_port_the_one_modem_is_used(run: Run, machine: Machine, gsm_modem: EmulatedModem) -> None:
    plug_in_ec25(machine, gsm_modem)
    assert run("--operator", "95533", "retry").exit_code == 0  # nothing is in doubt; it got as far as that
    assert gsm_modem.traffic


@pytest.mark.parametrize("speed", ["300", "fast"])
def test_a_speed_that_is_none_is_refused(run: Run, speed: str) -> None:
    assert run("--baud", speed, "modem", "list").exit_code == 2


# ---- the doctor


def test_the_doctor_says_of_each_check_how_it_went_and_ends_with_0(
    run: Run, machine: Machine, gsm_modem: EmulatedModem
) -> None:
    plug_in_ec25(machine, gsm_modem)
    result = run("modem", "doctor")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"✓ Device: {machine.root}/dev/ttyUSB2 (yinxin emulated modem)"
    assert f"✓ Own number: {gsm_modem.msisdn} (from the SIM, by +CNUM)" in lines
    assert lines[-1] == "Nothing to mend was found."
    assert sum(line[0] in "✓–" for line in lines) == len(Check)


def test_what_is_to_be_mended_comes_with_its_meaning_and_its_command(
    run: Run, machine: Machine, gsm_modem: EmulatedModem
) -> None:
    plug_in_ec25(machine, gsm_modem)
    gsm_modem.fault("fill-storage", storage="SM")
    result = run("modem", "doctor")
    assert result.exit_code == 1
    seen, means, todo, command = result.stdout.split("✗ SMS storage: ")[1].splitlines()[:4]
    assert seen == "SM is full: 50 of 50 in use."
    assert "No message arrives" in means
    assert "Delete" in todo
    port = f"{machine.root}/dev/ttyUSB2"
    assert command.strip() == f"printf 'AT+CPMS=\"SM\";+CMGD=1,1\\r' | socat -t 5 - {port},b115200,raw,echo=0"
    assert "– Test SMS: Not looked at: “SMS storage” comes first." in result.stdout


def test_the_command_that_looks_for_networks_waits_longer_than_others(
    run: Run, machine: Machine, gsm_modem: EmulatedModem
) -> None:
    plug_in_ec25(machine, gsm_modem)
    gsm_modem.fault("refuse-registration")
    [denied] = [each for each in json.loads(run("modem", "doctor", "--json").stdout)["checks"] if each["commands"]]
    [command] = denied["commands"]
    assert "AT+COPS=?" in command
    assert "socat -t 180 -" in command


def test_the_doctor_in_chinese(run: Run, machine: Machine, gsm_modem: EmulatedModem) -> None:
    plug_in_ec25(machine, gsm_modem)
    gsm_modem.fault("ask-puk")
    result = run("modem", "doctor", lang="zh")
    assert result.exit_code == 1
    assert "✗ PIN 码：SIM 卡已锁，要求 PUK" in result.stdout
    assert "未检查：先解决“PIN 码”。" in result.stdout


@pytest.mark.gsm_modem(pin="87654321")
def test_the_doctor_knows_of_a_pin_in_a_file_and_refuses_a_file_that_holds_none(
    run: Run, tmp_path: Path, gsm_modem: EmulatedModem
) -> None:
    file = tmp_path / "pin"
    file.write_text("87654321\n")
    file.chmod(0o600)
    options = ("--port", gsm_modem.port, "--sim-pin-file", str(file), "modem", "doctor")
    result = run(*options)
    assert result.exit_code == 0
    assert "– PIN: The SIM asks for its PIN. The app will enter the one of --sim-pin-file" in result.stdout
    assert "– PIN 码：SIM 卡要求 PIN；--sim-pin-file 已给出" in run(*options, lang="zh").stdout
    assert "87654321" not in gsm_modem.dialogue + result.output
    for content, mode, complaint in (("no PIN", 0o600, "holds no SIM PIN"), ("87654321", 0o644, "chmod 600")):
        file.write_text(content)
        file.chmod(mode)
        refused = run(*options)
        assert refused.exit_code == 2
        assert complaint in refused.stderr


HOSTILE = "\x1b[31mEVIL\x1b[2J\x9b2J"


def test_what_a_modem_says_commands_no_terminal(run: Run) -> None:
    answers = (("AT", ""), ("AT+CGMM", f"{HOSTILE}\r\n\r\n"), ("AT+CPIN?", f"+CPIN: {HOSTILE}\r\n\r\n"))
    events = []
    for command, answer in answers:
        events.append(Event(0, Direction.TX, f"{command}\r".encode()))
        events.append(Event(0, Direction.RX, f"\r\n{answer}OK\r\n".encode("latin-1")))
    with replayed(Transcript(Header("made up"), tuple(events)), by_command=True) as modem:
        for command in (["doctor"], ["doctor", "--json"], ["list"], ["list", "--json"]):
            result = run("--port", modem.port, "modem", *command)
            assert "EVIL" in result.stdout
            assert not set(result.output) & set("\x1b\x9b")


def test_what_a_modem_says_of_a_message_commands_no_terminal(run: Run, gsm_modem: EmulatedModem) -> None:
    gsm_modem.fault("fail-command", on="+CMGS", result="+CMS ERROR: \x9b2JEVIL")
    result = run("--port", gsm_modem.port, "modem", "doctor", "--test-sms")
    assert "EVIL" in result.stdout
    assert "\x9b" not in result.output


def test_a_devices_name_commands_no_terminal(run: Run, machine: Machine, gsm_modem: EmulatedModem) -> None:
    machine.plug_in("ffff:0001", Interface(0, "ttyUSB0", gsm_modem.port), manufacturer=HOSTILE, product="\u202eBack")
    gsm_modem.fault("stop-listening")
    for command in (["list"], ["list", "--json"], ["doctor"], ["doctor", "--json"]):
        result = run("modem", *command)
        assert "EVIL" in result.output
        assert not set(result.output) & set("\x1b\x9b\u202e")


def test_a_transcripts_header_commands_no_terminal(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "hostile.jsonl"
    header = {"transcript": 1, "source": HOSTILE, "modem": "\x1b]0;title\x07", "about": "one\ntwo", "masked": [HOSTILE]}
    file.write_text(json.dumps(header) + '\n{"t": 0, "dir": "rx", "data": "' + r"\u001b[2J\u009b\r\n" + '"}\n')
    result = run("modem", "show", str(file))
    assert result.exit_code == 0
    assert r"# one\u000atwo" in result.output
    assert r"# \u001b]0;title\u0007" in result.output
    assert not set(result.output) & set("\x1b\x9b\x07")


def test_the_doctors_json_has_every_check(run: Run, machine: Machine, gsm_modem: EmulatedModem) -> None:
    plug_in_ec25(machine, gsm_modem)
    machine.run(500, "ModemManager")
    result = run("modem", "doctor", "--json")
    assert result.exit_code == 1
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["well"] is False
    assert [each["check"] for each in found["checks"]] == [check.value for check in Check]
    rival = found["checks"][2]
    assert (rival["state"], rival["verdict"]) == ("mend", "modem_manager")
    assert rival["commands"][0].endswith("| sudo tee -a /etc/udev/rules.d/78-mm-yinxin.rules")
    assert 'ENV{ID_MM_DEVICE_IGNORE}="1"' in rival["commands"][0]


def test_a_number_that_the_handset_keeps_is_found_while_another_one_uses_the_store(
    run: Run, tmp_path: Path, gsm_modem: EmulatedModem
) -> None:
    with Observations(gsm_modem.port) as observer:
        observer.ports()
        for command in ('AT+CPBS="ON"', "AT+CPBW=1", 'AT+CPBS="SM"'):
            assert observer.command(command)[-1] == "OK"
    unknown = run("--port", gsm_modem.port, "modem", "doctor")
    assert "✗ Own number: The SIM does not know its own number, and none is kept of it." in unknown.stdout
    assert not (tmp_path / "state").exists(), "looking makes no store"
    store = SqliteStore(tmp_path / "state", synchronous="OFF")
    with store.transaction():
        store.remember_sim(Identity(gsm_modem.imsi, "8613900000009"))
    found = run("--port", gsm_modem.port, "modem", "doctor")
    store.close()
    assert "✓ Own number: +8613900000009 (kept by the handset for this SIM)" in found.stdout


def test_a_test_message_is_sent_only_if_it_was_agreed_to(run: Run, machine: Machine, gsm_modem: EmulatedModem) -> None:
    plug_in_ec25(machine, gsm_modem)
    assert "– Test SMS: Not sent" in run("modem", "doctor").stdout
    assert gsm_modem.sent == ()
    assert "✓ Test SMS: A message to" in run("modem", "doctor", "--test-sms").stdout
    assert gsm_modem.wait_for_sent().destination == gsm_modem.msisdn


@pytest.mark.parametrize("command", ["list", "doctor"])
def test_the_demo_has_no_ports_to_look_at(run: Run, command: str) -> None:
    result = run("--demo", "modem", command)
    assert result.exit_code == 2
    assert "--demo" in result.stderr


def test_the_commands_name_the_speed_that_was_given(run: Run, machine: Machine, gsm_modem: EmulatedModem) -> None:
    plug_in_ec25(machine, gsm_modem)
    gsm_modem.fault("fill-storage", storage="SM")
    assert ",b9600,raw" in run("--baud", "9600", "modem", "doctor").stdout


def test_the_doctor_of_a_machine_without_a_modem_says_how_to_look(run: Run) -> None:
    result = run("modem", "doctor")
    assert result.exit_code == 1
    assert "✗ Device: There is no serial port" in result.stdout
    assert "lsusb" in result.stdout
    assert json.loads(run("modem", "doctor", "--json").stdout)["port"] is None


FACTS = {
    "port": "P", "name": "N", "others": ["O"], "kind": "folder", "user": "U", "group": "G", "program": "M",
    "process": 7, "rule": "R", "ids": "I", "role": "no_modem", "better": "B", "reply": "noise", "said": "S",
    "lock": "L", "rssi": 5, "dbm": -103, "centre": "C", "number": "+1", "memory": "SM", "used": 1, "total": 2,
    "throttled": "0x0", "place": "file", "off_s": 9, "network": "T", "because": "sim",
}  # fmt: skip


def test_what_the_json_says_is_not_in_the_persons_language_nor_made_up(
    run: Run, machine: Machine, gsm_modem: EmulatedModem
) -> None:
    plug_in_ec25(machine, gsm_modem)
    found = json.loads(run("--port", f"{machine.root}/dev/ttyUSB0", "modem", "doctor", "--json", lang="zh").stdout)
    interface = next(each for each in found["checks"] if each["check"] == "interface")
    assert found["port"] == interface["facts"]["port"] == f"{machine.root}/dev/ttyUSB0"
    assert interface["facts"]["role"] == "diagnostics"
    assert "诊断" in interface["seen"]
    machine.unplug()
    machine.plug_in("2c7c:0125", Interface(0, "ttyUSB0"))
    alone = run("--port", f"{machine.root}/dev/ttyUSB0", "modem", "doctor", "--json", lang="zh")
    interface = next(each for each in json.loads(alone.stdout)["checks"] if each["check"] == "interface")
    assert interface["facts"]["better"] is None
    assert "（无）" in interface["todo"]


def test_what_a_port_replied_is_said_in_the_persons_language(run: Run, gsm_modem: EmulatedModem) -> None:
    for nth in (1, 2):
        gsm_modem.fault("garbage", on="*", nth=nth)
    result = run("--port", gsm_modem.port, "modem", "doctor", lang="zh")
    assert f"✗ 应答 AT：{gsm_modem.port} 有输出，但不是 AT 应答。" in result.stdout


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_sentences_in_both_languages(verdict: Verdict) -> None:
    for language in LANGUAGES:
        report = report_of(Finding(Check.SIM, verdict, FACTS), "P", 115200, language)
        assert report["seen"]
        assert "{" not in "".join((report["seen"], report["means"], report["todo"], *report["commands"]))
        mended = bool(report["means"]), bool(report["todo"]), bool(report["commands"])
        assert mended == (verdict.state is State.MEND,) * 3, "what is to be mended says what it means and how"
    zh, en = ADVICE[verdict].means or ("一", "-")
    assert any("\u4e00" <= character <= "\u9fff" for character in zh)
    assert not any("\u4e00" <= character <= "\u9fff" for character in en)


def test_every_check_has_a_title_and_every_verdict_belongs_to_the_table() -> None:
    assert set(TITLES) == set(Check)
    assert set(ADVICE) == set(Verdict)


def test_the_pages_table_every_option_of_every_command_and_no_other() -> None:
    pages = Path(__file__).parents[3] / "docs"
    tables = "".join((pages / name).read_text(encoding="utf-8") for name in ("modem.md", "transcripts.md"))
    tabled = re.findall(r"^\| `([a-z]+)` \| `(--[a-z-]+)", tables, re.MULTILINE)
    group = main.commands["modem"]
    assert isinstance(group, click.Group)
    options = [
        (name, option.opts[-1], option.help)
        for name, command in group.commands.items()
        for option in command.params
        if isinstance(option, click.Option)
    ]
    assert sorted(tabled) == sorted((name, option) for name, option, _ in options)
    assert [option for *option, told in options if not told] == []


def test_the_page_tells_of_every_check() -> None:
    page = (Path(__file__).parents[3] / "docs/modem.md").read_text(encoding="utf-8")
    assert [check.value for check in Check if f"`{check.value}`" not in page] == []
