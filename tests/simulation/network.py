"""What lies between the nodes: the SMS network and the TCP connection, both as bad as the faults make them."""

from typing import TYPE_CHECKING

from handset.actions import SendOutcome

if TYPE_CHECKING:
    from tests.simulation.nodes import HandsetNode
    from tests.simulation.world import World

TCP_DELAY_S_MAX = 0.2
CONNECT_S_MAX = 3.0
STRAY_S_MAX = 600.0


class Sms:
    """Loses, doubles, delays and so reorders SMS; its acknowledgement to a sender is no promise of arrival."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def from_handset(self, handset: "HandsetNode", send_id: int, text: str) -> None:
        world, faults, chance = self._world, self._world.faults, self._world.random.random
        outcome = SendOutcome.SENT
        if chance() < faults.send_failed:
            outcome = SendOutcome.FAILED
        else:
            if chance() < faults.send_unknown:
                outcome = SendOutcome.UNKNOWN
            msisdn = handset.identity.msisdn
            self._carry(lambda: world.operator.do("receive_sms", msisdn, text))
        life = handset.life
        world.scheduler.after(
            world.random.uniform(0.5, 5.0),
            lambda: handset.do("send_finished", send_id, outcome) if handset.life == life else None,
        )

    def from_operator(self, outbox_id: int | None, msisdn: str, text: str) -> None:
        world = self._world
        refused = world.random.random() < world.faults.sms_refused
        if not refused:
            for handset in world.handsets:
                if handset.identity.msisdn == msisdn:
                    self._carry(lambda handset=handset: handset.do("receive_text", world.operator_number, text))
        if outbox_id is None:
            return
        life = world.operator.life

        def told() -> None:
            if world.operator.life != life:
                return
            if refused:
                world.operator.do("sms_refused", outbox_id, "the simulation refuses it")
            else:
                world.operator.do("sms_accepted", outbox_id)

        world.scheduler.after(world.random.uniform(0.05, 1.0), told)

    def _carry(self, deliver) -> None:  # type: ignore[no-untyped-def]
        """Deliver none, one or two times. A phone or platform that is down has the message offered again."""
        world, faults, random = self._world, self._world.faults, self._world.random
        if random.random() < faults.sms_lost:
            world.log("an SMS is lost")
            return
        for _ in range(2 if random.random() < faults.sms_doubled else 1):
            delay = random.uniform(0.2, faults.sms_delay_s_max)
            if random.random() < faults.sms_stray_delay:
                delay = random.uniform(0.2, STRAY_S_MAX)
            world.scheduler.after(delay, deliver)


class Link:
    """The one connection of operator and bank: ordered within its life, and what is under way dies with it."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._connection = 0
        self._up = False
        self._connecting = False
        self._clear_at = [0.0, 0.0]

    def offer(self) -> None:
        """Connect in a while, if both sides are there by then; else whoever starts offers again."""
        if self._up or self._connecting:
            return
        self._connecting = True
        self._world.scheduler.after(self._world.random.uniform(0.1, CONNECT_S_MAX), self._connect)

    def _connect(self) -> None:
        self._connecting = False
        bank, operator = self._world.bank, self._world.operator
        if bank.session is None or operator.session is None or self._up:
            return
        self._connection += 1
        self._up = True
        self._clear_at = [0.0, 0.0]
        self._world.log(f"connection {self._connection}")
        connection = self._connection
        if bank.do("connected", connection) and self._is(connection):
            operator.do("bank_connected")

    def cut(self, connection: int | None = None) -> None:
        """The connection breaks; both sides that live are told, and the operator connects again."""
        if not self._up or (connection is not None and connection != self._connection):
            return
        self._up = False
        broken = self._connection
        self._world.log(f"connection {broken} breaks")
        bank, operator = self._world.bank, self._world.operator
        bank_life, operator_life = bank.life, operator.life

        def tell_bank() -> None:
            if bank.life == bank_life:
                bank.do("disconnected", broken)

        def tell_operator() -> None:
            if operator.life == operator_life:
                operator.do("bank_disconnected")
            self.offer()

        self._world.scheduler.after(self._world.random.uniform(0.0, 0.1), tell_operator)
        self._world.scheduler.after(self._world.random.uniform(0.0, 0.1), tell_bank)

    def to_bank(self, message: bytes) -> None:
        if self._up:
            self._pass(0, lambda connection: self._world.bank.do("receive", connection, message))

    def to_operator(self, connection: int, message: bytes) -> None:
        if self._is(connection):
            self._pass(1, lambda _connection: self._world.operator.do("receive_bank", message))

    def _pass(self, direction: int, deliver) -> None:  # type: ignore[no-untyped-def]
        connection = self._connection
        arrives = self._world.now + self._world.random.uniform(0.001, TCP_DELAY_S_MAX)
        if self._world.random.random() < self._world.faults.stall:
            self._world.log(f"connection {connection} stalls")
            arrives += self._world.random.uniform(5.0, self._world.faults.stall_s_max)
        self._clear_at[direction] = arrives = max(arrives, self._clear_at[direction])
        self._world.scheduler.at(arrives, lambda: deliver(connection) if self._is(connection) else None)

    def _is(self, connection: int) -> bool:
        return self._up and connection == self._connection
