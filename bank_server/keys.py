"""All keys of the bank and what is done with them (modules 402, 408, 412, 414, 416, 418). Sans-IO.

Keys stay inside `BankKeys`: its callers hand in blocks and get blocks, so that a dynamic decryption key p, the
control scalar k, the seeds and the PIN verification key never pass through the rules of the protocol.
"""

import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from bank_server.errors import NotAllowed, UnknownKey
from wire import blocks, iso
from wire.blocks import OperatorControlKey, PayeeNotice, Registration, Seeds
from wire.digits import ACCOUNT_BYTES, PIN_BYTES, pack_digits
from wire.iso import Message
from wire.keys import (
    PsamKeys,
    Serial,
    WorkKey,
    control_point,
    key_check_value,
    psam_keys_of_bank,
    scalar_from_random,
    work_key,
)
from wire.sealing import open_request, terminal_public_key
from wire.secret import Secret
from wire.terminal import Request

Random = Callable[[int], bytes]

PIN_KEY_BYTES = 32
PIN_SALT_BYTES = 16
EPOCH_MAX = 2**16 - 1
GENERATION_MAX = 2**32 - 1
# A transaction has a registration and two or three exchanges; its PSAM keys cost four multiplications to derive.
_PSAM_KEYS_HELD_MAX = 1024


@dataclass(frozen=True, slots=True)
class ControlKey:
    """A control key as the bank has it: k (scalar, bank only) and c, 32 bytes each."""

    epoch: int
    k: Secret
    c: Secret

    def for_operator(self) -> OperatorControlKey:
        return OperatorControlKey(self.epoch, control_point(self.k), self.c)


@dataclass(frozen=True, slots=True)
class OperatorKeys:
    """What the bank holds for one operator: its node in serials, static key, and all seeds and control keys kept."""

    operator: str
    node: int
    static: Secret
    seeds: Mapping[int, Seeds] = field(default_factory=dict)
    controls: Mapping[int, ControlKey] = field(default_factory=dict)

    @property
    def generation(self) -> int:
        """The newest seed generation; 0 if there is none yet."""
        return max(self.seeds, default=0)

    @property
    def epoch(self) -> int:
        """The newest control key's epoch; 0 if there is none yet."""
        return max(self.controls, default=0)

    def with_seeds(self, seed1: Secret, seed2: Secret) -> Self:
        """Return these keys with one more generation (step 204; module 418 for the second and later ones).

        Raises NotAllowed if both custodians brought the same seed, or one that is kept here as something else.
        """
        if seed1 == seed2:
            raise NotAllowed("both seeds are the same: each custodian makes one of their own")
        kept = [self.static, *(seed for held in self.seeds.values() for seed in (held.seed1, held.seed2))]
        if seed1 in kept or seed2 in kept:
            raise NotAllowed("a seed was used before, or is the static key: let both custodians make new ones")
        generation = self.generation + 1
        assert generation <= GENERATION_MAX
        return replace(self, seeds={**self.seeds, generation: Seeds(generation, seed1, seed2)})

    def with_control_key(self, random: Random) -> Self:
        """Return these keys with one more control key (before step 206): 48 + 32 random bytes."""
        epoch = self.epoch + 1
        if epoch > EPOCH_MAX:
            raise NotAllowed(f"operator {self.operator} has used all {EPOCH_MAX} epochs: add it under another node")
        control = ControlKey(epoch, scalar_from_random(random(48)), Secret(random(32)))
        return replace(self, controls={**self.controls, epoch: control})

    def without_older(self, generation: int, epoch: int) -> Self:
        """Return these keys without seeds before `generation` and control keys before `epoch`."""
        return replace(
            self,
            seeds={number: seeds for number, seeds in self.seeds.items() if number >= generation},
            controls={number: control for number, control in self.controls.items() if number >= epoch},
        )


class BankKeys:
    """The bank's keys. All methods that name an operator raise UnknownKey if the bank does not hold its keys."""

    def __init__(self, terminal: Secret, pin: Secret, operators: Iterable[OperatorKeys] = ()) -> None:
        self._terminal = terminal
        self._pin = pin
        self._operators: dict[str, OperatorKeys] = {}
        self._psam_keys: OrderedDict[tuple[str, Serial, bytes], PsamKeys] = OrderedDict()
        self.replace_operators(operators)

    @classmethod
    def in_memory(cls, random: Random) -> Self:
        """Return a bank's keys that no file holds, for tests and the simulation."""
        return cls(Secret(random(32)), Secret(random(PIN_KEY_BYTES)))

    # -- which keys there are ---------------------------------------------------------------------------------

    def put(self, operator: OperatorKeys) -> None:
        """Add or change what is held for one operator; keys derived from erased control keys are forgotten."""
        self._operators[operator.operator] = operator
        self._psam_keys.clear()

    def replace_operators(self, operators: Iterable[OperatorKeys]) -> None:
        """Hold these operators and no others."""
        self._operators = {held.operator: held for held in operators}
        self._psam_keys.clear()

    def operators(self) -> tuple[str, ...]:
        return tuple(sorted(self._operators))

    def knows(self, operator: str) -> bool:
        return operator in self._operators

    def of(self, operator: str) -> OperatorKeys:
        """Return what is held for one operator."""
        try:
            return self._operators[operator]
        except KeyError:
            raise UnknownKey(f"no operator {operator}") from None

    # -- what is done with them -------------------------------------------------------------------------------

    def open_registration(self, operator: str, block: bytes) -> Registration:
        """Decrypt initial authentication information (step 108, module 408). Raises what `wire.blocks` raises."""
        return blocks.open_registration(self.of(operator).static, block)

    def psam_keys(self, operator: str, serial: Serial, ephemeral: bytes) -> PsamKeys:
        """Derive the PSAM key set of one transaction (step 116, module 412).

        Raises UnknownKey if the serial's epoch is not held, wire.errors.InvalidPoint if `ephemeral` is no point.
        """
        name = (operator, serial, ephemeral)
        derived = self._psam_keys.get(name)
        if derived is None:
            control = self.of(operator).controls.get(serial.epoch)
            if control is None:
                raise UnknownKey(f"no control key of epoch {serial.epoch}")
            derived = psam_keys_of_bank(control.k, control.c, ephemeral, serial)
            self._psam_keys[name] = derived
            if len(self._psam_keys) > _PSAM_KEYS_HELD_MAX:
                self._psam_keys.popitem(last=False)
        return derived

    def open_request(self, request: Request) -> bytes:
        """Open what a handset sealed to the bank. Raises wire.errors.BadSeal."""
        return open_request(self._terminal, request)

    @property
    def terminal_public_key(self) -> bytes:
        return terminal_public_key(self._terminal)

    def pin_verifier(self, account: str, salt: bytes, pin: Secret) -> bytes:
        """Return HMAC-SHA256 over account 10, salt 16 and PIN 7 (packed BCD) under the PIN verification key."""
        assert len(salt) == PIN_SALT_BYTES
        packed = pack_digits(account, ACCOUNT_BYTES) + salt + pack_digits(pin.reveal().decode("ascii"), PIN_BYTES)
        return hmac.digest(self._pin.reveal(), packed, "sha256")

    def first_seeds_block(self, operator: str, nonce: bytes) -> bytes:
        """Seal the newest seeds under the static key (step 202, module 416); nonce 12 random bytes."""
        held = self.of(operator)
        return blocks.seal_first_seeds(held.static, self._seeds(held, held.generation), nonce)

    def renewed_seeds_block(self, operator: str, under_generation: int) -> bytes:
        """Seal the newest seeds under the work key that the operator has (module 418)."""
        held = self.of(operator)
        return blocks.seal_renewed_seeds(self._work_key(held, under_generation), self._seeds(held, held.generation))

    def control_key_block(self, operator: str, under_generation: int) -> bytes:
        """Seal the newest control key under the work key that the operator has (step 206, module 416)."""
        held = self.of(operator)
        if not held.epoch:
            raise UnknownKey(f"no control key for operator {operator}")
        control = held.controls[held.epoch].for_operator()
        return blocks.seal_control_key(self._work_key(held, under_generation), control)

    def notice_block(self, operator: str, under_generation: int, notice: PayeeNotice) -> bytes:
        """Seal a payee's notice under the work key that the operator has."""
        return blocks.seal_notice(self._work_key(self.of(operator), under_generation), notice)

    def check_answer(self, operator: str, generation: int, answer: Message) -> None:
        """Check that an 0810 or 0630 comes from who has the seeds of `generation`. Raises wire.errors.BadMac."""
        iso.check_work_mac(answer, self._work_key(self.of(operator), generation))

    def _work_key(self, held: OperatorKeys, generation: int) -> WorkKey:
        """Make the work key of one generation (step 204, module 414)."""
        seeds = self._seeds(held, generation)
        return work_key(seeds.seed1, seeds.seed2, generation)

    def _seeds(self, held: OperatorKeys, generation: int) -> Seeds:
        seeds = held.seeds.get(generation)
        if seeds is None:
            raise UnknownKey(f"no seeds of generation {generation} for operator {held.operator}")
        return seeds


def check_values(held: OperatorKeys) -> dict[str, object]:
    """Return what may be shown of an operator's keys: numbers and key check values, never a secret."""
    return {
        "operator": held.operator,
        "node": held.node,
        "static": key_check_value(held.static),
        "generations": {
            str(number): [key_check_value(seeds.seed1), key_check_value(seeds.seed2)]
            for number, seeds in sorted(held.seeds.items())
        },
        "epochs": {
            str(number): {"K": control_point(control.k).hex(), "c": key_check_value(control.c)}
            for number, control in sorted(held.controls.items())
        },
    }
