"""`wire` against plain arithmetic, and the plain arithmetic against published vectors."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.unit.wire import reference, story

AES_128_GCM, AES_256_GCM = 1, 2  # RFC 9180, section 7.3


def vector(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((story.FOLDER / f"{path}.json").read_text(encoding="utf-8"))
    return loaded


def given(path: str) -> dict[str, bytes]:
    return {name: bytes.fromhex(value) for name, value in vector(path)["given"].items()}


# -- the reference itself -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "tag"),
    [
        (0, "bb1d6929e95937287fa37d129b756746"),
        (16, "070a16b46b4d4144f79bdd9dd04a287c"),
        (40, "dfa66747de9ae63030ca32611497c827"),
        (64, "51f0bebf7e3b9d92fc49741779363cfe"),
    ],
)
def test_reference_cmac_gives_the_vectors_of_rfc_4493(length: int, tag: str) -> None:
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    message = bytes.fromhex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    )
    assert reference.aes_cmac(key, message[:length]).hex() == tag


def test_reference_hkdf_gives_case_1_of_rfc_5869() -> None:
    okm = reference.hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42)
    assert okm.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"


def test_reference_hpke_opens_the_base_mode_vector_of_rfc_9180_a_1_1() -> None:
    # This vector has associated data, which `cryptography`'s one-shot HPKE does not take: so it holds the
    # reference here, and the reference holds `wire` below.
    plaintext = reference.hpke_open(
        bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"),
        bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"),
        bytes.fromhex("f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"),
        bytes.fromhex("4f6465206f6e2061204772656369616e2055726e"),
        bytes.fromhex("436f756e742d30"),
        aead_id=AES_128_GCM,
        key_bytes=16,
    )
    assert plaintext == b"Beauty is truth, truth beauty"


def test_reference_curve_closes_after_n_points() -> None:
    assert (reference.G[1] ** 2 - reference.G[0] ** 3 + 3 * reference.G[0] - reference.B) % reference.PRIME == 0
    assert reference.multiply(reference.ORDER, reference.G) is None


# -- wire held against it -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["transaction", "k-highest", "e-highest", "serial-ones", "generation-highest"])
def test_key_schedule_equals_plain_arithmetic(case: str) -> None:
    value, gives = given(f"key-schedule/{case}"), vector(f"key-schedule/{case}")["gives"]
    okm = reference.hkdf(value["seed1"] + value["seed2"], b"yinxin work key v1", value["generation"], 64)
    public = x25519.X25519PrivateKey.from_private_bytes(okm[:32]).public_key().public_bytes_raw()
    assert gives["work"] == {"private": okm[:32].hex(), "public": public.hex(), "mac": okm[32:].hex()}

    k, e, n = int.from_bytes(value["k"], "big"), int.from_bytes(value["e"], "big"), reference.ORDER
    K = reference.multiply(k, reference.G)
    tag = hmac.new(value["c"], reference.compress(K) + value["serial"], hashlib.sha512).digest()
    t = int.from_bytes(tag, "big") % (n - 1) + 1
    P = reference.add(K, reference.multiply(t, reference.G))
    p = (k + t) % n
    assert reference.multiply(p, reference.G) == P
    E = reference.multiply(e, reference.G)
    assert (gives["K"], gives["t"], gives["p"], gives["P"], gives["E"]) == (
        reference.compress(K).hex(),
        f"{t:064x}",
        f"{p:064x}",
        reference.compress(P).hex(),
        reference.compress(E).hex(),
    )

    shared = reference.multiply(e, P)
    assert shared is not None
    assert shared == reference.multiply(p, E)
    salt = reference.compress(E) + reference.compress(P)
    psam = reference.hkdf(shared[0].to_bytes(32, "big"), salt, b"yinxin psam v1" + value["serial"], 96)
    assert gives["psam"] == {"pin": psam[:32].hex(), "data": psam[32:64].hex(), "mac": psam[64:].hex()}


@pytest.mark.parametrize("name", ["inquiry", "transfer", "balance"])
def test_sealed_request_opens_by_rfc_9180_written_plainly(name: str) -> None:
    message = bytes.fromhex(vector(f"sealed-request/{name}")["message"])
    start = 25 if message[0] & 8 else 9
    body = reference.hpke_open(
        given("sealed-request/transfer")["terminal_key"],
        message[start : start + 32],
        message[start + 32 :],
        b"yinxin terminal v1" + message[:9],
        aead_id=AES_128_GCM,
        key_bytes=16,
    )
    gives = vector(f"sealed-request/{name}")["gives"]
    account = gives["payee"] if name == "inquiry" else gives.get("payer", gives.get("account"))
    assert body[:10].hex() == account.ljust(20, "f")
    assert body[-16:].hex() == gives["reply_key"]


@pytest.mark.parametrize(
    ("path", "number_bytes", "purpose"),
    [
        ("renewed-seeds-block/generation-2", 4, b"yinxin renewed seeds v1"),
        ("control-key-block/epoch-1", 2, b"yinxin control key v1"),
        ("notice-block/with-app", 8, b"yinxin notice v1"),
    ],
)
def test_block_under_the_work_key_opens_plainly(path: str, number_bytes: int, purpose: bytes) -> None:
    block, value = bytes.fromhex(vector(path)["message"]), given(path)
    work = reference.hkdf(value["seed1"] + value["seed2"], b"yinxin work key v1", value["generation"], 64)
    assert reference.hmac_sha256(work[32:], block[:-32]) == block[-32:]
    start = 1 + number_bytes + 4
    assert block[start - 4 : start] == value["generation"]
    enc, sealed = block[start : start + 32], block[start + 32 : -32]
    info = purpose + block[1 : 1 + number_bytes]
    plaintext = reference.hpke_open(work[:32], enc, sealed, info, aead_id=AES_256_GCM, key_bytes=32)
    gives = vector(path)["gives"]
    expected = {
        "renewed-seeds-block/generation-2": "".join(gives.get(name, "") for name in ("seed1", "seed2", "generation")),
        "control-key-block/epoch-1": f"{gives.get('epoch', 0):04x}" + gives.get("K", "") + gives.get("c", ""),
        "notice-block/with-app": gives.get("msisdn", "").ljust(16, "f") + gives.get("payload", ""),
    }
    assert plaintext.hex() == expected[path]


@pytest.mark.parametrize(
    ("path", "number_bytes", "purpose"),
    [
        ("registration-block/transaction", 8, b"yinxin registration v1"),
        ("first-seeds-block/generation-1", 4, b"yinxin first seeds v1"),
    ],
)
def test_block_under_the_static_key_opens_plainly(path: str, number_bytes: int, purpose: bytes) -> None:
    block, value = bytes.fromhex(vector(path)["message"]), given(path)
    header = block[: 1 + number_bytes]
    key = reference.hkdf(value["static_key"], b"", purpose + header[1:], 32)
    sealed = block[len(header) :]
    plaintext = AESGCM(key).decrypt(sealed[:12], sealed[12:], header).hex()
    gives = vector(path)["gives"]
    if "E" in gives:
        sim = gives["imsi"].ljust(16, "f") + gives["msisdn"].ljust(16, "f")
        assert plaintext == sim + gives["serial"] + gives["E"]
    else:
        assert plaintext == gives["seed1"] + gives["seed2"] + gives["generation"]


@pytest.mark.parametrize("name", ["inquiry", "transfer", "transfer-answer", "reversal", "reversal-answer"])
def test_sealed_iso_message_opens_plainly(name: str) -> None:
    """MAC and associated data are rebuilt from the bytes of the message, without the field table."""
    case, value = vector(f"sealed-iso/{name}"), vector(f"sealed-iso/{name}")["given"]
    raw, psam = bytes.fromhex(case["message"]), vector("key-schedule/transaction")["gives"]["psam"]
    assert (value["data"], value["mac"]) == (psam["data"], psam["mac"])
    assert reference.aes_cmac(bytes.fromhex(value["mac"]), raw[:-8])[:8] == raw[-8:]

    bare, sealed = without_block_and_mac(raw)
    associated = bytes([value["direction"]]) + int(exchange_number(raw)).to_bytes(2, "big") + bare
    plaintext = AESGCM(bytes.fromhex(value["data"])).decrypt(sealed[:12], sealed[12:], associated)
    assert plaintext.hex() == case["gives"]["plaintext"]


def without_block_and_mac(raw: bytes) -> tuple[bytes, bytes]:
    """Cut DE48 and the MAC out of a message: their bytes, and their bits of the bitmap."""
    large = raw[4] & 0x80
    bitmap = bytearray(raw[4 : 20 if large else 12])
    bitmap[5] &= ~0x01 & 0xFF  # DE48
    bitmap[-1] &= ~0x01 & 0xFF  # DE64 or DE128
    body = raw[4 + len(bitmap) : -8]
    start = body.index(story.RRN.encode()) + 12
    start += 2 if raw[2:3] in b"13" else 0  # DE39 stands between DE37 and DE48 in an answer
    size = int(body[start : start + 3])
    sealed = base64.b64decode(body[start + 3 : start + 3 + size])
    return raw[:4] + bytes(bitmap) + body[:start] + body[start + 3 + size :], sealed


def exchange_number(raw: bytes) -> bytes:
    """Return DE61, which stands behind DE60 with its serial of 16 digits."""
    start = raw.index(b"016" + str(story.SERIAL).encode()) + 3 + 16
    assert raw[start : start + 3] == b"003"
    return raw[start + 3 : start + 6]
