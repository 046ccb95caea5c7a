"""The three programs as nodes: the real session on its real SQLite store, with a shell that can crash anywhere.

A node does what the shells do: it calls the session inside one transaction of the store, commits, and then performs
the actions. A crash before the commit takes the transaction back; one after it leaves some actions undone.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bank_server import actions as bank_actions
from bank_server.keys import BankKeys
from bank_server.session import BankSession
from bank_server.sqlite_store import SqliteStore as BankStore
from handset import actions as handset_actions
from handset.session import HandsetSession
from handset.sqlite_store import SqliteStore as HandsetStore
from operator_platform import actions as operator_actions
from operator_platform.keys import OperatorKeys
from operator_platform.session import OperatorSession
from operator_platform.sqlite_store import SqliteStore as OperatorStore
from wire.identity import Identity
from wire.sealing import BankSeal
from wire.secret import Secret

if TYPE_CHECKING:
    from tests.simulation.world import World


OPERATOR_ID, OPERATOR_NODE = "46000", 1


class Crash(Exception):
    """The process dies here."""


class Node:
    """One program: up with a session, or down until it is started again."""

    name: str

    def __init__(self, world: "World", folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.session: Any = None
        self.store: Any = None
        self.life = 0  # how often it was started; what was meant for an earlier life does not reach this one
        self._wakeup: float | None = None

    def open(self) -> None:
        raise NotImplementedError

    def perform(self, action: Any) -> None:
        raise NotImplementedError

    def started(self) -> None:
        """What a program does after its session has started."""

    def start(self) -> None:
        assert self.session is None
        self.life += 1
        self.open()
        self.world.log(f"{self.name} starts")
        if self.do("start"):
            self.started()

    def crash(self) -> None:
        """Die as by SIGKILL; start again some seconds later."""
        if self.session is None:
            return
        self.world.log(f"{self.name} dies")
        self.session = None
        self.store.close()
        self.died()
        life = self.life
        delay = self.world.random.uniform(0.5, self.world.faults.restart_s_max)
        self.world.scheduler.after(delay, lambda: self.start() if self.life == life else None)

    def died(self) -> None:
        """What the world notices when it dies."""

    def do(self, method: str, *arguments: Any) -> bool:
        """Call the session as a shell does. Returns whether the node is still alive."""
        if self.session is None:
            return False
        faults, chance = self.world.faults, self.world.random.random
        try:
            with self.store.transaction():
                actions = getattr(self.session, method)(*arguments, self.world.now)
                if chance() < faults.crash_before_commit:
                    raise Crash
        except Crash:
            self.crash()
            return False
        dies_after = self.world.random.randint(0, len(actions)) if chance() < faults.crash_after_commit else None
        life = self.life
        for position, action in enumerate(actions):
            if position == dies_after or self.life != life or self.session is None:
                break
            self.perform(action)
        if dies_after is not None and self.life == life:
            self.crash()
        if self.session is None or self.life != life:
            return False
        self._set_alarm()
        return True

    def _set_alarm(self) -> None:
        with self.store.transaction():
            wakeup = self.session.next_wakeup()
        if wakeup is None or wakeup == self._wakeup:
            return
        self._wakeup = wakeup
        life = self.life

        def ring() -> None:
            if self.life == life and self._wakeup == wakeup and self.session is not None:
                self._wakeup = None
                self.do("tick")

        self.world.scheduler.at(wakeup, ring)

    def note(self, text: str) -> None:
        self.world.log(f"{self.name}: {text}")


class BankNode(Node):
    """The bank; connections are numbered by the world's link."""

    name = "bank"

    def __init__(self, world: "World", folder: Path, keys: BankKeys) -> None:
        super().__init__(world, folder)
        self.keys = keys

    def open(self) -> None:
        self.store = BankStore(self.folder / "bank.sqlite", synchronous="OFF")
        self.session = BankSession(self.store, self.keys, self.world.random.randbytes)

    def started(self) -> None:
        self.world.link.offer()

    def died(self) -> None:
        self.world.link.cut()

    def renew(self) -> None:
        """The custodians renew the seeds and the control key (after step 208), and what is out of use is erased."""
        held = self.keys.of(OPERATOR_ID)
        randbytes = self.world.random.randbytes
        self.keys.put(held.with_seeds(Secret(randbytes(32)), Secret(randbytes(32))).with_control_key(randbytes))
        self.note("keys are renewed")
        if self.session is None or not self.do("keys_changed"):
            return
        with self.store.transaction():
            outdated = self.session.outdated_keys(self.world.now)
        for found in outdated:
            self.keys.put(self.keys.of(found.operator).without_older(found.generation, found.epoch))

    def perform(self, action: bank_actions.Action) -> None:
        match action:
            case bank_actions.Send(connection, message):
                self.world.link.to_operator(connection, message)
            case bank_actions.Close(connection, reason):
                self.note(f"closes the connection: {reason}")
                self.world.link.cut(connection)
            case bank_actions.Note(_level, text):
                self.note(text)


class OperatorNode(Node):
    """The operator. Its key files are kept as saved, for the next life."""

    name = "operator"

    def __init__(self, world: "World", folder: Path, static: Secret) -> None:
        super().__init__(world, folder)
        self.static = static
        self.saved_seeds: operator_actions.SaveSeeds | None = None
        self.saved_control: operator_actions.SaveControlKey | None = None

    def open(self) -> None:
        self.store = OperatorStore(self.folder / "operator.sqlite", durable=False)
        seeds, control = self.saved_seeds, self.saved_control
        keys = OperatorKeys(
            self.static,
            seeds.current if seeds else None,
            seeds.previous if seeds else None,
            control.current if control else None,
            control.previous if control else None,
        )
        self.session = OperatorSession(OPERATOR_ID, OPERATOR_NODE, self.store, keys, self.world.random.randbytes)

    def started(self) -> None:
        self.world.link.offer()

    def died(self) -> None:
        self.world.link.cut()

    def perform(self, action: operator_actions.Action) -> None:
        match action:
            case operator_actions.SendBank(message):
                self.world.link.to_bank(message)
            case operator_actions.CloseBank(reason):
                self.note(f"closes the connection: {reason}")
                self.world.link.cut()
            case operator_actions.SendSms(outbox_id, msisdn, text):
                self.world.sms.from_operator(outbox_id, msisdn, text)
            case operator_actions.SaveSeeds():
                self.saved_seeds = action
            case operator_actions.SaveControlKey():
                self.saved_control = action
            case operator_actions.Note(_level, text):
                self.note(text)


class HandsetNode(Node):
    """One customer's handset; `customer` is told what it shows."""

    def __init__(
        self,
        world: "World",
        folder: Path,
        identity: Identity,
        seal: BankSeal,
        operator_number: str,
        customer: Callable[[handset_actions.Update], None],
    ) -> None:
        super().__init__(world, folder)
        self.name = f"handset {identity.msisdn[-2:]}"
        self.identity, self.seal, self.operator_number, self.customer = identity, seal, operator_number, customer

    def open(self) -> None:
        self.store = HandsetStore(self.folder, synchronous="OFF")
        self.session = HandsetSession(
            self.store, self.seal, self.identity, self.operator_number, self.world.random.randbytes
        )

    def perform(self, action: handset_actions.Action) -> None:
        match action:
            case handset_actions.SendText(send_id, text):
                self.world.sms.from_handset(self, send_id, text)
            case handset_actions.Show(update):
                self.note(f"shows {update}")
                self.customer(update)
            case handset_actions.Note(text):
                self.note(text)

    def ask(self, method: str, *arguments: Any) -> None:
        """The customer presses a key; on a dead handset nothing happens."""
        with contextlib.suppress(Crash):
            self.do(method, *arguments)
