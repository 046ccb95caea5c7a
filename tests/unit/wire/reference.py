"""The cryptography of the protocol once more, written plainly from its specifications, to hold `wire` against.

Nothing here imports `wire`. HMAC and SHA come from the standard library; the AES block and X25519 are
`cryptography`'s. Slow and not constant in time: for tests only.
"""

import hmac

from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# NIST SP 800-186, section 3.2.1.3: P-256
PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
Point = tuple[int, int] | None  # None is the point at infinity


def add(left: Point, right: Point) -> Point:
    """Add two points of P-256."""
    if left is None or right is None:
        return left or right
    if left[0] == right[0] and (left[1] + right[1]) % PRIME == 0:
        return None
    if left == right:
        slope = (3 * left[0] ** 2 - 3) * pow(2 * left[1], -1, PRIME)
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, PRIME)
    x = (slope**2 - left[0] - right[0]) % PRIME
    return x, (slope * (left[0] - x) - left[1]) % PRIME


def multiply(scalar: int, point: Point) -> Point:
    """Add `point` to itself `scalar` times."""
    total: Point = None
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def compress(point: Point) -> bytes:
    """SEC 1, section 2.3.3."""
    assert point is not None
    return bytes([2 + point[1] % 2]) + point[0].to_bytes(32, "big")


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def hkdf_extract(salt: bytes, ikm: bytes) -> bytes:
    """RFC 5869, section 2.2."""
    return hmac_sha256(salt or bytes(32), ikm)


def hkdf_expand(prk: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, section 2.3."""
    okm, last, counter = b"", b"", 1
    while len(okm) < length:
        last = hmac_sha256(prk, last + info + bytes([counter]))
        okm += last
        counter += 1
    return okm[:length]


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return hkdf_expand(hkdf_extract(salt, ikm), info, length)


def aes_block(key: bytes, block: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block)


def aes_cmac(key: bytes, message: bytes) -> bytes:
    """RFC 4493, with AES keys of any length (NIST SP 800-38B)."""
    first = _doubled(aes_block(key, bytes(16)))
    whole = len(message) > 0 and len(message) % 16 == 0
    last_start = (len(message) - 1) // 16 * 16 if message else 0
    last = message[last_start:] if whole else (message[last_start:] + b"\x80").ljust(16, b"\0")
    state = bytes(16)
    for start in range(0, last_start, 16):
        state = aes_block(key, _xor(state, message[start : start + 16]))
    return aes_block(key, _xor(_xor(state, last), first if whole else _doubled(first)))


def _doubled(block: bytes) -> bytes:
    value = int.from_bytes(block, "big") << 1
    return ((value & (2**128 - 1)) ^ (0x87 if value >> 128 else 0)).to_bytes(16, "big")


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def hpke_open(
    private: bytes, enc: bytes, ciphertext: bytes, info: bytes, aad: bytes = b"", *, aead_id: int, key_bytes: int
) -> bytes:
    """RFC 9180, base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256: open the first message of a context."""
    key, nonce = _hpke_context(private, enc, info, aead_id, key_bytes)
    return AESGCM(key).decrypt(nonce, ciphertext, aad)


def _hpke_context(private: bytes, enc: bytes, info: bytes, aead_id: int, key_bytes: int) -> tuple[bytes, bytes]:
    recipient = x25519.X25519PrivateKey.from_private_bytes(private)
    dh = recipient.exchange(x25519.X25519PublicKey.from_public_bytes(enc))
    kem_suite = b"KEM" + (0x20).to_bytes(2, "big")
    kem_context = enc + recipient.public_key().public_bytes_raw()
    eae = _labeled_extract(kem_suite, b"", b"eae_prk", dh)
    shared = _labeled_expand(kem_suite, eae, b"shared_secret", kem_context, 32)

    suite = b"HPKE" + (0x20).to_bytes(2, "big") + (1).to_bytes(2, "big") + aead_id.to_bytes(2, "big")
    psk_id_hash = _labeled_extract(suite, b"", b"psk_id_hash", b"")
    info_hash = _labeled_extract(suite, b"", b"info_hash", info)
    context = b"\0" + psk_id_hash + info_hash
    secret = _labeled_extract(suite, shared, b"secret", b"")
    key = _labeled_expand(suite, secret, b"key", context, key_bytes)
    return key, _labeled_expand(suite, secret, b"base_nonce", context, 12)


def _labeled_extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hkdf_extract(salt, b"HPKE-v1" + suite + label + ikm)


def _labeled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return hkdf_expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)
