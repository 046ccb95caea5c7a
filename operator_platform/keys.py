"""The operator's keys in memory: dynamic key generation (module 302) and the work decryption key (module 310).

What may be kept is on disk in `key_files`; PSAM keys and ephemeral scalars are only ever here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from operator_platform.errors import NoControlKey
from wire.blocks import OperatorControlKey, Seeds
from wire.keys import (
    PsamKeys,
    Serial,
    WorkKey,
    dynamic_encryption_key,
    ephemeral_point,
    psam_keys_of_operator,
    scalar_from_random,
    work_key,
)
from wire.secret import Secret

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class DynamicKey:
    """The dynamic encryption key of one transaction in the form it is used in: E (33 bytes) and the PSAM key set."""

    serial: Serial
    ephemeral: bytes
    psam: PsamKeys


class OperatorKeys:
    """Static key, seeds and control key of one operator, each of the last two with its predecessor while it is used.

    `OperatorKeys(static_key)` is a platform to which the bank has sent nothing yet.
    """

    def __init__(
        self,
        static: Secret,
        seeds: Seeds | None = None,
        previous_seeds: Seeds | None = None,
        control: OperatorControlKey | None = None,
        previous_control: OperatorControlKey | None = None,
    ) -> None:
        self.static = static
        self.seeds = seeds
        self.previous_seeds = previous_seeds
        self.control = control
        self.previous_control = previous_control

    @property
    def complete(self) -> bool:
        """Whether dynamic keys can be made and notices opened."""
        return self.seeds is not None and self.control is not None

    def work_key(self, generation: int) -> WorkKey | None:
        """Make the work key of the current or the previous seeds (module 310), None for any other generation."""
        for seeds in (self.seeds, self.previous_seeds):
            if seeds is not None and seeds.generation == generation:
                return work_key(seeds.seed1, seeds.seed2, generation)
        return None

    def dynamic_key(self, node: int, counter: int, random: Random) -> DynamicKey:
        """Make the dynamic encryption key of a serial and its PSAM key set (step 104, module 302).

        Takes 48 random bytes for the ephemeral scalar, which ends with this call. Raises NoControlKey.
        """
        if self.control is None:
            raise NoControlKey("the bank has sent no control key yet")
        serial = Serial(self.control.epoch, node, counter)
        P = dynamic_encryption_key(self.control.point, self.control.c, serial)
        ephemeral = scalar_from_random(random(48))
        return DynamicKey(serial, ephemeral_point(ephemeral), psam_keys_of_operator(ephemeral, P, serial))

    def __repr__(self) -> str:
        generation = self.seeds.generation if self.seeds else None
        return f"OperatorKeys(generation={generation}, epoch={self.control.epoch if self.control else None})"
