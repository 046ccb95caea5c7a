"""Parts of the demo that can be seen alone; the whole of it is tested with the whole programs."""

import os
import signal
import subprocess
import sys
import time

import pytest

from handset import die_with_parent
from handset.demo import DemoFailed, _command, _first_line
from handset.demo_customers import CUSTOMERS
from wire.digits import checked_account, checked_imsi, checked_msisdn, checked_pin


def test_the_customers_are_real_in_form_and_no_two_share_a_number() -> None:
    for customer in CUSTOMERS:
        checked_account(customer.account)
        checked_pin(customer.pin)
        checked_msisdn(customer.msisdn)
        checked_imsi(customer.imsi)
    for field in ("account", "name", "msisdn", "imsi"):
        assert len({getattr(customer, field) for customer in CUSTOMERS}) == len(CUSTOMERS)


def test_a_program_that_is_not_installed_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(DemoFailed, match=r"yinxin\[all\]"):
        _command("bank-server")


def test_a_line_that_never_comes_is_not_waited_for_beyond_the_deadline() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        os.write(writing, b'{"ready"')
        assert _first_line(stream, time.monotonic() + 0.05) == b'{"ready"'
        os.write(writing, b": true}\n")
        assert _first_line(stream, time.monotonic() + 5) == b": true}\n"
        os.close(writing)
        assert _first_line(stream, time.monotonic() + 5) == b""


@pytest.mark.programs
@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_child_dies_with_its_parent_even_if_that_is_killed() -> None:
    sleep = "import time; print('up', flush=True); time.sleep(600)"
    parent = (
        "import os, subprocess, sys, time\n"
        f"command = [sys.executable, '-I', '-S', {die_with_parent.__file__!r}, str(os.getpid()), sys.executable]\n"
        f"child = subprocess.Popen([*command, '-c', {sleep!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        os.kill(child, 0)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _is_running(child):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.02)


def _is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
