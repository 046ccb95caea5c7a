"""Blocks that carry keys and identities between bank and operator: their layout and their protection.

Table of design.md section 4. Each block starts with one byte that says which it is, and the number that its
protection is bound to; both are authenticated.

| block                              | bytes                                                                     |
|------------------------------------|---------------------------------------------------------------------------|
| 1 initial authentication information | 1, serial 8, nonce 12, sealed(IMSI 8, MSISDN 8, serial 8, E 33) 57, tag 16  |
| 2 first seeds                      | 1, generation 4, nonce 12, sealed(seed1 32, seed2 32, generation 4) 68, tag 16 |
| 3 renewed seeds                    | 1, new generation 4, work generation 4, HPKE 48 + 68, HMAC 32              |
| 4 control key                      | 1, epoch 2, work generation 4, HPKE 48 + (epoch 2, K 33, c 32) 67, HMAC 32  |
| 5 notice for a payee               | 1, notice id 8, work generation 4, HPKE 48 + (MSISDN 8, notice 0..120), HMAC 32 |
"""

import hmac as constant_time
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from wire import aead
from wire.digits import IMSI_BYTES, MSISDN_BYTES, checked_msisdn, pack_digits, unpack_digits
from wire.errors import BadMac, BadMessage, BadSeal
from wire.identity import Identity
from wire.keys import POINT_BYTES, SEED_BYTES, SERIAL_BYTES, Serial, WorkKey, hkdf
from wire.secret import Secret

_WORK_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_HPKE_OVERHEAD_BYTES = 48
_HMAC_BYTES = 32
NOTICE_ID_BYTES = 8


class BlockKind(IntEnum):
    """The first byte of a block."""

    REGISTRATION = 1
    FIRST_SEEDS = 2
    RENEWED_SEEDS = 3
    CONTROL_KEY = 4
    NOTICE = 5


@dataclass(frozen=True, slots=True)
class Registration:
    """Initial authentication information (step 104): who opens a transaction, under which dynamic key."""

    identity: Identity
    serial: Serial
    ephemeral: bytes  # E, 33 bytes


@dataclass(frozen=True, slots=True)
class Seeds:
    """Both seed files of one generation (step 202)."""

    generation: int
    seed1: Secret
    seed2: Secret


@dataclass(frozen=True, slots=True)
class OperatorControlKey:
    """What the operator gets of a control key (steps 206-208): K = k*G and c, never k."""

    epoch: int
    point: bytes  # K, 33 bytes
    c: Secret  # 32 bytes


@dataclass(frozen=True, slots=True)
class PayeeNotice:
    """A notice on its way to a payee: `payload` is a terminal notice, or empty for a phone without the app."""

    notice_id: bytes
    msisdn: str
    payload: bytes


def kind_of(block: bytes) -> BlockKind:
    """Return what a block is. Raises BadMessage if it is empty or of no known kind."""
    try:
        return BlockKind(block[0])
    except (IndexError, ValueError):
        raise BadMessage("block", "of no known kind") from None


# -- under the static key -------------------------------------------------------------------------------------


def seal_registration(static_key: Secret, registration: Registration, nonce: bytes) -> bytes:
    """Encrypt initial authentication information under the static key (step 106, module 308)."""
    serial = registration.serial.pack()
    header = bytes([BlockKind.REGISTRATION]) + serial
    plaintext = registration.identity.pack() + serial + registration.ephemeral
    return header + aead.seal(_registration_key(static_key, serial), nonce, plaintext, header)


def open_registration(static_key: Secret, block: bytes) -> Registration:
    """Decrypt initial authentication information (step 108, module 408). Raises BadMessage, BadSeal, BadDigits."""
    header, sealed = _split(block, BlockKind.REGISTRATION, SERIAL_BYTES)
    serial = header[1:]
    plaintext = aead.unseal(_registration_key(static_key, serial), sealed, header)
    identity_bytes = IMSI_BYTES + MSISDN_BYTES
    _check_length(plaintext, identity_bytes + SERIAL_BYTES + POINT_BYTES)
    if plaintext[identity_bytes : identity_bytes + SERIAL_BYTES] != serial:
        raise BadMessage("serial", "inside and outside differ")
    ephemeral = plaintext[identity_bytes + SERIAL_BYTES :]
    return Registration(Identity.unpack(plaintext[:identity_bytes]), Serial.unpack(serial), ephemeral)


def seal_first_seeds(static_key: Secret, seeds: Seeds, nonce: bytes) -> bytes:
    """Encrypt both seed files for their first journey (step 202, module 416)."""
    generation = seeds.generation.to_bytes(4, "big")
    header = bytes([BlockKind.FIRST_SEEDS]) + generation
    return header + aead.seal(_first_seeds_key(static_key, generation), nonce, _pack_seeds(seeds), header)


def open_first_seeds(static_key: Secret, block: bytes) -> Seeds:
    """Undo `seal_first_seeds` on the operator's side. Raises BadMessage, BadSeal."""
    header, sealed = _split(block, BlockKind.FIRST_SEEDS, 4)
    plaintext = aead.unseal(_first_seeds_key(static_key, header[1:]), sealed, header)
    return _unpack_seeds(plaintext, header[1:])


def _registration_key(static_key: Secret, serial: bytes) -> Secret:
    return Secret(hkdf(static_key.reveal(), None, b"yinxin registration v1" + serial, 32))


def _first_seeds_key(static_key: Secret, generation: bytes) -> Secret:
    return Secret(hkdf(static_key.reveal(), None, b"yinxin first seeds v1" + generation, 32))


# -- under the work key ---------------------------------------------------------------------------------------


def seal_renewed_seeds(work: WorkKey, seeds: Seeds) -> bytes:
    """Encrypt renewed seeds under the current work key (after step 208, module 418)."""
    number = seeds.generation.to_bytes(4, "big")
    return _seal_to_work_key(work, BlockKind.RENEWED_SEEDS, number, b"yinxin renewed seeds v1", _pack_seeds(seeds))


def open_renewed_seeds(work: WorkKey, block: bytes) -> Seeds:
    """Undo `seal_renewed_seeds`. Raises BadMessage, BadMac, BadSeal."""
    number, plaintext = _open_with_work_key(work, BlockKind.RENEWED_SEEDS, 4, b"yinxin renewed seeds v1", block)
    return _unpack_seeds(plaintext, number)


def seal_control_key(work: WorkKey, control: OperatorControlKey) -> bytes:
    """Encrypt the control key under the work key (step 206, module 416)."""
    number = control.epoch.to_bytes(2, "big")
    plaintext = number + control.point + control.c.reveal()
    return _seal_to_work_key(work, BlockKind.CONTROL_KEY, number, b"yinxin control key v1", plaintext)


def open_control_key(work: WorkKey, block: bytes) -> OperatorControlKey:
    """Recover the control key (step 208, module 312). Raises BadMessage, BadMac, BadSeal."""
    number, plaintext = _open_with_work_key(work, BlockKind.CONTROL_KEY, 2, b"yinxin control key v1", block)
    _check_length(plaintext, 2 + POINT_BYTES + 32)
    if plaintext[:2] != number:
        raise BadMessage("epoch", "inside and outside differ")
    return OperatorControlKey(
        int.from_bytes(number, "big"), plaintext[2 : 2 + POINT_BYTES], Secret(plaintext[2 + POINT_BYTES :])
    )


def seal_notice(work: WorkKey, notice: PayeeNotice) -> bytes:
    """Encrypt a payee's number and notice for the operator, who sends it on (MTI 0620)."""
    plaintext = pack_digits(notice.msisdn, MSISDN_BYTES) + notice.payload
    return _seal_to_work_key(work, BlockKind.NOTICE, notice.notice_id, b"yinxin notice v1", plaintext)


def open_notice(work: WorkKey, block: bytes) -> PayeeNotice:
    """Undo `seal_notice`. Raises BadMessage, BadMac, BadSeal, BadDigits."""
    number, plaintext = _open_with_work_key(work, BlockKind.NOTICE, NOTICE_ID_BYTES, b"yinxin notice v1", block)
    return PayeeNotice(number, checked_msisdn(unpack_digits(plaintext[:MSISDN_BYTES])), plaintext[MSISDN_BYTES:])


def work_generation_of(block: bytes) -> int:
    """Return the seed generation whose work key protects a renewed seeds, control key or notice block."""
    number_bytes = {BlockKind.RENEWED_SEEDS: 4, BlockKind.CONTROL_KEY: 2, BlockKind.NOTICE: NOTICE_ID_BYTES}
    start = 1 + number_bytes.get(kind_of(block), 0)
    if kind_of(block) not in number_bytes or len(block) < start + 4:
        raise BadMessage("block", "names no work key generation")
    return int.from_bytes(block[start : start + 4], "big")


def answer_generation_of(block: bytes) -> int:
    """Return the seed generation whose work MAC key authenticates the answer to a key or notice block.

    Seeds are confirmed under the generation that they bring, all else under the one that protects it.
    """
    if kind_of(block) in (BlockKind.FIRST_SEEDS, BlockKind.RENEWED_SEEDS) and len(block) >= 5:
        return int.from_bytes(block[1:5], "big")
    return work_generation_of(block)


def _seal_to_work_key(work: WorkKey, kind: BlockKind, number: bytes, purpose: bytes, plaintext: bytes) -> bytes:
    recipient = x25519.X25519PublicKey.from_public_bytes(work.encryption)
    header = bytes([kind]) + number + work.generation.to_bytes(4, "big")
    body = header + _WORK_SUITE.encrypt(plaintext, recipient, info=purpose + number)
    return body + _hmac(work.mac, body)


def _open_with_work_key(
    work: WorkKey, kind: BlockKind, number_bytes: int, purpose: bytes, block: bytes
) -> tuple[bytes, bytes]:
    header, rest = _split(block, kind, number_bytes + 4)
    if len(rest) < _HPKE_OVERHEAD_BYTES + _HMAC_BYTES:
        raise BadMessage("block", "too short")
    if not constant_time.compare_digest(block[-_HMAC_BYTES:], _hmac(work.mac, block[:-_HMAC_BYTES])):
        raise BadMac("the block's HMAC does not fit: wrong work key, or altered")
    number = header[1 : 1 + number_bytes]
    private = x25519.X25519PrivateKey.from_private_bytes(work.decryption.reveal())
    try:
        return number, _WORK_SUITE.decrypt(rest[:-_HMAC_BYTES], private, info=purpose + number)
    except InvalidTag:
        raise BadSeal("does not open") from None


def _hmac(key: Secret, message: bytes) -> bytes:
    tag = hmac.HMAC(key.reveal(), hashes.SHA256())
    tag.update(message)
    return tag.finalize()


def _pack_seeds(seeds: Seeds) -> bytes:
    return seeds.seed1.reveal() + seeds.seed2.reveal() + seeds.generation.to_bytes(4, "big")


def _unpack_seeds(plaintext: bytes, number: bytes) -> Seeds:
    _check_length(plaintext, 2 * SEED_BYTES + 4)
    if plaintext[2 * SEED_BYTES :] != number:
        raise BadMessage("generation", "inside and outside differ")
    return Seeds(
        int.from_bytes(number, "big"),
        Secret(plaintext[:SEED_BYTES]),
        Secret(plaintext[SEED_BYTES : 2 * SEED_BYTES]),
    )


def _split(block: bytes, kind: BlockKind, number_bytes: int) -> tuple[bytes, bytes]:
    """Return header (kind and number) and the rest."""
    if kind_of(block) is not kind:
        raise BadMessage("block", f"is of kind {block[0]}, needs {kind}")
    if len(block) < 1 + number_bytes:
        raise BadMessage("block", "too short")
    return block[: 1 + number_bytes], block[1 + number_bytes :]


def _check_length(plaintext: bytes, needed: int) -> None:
    if len(plaintext) != needed:
        raise BadMessage("block", f"content of {len(plaintext)} bytes, needs {needed}")
