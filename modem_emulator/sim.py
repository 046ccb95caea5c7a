"""A SIM: who it is, its PIN and PUK, its phonebooks and its message slots (3GPP TS 51.011; TS 27.007 clause 8).

Rules only. Slots stand on a `Store`; PIN counters and phonebooks end with the process.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from modem_emulator.numbers import check_digit
from modem_emulator.store import Status, Store, StoredMessage

# TS 51.011 clause 9.3: three tries for CHV1, ten for its unblocking key.
PIN_ATTEMPTS_MAX = 3
PUK_ATTEMPTS_MAX = 10
# SIMs of the time held 20 to 50 messages; 50 lets a long reply arrive while nobody reads.
MESSAGE_SLOTS = 50
# The PUK of a SIM for which none was chosen; public, as everything about an emulated SIM.
PUK = "12345678"
# The second PIN and its PUK, for fixed dialling numbers; public too.
PIN2, PUK2 = "0000", "12345678"
NAME_CHARACTERS_MAX = 20
# Phonebooks of a usual SIM with their records: EF ADN, FDN, MSISDN, ECC (TS 51.011 clauses 10.5.1, 10.5.2, 10.5.5 and
# 10.3.27), and last dialled numbers (EF LND, clause 10.5.8).
PHONEBOOK_RECORDS = {"SM": 100, "FD": 10, "ON": 2, "EN": 5, "LD": 10}
# The emergency number of GSM (TS 22.101 clause 10.1).
EMERGENCY_NUMBER = "112"


class SimState(Enum):
    """<code> of +CPIN (TS 27.007 clause 8.3); BLOCKED is a SIM whose PUK tries are used up, ABSENT none at all."""

    READY = "READY"
    PIN = "SIM PIN"
    PUK = "SIM PUK"
    BLOCKED = "BLOCKED"
    ABSENT = "NOT INSERTED"


class SimError(Exception):
    """What the SIM refuses; never says what was entered."""


class WrongPassword(SimError):
    """PIN or PUK is not the right one; the attempt is counted."""


class NotAllowedNow(SimError):
    """The SIM does not take this in its present state."""


class SlotEmpty(SimError):
    """No message, or no such slot."""


class SlotsFull(SimError):
    """Every message slot or record is taken."""


class NoSuchRecord(SimError):
    """The phonebook has no record of that number."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A phonebook record: number (digits, optional +) and name of at most 20 characters."""

    number: str
    name: str


class Phonebook:
    """Numbered records, from 1 to `size` (EF ADN, EF MSISDN; TS 51.011 clause 10.5)."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.records: dict[int, Contact] = {}

    def write(self, index: int | None, contact: Contact) -> None:
        """Write a record, the first free one for None. Raises NoSuchRecord; SlotsFull if none is free."""
        if index is None:
            index = next((free for free in range(1, self.size + 1) if free not in self.records), None)
            if index is None:
                raise SlotsFull("the phonebook is full")
        self._check(index)
        self.records[index] = contact

    def name_of(self, number: str) -> str:
        """The name of the first record with this number, empty if there is none."""
        return next((one.name for _, one in sorted(self.records.items()) if one.number == number), "")

    def erase(self, index: int) -> None:
        """Empty a record. Raises NoSuchRecord."""
        self._check(index)
        self.records.pop(index, None)

    def _check(self, index: int) -> None:
        if not 1 <= index <= self.size:
            raise NoSuchRecord(f"records are numbered 1 to {self.size}")


class Slots:
    """`size` message slots, written through to a store under the name of their owner.

    The owner is the IMSI for a SIM's slots and any other text for those of a modem. They are numbered from `first`
    on, 1 or 0: that is the modem's habit, for the SIM's slots too.
    """

    def __init__(self, store: Store, owner: str, size: int = MESSAGE_SLOTS, first: int = 1) -> None:
        self.size = size
        self.first = first
        self._store = store
        self._owner = owner
        self._messages = store.slots(owner)

    @property
    def used(self) -> int:
        """How many slots are taken."""
        return len(self._messages)

    def __iter__(self) -> Iterator[tuple[int, StoredMessage]]:
        return iter(sorted(self._messages.items()))

    def add(self, message: StoredMessage) -> int:
        """Put into the lowest free slot and return its index. Raises SlotsFull."""
        for index in self._indexes:
            if index not in self._messages:
                self._write(index, message)
                return index
        raise SlotsFull("every message slot is taken")

    def get(self, index: int) -> StoredMessage:
        """Look at a slot without changing its status. Raises SlotEmpty."""
        try:
            return self._messages[index]
        except KeyError:
            raise SlotEmpty(f"slot {index} holds no message") from None

    def read(self, index: int) -> StoredMessage:
        """Return a slot as it was, and mark a received message as read. Raises SlotEmpty."""
        message = self.get(index)
        if message.status is Status.RECEIVED_UNREAD:
            self._write(index, StoredMessage(Status.RECEIVED_READ, message.tpdu))
        return message

    def write(self, index: int, message: StoredMessage) -> None:
        """Put into a slot, over what is there. Raises SlotEmpty where there is no such slot."""
        self._check(index)
        self._write(index, message)

    def mark_sent(self, index: int) -> None:
        """Turn a stored message into a sent one. Raises SlotEmpty."""
        self._write(index, StoredMessage(Status.STORED_SENT, self.get(index).tpdu))

    def delete(self, index: int) -> None:
        """Empty a slot. Raises SlotEmpty where there is no such slot; an empty one stays empty."""
        self._check(index)
        self._messages.pop(index, None)
        self._store.remove_slot(self._owner, index)

    def _check(self, index: int) -> None:
        if index not in self._indexes:
            raise SlotEmpty(f"slots are numbered {self._indexes.start} to {self._indexes.stop - 1}")

    @property
    def _indexes(self) -> range:
        return range(self.first, self.first + self.size)

    def _write(self, index: int, message: StoredMessage) -> None:
        self._messages[index] = message
        self._store.put_slot(self._owner, index, message)


class CombinedSlots:
    """Two storages as one, those of the second numbered after those of the first: MT of TS 27.005 clause 3.1."""

    def __init__(self, first: Slots, second: Slots) -> None:
        self._first = first
        self._second = second

    @property
    def size(self) -> int:
        """How many slots there are."""
        return self._first.size + self._second.size

    @property
    def used(self) -> int:
        """How many slots are taken."""
        return self._first.used + self._second.used

    def __iter__(self) -> Iterator[tuple[int, StoredMessage]]:
        yield from self._first
        for index, message in self._second:
            yield self._first.size + index, message

    def add(self, message: StoredMessage) -> int:
        """Put into the first free slot and return its index. Raises SlotsFull."""
        try:
            return self._first.add(message)
        except SlotsFull:
            return self._first.size + self._second.add(message)

    def get(self, index: int) -> StoredMessage:
        """Look at a slot without changing its status. Raises SlotEmpty."""
        slots, inner = self._part(index)
        return slots.get(inner)

    def read(self, index: int) -> StoredMessage:
        """Return a slot as it was, and mark a received message as read. Raises SlotEmpty."""
        slots, inner = self._part(index)
        return slots.read(inner)

    def write(self, index: int, message: StoredMessage) -> None:
        """Put into a slot, over what is there. Raises SlotEmpty where there is no such slot."""
        slots, inner = self._part(index)
        slots.write(inner, message)

    def mark_sent(self, index: int) -> None:
        """Turn a stored message into a sent one. Raises SlotEmpty."""
        slots, inner = self._part(index)
        slots.mark_sent(inner)

    def delete(self, index: int) -> None:
        """Empty a slot. Raises SlotEmpty where there is no such slot; an empty one stays empty."""
        slots, inner = self._part(index)
        slots.delete(inner)

    def _part(self, index: int) -> tuple[Slots, int]:
        if index < self._first.first + self._first.size:
            return self._first, index
        return self._second, index - self._first.size


class Sim:
    """One SIM, or with `present` false an empty holder. `pin` of None means that no PIN is asked for; the PUK has
    8 digits (TS 51.011 clause 9.3).
    """

    def __init__(
        self,
        *,
        imsi: str,
        msisdn: str,
        store: Store,
        pin: str | None = None,
        puk: str = PUK,
        iccid: str | None = None,
        slots: int = MESSAGE_SLOTS,
        present: bool = True,
    ) -> None:
        self.imsi = imsi
        self.msisdn = msisdn
        self.iccid = iccid or _iccid_of(imsi)
        self.store = store
        self.slots = Slots(store, imsi, slots)
        self.present = present
        self.fixed_dialling = False
        self.pin2_verified = False
        self.pin2_attempts, self.puk2_attempts = PIN_ATTEMPTS_MAX, PUK_ATTEMPTS_MAX
        self._pin2 = PIN2
        self._phonebooks: dict[str, Phonebook] = {}
        # By file and record (0 for a file without), what was written over what `sim_files` makes.
        self.written_files: dict[tuple[int, int], bytes] = {}
        self.lock_enabled = pin is not None
        self.pin_attempts = PIN_ATTEMPTS_MAX
        self.puk_attempts = PUK_ATTEMPTS_MAX
        self._pin = pin or "0000"
        self._puk = puk
        self._verified = False

    @property
    def state(self) -> SimState:
        """What the SIM asks for now."""
        if not self.present:
            return SimState.ABSENT
        if self.puk_attempts == 0:
            return SimState.BLOCKED
        if self.pin_attempts == 0:
            return SimState.PUK
        if self.lock_enabled and not self._verified:
            return SimState.PIN
        return SimState.READY

    def ask_pin(self) -> None:
        """Want the PIN from now on, as if the PIN request were on (a fault)."""
        self.lock_enabled, self._verified = True, False

    def ask_puk(self) -> None:
        """Want the PUK, as after three wrong PINs (a fault)."""
        self.lock_enabled, self._verified, self.pin_attempts = True, False, 0

    def power_cycle(self) -> None:
        """Forget that the PIN was entered; counters stay."""
        self._verified = self.pin2_verified = False

    def phonebook(self, name: str) -> Phonebook:
        """SM, FD, ON, EN or LD, made when it is first asked for. Raises KeyError for another name."""
        book = self._phonebooks.get(name)
        if book is None:
            book = self._phonebooks[name] = Phonebook(PHONEBOOK_RECORDS[name])
            first = {"ON": self.msisdn, "EN": EMERGENCY_NUMBER}.get(name)
            if first:
                book.write(1, Contact(first, ""))
        return book

    def enter_pin2(self, pin: str) -> None:
        """Verify CHV2. Raises WrongPassword (counted), or NotAllowedNow when its tries are used up."""
        if self.pin2_attempts == 0:
            raise NotAllowedNow("PIN2 is blocked")
        if pin != self._pin2:
            self.pin2_attempts -= 1
            self.pin2_verified = False
            raise WrongPassword("not PIN2")
        self.pin2_attempts, self.pin2_verified = PIN_ATTEMPTS_MAX, True

    def enter_puk2(self, puk: str, new_pin: str) -> None:
        """Unblock CHV2 with its PUK and set a new PIN2. Raises WrongPassword (counted) or NotAllowedNow."""
        if self.puk2_attempts == 0:
            raise NotAllowedNow("PUK2 is blocked")
        _check_pin(new_pin)
        if puk != PUK2:
            self.puk2_attempts -= 1
            raise WrongPassword("not PUK2")
        self.pin2_attempts, self.puk2_attempts = PIN_ATTEMPTS_MAX, PUK_ATTEMPTS_MAX
        self._pin2, self.pin2_verified = new_pin, True

    def change_pin2(self, pin: str, new_pin: str) -> None:
        """Change CHV2. Raises WrongPassword (counted) or NotAllowedNow."""
        _check_pin(new_pin)
        self.enter_pin2(pin)
        self._pin2 = new_pin

    def enter_pin(self, pin: str) -> None:
        """Verify CHV. Raises WrongPassword (counted), or NotAllowedNow when no PIN is asked for."""
        if self.state is not SimState.PIN:
            raise NotAllowedNow("the SIM asks for no PIN")
        self._verify(pin)

    def enter_puk(self, puk: str, new_pin: str) -> None:
        """Unblock CHV with the PUK and set a new PIN. Raises WrongPassword (counted) or NotAllowedNow."""
        if self.state not in (SimState.PUK, SimState.PIN):
            raise NotAllowedNow("the SIM asks for no PUK")
        _check_pin(new_pin)
        if puk != self._puk:
            self.puk_attempts -= 1
            raise WrongPassword("not the PUK")
        self.puk_attempts, self.pin_attempts = PUK_ATTEMPTS_MAX, PIN_ATTEMPTS_MAX
        self._pin, self._verified = new_pin, True

    def change_pin(self, pin: str, new_pin: str) -> None:
        """Change CHV. Raises WrongPassword (counted), NotAllowedNow while the PIN request is off."""
        if not self.lock_enabled or self.state not in (SimState.READY, SimState.PIN):
            raise NotAllowedNow("the PIN request is off, or the SIM asks for its PUK")
        _check_pin(new_pin)
        self._verify(pin)
        self._pin = new_pin

    def set_lock(self, enabled: bool, pin: str) -> None:
        """Switch the PIN request on or off. Raises WrongPassword (counted) or NotAllowedNow."""
        if self.state is not SimState.READY:
            raise NotAllowedNow("the SIM is locked")
        self._verify(pin)
        self.lock_enabled = enabled

    def _verify(self, pin: str) -> None:
        if pin != self._pin:
            self.pin_attempts -= 1
            self._verified = self._verified and self.pin_attempts > 0
            raise WrongPassword("not the PIN")
        self.pin_attempts = PIN_ATTEMPTS_MAX
        self._verified = True


def _check_pin(pin: str) -> None:
    if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
        raise WrongPassword("a PIN has 4 to 8 digits")


def _iccid_of(imsi: str) -> str:
    """A made-up ICCID: 89 (telecom), 86 (China), 14 digits of the IMSI, check digit (ITU-T E.118)."""
    body = ("8986" + imsi[-14:]).ljust(18, "0")
    return body + check_digit(body)
