"""One TOML file for each command; options override it; an unknown key is refused by name."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from console import CannotStart, Program


@click.group(cls=Program)
@click.option("--state", default="nowhere")
def program(state: str) -> None:
    click.echo(f"state={state}")


@program.command()
@click.option("--port", type=int, default=1)
@click.option("--bank-host", default="none")
def serve(port: int, bank_host: str) -> None:
    click.echo(f"port={port} bank={bank_host}")


@program.command()
@click.option("--amount", "amount_fen", callback=lambda _ctx, _option, value: int(value) * 100)
def pay(amount_fen: int) -> None:
    click.echo(f"fen={amount_fen}")


@program.command()
@click.option("--phone", multiple=True)
@click.option("--loud", is_flag=True)
def ring(phone: tuple[str, ...], loud: bool) -> None:
    click.echo(f"phones={phone} loud={loud}")


@program.command()
def fail() -> None:
    raise CannotStart("no keys yet: run init first")


def run(tmp_path: Path, toml: str, *arguments: str) -> tuple[int, str]:
    file = tmp_path / "program.toml"
    file.write_text(toml)
    result = CliRunner().invoke(program, ["--config", str(file), *arguments])
    return result.exit_code, result.output


def test_the_file_gives_options_of_the_program_and_of_its_subcommands(tmp_path: Path) -> None:
    assert run(tmp_path, 'state = "here"\n[serve]\nport = 7\nbank-host = "b"\n', "serve") == (
        0,
        "state=here\nport=7 bank=b\n",
    )


def test_an_option_overrides_the_file(tmp_path: Path) -> None:
    assert run(tmp_path, "[serve]\nport = 7\n", "serve", "--port", "8")[1].endswith("port=8 bank=none\n")


@pytest.mark.parametrize(
    ("toml", "key"), [("stat = 1", "stat"), ("[serve]\nporrt = 1", "porrt"), ("[sreve]\nport = 1", "sreve")]
)
def test_an_unknown_key_is_refused_by_name(tmp_path: Path, toml: str, key: str) -> None:
    status, output = run(tmp_path, toml, "serve")
    assert status == 2
    assert f"unknown key '{key}'" in output


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    status, output = run(tmp_path, "state = ", "serve")
    assert status == 2
    assert "not TOML" in output


def test_a_program_that_cannot_start_says_why_in_one_line() -> None:
    result = CliRunner().invoke(program, ["fail"])
    assert result.exit_code == 2
    assert result.stderr == "program: no keys yet: run init first\n"


def test_a_key_is_named_like_its_option_whatever_the_program_calls_it_inside(tmp_path: Path) -> None:
    assert run(tmp_path, '[pay]\namount = "3"\n', "pay")[1].endswith("fen=300\n")
    status, output = run(tmp_path, "[pay]\namount_fen = 3\n", "pay")
    assert status == 2
    assert "unknown key 'amount_fen'; known here: amount" in output


def test_an_option_that_may_be_given_several_times_is_a_list(tmp_path: Path) -> None:
    status, output = run(tmp_path, '[ring]\nphone = ["1", "2"]\nloud = true', "ring")
    assert (status, output.splitlines()[-1]) == (0, "phones=('1', '2') loud=True")
    status, output = run(tmp_path, '[ring]\nphone = "1"', "ring")
    assert status == 2
    assert "[ring]: phone must be a list" in output


def test_true_is_no_number(tmp_path: Path) -> None:
    status, output = run(tmp_path, "[serve]\nport = true", "serve")
    assert status == 2
    assert "[serve]: port must be a value of the option, not true or false" in output
