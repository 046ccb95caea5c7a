"""Write the vector files: python tests/unit/wire/make_vectors.py

Everything follows from fixed inputs, except what HPKE sealed: its ephemeral keys cannot be passed in. Those files
are made once and then read again; delete one to have it sealed anew. All vectors tell one story, the conversation
that docs/protocol.md shows: operator 10001, node 7, opens serial 0001000700000001 for one transfer.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "vectors"
ROOT = Path(__file__).parents[3]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from wire import aead, blocks, framing, iso, keys, sealing, terminal  # noqa: E402
from wire.identity import Identity  # noqa: E402
from wire.secret import Secret  # noqa: E402

Vector = dict[str, Any]


def fixed(name: str, size: int = 32) -> bytes:
    """Return bytes that anyone can make again: SHA-256 of a name."""
    return hashlib.sha256(f"yinxin vector: {name}".encode()).digest()[:size]


# -- the story's fixed inputs ---------------------------------------------------------------------------------

SERIAL = keys.Serial(1, 7, 1)
TRANSACTION = {
    "seed1": fixed("seed 1").hex(),
    "seed2": fixed("seed 2").hex(),
    "generation": "00000001",
    "k": keys.scalar_from_random(fixed("k, first half") + fixed("k, second half", 16)).reveal().hex(),
    "c": fixed("c").hex(),
    "serial": str(SERIAL),
    "e": keys.scalar_from_random(fixed("e, first half") + fixed("e, second half", 16)).reveal().hex(),
}
SEEDS = {name: TRANSACTION[name] for name in ("seed1", "seed2", "generation")}
STATIC_KEY = Secret(fixed("static key"))
TERMINAL_KEY = Secret(fixed("terminal key"))
REPLY_KEYS = {name: Secret(fixed(f"reply key of {name}", 16)) for name in ("inquiry", "transfer", "balance")}
REPLY_KEY = REPLY_KEYS["transfer"]
PAYEE_REPLY_KEY = Secret(fixed("reply key of the payee's last request", 16))
WORK = keys.work_key(Secret(fixed("seed 1")), Secret(fixed("seed 2")), 1)
K = keys.control_point(Secret(bytes.fromhex(TRANSACTION["k"])))
C = Secret(fixed("c"))
P = keys.dynamic_encryption_key(K, C, SERIAL)
E = keys.ephemeral_point(Secret(bytes.fromhex(TRANSACTION["e"])))
PSAM = keys.psam_keys_of_operator(Secret(bytes.fromhex(TRANSACTION["e"])), P, SERIAL)
PAYER_SIM = Identity("001010000000001", "8613900000001")
PAYEE_NUMBER = "8613900000002"
PAYER, PAYEE, PIN = "46000000001", "46000000002", Secret(b"2468")
TRANSFER_ID, BALANCE_ID, NOTICE_ID = fixed("transfer id", 8), fixed("balance id", 8), fixed("notice id", 8)
RRN = "432700000001"
FIRST_BALANCE_FEN = 1_000_000
AMOUNT_FEN = 12_345


def nonce(name: str) -> bytes:
    return fixed(f"nonce of {name}", 12)


def flipped(message: bytes, position: int) -> bytes:
    changed = bytearray(message)
    changed[position] ^= 1
    return bytes(changed)


# -- writing --------------------------------------------------------------------------------------------------


class Book:
    """The vectors made so far, by path below the folder; knows which ciphertexts exist already."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sealed: dict[str, bytes] = {}
        self.vectors: dict[str, Vector] = {}

    def add(self, path: str, about: str, **vector: Any) -> None:
        kind = path.partition("/")[0]
        self.vectors[f"{path}.json"] = {"about": about, "kind": kind, **vector}

    def good(self, path: str, about: str, message: bytes, gives: Mapping[str, Any], **more: Any) -> bytes:
        self.add(path, about, **more, message=message.hex(), gives=gives)
        return message

    def bad(self, path: str, about: str, message: bytes, error: str, **more: Any) -> None:
        self.add(path, about, **more, message=message.hex(), error=error)

    def sealed_once(self, path: str, make: Callable[[], bytes]) -> bytes:
        """Return the ciphertext of an existing file, or a new one, the same for the whole book."""
        file = self._folder / f"{path}.json"
        if path not in self._sealed:
            self._sealed[path] = bytes.fromhex(_message_in(file)) if file.exists() else make()
        return self._sealed[path]


def _message_in(file: Path) -> str:
    return str(json.loads(file.read_text(encoding="utf-8"))["message"])


def build(folder: Path = FOLDER) -> dict[str, str]:
    """Return the text of every vector file by its path below `folder`."""
    book = Book(folder)
    add_key_schedule(book)
    add_static_blocks(book)
    add_work_blocks(book)
    add_terminal(book)
    add_iso(book)
    add_frames(book)
    return {path: json.dumps(vector, indent=2, ensure_ascii=False) + "\n" for path, vector in book.vectors.items()}


# -- key schedule ---------------------------------------------------------------------------------------------


def add_key_schedule(book: Book) -> None:
    n = keys.GROUP_ORDER
    cases: dict[str, tuple[str, dict[str, str]]] = {
        "transaction": ("The keys of the story.", {}),
        "next-serial": ("The next counter: every key of the transaction changes.", {"serial": "0001000700000002"}),
        "serial-zero": ("All bits of the serial clear.", {"serial": "00" * 8}),
        "serial-ones": ("All bits of the serial set.", {"serial": "ff" * 8}),
        "generation-zero": ("The lowest generation.", {"generation": "00000000"}),
        "generation-highest": ("The highest generation.", {"generation": "ffffffff"}),
        "seeds-exchanged": ("Seed 1 and seed 2 are not interchangeable.", _exchanged_seeds()),
        "seeds-zero": ("Seeds of zeros still give a key pair.", {"seed1": "00" * 32, "seed2": "00" * 32}),
        "k-one": ("The lowest k: K is G.", {"k": f"{1:064x}"}),
        "k-highest": ("The highest k, n-1: K is -G, and k + t runs over n.", {"k": f"{n - 1:064x}"}),
        "e-one": ("The lowest e: E is G.", {"e": f"{1:064x}"}),
        "e-highest": ("The highest e, n-1.", {"e": f"{n - 1:064x}"}),
        "c-zero": ("c of zeros.", {"c": "00" * 32}),
    }
    for name, (about, change) in cases.items():
        given = {**TRANSACTION, **change}
        book.add(f"key-schedule/{name}", about, given=given, gives=keys.derive_all(dict(given)))
    for name, about, change, error in (
        ("k-zero", "k must be at least 1.", {"k": "00" * 32}, "InvalidScalar"),
        ("k-n", "k must be below n.", {"k": f"{n:064x}"}, "InvalidScalar"),
        ("e-zero", "e must be at least 1.", {"e": "00" * 32}, "InvalidScalar"),
        ("e-n", "e must be below n.", {"e": f"{n:064x}"}, "InvalidScalar"),
        ("c-short", "c has 32 bytes.", {"c": "00" * 31}, "BadMessage"),
        ("serial-long", "A serial has 8 bytes.", {"serial": "00" * 9}, "BadMessage"),
    ):
        book.add(f"key-schedule/{name}", about, given={**TRANSACTION, **change}, error=error)
    for name, about, point in _bad_points():
        given = {"K": point, "c": TRANSACTION["c"], "serial": str(SERIAL)}
        book.add(f"operator-keys/K-{name}", f"K from the bank {about}.", given=given, error="InvalidPoint")
        given = {"k": TRANSACTION["k"], "c": TRANSACTION["c"], "E": point, "serial": str(SERIAL)}
        book.add(f"bank-keys/E-{name}", f"E from the operator {about}.", given=given, error="InvalidPoint")


def _exchanged_seeds() -> dict[str, str]:
    return {"seed1": TRANSACTION["seed2"], "seed2": TRANSACTION["seed1"]}


def _bad_points() -> Iterator[tuple[str, str, str]]:
    yield "empty", "is empty", ""
    yield "infinity", "is the point at infinity", "00"
    yield "uncompressed", "is not compressed", "04" + "11" * 64
    yield "wrong-prefix", "has a prefix that is neither 02 nor 03", "05" + E.hex()[2:]
    yield "off-curve", "has an x that no point of P-256 has", "02" + f"{_x_off_curve():064x}"
    # 5 is the x of a point; the prime added to it names the same x a second time.
    yield "not-reduced", "has an x that is not below the field prime", "02" + f"{keys.FIELD_PRIME + 5:064x}"


def _x_off_curve() -> int:
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B  # NIST SP 800-186, curve P-256
    prime = keys.FIELD_PRIME
    return next(x for x in range(1, 100) if pow(x**3 - 3 * x + b, (prime - 1) // 2, prime) == prime - 1)


# -- blocks ---------------------------------------------------------------------------------------------------


def add_static_blocks(book: Book) -> None:
    opens = {"static_key": STATIC_KEY.reveal().hex()}
    registration = blocks.Registration(PAYER_SIM, SERIAL, E)
    block = book.good(
        "registration-block/transaction",
        "Initial authentication information under the static key (step 106).",
        blocks.seal_registration(STATIC_KEY, registration, nonce("registration")),
        {"imsi": PAYER_SIM.imsi, "msisdn": PAYER_SIM.msisdn, "serial": str(SERIAL), "E": E.hex()},
        given=opens,
        nonce=nonce("registration").hex(),
    )
    _tampered_static(book, "registration-block", block, number_at=8)
    other_serial = keys.Serial(1, 7, 2).pack()
    plaintext = PAYER_SIM.pack() + other_serial + E
    key = blocks._registration_key(STATIC_KEY, SERIAL.pack())
    forged = block[:9] + aead.seal(key, nonce("two serials"), plaintext, block[:9])
    about = "The serial inside is another than outside."
    book.bad("registration-block/two-serials", about, forged, "BadMessage", field="serial", given=opens)
    seeds = blocks.Seeds(1, Secret(fixed("seed 1")), Secret(fixed("seed 2")))
    block = book.good(
        "first-seeds-block/generation-1",
        "Both seeds on their first journey, under the static key (step 202).",
        blocks.seal_first_seeds(STATIC_KEY, seeds, nonce("first seeds")),
        SEEDS,
        given=opens,
        nonce=nonce("first seeds").hex(),
    )
    _tampered_static(book, "first-seeds-block", block, number_at=4)
    plaintext = fixed("seed 1") + fixed("seed 2") + (2).to_bytes(4, "big")
    key = blocks._first_seeds_key(STATIC_KEY, block[1:5])
    forged = block[:5] + aead.seal(key, nonce("two generations"), plaintext, block[:5])
    about = "The generation inside is another than outside."
    book.bad("first-seeds-block/two-generations", about, forged, "BadMessage", field="generation", given=opens)


def _tampered_static(book: Book, kind: str, block: bytes, number_at: int) -> None:
    opens = {"static_key": STATIC_KEY.reveal().hex()}
    other = {"static_key": fixed("another static key").hex()}
    book.bad(f"{kind}/other-static-key", "Another static key.", block, "BadSeal", given=other)
    book.bad(f"{kind}/number-changed", "The number outside.", flipped(block, number_at), "BadSeal", given=opens)
    book.bad(f"{kind}/nonce-changed", "A bit of the nonce.", flipped(block, number_at + 1), "BadSeal", given=opens)
    book.bad(f"{kind}/tag-changed", "The last bit of the tag.", flipped(block, -1), "BadSeal", given=opens)
    book.bad(f"{kind}/cut", "The last byte is missing.", block[:-1], "BadSeal", given=opens)
    book.bad(f"{kind}/longer", "A byte too many.", block + b"\0", "BadSeal", given=opens)
    book.bad(f"{kind}/other-kind", "The first byte names another block.", b"\5" + block[1:], "BadMessage", given=opens)
    book.bad(f"{kind}/unknown-kind", "The first byte names no block.", b"\0" + block[1:], "BadMessage", given=opens)
    book.bad(f"{kind}/only-kind", "Nothing but the first byte.", block[:1], "BadMessage", given=opens)
    book.bad(f"{kind}/empty", "No byte at all.", b"", "BadMessage", given=opens)


def add_work_blocks(book: Book) -> None:
    seeds = blocks.Seeds(2, Secret(fixed("renewed seed 1")), Secret(fixed("renewed seed 2")))
    _work_block(
        book,
        "renewed-seeds-block/generation-2",
        "Renewed seeds under the work key of generation 1 (module 418).",
        lambda: blocks.seal_renewed_seeds(WORK, seeds),
        {"seed1": seeds.seed1.reveal().hex(), "seed2": seeds.seed2.reveal().hex(), "generation": "00000002"},
    )
    _work_block(
        book,
        "control-key-block/epoch-1",
        "The control key under the work key (step 206).",
        lambda: blocks.seal_control_key(WORK, blocks.OperatorControlKey(1, K, C)),
        {"epoch": 1, "K": K.hex(), "c": TRANSACTION["c"]},
    )
    _work_block(
        book,
        "notice-block/with-app",
        "A notice for a payee whose handset gave the bank a notice key.",
        lambda: blocks.seal_notice(WORK, blocks.PayeeNotice(NOTICE_ID, PAYEE_NUMBER, story_notice().encode())),
        {"notice_id": NOTICE_ID.hex(), "msisdn": PAYEE_NUMBER, "payload": story_notice().encode().hex()},
    )
    path, empty = "notice-block/without-app", blocks.PayeeNotice(NOTICE_ID, PAYEE_NUMBER, b"")
    book.good(
        path,
        "A notice for a phone without the app: no payload, so the operator sends its own sentence.",
        book.sealed_once(path, lambda: blocks.seal_notice(WORK, empty)),
        {"notice_id": NOTICE_ID.hex(), "msisdn": PAYEE_NUMBER, "payload": ""},
        given=SEEDS,
    )


def _work_block(book: Book, path: str, about: str, make: Callable[[], bytes], gives: Mapping[str, Any]) -> None:
    kind = path.partition("/")[0]
    block = book.good(path, about, book.sealed_once(path, make), gives, given=SEEDS)
    other = {**SEEDS, "generation": "00000003"}
    book.bad(f"{kind}/other-generation", "The work key of another generation.", block, "BadMac", given=other)
    book.bad(f"{kind}/other-seeds", "Other seeds.", block, "BadMac", given={**SEEDS, **_exchanged_seeds()})
    book.bad(f"{kind}/number-changed", "The number outside.", flipped(block, 2), "BadMac", given=SEEDS)
    book.bad(f"{kind}/sealed-changed", "A bit of what is sealed.", flipped(block, 60), "BadMac", given=SEEDS)
    book.bad(f"{kind}/mac-changed", "The last bit of the HMAC.", flipped(block, -1), "BadMac", given=SEEDS)
    book.bad(f"{kind}/cut", "The last byte is missing.", block[:-1], "BadMac", given=SEEDS)
    forged = flipped(block[:-32], 60)
    forged += blocks._hmac(WORK.mac, forged)  # as who holds the MAC key, but not the message, could do
    book.bad(f"{kind}/forged", "A bit of what is sealed, with an HMAC that fits.", forged, "BadSeal", given=SEEDS)
    renumbered = flipped(block[:-32], 2)
    renumbered += blocks._hmac(WORK.mac, renumbered)
    book.bad(f"{kind}/renumbered", "Another number, with an HMAC that fits.", renumbered, "BadSeal", given=SEEDS)
    book.bad(f"{kind}/short", "Shorter than HPKE and HMAC.", block[:80], "BadMessage", given=SEEDS)
    book.bad(f"{kind}/other-kind", "Another block's first byte.", b"\1" + block[1:], "BadMessage", given=SEEDS)


# -- terminal messages ----------------------------------------------------------------------------------------


def request_bare(kind: terminal.Kind, transaction_id: bytes, identity: Identity | None) -> terminal.Request:
    return terminal.Request(kind, transaction_id, identity, b"")


def story_request(book: Book, name: str) -> terminal.Request:
    """Return a sealed request of the story, sealed once."""
    bare, body = _REQUESTS[name]
    seal = sealing.BankSeal(sealing.terminal_public_key(TERMINAL_KEY))

    def make() -> bytes:
        return terminal.Request(bare.kind, bare.transaction_id, bare.identity, seal.seal(bare, body.encode())).encode()

    return terminal.Request.decode(book.sealed_once(f"sealed-request/{name}", make))


_Kind = terminal.Kind
_REQUESTS: dict[str, tuple[terminal.Request, terminal.InquiryBody | terminal.TransferBody | terminal.BalanceBody]] = {
    "inquiry": (
        request_bare(_Kind.INQUIRY, TRANSFER_ID, PAYER_SIM),
        terminal.InquiryBody(PAYEE, REPLY_KEYS["inquiry"]),
    ),
    "transfer": (
        request_bare(_Kind.TRANSFER, TRANSFER_ID, None),
        terminal.TransferBody(PAYER, PAYEE, AMOUNT_FEN, PIN, REPLY_KEY),
    ),
    "balance": (
        request_bare(_Kind.BALANCE, BALANCE_ID, PAYER_SIM),
        terminal.BalanceBody(PAYER, PIN, REPLY_KEYS["balance"]),
    ),
    "inquiry-not-registering": (
        request_bare(_Kind.INQUIRY, TRANSFER_ID, None),
        terminal.InquiryBody(PAYEE, REPLY_KEYS["inquiry"]),
    ),
    "transfer-longest": (
        request_bare(_Kind.TRANSFER, TRANSFER_ID, None),
        terminal.TransferBody("6" * 19, "9" * 19, 2**48 - 1, Secret(b"123456789012"), REPLY_KEY),
    ),
}


def story_reply(name: str, request: terminal.Request) -> terminal.Reply:
    answer = _ANSWERS[name]
    return sealing.seal_reply(REPLY_KEYS[name.partition("-")[0]], request, answer, str(SERIAL), nonce(f"reply {name}"))


_ANSWERS = {
    "inquiry": terminal.Answer("00", name_last="明"),
    "transfer": terminal.Answer("00", rrn=RRN, balance_fen=FIRST_BALANCE_FEN - AMOUNT_FEN),
    "balance": terminal.Answer("00", balance_fen=FIRST_BALANCE_FEN),
    "transfer-declined": terminal.Answer("51"),
    "transfer-undone": terminal.Answer("98"),
    "balance-negative": terminal.Answer("00", balance_fen=-1),
}


def story_notice() -> terminal.Notice:
    body = terminal.NoticeBody(AMOUNT_FEN, AMOUNT_FEN, 1_795_336_215)
    key_id = fixed("payee's last transaction id", 8)
    return sealing.seal_notice(sealing.notice_key(PAYEE_REPLY_KEY), NOTICE_ID, key_id, body, nonce("notice"))


def add_terminal(book: Book) -> None:
    _add_requests(book)
    _add_replies(book)
    _add_notices(book)
    _add_terminal_layouts(book)


def _body_values(body: terminal.InquiryBody | terminal.TransferBody | terminal.BalanceBody) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(body, name) for name in type(body).__slots__}
    return {name: _shown(name, value) for name, value in values.items()}


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal().decode() if name == "pin" else value.reveal().hex()
    return value


def _add_requests(book: Book) -> None:
    opens = {"terminal_key": TERMINAL_KEY.reveal().hex()}
    for name, (_, body) in _REQUESTS.items():
        message = story_request(book, name).encode()
        gives = _body_values(body)
        book.good(
            f"sealed-request/{name}", f"{name.replace('-', ' ')}, sealed to the bank", message, gives, given=opens
        )
    for name, start in (("inquiry", 25), ("transfer", 9)):
        message = story_request(book, name).encode()
        path, other = f"sealed-request/{name}", {"terminal_key": fixed("another terminal key").hex()}
        book.bad(f"{path}-other-bank", "Another bank's key.", message, "BadSeal", given=other)
        book.bad(f"{path}-id-changed", "The transaction id outside.", flipped(message, 8), "BadSeal", given=opens)
        book.bad(f"{path}-type-changed", "The type outside.", _retyped(message), "BadSeal", given=opens)
        book.bad(f"{path}-encapsulation-changed", "The public key.", flipped(message, start), "BadSeal", given=opens)
        zero = message[:start] + bytes(32) + message[start + 32 :]
        book.bad(f"{path}-encapsulation-zero", "A point of low order.", zero, "BadSeal", given=opens)
        book.bad(f"{path}-sealed-changed", "A sealed byte.", flipped(message, start + 33), "BadSeal", given=opens)
        book.bad(f"{path}-tag-changed", "The tag.", flipped(message, -1), "BadSeal", given=opens)
        book.bad(f"{path}-cut", "The last byte is missing.", message[:-1], "BadSeal", given=opens)
        book.bad(f"{path}-short", "Shorter than HPKE.", message[: start + 20], "BadSeal", given=opens)


def _retyped(message: bytes) -> bytes:
    """Make an inquiry of a transfer, a transfer of an inquiry."""
    return flipped(message, 0)


def _add_replies(book: Book) -> None:
    for name, answer in _ANSWERS.items():
        opens = {"reply_key": REPLY_KEYS[name.partition("-")[0]].reveal().hex()}
        request = story_request(book, name.partition("-")[0])
        gives = {field: value for field in answer.__slots__ if (value := getattr(answer, field)) is not None}
        book.good(
            f"sealed-reply/{name}",
            f"The bank's answer: {name.replace('-', ' ')}.",
            story_reply(name, request).encode(),
            gives,
            given={**opens, "request": request.encode().hex()},
            nonce=nonce(f"reply {name}").hex(),
        )
    message = story_reply("transfer", story_request(book, "transfer")).encode()
    opens = {"reply_key": REPLY_KEY.reveal().hex()}
    path, other = "sealed-reply/transfer", {"reply_key": fixed("another reply key", 16).hex()}
    book.bad(f"{path}-other-key", "Another reply key.", message, "BadSeal", given=other)
    book.bad(f"{path}-id-changed", "The transaction id.", flipped(message, 1), "BadSeal", given=opens)
    book.bad(f"{path}-answers-changed", "The type that is answered.", flipped(message, 9), "BadSeal", given=opens)
    book.bad(f"{path}-code-changed", "The code outside.", flipped(message, 11), "BadSeal", given=opens)
    book.bad(f"{path}-serial-changed", "The serial.", flipped(message, 19), "BadSeal", given=opens)
    book.bad(f"{path}-nonce-changed", "The nonce.", flipped(message, 20), "BadSeal", given=opens)
    book.bad(f"{path}-sealed-changed", "A sealed byte.", flipped(message, 33), "BadSeal", given=opens)
    book.bad(f"{path}-tag-changed", "The tag.", flipped(message, -1), "BadSeal", given=opens)
    book.bad(f"{path}-cut", "The last byte is missing.", message[:-1], "BadSeal", given=opens)
    book.bad(f"{path}-unsealed", "Without the bank's seal nothing is settled.", message[:20], "BadSeal", given=opens)
    two_codes = _sealed_reply_of(b"51")
    book.bad(f"{path}-two-codes", "Code 00 outside, 51 inside.", two_codes, "BadMessage", field="code", given=opens)
    cut_answer = _sealed_reply_of(b"00" + RRN.encode())
    book.bad(f"{path}-cut-answer", "Sealed, but cut.", cut_answer, "BadMessage", field="body", given=opens)


def _sealed_reply_of(plaintext: bytes) -> bytes:
    bare = terminal.Reply(TRANSFER_ID, 0x23, "00", str(SERIAL), b"")
    return bare.encode() + aead.seal(REPLY_KEY, nonce("malformed reply"), plaintext, bare.header())


def _add_notices(book: Book) -> None:
    opens = {"reply_key": PAYEE_REPLY_KEY.reveal().hex()}
    message = book.good(
        "terminal-notice/arrived",
        "Money has arrived; sealed under the notice key that follows from an earlier reply key.",
        story_notice().encode(),
        {"amount_fen": AMOUNT_FEN, "balance_fen": AMOUNT_FEN, "time_s": 1_795_336_215},
        given=opens,
        nonce=nonce("notice").hex(),
    )
    path, other = "terminal-notice", {"reply_key": fixed("another reply key", 16).hex()}
    book.bad(f"{path}/other-key", "Another notice key.", message, "BadSeal", given=other)
    book.bad(f"{path}/notice-id-changed", "The notice id.", flipped(message, 1), "BadSeal", given=opens)
    book.bad(f"{path}/key-id-changed", "The key id.", flipped(message, 9), "BadSeal", given=opens)
    book.bad(f"{path}/sealed-changed", "A sealed byte.", flipped(message, 30), "BadSeal", given=opens)
    book.bad(f"{path}/tag-changed", "The tag.", flipped(message, -1), "BadSeal", given=opens)
    book.bad(f"{path}/cut", "The last byte is missing.", message[:-1], "BadSeal", given=opens)


def _add_terminal_layouts(book: Book) -> None:
    """Add layouts without keys, each with the text that an SMS carries."""

    def good(name: str, about: str, message: bytes, gives: dict[str, Any]) -> None:
        book.good(f"terminal-message/{name}", about, message, gives, text=terminal.to_text(message))

    def bad(name: str, about: str, message: bytes, error: str, field: str | None = None) -> None:
        more = {"text": terminal.to_text(message)} | ({} if field is None else {"field": field})
        book.bad(f"terminal-message/{name}", about, message, error, **more)

    sim = {"imsi": PAYER_SIM.imsi, "msisdn": PAYER_SIM.msisdn}
    register = terminal.Request(_Kind.REGISTER, TRANSFER_ID, PAYER_SIM, b"")
    good("register", "Registration alone.", register.encode(), _request_values(register) | sim)
    for name in ("inquiry", "transfer", "balance"):
        request = story_request(book, name)
        values = _request_values(request) | (sim if request.identity else {})
        good(name, f"The story's {name}.", request.encode(), values)
    for name in ("inquiry", "transfer"):
        reply = story_reply(name, story_request(book, name))
        good(f"{name}-reply", f"The reply to the story's {name}.", reply.encode(), _reply_values(reply))
    unsealed = terminal.Reply(TRANSFER_ID, 0x2A, "97", None, b"")
    good("unsealed-reply", "The operator's own word: not registered.", unsealed.encode(), _reply_values(unsealed))
    notice = story_notice()
    notice_values = {"notice_id": notice.notice_id.hex(), "key_id": notice.key_id.hex(), "sealed": notice.sealed.hex()}
    good("notice", "The story's notice.", notice.encode(), {"message": "notice"} | notice_values)

    raw = register.encode()
    bad("empty", "No byte.", b"", "BadMessage", "message")
    bad("short", "Shorter than type and transaction id.", raw[:8], "BadMessage", "message")
    bad("long", "121 bytes do not fit one SMS.", b"\x23" + bytes(120), "BadMessage", "message")
    bad("version-0", "Another version.", b"\x09" + raw[1:], "BadMessage", "version")
    bad("kind-0", "No request has kind 0.", b"\x20" + raw[1:], "BadMessage", "type")
    bad("kind-7", "No request has kind 7.", b"\x27" + raw[1:], "BadMessage", "type")
    bad("register-without-identity", "A register message registers.", b"\x21" + raw[1:9], "BadMessage", "type")
    bad("register-cut", "The identity is cut.", raw[:-1], "BadMessage", "authentication information")
    bad("register-with-body", "A register message has no body.", raw + b"\0", "BadMessage", "body")
    bad("transfer-without-body", "A transfer has a body.", b"\x23" + raw[1:9], "BadMessage", "body")
    bad("imsi-not-digits", "A nibble A in the IMSI.", raw[:9] + b"\xa0" + raw[10:], "BadDigits")
    bad("imsi-gap", "A digit behind padding.", raw[:9] + b"\x0f" + raw[10:], "BadDigits")
    bad("imsi-empty", "Nothing but padding.", raw[:9] + b"\xff" * 8 + raw[17:], "BadDigits")
    bad("imsi-16-digits", "An IMSI has at most 15 digits.", raw[:9] + b"\x11" * 8 + raw[17:], "BadDigits")
    bad("msisdn-short", "A number has at least 5 digits.", raw[:17] + b"\x12\x34" + b"\xff" * 6, "BadDigits")
    down = unsealed.encode()
    bad("reply-without-serial", "The serial is cut.", down[:-1], "BadMessage", "serial")
    bad("reply-code", "A code has digits and capitals.", down[:10] + b"9z" + down[12:], "BadMessage", "code")
    bad(
        "reply-answers-reply",
        "What is answered is no request.",
        down[:9] + b"\x31" + down[10:],
        "BadMessage",
        "answers",
    )
    bad("down-registers", "Nothing that comes down registers.", b"\x39" + down[1:], "BadMessage", "type")
    bad("down-kind-3", "Nothing comes down with kind 3.", b"\x33" + down[1:], "BadMessage", "type")
    bad("notice-short", "The key id is cut.", notice.encode()[:16], "BadMessage", "body")
    for name, about, text in (
        ("not-base64", "A character that is not of Base64.", "IQ!="),
        ("url-alphabet", "The URL alphabet.", "_-_-"),
        ("no-padding", "Padding is needed.", "IQ"),
        ("loose-bits", "The unused bits must be zero.", "IR=="),
        ("inner-space", "White space inside.", "IQ =="),
        ("wide-digits", "Digits that are not ASCII.", "１２３４"),
    ):
        book.add(f"terminal-text/{name}", about, text=text, error="BadMessage", field="text")


def _request_values(request: terminal.Request) -> dict[str, Any]:
    return {
        "message": "request",
        "kind": int(request.kind),
        "transaction_id": request.transaction_id.hex(),
        "sealed": request.sealed.hex(),
    }


def _reply_values(reply: terminal.Reply) -> dict[str, Any]:
    return {
        "message": "reply",
        "transaction_id": reply.transaction_id.hex(),
        "answers": reply.answers,
        "code": reply.code,
        "serial": reply.serial,
        "sealed": reply.sealed.hex(),
    }


# -- ISO 8583 -------------------------------------------------------------------------------------------------


def story_conversation(book: Book) -> dict[str, iso.Message]:
    """Return the ISO 8583 messages of the story, in the order in which they pass."""
    messages = {**_network_messages(book), **_transaction_messages(book)}
    messages["notice"] = _message("0620", 20, DE48=_block(book, "notice-block/with-app"))
    messages["notice-answer"] = _message("0630", 20, DE39="00")
    return messages


def _message(mti: str, stan: int, **fields: str) -> iso.Message:
    bare = iso.Message(mti, {7: "1122083015", 11: f"{stan:06}", 32: "10001"})
    return bare.with_fields(**fields)


def _block(book: Book, path: str) -> str:
    return iso.block_text(bytes.fromhex(book.vectors[f"{path}.json"]["message"]))


def _network_messages(book: Book) -> dict[str, iso.Message]:
    code = iso.NetworkCode
    first, control = _block(book, "first-seeds-block/generation-1"), _block(book, "control-key-block/epoch-1")
    renewed = _block(book, "renewed-seeds-block/generation-2")
    return {
        "sign-on": _message("0820", 1, DE70=code.SIGN_ON),
        "sign-on-answer": _message("0830", 1, DE39="00", DE70=code.SIGN_ON),
        "ask-for-keys": _message("0820", 2, DE70=code.KEYS),
        "ask-for-keys-answer": _message("0830", 2, DE39="00", DE70=code.KEYS),
        "first-seeds": _message("0800", 3, DE48=first, DE70=code.KEYS),
        "first-seeds-answer": _message("0810", 3, DE39="00", DE70=code.KEYS),
        "control-key": _message("0800", 4, DE48=control, DE70=code.KEYS),
        "control-key-answer": _message("0810", 4, DE39="00", DE70=code.KEYS),
        "renewed-seeds": _message("0800", 5, DE48=renewed, DE70=code.KEYS),
        "renewed-seeds-answer": _message("0810", 5, DE39="00", DE70=code.KEYS),
        "echo": _message("0820", 6, DE70=code.ECHO),
        "echo-answer": _message("0830", 6, DE39="00", DE70=code.ECHO),
        "sign-off": _message("0820", 7, DE70=code.SIGN_OFF),
        "sign-off-answer": _message("0830", 7, DE39="00", DE70=code.SIGN_OFF),
    }


def _transaction_messages(book: Book) -> dict[str, iso.Message]:
    inquiry, transfer = story_request(book, "inquiry"), story_request(book, "transfer")
    code = iso.ProcessingCode
    registration = _message("0600", 10, DE37=RRN, DE48=_block(book, "registration-block/transaction"))
    original = _exchange("0200", 12, code.TRANSFER, "002")
    data = iso.original_data(original)
    undone = story_reply("transfer-undone", transfer).encode()
    messages = {
        "registration": iso.add_mac(registration, PSAM),
        "registration-answer": iso.add_mac(_message("0610", 10, DE37=RRN, DE39="00"), PSAM),
        "inquiry": _sealed("inquiry", _exchange("0100", 11, code.INQUIRY, "001"), inquiry.encode()),
        "inquiry-answer": _sealed_answer("0110", 11, code.INQUIRY, "001", story_reply("inquiry", inquiry)),
        "transfer": _sealed("transfer", original, transfer.encode()),
        "transfer-answer": _sealed_answer("0210", 12, code.TRANSFER, "002", story_reply("transfer", transfer)),
        "mac-refused": _exchange("0210", 12, code.TRANSFER, "002").with_fields(DE39="A0"),
    }
    for name, mti in (("reversal", "0420"), ("reversal-repeat", "0421")):
        bare = _exchange(mti, 13, code.TRANSFER, "003").with_fields(DE90=data)
        messages[name] = _sealed(name, bare, transfer.encode())
    answer = _exchange("0430", 13, code.TRANSFER, "003").with_fields(DE39="98", DE90=data)
    messages["reversal-answer"] = _sealed("reversal-answer", answer, undone)
    return messages


def _exchange(mti: str, stan: int, processing: str, exchange: str) -> iso.Message:
    return _message(mti, stan, DE3=processing, DE37=RRN, DE60=str(SERIAL), DE61=exchange)


def _sealed(name: str, bare: iso.Message, inner: bytes) -> iso.Message:
    direction = iso.Direction(bare.mti[2] in "13")
    return iso.seal(bare, PSAM, direction, PAYER_SIM.pack() + inner, nonce(f"ISO {name}"))


def _sealed_answer(mti: str, stan: int, processing: str, exchange: str, reply: terminal.Reply) -> iso.Message:
    bare = _exchange(mti, stan, processing, exchange).with_fields(DE39=reply.code)
    return _sealed(f"{mti} answer", bare, reply.encode())


def _values(message: iso.Message) -> dict[str, Any]:
    fields = {f"DE{number}": message.fields[number] for number in sorted(message.fields)}
    return {"mti": message.mti, **fields}


_SEALED_NAMES = ("inquiry", "inquiry-answer", "transfer", "transfer-answer", "reversal", "reversal-repeat")
_NONCE_NAMES = {"inquiry-answer": "0110 answer", "transfer-answer": "0210 answer"}
PSAM_HEX = {"data": PSAM.data.reveal().hex(), "mac": PSAM.mac.reveal().hex()}


def add_iso(book: Book) -> None:
    story = story_conversation(book)
    for name, message in story.items():
        about = f"{message.mti}: {name.replace('-', ' ')}."
        book.good(f"iso-message/{name}", about, iso.encode(message), _values(message))
    for name in ("registration", "registration-answer"):
        raw = iso.encode(story[name])
        about = f"The MAC of the story's {name.replace('-', ' ')}."
        book.good(f"iso-mac/{name}", about, raw, {}, given=PSAM_HEX)
        _tampered_mac(book, f"iso-mac/{name}", raw, PSAM_HEX)
    for name in (*_SEALED_NAMES, "reversal-answer"):
        _add_sealed_iso(book, name, story[name])
    _add_broken_iso(book, story)


def _add_sealed_iso(book: Book, name: str, message: iso.Message) -> None:
    raw, direction = iso.encode(message), int(message.mti[2] in "13")
    opens = {**PSAM_HEX, "direction": direction}
    book.good(
        f"sealed-iso/{name}",
        f"{message.mti}: {name.replace('-', ' ')}, opened.",
        raw,
        {"plaintext": iso.open_sealed(message, PSAM, iso.Direction(direction)).hex()},
        given=opens,
        nonce=nonce(f"ISO {_NONCE_NAMES.get(name, name)}").hex(),
    )
    if name not in ("transfer", "transfer-answer", "reversal"):
        return
    path = f"sealed-iso/{name}"
    _tampered_mac(book, path, raw, opens)
    back = {**opens, "direction": 1 - direction}
    book.bad(f"{path}-other-direction", "Sent back as if it came from the other side.", raw, "BadSeal", given=back)
    other = {**opens, "data": fixed("another data key").hex()}
    book.bad(f"{path}-other-data-key", "Another data key.", raw, "BadSeal", given=other)
    for changed in ("DE61", "DE37", "DE3"):
        value = {"DE61": "009", "DE37": "432700000009", "DE3": iso.ProcessingCode.INQUIRY}[changed]
        remade = iso.add_mac(message.without(64, 128).with_fields(**{changed: value}), PSAM)
        about = f"Another {changed}, with a MAC that fits."
        book.bad(f"{path}-{changed}-changed", about, iso.encode(remade), "BadSeal", given=opens)
    short = iso.add_mac(message.without(64, 128).with_fields(DE48="AAAA"), PSAM)
    book.bad(f"{path}-short", "Shorter than nonce and tag.", iso.encode(short), "BadSeal", given=opens)
    loose = iso.add_mac(message.without(64, 128).with_fields(DE48="AB=="), PSAM)
    about = "DE48 is not canonical Base64."
    book.bad(f"{path}-loose-base64", about, iso.encode(loose), "BadMessage", field="DE48", given=opens)


def _tampered_mac(book: Book, path: str, raw: bytes, opens: Mapping[str, Any]) -> None:
    book.bad(f"{path}-mac-changed", "The last bit of the MAC.", flipped(raw, -1), "BadMac", given=opens)
    stan_at = raw.index(b"1122083015") + 15
    book.bad(f"{path}-stan-changed", "The last digit of the STAN.", flipped(raw, stan_at), "BadMac", given=opens)
    other = {**opens, "mac": fixed("another MAC key").hex()}
    book.bad(f"{path}-other-mac-key", "Another MAC key.", raw, "BadMac", given=other)


def _add_broken_iso(book: Book, story: Mapping[str, iso.Message]) -> None:
    def bad(name: str, about: str, raw: bytes, field: str) -> None:
        book.bad(f"iso-message/{name}", about, raw, "BadMessage", field=field)

    raw = iso.encode(story["transfer"])
    sign_on = iso.encode(story["sign-on"])
    unchecked = iso._encode_unchecked
    bad("empty", "No byte.", b"", "MTI")
    bad("cut-mti", "The MTI is cut.", raw[:3], "MTI")
    bad("unknown-mti", "An MTI that the profile has not.", b"0500" + raw[4:], "MTI")
    bad("cut-bitmap", "The bitmap is cut.", raw[:10], "primary bitmap")
    bad("cut-secondary-bitmap", "The secondary bitmap is cut.", sign_on[:15], "secondary bitmap")
    bad("cut-mac", "The MAC is cut.", raw[:-1], "DE64")
    bad("cut-data", "DE48 is cut.", raw[:100], "DE48")
    bad("longer", "A byte behind the last field.", raw + b"\0", "DE64")
    bad("unknown-field", "DE2, which the profile has not.", raw[:4] + flipped_bit(raw[4:], 2), "DE2")
    bad("missing-stan", "DE11 is missing.", unchecked(story["transfer"].without(11)), "DE11")
    bad("missing-mac", "DE64 is missing.", unchecked(story["transfer"].without(64)), "DE64")
    extra = story["sign-on"].with_fields(DE39="00")
    bad("field-not-allowed", "DE39 in a request.", unchecked(extra), "DE39")
    for number, value in ((7, "112208301x"), (39, "0z"), (60, "000100070000000G"), (61, "0x1"), (48, "a b ")):
        name = "transfer-answer"
        wrong = unchecked(story[name].with_fields(**{f"DE{number}": value}))
        bad(f"malformed-DE{number}", f"A character that DE{number} may not hold.", wrong, f"DE{number}")
    bad("empty-DE32", "DE32 of no digit.", unchecked(story["sign-on"].with_fields(DE32="")), "DE32")
    long_length = raw.replace(b"0510001", b"9910001", 1)
    bad("long-DE32", "DE32 with a length above 11.", long_length, "DE32")
    not_digits = raw.replace(b"0510001", b"x510001", 1)
    bad("length-not-digits", "DE32 with a length that is no number.", not_digits, "DE32")


def flipped_bit(bitmap_on: bytes, number: int) -> bytes:
    """Set or clear bit `number` (from 1) of the bitmap at the start."""
    changed = bytearray(bitmap_on)
    changed[(number - 1) // 8] ^= 0x80 >> (number - 1) % 8
    return bytes(changed)


# -- frames ---------------------------------------------------------------------------------------------------


def add_frames(book: Book) -> None:
    sign_on = bytes.fromhex(book.vectors["iso-message/sign-on.json"]["message"])
    transfer = bytes.fromhex(book.vectors["iso-message/transfer.json"]["message"])
    for name, about, messages in (
        ("one", "One message.", [sign_on]),
        ("two", "Two messages, one behind the other.", [sign_on, transfer]),
        ("shortest", "A message of one byte.", [b"\0"]),
        ("longest", "A message of 2,048 bytes.", [bytes(2048)]),
        ("none", "Nothing yet.", []),
    ):
        stream = b"".join(framing.frame(message) for message in messages)
        book.good(f"frames/{name}", about, stream, {"messages": [message.hex() for message in messages]})
    rest = {"messages": [sign_on.hex()], "inside_message": True}
    cut = framing.frame(sign_on) + framing.frame(transfer)[:-1]
    book.good("frames/cut", "The second message is not complete yet.", cut, rest)
    book.bad("frames/length-zero", "A length of 0.", b"\0\0", "BadFrame", gives={"messages": []})
    book.bad("frames/length-2049", "A length of 2,049.", b"\x08\x01", "BadFrame", gives={"messages": []})
    broken = framing.frame(sign_on) + b"\xff\xff" + transfer
    about = "A message, then a length that none has: the message is read before the error."
    book.bad("frames/broken-after-one", about, broken, "BadFrame", gives={"messages": [sign_on.hex()]})


def main() -> None:
    files = build()
    for path in FOLDER.rglob("*.json"):
        if str(path.relative_to(FOLDER)) not in files:
            path.unlink()
    for name, text in files.items():
        file = FOLDER / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    print(f"{len(files)} files in {FOLDER}")


if __name__ == "__main__":
    main()
