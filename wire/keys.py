"""The key schedule: seeds to work key, control key to dynamic key, dynamic key to PSAM key set (design.md section 4).

Every name and number here is normative. `python -m wire.keys FILE.json` prints what it derives, so that anyone
can hold it against an implementation of their own.

The elliptic curve is P-256; points are SEC1 compressed (33 bytes), scalars 32 bytes big-endian.
"""

import json
import sys
from dataclasses import dataclass
from typing import NamedTuple, Self

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wire.errors import BadMessage, InvalidPoint, InvalidScalar
from wire.secret import Secret

SEED_BYTES = 32
STATIC_KEY_BYTES = 32
POINT_BYTES = 33
SCALAR_BYTES = 32
SERIAL_BYTES = 8

# NIST SP 800-186, curve P-256: field prime and group order.
FIELD_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
GROUP_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_CURVE = ec.SECP256R1()


class Serial(NamedTuple):
    """Names one dynamic key: epoch of the control key (u16), operator node (u16), counter (u32). Used once."""

    epoch: int
    node: int
    counter: int

    def pack(self) -> bytes:
        """Return the 8 bytes that travel and are derived from."""
        return self.epoch.to_bytes(2, "big") + self.node.to_bytes(2, "big") + self.counter.to_bytes(4, "big")

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Undo `pack`. Raises BadMessage if `packed` is not 8 bytes."""
        if len(packed) != SERIAL_BYTES:
            raise BadMessage("serial", f"needs {SERIAL_BYTES} bytes")
        return cls(*(int.from_bytes(part, "big") for part in (packed[:2], packed[2:4], packed[4:])))

    def __str__(self) -> str:
        """Show 16 hex digits, the form in which people and DE60 name it."""
        return self.pack().hex()


@dataclass(frozen=True, slots=True)
class WorkKey:
    """The work pair of one seed generation (steps 204 and 208): bank encrypts, operator decrypts."""

    generation: int
    decryption: Secret  # X25519 private key, 32 bytes
    encryption: bytes  # X25519 public key, 32 bytes
    mac: Secret  # HMAC-SHA256 key, 32 bytes


@dataclass(frozen=True, slots=True)
class PsamKeys:
    """The PSAM key set of one transaction (step 112): three keys of 32 bytes."""

    pin: Secret
    data: Secret
    mac: Secret


def hkdf(ikm: bytes, salt: bytes | None, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 (RFC 5869); `length` in bytes."""
    return HKDF(hashes.SHA256(), length, salt, info).derive(ikm)


def work_key(seed1: Secret, seed2: Secret, generation: int) -> WorkKey:
    """Make the work pair of `generation` (u32) from the two custodians' seeds of 32 bytes (steps 204, 208)."""
    assert len(seed1) == len(seed2) == SEED_BYTES
    okm = hkdf(seed1.reveal() + seed2.reveal(), b"yinxin work key v1", generation.to_bytes(4, "big"), length=64)
    private = x25519.X25519PrivateKey.from_private_bytes(okm[:32])
    return WorkKey(generation, Secret(okm[:32]), private.public_key().public_bytes_raw(), Secret(okm[32:]))


def control_point(k: Secret) -> bytes:
    """Return K = k*G, the half of the control key that the operator gets. Raises InvalidScalar."""
    return _point_bytes(_private_key(int.from_bytes(k.reveal(), "big")).public_key())


def dynamic_scalar(c: Secret, K: bytes, serial: Serial) -> int:
    """Return t of one serial, in [1, n-1]."""
    tag = hmac.HMAC(c.reveal(), hashes.SHA512())
    tag.update(K + serial.pack())
    return int.from_bytes(tag.finalize(), "big") % (GROUP_ORDER - 1) + 1


def dynamic_encryption_key(K: bytes, c: Secret, serial: Serial) -> bytes:
    """Return P = K + t*G (step 104, module 302). Raises InvalidPoint if K is none, or the sum is infinity."""
    addend = _private_key(dynamic_scalar(c, K, serial)).public_key()
    return _add(_public_key(K), addend)


def dynamic_decryption_key(k: Secret, c: Secret, serial: Serial) -> Secret:
    """Return p = (k + t) mod n, 32 bytes, with p*G == P (step 116, module 412).

    One p together with c gives k away: who calls this keeps p where k is kept.
    """
    t = dynamic_scalar(c, control_point(k), serial)
    p = (int.from_bytes(k.reveal(), "big") + t) % GROUP_ORDER
    return Secret(p.to_bytes(SCALAR_BYTES, "big"))


def psam_keys_of_operator(ephemeral: Secret, P: bytes, serial: Serial) -> PsamKeys:
    """Derive the PSAM key set from the ephemeral scalar e and P. Raises InvalidPoint, InvalidScalar."""
    private = _private_key(int.from_bytes(ephemeral.reveal(), "big"))
    z = private.exchange(ec.ECDH(), _public_key(P))
    return _psam_keys(z, _point_bytes(private.public_key()), P, serial)


def psam_keys_of_bank(k: Secret, c: Secret, E: bytes, serial: Serial) -> PsamKeys:
    """Derive the same from the bank's side of the control key and the operator's E; p stays inside this call."""
    p = _private_key(int.from_bytes(dynamic_decryption_key(k, c, serial).reveal(), "big"))
    z = p.exchange(ec.ECDH(), _public_key(E))
    return _psam_keys(z, E, _point_bytes(p.public_key()), serial)


def _psam_keys(z: bytes, E: bytes, P: bytes, serial: Serial) -> PsamKeys:
    okm = hkdf(z, E + P, b"yinxin psam v1" + serial.pack(), length=96)
    return PsamKeys(Secret(okm[:32]), Secret(okm[32:64]), Secret(okm[64:]))


def scalar_from_random(random_48: bytes) -> Secret:
    """Map 48 random bytes to a scalar in [1, n-1]; 128 surplus bits keep it uniform (FIPS 186-5, A.2.1)."""
    assert len(random_48) == 48
    scalar = int.from_bytes(random_48, "big") % (GROUP_ORDER - 1) + 1
    return Secret(scalar.to_bytes(SCALAR_BYTES, "big"))


def ephemeral_point(ephemeral: Secret) -> bytes:
    """Return E = e*G, 33 bytes. Raises InvalidScalar."""
    return control_point(ephemeral)


def key_check_value(key: Secret) -> str:
    """Return the first 5 bytes of AES-CMAC (RFC 4493) of 16 zero bytes under a 16 or 32 byte key, as hex."""
    cmac = CMAC(algorithms.AES(key.reveal()))
    cmac.update(bytes(16))
    return cmac.finalize()[:5].hex()


def _private_key(scalar: int) -> ec.EllipticCurvePrivateKey:
    if not 1 <= scalar < GROUP_ORDER:
        raise InvalidScalar("a P-256 scalar must be in [1, n-1]")
    return ec.derive_private_key(scalar, _CURVE)


def _public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    # Only the compressed form is accepted, so that every point has one encoding.
    if len(point) != POINT_BYTES or point[0] not in (2, 3):
        raise InvalidPoint(f"needs {POINT_BYTES} bytes of SEC1 compressed form")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    except ValueError as error:
        raise InvalidPoint("not on P-256") from error


def _point_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)


def _add(left: ec.EllipticCurvePublicKey, right: ec.EllipticCurvePublicKey) -> bytes:
    """Add two P-256 points in affine coordinates; both are public, so no constant time is needed.

    Raises InvalidPoint if the sum is the point at infinity.
    """
    x1, y1 = left.public_numbers().x, left.public_numbers().y
    x2, y2 = right.public_numbers().x, right.public_numbers().y
    if x1 == x2 and (y1 + y2) % FIELD_PRIME == 0:
        raise InvalidPoint("the sum is the point at infinity")
    if (x1, y1) == (x2, y2):
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, FIELD_PRIME)  # the curve's a is -3
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, FIELD_PRIME)
    x = (slope * slope - x1 - x2) % FIELD_PRIME
    y = (slope * (x1 - x) - y1) % FIELD_PRIME
    return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")


_INPUTS = {"seed1": 32, "seed2": 32, "generation": 4, "k": 32, "c": 32, "serial": 8, "e": 32}


def derive_all(inputs: dict[str, object]) -> dict[str, str | dict[str, str]]:
    """Derive every value of section 4 from hex inputs: seed1, seed2, generation, k, c, serial, e.

    Raises BadMessage naming the input that is missing, unknown or of a wrong length; InvalidScalar for k or e.
    """
    unknown = sorted(set(inputs) - set(_INPUTS))
    if unknown:
        raise BadMessage(unknown[0], f"unknown input; known: {', '.join(_INPUTS)}")
    value = {name: _input(inputs, name, size) for name, size in _INPUTS.items()}
    k, c, e = Secret(value["k"]), Secret(value["c"]), Secret(value["e"])
    serial = Serial.unpack(value["serial"])
    work = work_key(Secret(value["seed1"]), Secret(value["seed2"]), int.from_bytes(value["generation"], "big"))
    K = control_point(k)
    P = dynamic_encryption_key(K, c, serial)
    psam = psam_keys_of_operator(e, P, serial)
    return {
        "work": {
            "private": work.decryption.reveal().hex(),
            "public": work.encryption.hex(),
            "mac": work.mac.reveal().hex(),
        },
        "K": K.hex(),
        "t": dynamic_scalar(c, K, serial).to_bytes(SCALAR_BYTES, "big").hex(),
        "p": dynamic_decryption_key(k, c, serial).reveal().hex(),
        "P": P.hex(),
        "E": ephemeral_point(e).hex(),
        "psam": {
            "pin": psam.pin.reveal().hex(),
            "data": psam.data.reveal().hex(),
            "mac": psam.mac.reveal().hex(),
        },
    }


def _input(inputs: dict[str, object], name: str, size: int) -> bytes:
    text = inputs.get(name)
    if isinstance(text, int) and not isinstance(text, bool) and 0 <= text < 256**size and size <= 8:
        return text.to_bytes(size, "big")  # a generation or a serial may be written as a JSON number
    if not isinstance(text, str):
        raise BadMessage(name, "missing" if text is None else "needs a hex string")
    try:
        value = bytes.fromhex(text)
    except ValueError:
        raise BadMessage(name, "not hex") from None
    if name == "generation" and 0 < len(value) < size:
        value = value.rjust(size, b"\0")  # "01" is as good a generation as "00000001"
    if len(value) != size:
        raise BadMessage(name, f"needs {size} bytes of hex, has {len(value)}")
    return value


def main(arguments: list[str]) -> int:
    """Print all derived values of one JSON file. Returns the exit status: 0, or 2 for bad input."""
    usage = "usage: python -m wire.keys FILE.json   (example: python -m wire.keys docs/keys-example.json)"
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(f"{usage}\n\nFILE.json holds hex inputs: {', '.join(_INPUTS)}. Use it with test keys only.")
        return 0 if arguments in (["-h"], ["--help"]) else 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            inputs = json.load(file)
        if not isinstance(inputs, dict):
            raise BadMessage("file", "needs one JSON object")
        print(json.dumps(derive_all(inputs), indent=2))
    except (OSError, ValueError, BadMessage, InvalidPoint, InvalidScalar) as error:
        print(f"wire.keys: {arguments[0]}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
