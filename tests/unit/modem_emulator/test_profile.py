"""Profiles as data: those that come with the emulator have their sources; what cannot be is refused by place."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modem_emulator import profiles
from modem_emulator.cli import main
from modem_emulator.profile import InvalidProfile, Profile, parse

MAKES = [name for name in profiles.names() if name != "generic"]


def tables(profile: Profile) -> Iterator[tuple[str, Any, Any]]:
    """Every table of a profile with its place and what it would be without the file."""
    default = Profile()
    for one in fields(Profile):
        value = getattr(profile, one.name)
        if is_dataclass(value):
            yield one.name, value, getattr(default, one.name)
    for index, periodic in enumerate(profile.periodic):
        yield f"periodic[{index}]", periodic, None


class TestBundledProfiles:
    def test_there_are_those_of_the_guide(self) -> None:
        assert profiles.names() == [
            "generic",
            "huawei-e173",
            "huawei-e3372",
            "nokia",
            "quectel-ec25",
            "sierra-mc7455",
            "sim7600",
            "sim800l",
            "zte-k3565-z",
        ]

    @pytest.mark.parametrize("name", profiles.names())
    def test_each_loads_under_its_name_and_says_in_a_line_what_it_is(self, name: str) -> None:
        profile = profiles.load(name)
        assert profile.name == name
        assert 10 <= len(profile.description) <= 110

    def test_the_generic_one_departs_from_nothing(self) -> None:
        generic = profiles.load("generic")
        assert [place for place, table, default in tables(generic) if table != default] == []

    @pytest.mark.parametrize("name", MAKES)
    def test_each_table_that_departs_from_the_default_has_a_source(self, name: str) -> None:
        departing = [(place, table) for place, table, default in tables(profiles.load(name)) if table != default]
        assert {place for place, _ in departing} >= {"identity", "storage", "timing", "indications"}
        assert [place for place, table in departing if len(table.source) < 10] == []

    @pytest.mark.parametrize("name", MAKES)
    def test_an_issue_that_is_a_source_is_named_with_its_repository(self, name: str) -> None:
        text = " ".join(profiles.text(name).replace("\\\n", " ").split())
        for whose in re.findall(r"(\S+) (?:issues?|pull request) \d", text):
            assert "/" in whose, whose

    @pytest.mark.parametrize("name", MAKES)
    def test_no_source_stands_beside_a_table_that_departs_from_nothing(self, name: str) -> None:
        written = tomllib.loads(profiles.text(name))
        facts = {place: set(table) - {"source"} for place, table in written.items() if isinstance(table, dict)}
        assert [place for place, keys in facts.items() if not keys] == []

    def test_no_two_makes_are_taken_for_each_other(self) -> None:
        made = [profiles.load(name) for name in profiles.names()]
        assert len({one.identity.model for one in made}) == len(made)
        assert len({one.identity.type_allocation_code for one in made}) == len(made)

    @pytest.mark.parametrize("name", MAKES)
    def test_each_is_up_within_a_test_s_patience(self, name: str) -> None:
        boot = profiles.load(name).boot
        assert max([boot.silent_s, boot.ready_s, *(line.after_s for line in boot.lines)]) <= 10.0


class TestGuide:
    GUIDE = (Path(__file__).parents[3] / "docs" / "profiles.md").read_text(encoding="utf-8")

    def test_it_has_a_line_for_each_make(self) -> None:
        lines = re.findall(r"^\| ([a-z][a-z0-9-]+) \|", self.GUIDE, re.M)
        assert sorted(lines) == sorted(["profile", *profiles.names()])

    def test_its_example_is_a_profile(self) -> None:
        example = re.findall(r"```toml\n(.*?)```", self.GUIDE, re.S)
        assert [parse("mine", tomllib.loads(text)).identity.model for text in example] == ["M1"]


class TestProfilesOfOnesOwn:
    def test_a_file_is_named_by_its_path(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text('description = "mine"\n[identity]\nmodel = "M1"\n', encoding="utf-8")
        profile = profiles.load(str(path))
        assert (profile.name, profile.description, profile.identity.model) == ("mine", "mine", "M1")

    @pytest.mark.parametrize("name", MAKES)
    def test_a_bundled_one_can_be_copied_and_changed(self, tmp_path: Path, name: str) -> None:
        shown = CliRunner().invoke(main, ["profiles", "show", name])
        path = tmp_path / f"{name}.toml"
        path.write_text(shown.output, encoding="utf-8")
        assert profiles.load(str(path)) == profiles.load(name)

    def test_an_unknown_name_is_refused_with_those_there_are(self) -> None:
        with pytest.raises(InvalidProfile, match="no profile 'e173'; known: generic, huawei-e173"):
            profiles.load("e173")

    def test_a_file_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidProfile, match=r"cannot read the profile .*none\.toml"):
            profiles.load(str(tmp_path / "none.toml"))

    def test_a_file_that_is_no_toml_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "broken.toml"
        path.write_text("[identity\n", encoding="utf-8")
        with pytest.raises(InvalidProfile, match=r"broken\.toml is no TOML"):
            profiles.load(str(path))

    @pytest.mark.parametrize(
        ("document", "place"),
        [
            ({"colour": "red"}, "mine: unknown key 'colour'"),
            ({"identity": {"colour": "red"}}, "mine.identity: unknown key 'colour'"),
            ({"identity": "huawei"}, "mine.identity must be a table"),
            ({"identity": {"model": 173}}, "mine.identity.model must be str, not int"),
            ({"identity": {"information": "E173"}}, "mine.identity.information must be a list"),
            (
                {"identity": {"type_allocation_code": "3522150"}},
                "mine.identity.type_allocation_code must have 8 digits",
            ),
            ({"identity": {"type_allocation_code": "٣٥٢٢١٥٠٤"}}, "mine.identity.type_allocation_code"),
            ({"boot": {"lines": [{"text": "RDY"}]}}, r"mine.boot.lines\[0\]: a key is missing"),
            ({"boot": {"lines": [{"text": "RDY", "after_s": "2"}]}}, r"mine.boot.lines\[0\].after_s must be float"),
            ({"boot": {"lines": [{"text": "RDY", "after_s": -1}]}}, r"mine.boot.lines\[0\].after_s must be 0 to"),
            ({"boot": {"ready_s": 4000}}, "mine.boot.ready_s must be 0 to 3600 seconds"),
            ({"periodic": [{"text": "x", "every_s": 0}]}, r"mine.periodic\[0\].every_s must be 0.1 to"),
            ({"periodic": [{"text": "x", "every_s": 1, "until": ["curc"]}]}, r"mine.periodic\[0\].until: 'curc'"),
            ({"storage": {"slots": {"SM": 0}}}, "mine.storage.slots.SM must be 1 to 999"),
            ({"storage": {"slots": {"MT": 9}}}, "mine.storage.slots.MT: a storage is named by two letters, not MT"),
            ({"storage": {"reading": ["SM", "BM"]}}, "mine.storage.reading names BM, which has no slots"),
            ({"storage": {"initially": ["SM", "SM"]}}, "mine.storage.initially must name three"),
            ({"storage": {"first_index": 2}}, "mine.storage.first_index must be 0 or 1"),
            ({"storage": {"receiving": ["ME"]}}, "mine.storage.initially: SM is not in receiving"),
            ({"indications": {"mode": [0, 4]}}, "mine.indications.mode must have numbers of 0 to 3"),
            ({"indications": {"ds": []}}, "mine.indications.ds must have numbers"),
            ({"indications": {"initially": [0, 0]}}, "mine.indications.initially must have five numbers"),
            ({"indications": {"mode": [1, 2]}}, "mine.indications.initially: 0 is not in mode"),
            ({"character_sets": {"known": ["GSM", "KOI8"]}}, "mine.character_sets.known: 'KOI8' is none of GSM"),
            ({"character_sets": {"known": ["IRA"]}}, "mine.character_sets.initially: 'GSM' is not in known"),
            ({"boot": {"lines": [{"text": "{nosuch}", "after_s": 1}]}}, r"mine.boot.lines\[0\].text: nothing is"),
            ({"periodic": [{"text": "{nosuch}", "every_s": 1}]}, r"mine.periodic\[0\].text: nothing is"),
            ({"identity": {"information": ["{IMEI}"]}}, r"mine.identity.information\[0\]: nothing is called {IMEI}"),
            ({"commands": {"answers": {"^A": ["{nosuch}"]}}}, r"mine.commands.answers.\^A\[0\]: nothing is"),
            ({"own_number": {"lines": ["{imei}"]}}, r"mine.own_number.lines\[0\]: nothing is called {imei}"),
            ({"errors": {"cmee": 3}}, "mine.errors.cmee must be 0, 1 or 2"),
            ({"errors": {"cmee": True}}, "mine.errors.cmee must be int, not bool"),
            ({"commands": {"refused": ["AT+CNMI?x"]}}, "mine.commands.refused: 'AT.CNMI.x' is no command"),
            ({"commands": {"answers": {"^SYSINFO": "1"}}}, "mine.commands.answers.*SYSINFO must be a list"),
            ({"commands": {"answers": {"sysinfo": []}}}, "mine.commands.answers: 'sysinfo' is no command"),
            ({"timing": {"by_command": {"+CMGS": -1}}}, "mine.timing.by_command.*CMGS must be 0 to"),
        ],
    )
    def test_what_cannot_be_is_refused_with_its_place(self, document: dict[str, Any], place: str) -> None:
        with pytest.raises(InvalidProfile, match=place):
            parse("mine", document)


class TestCommandLine:
    def test_profiles_lists_names_and_what_they_are(self) -> None:
        listed = CliRunner().invoke(main, ["profiles"]).output.splitlines()
        assert [line.split()[0] for line in listed] == profiles.names()
        assert listed[1].endswith(profiles.load("huawei-e173").description)

    def test_profiles_show_prints_the_file_with_its_sources(self) -> None:
        shown = CliRunner().invoke(main, ["profiles", "show", "quectel-ec25"])
        assert shown.exit_code == 0
        assert "clause 9.4" in shown.output

    def test_profiles_show_of_none_that_there_is_names_those_there_are(self) -> None:
        shown = CliRunner().invoke(main, ["profiles", "show", "e173"])
        assert shown.exit_code == 2
        assert "known: generic, huawei-e173" in shown.output
