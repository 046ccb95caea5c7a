"""A whole emulator spoken to without ports: octets typed, octets shown, and the clock in hand."""

from collections.abc import Sequence
from random import Random

from gsm import pdu
from gsm.pdu import Submit, UserData
from modem_emulator import faults
from modem_emulator.emulator import Action, DeliverToEsme, Emulator, HangUp, Phone, PlugIn, WriteToPort
from modem_emulator.scenario import Scenario
from modem_emulator.store import MemoryStore

START_S = 1_700_000_000.0
BANK = "95533"
ANNA = Phone("460001234567890", "8613900000001", slots=5)
BERND = Phone("460001234567891", "8613900000002", slots=5)
OK = "\r\nOK\r\n"


class Bench:
    """Phones with echo off, told of messages by +CMTI; `now_s` is the time since the start."""

    def __init__(self, *phones: Phone, scenario: Scenario | None = None) -> None:
        scenario = scenario or Scenario()
        self.now_s = 0.0
        self.emulator = Emulator(
            MemoryStore(),
            Random(7 if scenario.seed is None else scenario.seed),
            phones,
            [BANK],
            scenario.messages,
            scenario.rates,
            scenario.clock,
        )
        self.shown = ["" for _ in phones]
        self.all: list[Action] = []
        self.note(self.emulator.start(START_S))
        for phone in range(len(phones)):
            self.type("ATE0;+CNMI=2,1,0,2\r", phone)
            self.shown[phone] = ""
        for step in scenario.steps:
            self.note(self.emulator.arm(step, START_S))

    def fault(self, do: str, **keys: object) -> str:
        """Arm a fault, for the first phone if no other is named; what that shows there."""
        table = {"do": do.replace("_", "-"), "modem": "modem0", **keys}
        self.note(self.emulator.arm(faults.build(table, "test"), START_S + self.now_s))
        return self.taken(0)

    def type(self, text: str | bytes, phone: int = 0) -> str:
        """Type at a phone; what it has shown since the last look."""
        octets = text if isinstance(text, bytes) else text.encode("latin-1")
        self.note(self.emulator.received(phone, octets, START_S + self.now_s))
        return self.taken(phone)

    def send(self, text: str, phone: int = 0, to: str = "+8613900000002", report: bool = False) -> str:
        """Send a message; all that the phone has shown, its prompt included."""
        tpdu = pdu.encode_submit(Submit(to, UserData.of_text(text), status_report_request=report))
        return self.type(f"AT+CMGS={len(tpdu)}\r", phone) + self.type(pdu.to_hex(tpdu) + "\x1a", phone)

    def wait(self, seconds: float, phone: int = 0) -> str:
        """Let time pass, ticking whenever the emulator wants it; what the phone shows meanwhile."""
        end_s = self.now_s + seconds
        while (due_s := self.emulator.next_due_s()) is not None and due_s - START_S <= end_s:
            self.now_s = max(self.now_s, due_s - START_S)
            self.note(self.emulator.tick(max(due_s, START_S + self.now_s)))
        self.now_s = end_s
        self.note(self.emulator.tick(START_S + self.now_s))
        return self.taken(phone)

    def taken(self, phone: int) -> str:
        """What a phone has shown since the last look."""
        shown, self.shown[phone] = self.shown[phone], ""
        return shown

    def texts(self, phone: int) -> list[str]:
        """The texts in a phone's storage, in the order of their slots."""
        slots = self.emulator.modems[phone].sim.slots
        return [pdu.decode_deliver(message.tpdu).text for _, message in slots]

    @property
    def plugs(self) -> list[Action]:
        """What has happened to ports."""
        return [action for action in self.all if isinstance(action, HangUp | PlugIn)]

    @property
    def to_esme(self) -> list[DeliverToEsme]:
        """What was to be handed to ESMEs."""
        return [action for action in self.all if isinstance(action, DeliverToEsme)]

    def note(self, actions: Sequence[Action]) -> None:
        """Take what the emulator wants done."""
        self.all += actions
        for action in actions:
            if isinstance(action, WriteToPort):
                self.shown[action.phone] += action.data.decode("latin-1")
