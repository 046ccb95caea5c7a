"""Keys from the bank: work decryption key (module 310) and control key decryption (module 312). Sans-IO.

1. A block is accepted only if it opens: first seeds under the static key, all else under a work key we can make.
2. Numbers only go up: an older generation or epoch is refused, so that no replayed block brings old keys back.
3. What we hold already is confirmed again, since the bank repeats a block whose answer it lost.
4. Keys are saved before the answer leaves; the predecessor stays while something sealed under it may still come.
"""

from dataclasses import dataclass

from operator_platform.actions import Action, Note, SaveControlKey, SaveSeeds
from operator_platform.keys import OperatorKeys
from wire import blocks
from wire.blocks import BlockKind, Seeds
from wire.errors import BadMac, BadMessage, BadSeal, WireError
from wire.keys import Serial, WorkKey, dynamic_encryption_key

DONE = "00"
MALFORMED = "30"
STALE = "94"
NOT_AUTHENTIC = "A0"


@dataclass(frozen=True, slots=True)
class KeyOutcome:
    """What became of a key block: the code of its answer, and what to do before it."""

    code: str
    actions: list[Action]
    new_seeds: bool = False
    new_control_key: bool = False


class KeyExchange:
    """Takes key blocks into an operator's keys."""

    def __init__(self, keys: OperatorKeys) -> None:
        self._keys = keys

    def receive(self, block: bytes, old_epoch_in_use: bool) -> KeyOutcome:
        """Take one block of an 0800. Never raises for what the bank sent."""
        try:
            match blocks.kind_of(block):
                case BlockKind.FIRST_SEEDS:
                    return self._seeds(blocks.open_first_seeds(self._keys.static, block))
                case BlockKind.RENEWED_SEEDS:
                    return self._renewed_seeds(block)
                case BlockKind.CONTROL_KEY:
                    return self._control_key(block, old_epoch_in_use)
                case kind:
                    raise BadMessage("DE48", f"a block of kind {kind} brings no keys")
        except (BadMac, BadSeal) as error:
            return _refused(NOT_AUTHENTIC, f"key block refused: {error}")
        except WireError as error:
            return _refused(MALFORMED, f"key block refused: {error}")

    def _renewed_seeds(self, block: bytes) -> KeyOutcome:
        held = self._keys.seeds
        generation = int.from_bytes(block[1:5], "big")
        work = self._work_key_of(block)
        if work is None and held is not None and generation == held.generation:
            return KeyOutcome(DONE, [Note("info", f"seeds of generation {generation} are here already")])
        if work is None:
            return _refused(NOT_AUTHENTIC, "renewed seeds come under a work key that is not here")
        return self._seeds(blocks.open_renewed_seeds(work, block))

    def _seeds(self, seeds: Seeds) -> KeyOutcome:
        held = self._keys.seeds
        if held is not None and seeds.generation <= held.generation:
            if seeds == held:
                return KeyOutcome(DONE, [Note("info", f"seeds of generation {held.generation} are here already")])
            return _refused(STALE, f"seeds of generation {seeds.generation} refused: {held.generation} is here")
        self._keys.previous_seeds, self._keys.seeds = held, seeds
        note = Note("info", f"seeds of generation {seeds.generation} stored")
        return KeyOutcome(DONE, [SaveSeeds(seeds, held), note], new_seeds=True)

    def _control_key(self, block: bytes, old_epoch_in_use: bool) -> KeyOutcome:
        held = self._keys.control
        work = self._work_key_of(block)
        if work is None:
            if held is not None and int.from_bytes(block[1:3], "big") == held.epoch:
                return KeyOutcome(DONE, [Note("info", f"the control key of epoch {held.epoch} is here already")])
            return _refused(NOT_AUTHENTIC, "the control key comes under a work key that is not here")
        control = blocks.open_control_key(work, block)
        if held is not None and control.epoch <= held.epoch:
            if control == held:
                return KeyOutcome(DONE, [Note("info", f"the control key of epoch {held.epoch} is here already")])
            return _refused(STALE, f"control key of epoch {control.epoch} refused: {held.epoch} is here")
        dynamic_encryption_key(control.point, control.c, Serial(control.epoch, 0, 0))  # raises InvalidPoint here, once
        self._keys.control = control
        self._keys.previous_control = held if old_epoch_in_use else None
        save = SaveControlKey(control, self._keys.previous_control)
        note = Note("info", f"control key of epoch {control.epoch} stored")
        return KeyOutcome(DONE, [save, note], new_control_key=True)

    def _work_key_of(self, block: bytes) -> WorkKey | None:
        return self._keys.work_key(blocks.work_generation_of(block))

    def erase_previous_seeds(self) -> list[Action]:
        """Forget the predecessor, in memory and on disk."""
        if self._keys.seeds is None or self._keys.previous_seeds is None:
            return []
        self._keys.previous_seeds = None
        return [SaveSeeds(self._keys.seeds, None), Note("info", "seeds of the previous generation erased")]

    def erase_previous_control_key(self) -> list[Action]:
        """Forget the predecessor once no transaction is open under its epoch."""
        if self._keys.control is None or self._keys.previous_control is None:
            return []
        epoch = self._keys.previous_control.epoch
        self._keys.previous_control = None
        return [SaveControlKey(self._keys.control, None), Note("info", f"control key of epoch {epoch} erased")]


def _refused(code: str, why: str) -> KeyOutcome:
    return KeyOutcome(code, [Note("error", why)])
