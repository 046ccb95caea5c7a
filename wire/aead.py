"""AES-GCM with the nonce in front, the one form in which it travels here (design.md section 4)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wire.errors import BadSeal
from wire.secret import Secret

NONCE_BYTES = 12
TAG_BYTES = 16


def seal(key: Secret, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """Return nonce || ciphertext || tag: 28 bytes more than the plaintext. The nonce is 12 random bytes, used once."""
    assert len(nonce) == NONCE_BYTES
    return nonce + AESGCM(key.reveal()).encrypt(nonce, plaintext, associated)


def unseal(key: Secret, sealed: bytes, associated: bytes) -> bytes:
    """Return the plaintext. Raises BadSeal if the key, the associated data or a byte is wrong, or it is too short."""
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise BadSeal(f"sealed data of {len(sealed)} bytes is shorter than nonce and tag")
    try:
        return AESGCM(key.reveal()).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated)
    except InvalidTag:
        raise BadSeal("does not open") from None
