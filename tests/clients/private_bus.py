"""A D-Bus bus of a test's own, on which a daemon may own any name: it stands for the system's bus and the session's."""

from collections import deque
from contextlib import suppress
from typing import Any

from jeepney import DBusAddress, MatchRule, Message, message_bus, new_method_call
from jeepney.io.blocking import Proxy, open_dbus_connection
from jeepney.wrappers import unwrap_msg

from tests.clients.bench import WAIT_S, Bench, until

LOOK_S = 0.2


class PrivateBus:
    """A bus that ends with the bench, and a connection to it.

    `for_command` goes before the command of a program that is to use the bus.
    """

    def __init__(self, bench: Bench) -> None:
        path = bench.folder / "bus"
        address = f"unix:path={path}"
        self.for_command = ("env", f"DBUS_SYSTEM_BUS_ADDRESS={address}", f"DBUS_SESSION_BUS_ADDRESS={address}")
        bench.start("dbus-daemon", "--session", "--nofork", f"--address={address}")
        until("the bus", path.is_socket)
        self._connection = bench.keep(open_dbus_connection(address))
        self._standard = Proxy(message_bus, self._connection)

    def await_name(self, name: str) -> None:
        """Wait until a daemon has this name."""
        until(f"{name} on the bus", lambda: self._standard.NameHasOwner(name)[0])

    def call(
        self, name: str, path: str, interface: str, method: str, signature: str = "", *values: object
    ) -> tuple[Any, ...]:
        """Call a method and return what it answers. Raises DBusErrorResponse."""
        call = new_method_call(DBusAddress(path, name, interface), method, signature or None, values)
        answer: tuple[Any, ...] = unwrap_msg(self._connection.send_and_get_reply(call, timeout=WAIT_S))
        return answer

    def listen(self, interface: str, signal: str) -> deque[Message]:
        """Where this signal is put, as `take_signals` brings it."""
        rule, found = MatchRule(type="signal", interface=interface, member=signal), deque[Message]()
        self._standard.AddMatch(rule)
        self._connection.filter(rule, queue=found)
        return found

    def take_signals(self) -> None:
        """Take in what has come, or comes in a moment."""
        with suppress(TimeoutError):
            self._connection.recv_messages(timeout=LOOK_S)
