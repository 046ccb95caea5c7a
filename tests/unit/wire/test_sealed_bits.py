"""Every single bit of every sealed thing counts: turned over, it fails with one of the classes stated here."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.wire import story
from tests.unit.wire.test_vectors import RUNNERS
from wire.errors import BadMac, BadMessage, BadSeal, WireError

# What is not sealed but read before the seal may also be refused as malformed.
SEALED: dict[str, set[type[WireError]]] = {
    "registration-block/transaction": {BadSeal, BadMessage},  # BadMessage: the first byte names another block
    "first-seeds-block/generation-1": {BadSeal, BadMessage},
    "renewed-seeds-block/generation-2": {BadMac, BadMessage},
    "control-key-block/epoch-1": {BadMac, BadMessage},
    "notice-block/with-app": {BadMac, BadMessage},
    "sealed-request/transfer": {BadSeal, BadMessage},  # BadMessage: the version or kind is another
    "sealed-reply/transfer": {BadSeal, BadMessage},
    "terminal-notice/arrived": {BadSeal, BadMessage},
    "iso-mac/registration": {BadMac, BadMessage},  # BadMessage: no longer a message of the profile
    "sealed-iso/transfer": {BadMac, BadMessage},
    "sealed-iso/reversal": {BadMac, BadMessage},
}
# From these bytes on, nothing is read before the seal or the MAC is checked: the first class alone.
ALWAYS_SEALED_FROM = {
    "registration-block/transaction": (1, BadSeal),
    "first-seeds-block/generation-1": (1, BadSeal),
    "renewed-seeds-block/generation-2": (1, BadMac),
    "control-key-block/epoch-1": (1, BadMac),
    "notice-block/with-app": (1, BadMac),
    "sealed-request/transfer": (1, BadSeal),
    "sealed-reply/transfer": (12, BadSeal),
    "terminal-notice/arrived": (1, BadSeal),
    "iso-mac/registration": (-8, BadMac),
    "sealed-iso/transfer": (-8, BadMac),
    "sealed-iso/reversal": (-8, BadMac),
}


def failure(run: Callable[[dict[str, Any]], object], vector: dict[str, Any], message: bytes) -> type[Exception]:
    try:
        run({**vector, "message": message.hex()})
    except WireError as error:
        return type(error)
    pytest.fail(f"{message.hex()} was accepted")


@pytest.mark.parametrize("path", SEALED)
def test_any_one_bit_turned_over_is_refused_with_the_class_stated(path: str) -> None:
    vector = json.loads((story.FOLDER / f"{path}.json").read_text(encoding="utf-8"))
    run, message = RUNNERS[vector["kind"]], bytes.fromhex(vector["message"])
    start, sealed_error = ALWAYS_SEALED_FROM[path]
    for bit in range(8 * len(message)):
        changed = bytearray(message)
        changed[bit // 8] ^= 0x80 >> bit % 8
        if vector["kind"] == "sealed-request" and bit == 4:
            continue  # the bit "registers": what follows is read as an identity, which test_vectors covers
        error = failure(run, vector, bytes(changed))
        allowed = {sealed_error} if bit // 8 >= start % len(message) else SEALED[path]
        assert error in allowed, f"bit {bit}: {error.__name__}"


@pytest.mark.parametrize("path", SEALED)
def test_any_shorter_message_is_refused(path: str) -> None:
    vector = json.loads((story.FOLDER / f"{path}.json").read_text(encoding="utf-8"))
    run, message = RUNNERS[vector["kind"]], bytes.fromhex(vector["message"])
    for size in range(len(message)):
        assert failure(run, vector, message[:size]) in SEALED[path]
