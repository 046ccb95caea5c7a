"""The link of a pty: whose it is, and what is never replaced."""

import os
from pathlib import Path

import pytest

from gsm.port_link import LinkRefused, PortLink
from gsm.pseudo_terminal import PseudoTerminal
from modem_emulator.ptys import owned


def test_a_link_leads_to_the_pty_and_goes_with_it(tmp_path: Path) -> None:
    terminal = PseudoTerminal(tmp_path / "modem")
    assert terminal.path == str(tmp_path / "modem")
    assert os.readlink(tmp_path / "modem").startswith("/dev/pts/")
    assert terminal.left_behind is None
    terminal.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(LinkRefused, match=f"the folder {tmp_path}/none for the link is not there; make it"):
        PortLink(tmp_path / "none" / "modem")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_link_or_leads_elsewhere_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/dev/ttyUSB0")
    for name, complaint in (("file", "is no link"), ("folder", "is no link"), ("link", "a link to /dev/ttyUSB0")):
        with pytest.raises(LinkRefused, match=complaint):
            PseudoTerminal(tmp_path / name)
    assert (tmp_path / "file").read_text() == "precious"
    assert os.readlink(tmp_path / "link") == "/dev/ttyUSB0"


def test_a_link_that_is_owned_is_not_taken_whichever_way_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(tmp_path)
    first = PortLink(tmp_path / "modem")
    first.lead_to("/dev/pts/1234567")
    for path in (tmp_path / "modem", tmp_path / "here/modem"):
        with pytest.raises(LinkRefused, match="belongs to another program that is running"):
            PortLink(path)
    assert os.readlink(tmp_path / "modem") == "/dev/pts/1234567"
    PortLink(tmp_path / "other").close()
    first.close()
    PortLink(tmp_path / "modem").close()


def test_a_link_that_was_left_is_taken_even_if_its_number_was_given_to_another_pty(tmp_path: Path) -> None:
    others, slave = os.openpty()  # as a terminal that was opened since
    try:
        (tmp_path / "modem").symlink_to(os.ttyname(slave))
        terminal = PseudoTerminal(tmp_path / "modem")
        assert terminal.left_behind == os.ttyname(slave)
        assert os.readlink(tmp_path / "modem") != os.ttyname(slave)
        terminal.close()
    finally:
        os.close(others)
        os.close(slave)


def test_a_link_of_an_emulator_that_runs_is_not_taken_but_one_beside_it_is_made(tmp_path: Path) -> None:
    (tmp_path / "modem0").symlink_to("/dev/pts/1234567")
    with owned(tmp_path):
        with pytest.raises(LinkRefused, match="belongs to another program"):
            PortLink(tmp_path / "modem0")
        PortLink(tmp_path / "tap").close()
    PortLink(tmp_path / "modem0").close()


def test_the_name_stays_owned_while_the_modem_is_unplugged(tmp_path: Path) -> None:
    terminal = PseudoTerminal(tmp_path / "modem")
    terminal.unplug()
    with pytest.raises(LinkRefused):
        PortLink(tmp_path / "modem")
    terminal.plug_in()
    assert (tmp_path / "modem").is_symlink()
    terminal.close()
