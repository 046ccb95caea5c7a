"""The fixtures as another project finds them: a folder of its own, plain pytest, and the installed package."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

WAIT_S = 120


def pytest_in(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_other_project.py").write_text(dedent(source))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "ignore", *options, str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=WAIT_S,
        check=False,
    )


def test_an_unmodified_library_sends_and_receives(tmp_path: Path) -> None:
    ran = pytest_in(
        tmp_path,
        """
        from queue import Queue
        from gsmmodem.modem import GsmModem

        def test_it_receives_and_sends(gsm_modem):
            received = Queue()
            client = GsmModem(gsm_modem.port, smsReceivedCallbackFunc=received.put)
            client.connect()
            gsm_modem.receives("hi there", sender="YINXIN")
            sms = received.get(timeout=60)
            assert (sms.number, sms.text) == ("YINXIN", "hi there")
            client.sendSms("+8613912345678", "hello")
            sent = gsm_modem.wait_for_sent(60)
            assert (sent.destination, sent.text) == ("+8613912345678", "hello")
            client.close()
        """,
    )
    assert "1 passed" in ran.stdout, ran.stdout


def test_the_marker_and_the_parameters_choose_the_modem(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('description = "a make of my own"\n[identity]\nmodel = "MINE 1"\n')
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    ran = pytest_in(
        tmp_path,
        """
        import pytest, serial

        def ask(modem, line):
            with serial.Serial(modem.port, timeout=30) as port:
                port.write(line + b"\\r")
                return port.read_until(b"OK\\r\\n")

        @pytest.mark.gsm_modem(pin="1234")
        def test_the_sim_is_locked(gsm_modem):
            assert b"SIM PIN" in ask(gsm_modem, b"AT+CPIN?")

        @pytest.mark.gsm_modem(profile="mine.toml")
        def test_a_make(gsm_modem):
            assert b"MINE 1" in ask(gsm_modem, b"AT+CGMM")

        @pytest.mark.parametrize("gsm_modem_profile", ["generic", "mine.toml"])
        def test_several_makes(gsm_modem, gsm_modem_profile):
            assert (b"MINE 1" in ask(gsm_modem, b"AT+CGMM")) == (gsm_modem_profile == "mine.toml")

        def test_two_modems(gsm_modems, gsm_modem, gsm_network):
            assert len(gsm_modems) == 2
            assert gsm_modem is gsm_modems[0]
            gsm_network.send("hello", gsm_modems[0].msisdn, to=gsm_modems[1].msisdn)
            assert [one.text for one in gsm_modems[1].stored] == ["hello"]

        @pytest.mark.gsm_modem(modems=3)
        class TestThree:
            @pytest.mark.gsm_modem(slots=1)
            def test_the_closest_marker_adds(self, gsm_modems):
                assert len(gsm_modems) == 3
                assert b'"SM",0,1' in ask(gsm_modems[2], b"AT+CPMS?")
        """,
    )
    assert "6 passed" in ran.stdout, ran.stdout


def test_the_configuration_file_names_the_make(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[identity]\nmodel = "MINE 1"\n')
    (tmp_path / "pytest.ini").write_text("[pytest]\ngsm_modem_profile = mine.toml\n")
    ran = pytest_in(tmp_path, "def test_it(gsm_modem_profile):\n    assert gsm_modem_profile == 'mine.toml'\n")
    assert "1 passed" in ran.stdout, ran.stdout


def test_a_failed_test_shows_what_went_through_the_port(tmp_path: Path) -> None:
    ran = pytest_in(
        tmp_path,
        """
        import serial

        def test_it_fails(gsm_modems):
            with serial.Serial(gsm_modems[0].port, timeout=30) as port:
                port.write(b"AT+CSQ\\r")
                port.read_until(b"OK\\r\\n")
            assert False
        """,
    )
    assert "1 failed" in ran.stdout
    head, _, dialogue = ran.stdout.partition("AT dialogue of modem0")
    assert head
    assert " > AT+CSQ\n" in dialogue
    assert "+CSQ: 20,99" in dialogue
    assert "AT dialogue of modem1" not in dialogue  # it was not used


def test_a_passed_test_shows_nothing(tmp_path: Path) -> None:
    ran = pytest_in(tmp_path, "def test_it(gsm_modem):\n    assert gsm_modem.port\n")
    assert "1 passed" in ran.stdout
    assert "AT dialogue" not in ran.stdout


def test_a_marker_that_says_what_cannot_be_is_refused(tmp_path: Path) -> None:
    ran = pytest_in(
        tmp_path,
        """
        import pytest

        @pytest.mark.gsm_modem(colour="red")
        def test_it(gsm_modem):
            pass
        """,
    )
    assert "the marker gsm_modem takes esmes" in ran.stdout, ran.stdout
    assert "1 error" in ran.stdout
