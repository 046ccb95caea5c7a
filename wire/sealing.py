"""Sealing between handset and bank, through an operator that can open nothing of it (design.md section 2).

Up: HPKE (RFC 9180, base mode, X25519, HKDF-SHA256, AES-128-GCM) to the bank's terminal key.
Down: AES-128-GCM under the reply key that the request carried; notices under a key derived from a reply key.
"""

from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from wire import aead
from wire.errors import BadMessage, BadSeal
from wire.keys import hkdf
from wire.secret import Secret
from wire.terminal import Answer, Kind, Notice, NoticeBody, Reply, Request

TERMINAL_KEY_BYTES = 32
HPKE_OVERHEAD_BYTES = 48  # X25519 encapsulation 32, AES-GCM tag 16

_TERMINAL_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


class BankSeal:
    """Seals requests to one bank's terminal public key (32 bytes). Raises BadMessage if it is no usable key.

    HPKE makes its ephemeral key itself: that randomness cannot be passed in, so the sealing is passed in whole.
    """

    def __init__(self, public_key: bytes) -> None:
        if len(public_key) != TERMINAL_KEY_BYTES:
            raise BadMessage("terminal key", f"needs {TERMINAL_KEY_BYTES} bytes")
        self._public_key = x25519.X25519PublicKey.from_public_bytes(public_key)
        try:
            _TERMINAL_SUITE.encrypt(b"", self._public_key)
        except ValueError:  # a point of low order, with which every secret would be zero (RFC 7748, section 6.1)
            raise BadMessage("terminal key", "is no key that can be sealed to") from None

    def seal(self, request: Request, body: bytes) -> bytes:
        """Return encapsulation 32 || ciphertext || tag 16, bound to the request's type and transaction id."""
        return _TERMINAL_SUITE.encrypt(body, self._public_key, info=_request_info(request))


def open_request(terminal_key: Secret, request: Request) -> bytes:
    """Open a request's sealed body with the bank's terminal private key (X25519, 32 bytes). Raises BadSeal."""
    private = x25519.X25519PrivateKey.from_private_bytes(terminal_key.reveal())
    try:
        return _TERMINAL_SUITE.decrypt(request.sealed, private, info=_request_info(request))
    except InvalidTag:
        raise BadSeal("request: does not open: another bank's key, or altered") from None


def terminal_public_key(terminal_key: Secret) -> bytes:
    """Return the public key of a terminal private key; 32 bytes each."""
    return x25519.X25519PrivateKey.from_private_bytes(terminal_key.reveal()).public_key().public_bytes_raw()


def fingerprint(public_key: bytes) -> str:
    """Return the first 16 bytes of SHA-256 of a terminal public key as eight groups of four hex digits."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public_key)
    text = digest.finalize()[:16].hex()
    return " ".join(text[start : start + 4] for start in range(0, 32, 4))


def seal_reply(reply_key: Secret, request: Request, answer: Answer, serial: str, nonce: bytes) -> Reply:
    """Seal the bank's answer to `request`, which came under `serial` (16 hex digits); nonce is 12 random bytes.

    The code outside repeats the one inside, so that the operator can tell the class of the result.
    """
    bare = Reply(request.transaction_id, request.type_byte(), answer.code, serial, b"")
    return replace(bare, sealed=aead.seal(reply_key, nonce, answer.encode(), bare.header()))


def open_reply(reply_key: Secret, reply: Reply) -> Answer:
    """Open a sealed reply. Raises BadSeal, or BadMessage if the code inside is not the code outside."""
    plaintext = aead.unseal(reply_key, reply.sealed, reply.header())
    answer = Answer.decode(Kind(reply.answers & 7), plaintext)
    if answer.code != reply.code:
        raise BadMessage("code", "inside and outside differ")
    return answer


def notice_key(reply_key: Secret) -> Secret:
    """Derive the key of later notices (16 bytes) from the reply key of a request with PIN.

    Derived, it costs no byte of the SMS, and the bank keeps nothing that opens the replies of the past.
    """
    return Secret(hkdf(reply_key.reveal(), None, b"yinxin notice key v1", 16))


def seal_notice(key: Secret, notice_id: bytes, key_id: bytes, body: NoticeBody, nonce: bytes) -> Notice:
    """Seal a notice under a notice key (16 bytes); nonce is 12 random bytes."""
    bare = Notice(notice_id, key_id, b"")
    return Notice(notice_id, key_id, aead.seal(key, nonce, body.encode(), bare.header()))


def open_notice(key: Secret, notice: Notice) -> NoticeBody:
    """Open a notice. Raises BadSeal, BadMessage."""
    return NoticeBody.decode(aead.unseal(key, notice.sealed, notice.header()))


def _request_info(request: Request) -> bytes:
    return b"yinxin terminal v1" + bytes([request.type_byte()]) + request.transaction_id
