"""What a modem is and what has been set in it: the state that AT commands read and change."""

from copy import deepcopy
from dataclasses import dataclass, field

from gsm import pdu
from gsm.pdu import Deliver, UserData, encode_deliver
from modem_emulator import faults, placeholders
from modem_emulator.clock import Clock
from modem_emulator.faults import Fault, MessageFault
from modem_emulator.profile import Profile
from modem_emulator.records import InvalidRecord
from modem_emulator.sim import PHONEBOOK_RECORDS, CombinedSlots, Phonebook, Sim, SimState, Slots
from modem_emulator.sim_files import Card
from modem_emulator.store import Status, StoredMessage


@dataclass(frozen=True, slots=True)
class Write:
    """Send these octets to whoever has the modem's port open."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Submit:
    """Hand this to the service centre; answer with `Engine.submitted` or `Engine.refused`."""

    submit: pdu.Submit = field(repr=False)


@dataclass(frozen=True, slots=True)
class SubmitCommand:
    """Hand this SMS-COMMAND to the service centre; answer with `Engine.submitted` or `Engine.refused`."""

    command: pdu.Command = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ussd:
    """Say this in the USSD dialogue, which it may begin; None ends the dialogue. Answers come by `Engine.ussd`."""

    text: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """The modem has registered with the network, or has left it."""

    now: bool


@dataclass(frozen=True, slots=True)
class MemoryAvailable:
    """A slot has become free after a message was refused (RP-SMMA, TS 24.011 clause 7.3.2)."""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The delivered message is stored or handed over (RP-ACK)."""


@dataclass(frozen=True, slots=True)
class Reject:
    """The delivered message could not be taken; keep it (RP-ERROR; cause 22 is memory capacity exceeded)."""

    cause: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """The modem was unplugged: its port is gone."""


@dataclass(frozen=True, slots=True)
class PlugIn:
    """The modem was plugged in: its port is there again."""


@dataclass(frozen=True, slots=True)
class Arrange:
    """The network is to let this befall the next messages from or to this modem."""

    fault: MessageFault


Action = (
    Write
    | Submit
    | SubmitCommand
    | Ussd
    | Registered
    | MemoryAvailable
    | Acknowledge
    | Reject
    | HangUp
    | PlugIn
    | Arrange
)


# Phonebooks of the modem itself with their records: its own, dialled, received and missed calls (TS 27.007 8.11).
_OWN_PHONEBOOKS = {"ME": 100, "DC": 10, "RC": 10, "MC": 10}
PHONEBOOKS = (*PHONEBOOK_RECORDS, *_OWN_PHONEBOOKS)

# <rssi> 20 is -73 dBm, a good indoor signal; 99 is unknown (TS 27.007 clause 8.5).
RSSI, RSSI_UNKNOWN = 20, 99


@dataclass(frozen=True, slots=True)
class Plmn:
    """The one network that there is: its names (TS 27.007 clause 7.3) and its code, MCC and MNC together."""

    name: str = "yinxin"
    code: str = "46000"


@dataclass(slots=True)
class Settings:
    """What AT commands set; a new one is what AT&F restores. Named after V.250, 27.007 and 27.005."""

    echo: bool = True
    verbose: bool = True
    quiet: bool = False
    registers: dict[int, int] = field(default_factory=lambda: {0: 0, 3: 13, 4: 10, 5: 8, 7: 60})
    cmee: int = 0
    text_mode: bool = False
    character_set: str = "GSM"
    # <fo>, <vp>, <pid>, <dcs>: SUBMIT with relative validity of a day (TS 27.005 clauses 3.1 and 3.3.3); <vp> is a
    # number, or the text of an absolute or enhanced validity.
    text_parameters: tuple[int, int | str, int, int] = (17, 167, 0, 0)
    show_text_parameters: bool = False
    # <mode>, <mt>, <bm>, <ds>, <bfr> (TS 27.005 clause 3.4.1).
    indications: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    # <service> of +CSMS: with 1 a message that is shown directly wants +CNMA (TS 27.005 clause 3.2.1).
    message_service: int = 0
    registration_reports: dict[str, int] = field(default_factory=dict)
    operator_format: int = 0
    extended_ring: int = 0
    hang_up_control: int = 0
    # <n> of +CUSD: whether what the network says is shown.
    ussd: int = 0
    phonebook: str = "SM"
    # By name of command, what only that command knows of (`commands.table.numbers`).
    numbers: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, profile: Profile) -> "Settings":
        """What this make of modem starts with."""
        mode, mt, bm, ds, bfr = profile.indications.initially
        return cls(
            echo=profile.behaviour.echo,
            cmee=profile.errors.cmee,
            character_set=profile.character_sets.initially,
            indications=(mode, mt, bm, ds, bfr),
        )


@dataclass(slots=True)
class Equipment:
    """One modem with its SIM; `imei` has 15 digits. Commands put what the outside must do into `actions`."""

    sim: Sim
    smsc: str
    imei: str = "490154203237518"
    profile: Profile = field(default_factory=Profile)
    plmn: Plmn = field(default_factory=Plmn)
    clock: Clock = field(default_factory=Clock)
    settings: Settings = field(init=False)
    functionality: int = 1
    # The <fun> of +CFUN after the restart that the command line under way has asked for.
    restart: int | None = None
    deregistered: bool = False
    # What the outside does to the modem: signal (<rssi> 0 to 31, None without coverage), the moment when it is up
    # and its SIM is readable after a reset, and how long the SIM is busy.
    powered: bool = True
    rssi: int | None = RSSI
    rssi_before: int = RSSI
    # Whether there is anybody behind the signal: a cell that has lost its network still sends.
    network_there: bool = True
    # Whether the network takes the SIM, and the port what is sent to it.
    refused_by_network: bool = False
    listening: bool = True
    ready_s: float = 0.0
    sim_busy_until_s: float = 0.0
    refused_for_memory: bool = False
    reference: int = 0
    now_s: float = 0.0
    actions: list[Action] = field(default_factory=list)
    # Lines that nobody asked for, framed: those of +CNMI, which it may hold back, and all others.
    indications: list[bytes] = field(default_factory=list)
    notices: list[bytes] = field(default_factory=list)
    # What +CCLK= and +COPS= have set, and that +CPIN? is to name PIN2.
    clock_ahead_s: float = 0.0
    clock_quarters: int = 0
    operator_mode: int = 0
    pin2_asked: bool = False
    packet_attached: bool = True
    contexts: dict[int, tuple[str, str]] = field(default_factory=dict)
    preferred_operators: dict[int, str] = field(default_factory=dict)
    own_phonebooks: dict[str, Phonebook] = field(default_factory=dict)
    # <mem1>, <mem2>, <mem3> of +CPMS; the modem's own slots, made when first asked for; what +CSCB and +CSAS keep;
    # and whether a message that was shown directly still wants its +CNMA.
    memories: list[str] = field(init=False)
    own_slots: dict[str, Slots] = field(default_factory=dict)
    cell_broadcast: tuple[int, str, str] = (0, "", "")
    saved_settings: dict[int, tuple[str, tuple[int, int | str, int, int], tuple[int, str, str]]] = field(
        default_factory=dict
    )
    unacknowledged: bool = False
    card: Card | None = None  # the SIM's files, made when first asked for
    # What AT&W has kept for ATZ and the next power on, while the emulator runs.
    kept: Settings | None = None

    def __post_init__(self) -> None:
        self.memories = list(self.profile.storage.initially)
        self.sim.slots.first = self.profile.storage.first_index
        self.settings = Settings.of(self.profile)

    def restore_settings(self) -> None:
        """Set what AT&W has kept, or what the make of modem starts with."""
        self.settings = Settings.of(self.profile) if self.kept is None else deepcopy(self.kept)

    @property
    def registered(self) -> bool:
        """Whether the network can reach the phone: up, radio on, SIM unlocked, in coverage, not left by +COPS=2."""
        return self.searching and self.rssi is not None and self.network_there and not self.refused_by_network

    @property
    def searching(self) -> bool:
        """Whether the modem is registered or looks for the network."""
        ready = self.powered and self.now_s >= self.ready_s and self.sim.state is SimState.READY
        return ready and self.functionality == 1 and not self.deregistered

    @property
    def sim_busy(self) -> bool:
        """The SIM answers nothing now (+CME ERROR 14, +CMS ERROR 314): it starts, or a fault keeps it."""
        return self.now_s < max(self.ready_s, self.sim_busy_until_s)

    @property
    def registration(self) -> int:
        """<stat> of +CREG (TS 27.007 clause 7.2): 1 home network, 2 searching, 3 denied, 0 not searching."""
        if self.searching and self.rssi is not None and self.refused_by_network:
            return 3
        return 1 if self.registered else 2 if self.searching else 0

    @property
    def signal(self) -> int:
        """<rssi> of +CSQ: 0 to 31, 99 unknown (TS 27.007 clause 8.5)."""
        return RSSI_UNKNOWN if self.rssi is None or self.functionality != 1 else self.rssi

    def filled(self, line: str) -> str:
        """A line of the profile with what is so in place of its {names}."""
        identity = self.profile.identity
        known = {
            "imei": self.imei,
            "imsi": self.sim.imsi,
            "iccid": self.sim.iccid,
            "msisdn": self.sim.msisdn,
            "manufacturer": identity.manufacturer,
            "model": identity.model,
            "revision": identity.revision,
            "capabilities": identity.capabilities,
            "sim_state": self.sim.state.value,
            "rssi": str(self.signal),
            "registration": str(self.registration),
        }
        return placeholders.filled(line, known)

    def next_reference(self) -> int:
        """TP-MR for the next message, 0 to 255 in turn (TS 23.040 clause 9.2.3.6)."""
        reference, self.reference = self.reference, (self.reference + 1) % 256
        return reference

    def phonebook(self, name: str) -> Phonebook:
        """One of `PHONEBOOKS`; ON is empty where this make keeps the own numbers out of it. Raises KeyError."""
        hidden = name == "ON" and not self.profile.own_number.in_phonebook
        if name in PHONEBOOK_RECORDS and not hidden:
            return self.sim.phonebook(name)
        if name not in self.own_phonebooks:
            self.own_phonebooks[name] = Phonebook(PHONEBOOK_RECORDS[name] if hidden else _OWN_PHONEBOOKS[name])
        return self.own_phonebooks[name]

    def delete(self, storage: str, index: int) -> None:
        """Empty a slot and tell the network if it waits for that. Raises SlotEmpty, or InvalidRecord."""
        self.storage(storage).delete(index)
        if self.refused_for_memory:
            self.refused_for_memory = False
            self.actions.append(MemoryAvailable())

    def suffer(self, fault: Fault) -> None:
        """Let a fault of radio, SIM or storage happen, or have the network arrange one for messages.

        Raises InvalidRecord for a storage that this modem has not.
        """
        match fault:
            case faults.SimBusy() | faults.AskPin() | faults.AskPuk() | faults.RemoveSim() | faults.InsertSim():
                self._suffer_in_sim(fault)
            case faults.ForgetCentre():
                self.smsc = ""
            case faults.ShiftClock(by_s=by_s):
                self.clock_ahead_s += by_s
            case faults.StopListening() | faults.Listen():
                self.listening = isinstance(fault, faults.Listen)
            case faults.FillStorage(storage=storage, leave=leave):
                self.fill(storage, leave)
            case faults.EmptyStorage(storage=storage):
                self.empty(storage)
            case faults.LoseNext() | faults.DoubleNext() | faults.DelayNext() | faults.ReorderNext():
                self.actions.append(Arrange(fault))
            case _:
                self._suffer_in_radio(fault)

    def _suffer_in_sim(self, fault: Fault) -> None:
        match fault:
            case faults.SimBusy(for_s=for_s):
                self.sim_busy_until_s = self.now_s + for_s
            case faults.AskPin():
                self.sim.ask_pin()
            case faults.AskPuk():
                self.sim.ask_puk()
            case _:
                self.sim.present = isinstance(fault, faults.InsertSim)

    def _suffer_in_radio(self, fault: Fault) -> None:
        match fault:
            case faults.DropSignal():
                self.rssi_before = self.rssi_before if self.rssi is None else self.rssi
                self.rssi = None
            case faults.RestoreSignal(rssi=rssi):
                wanted = self.rssi_before if self.rssi is None else self.rssi
                self.rssi = wanted if rssi is None else rssi
            case faults.RefuseRegistration() | faults.AcceptRegistration():
                self.refused_by_network = isinstance(fault, faults.RefuseRegistration)
            case _:
                raise AssertionError("the engine's own faults do not come here")

    def fill(self, storage: str, leave: int) -> None:
        """Put old messages into all free slots but `leave` of them (a fault)."""
        slots = self.storage(storage)
        filler = encode_deliver(Deliver("filler", UserData.of_text("An old message that takes a slot.")))
        while slots.used < slots.size - leave:
            slots.add(StoredMessage(Status.RECEIVED_READ, filler))

    def empty(self, storage: str) -> None:
        """Delete every message (a fault); the network hears that there is room."""
        for index, _ in list(self.storage(storage)):
            self.delete(storage, index)

    def storage(self, name: str) -> Slots | CombinedSlots:
        """The slots of a message storage: SM the SIM's, MT those of SM and ME, others the modem's own.

        Raises InvalidRecord for one that this modem has not.
        """
        if name == "SM":
            return self.sim.slots
        if name == "MT":
            return CombinedSlots(self.sim.slots, self._own_slots("ME"))
        return self._own_slots(name)

    def _own_slots(self, name: str) -> Slots:
        slots = self.own_slots.get(name)
        if slots is None:
            size = self.profile.storage.slots.get(name)
            if size is None:
                raise InvalidRecord(f"this modem has no storage {name}")
            owner = f"{self.imei}/{name}"
            slots = self.own_slots[name] = Slots(self.sim.store, owner, size, self.profile.storage.first_index)
        return slots
