"""The conversation that the vectors and docs/protocol.md tell: its keys, its messages, and the book of vectors.

Operator 10001 with node 7 opens serial 0001000700000001 for one transfer. Everything follows from fixed inputs, except
what HPKE sealed: its ephemeral keys cannot be passed in, so those ciphertexts are made once and then read again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wire import iso, keys, sealing, terminal
from wire.identity import Identity
from wire.secret import Secret

FOLDER = Path(__file__).parent / "vectors"
ROOT = Path(__file__).parents[3]

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


# -- terminal messages ----------------------------------------------------------------------------------------


def request_bare(kind: terminal.Kind, transaction_id: bytes, identity: Identity | None) -> terminal.Request:
    return terminal.Request(kind, transaction_id, identity, b"")


def sealed_request(book: Book, name: str) -> terminal.Request:
    """Return a sealed request of the story, sealed once."""
    bare, body = REQUESTS[name]
    seal = sealing.BankSeal(sealing.terminal_public_key(TERMINAL_KEY))

    def make() -> bytes:
        return terminal.Request(bare.kind, bare.transaction_id, bare.identity, seal.seal(bare, body.encode())).encode()

    return terminal.Request.decode(book.sealed_once(f"sealed-request/{name}", make))


Kind = terminal.Kind
REQUESTS: dict[str, tuple[terminal.Request, terminal.InquiryBody | terminal.TransferBody | terminal.BalanceBody]] = {
    "inquiry": (
        request_bare(Kind.INQUIRY, TRANSFER_ID, PAYER_SIM),
        terminal.InquiryBody(PAYEE, REPLY_KEYS["inquiry"]),
    ),
    "transfer": (
        request_bare(Kind.TRANSFER, TRANSFER_ID, None),
        terminal.TransferBody(PAYER, PAYEE, AMOUNT_FEN, PIN, REPLY_KEY),
    ),
    "balance": (
        request_bare(Kind.BALANCE, BALANCE_ID, PAYER_SIM),
        terminal.BalanceBody(PAYER, PIN, REPLY_KEYS["balance"]),
    ),
    "inquiry-not-registering": (
        request_bare(Kind.INQUIRY, TRANSFER_ID, None),
        terminal.InquiryBody(PAYEE, REPLY_KEYS["inquiry"]),
    ),
    "transfer-longest": (
        request_bare(Kind.TRANSFER, TRANSFER_ID, None),
        terminal.TransferBody("6" * 19, "9" * 19, 2**48 - 1, Secret(b"123456789012"), REPLY_KEY),
    ),
}


def sealed_reply(name: str, request: terminal.Request) -> terminal.Reply:
    answer = ANSWERS[name]
    return sealing.seal_reply(REPLY_KEYS[name.partition("-")[0]], request, answer, str(SERIAL), nonce(f"reply {name}"))


ANSWERS = {
    "inquiry": terminal.Answer("00", name_last="明"),
    "transfer": terminal.Answer("00", rrn=RRN, balance_fen=FIRST_BALANCE_FEN - AMOUNT_FEN),
    "balance": terminal.Answer("00", balance_fen=FIRST_BALANCE_FEN),
    "transfer-declined": terminal.Answer("51"),
    "transfer-undone": terminal.Answer("98"),
    "balance-negative": terminal.Answer("00", balance_fen=-1),
}


def sealed_notice() -> terminal.Notice:
    body = terminal.NoticeBody(AMOUNT_FEN, AMOUNT_FEN, 1_795_336_215)
    key_id = fixed("payee's last transaction id", 8)
    return sealing.seal_notice(sealing.notice_key(PAYEE_REPLY_KEY), NOTICE_ID, key_id, body, nonce("notice"))


# -- ISO 8583 -------------------------------------------------------------------------------------------------


def conversation(book: Book) -> dict[str, iso.Message]:
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
    inquiry, transfer = sealed_request(book, "inquiry"), sealed_request(book, "transfer")
    code = iso.ProcessingCode
    registration = _message("0600", 10, DE37=RRN, DE48=_block(book, "registration-block/transaction"))
    original = exchange("0200", 12, code.TRANSFER, "002")
    data = iso.original_data(original)
    undone = sealed_reply("transfer-undone", transfer).encode()
    messages = {
        "registration": iso.add_mac(registration, PSAM),
        "registration-answer": iso.add_mac(_message("0610", 10, DE37=RRN, DE39="00"), PSAM),
        "inquiry": _sealed("inquiry", exchange("0100", 11, code.INQUIRY, "001"), inquiry.encode()),
        "inquiry-answer": _sealed_answer("0110", 11, code.INQUIRY, "001", sealed_reply("inquiry", inquiry)),
        "transfer": _sealed("transfer", original, transfer.encode()),
        "transfer-answer": _sealed_answer("0210", 12, code.TRANSFER, "002", sealed_reply("transfer", transfer)),
        "mac-refused": exchange("0210", 12, code.TRANSFER, "002").with_fields(DE39="A0"),
    }
    for name, mti in (("reversal", "0420"), ("reversal-repeat", "0421")):
        bare = exchange(mti, 13, code.TRANSFER, "003").with_fields(DE90=data)
        messages[name] = _sealed(name, bare, transfer.encode())
    answer = exchange("0430", 13, code.TRANSFER, "003").with_fields(DE39="98", DE90=data)
    messages["reversal-answer"] = _sealed("reversal-answer", answer, undone)
    return messages


def exchange(mti: str, stan: int, processing: str, number: str) -> iso.Message:
    return _message(mti, stan, DE3=processing, DE37=RRN, DE60=str(SERIAL), DE61=number)


def _sealed(name: str, bare: iso.Message, inner: bytes) -> iso.Message:
    direction = iso.Direction(bare.mti[2] in "13")
    return iso.seal(bare, PSAM, direction, PAYER_SIM.pack() + inner, nonce(f"ISO {name}"))


def _sealed_answer(mti: str, stan: int, processing: str, number: str, reply: terminal.Reply) -> iso.Message:
    bare = exchange(mti, stan, processing, number).with_fields(DE39=reply.code)
    return _sealed(f"{mti} answer", bare, reply.encode())
