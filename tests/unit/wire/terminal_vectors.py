"""Vectors of terminal messages: their layout, and what handset and bank seal for each other."""

from typing import Any

from tests.unit.wire import story
from wire import aead, terminal
from wire.secret import Secret


def add_terminal(book: story.Book) -> None:
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


def _add_requests(book: story.Book) -> None:
    opens = {"terminal_key": story.TERMINAL_KEY.reveal().hex()}
    for name, (_, body) in story.REQUESTS.items():
        message = story.sealed_request(book, name).encode()
        gives = _body_values(body)
        book.good(
            f"sealed-request/{name}", f"{name.replace('-', ' ')}, sealed to the bank", message, gives, given=opens
        )
    for name, start in (("inquiry", 25), ("transfer", 9)):
        message = story.sealed_request(book, name).encode()
        path, other = f"sealed-request/{name}", {"terminal_key": story.fixed("another terminal key").hex()}
        book.bad(f"{path}-other-bank", "Another bank's key.", message, "BadSeal", given=other)
        book.bad(f"{path}-id-changed", "The transaction id outside.", story.flipped(message, 8), "BadSeal", given=opens)
        book.bad(f"{path}-type-changed", "The type outside.", _retyped(message), "BadSeal", given=opens)
        book.bad(
            f"{path}-encapsulation-changed", "The public key.", story.flipped(message, start), "BadSeal", given=opens
        )
        zero = message[:start] + bytes(32) + message[start + 32 :]
        book.bad(f"{path}-encapsulation-zero", "A point of low order.", zero, "BadSeal", given=opens)
        book.bad(f"{path}-sealed-changed", "A sealed byte.", story.flipped(message, start + 33), "BadSeal", given=opens)
        book.bad(f"{path}-tag-changed", "The tag.", story.flipped(message, -1), "BadSeal", given=opens)
        book.bad(f"{path}-cut", "The last byte is missing.", message[:-1], "BadSeal", given=opens)
        book.bad(f"{path}-short", "Shorter than HPKE.", message[: start + 20], "BadSeal", given=opens)


def _retyped(message: bytes) -> bytes:
    """Make an inquiry of a transfer, a transfer of an inquiry."""
    return story.flipped(message, 0)


def _add_replies(book: story.Book) -> None:
    for name, answer in story.ANSWERS.items():
        opens = {"reply_key": story.REPLY_KEYS[name.partition("-")[0]].reveal().hex()}
        request = story.sealed_request(book, name.partition("-")[0])
        gives = {field: value for field in answer.__slots__ if (value := getattr(answer, field)) is not None}
        book.good(
            f"sealed-reply/{name}",
            f"The bank's answer: {name.replace('-', ' ')}.",
            story.sealed_reply(name, request).encode(),
            gives,
            given={**opens, "request": request.encode().hex()},
            nonce=story.nonce(f"reply {name}").hex(),
        )
    message = story.sealed_reply("transfer", story.sealed_request(book, "transfer")).encode()
    opens = {"reply_key": story.REPLY_KEY.reveal().hex()}
    path, other = "sealed-reply/transfer", {"reply_key": story.fixed("another reply key", 16).hex()}
    book.bad(f"{path}-other-key", "Another reply key.", message, "BadSeal", given=other)
    book.bad(f"{path}-id-changed", "The transaction id.", story.flipped(message, 1), "BadSeal", given=opens)
    book.bad(f"{path}-answers-changed", "The type that is answered.", story.flipped(message, 9), "BadSeal", given=opens)
    book.bad(f"{path}-code-changed", "The code outside.", story.flipped(message, 11), "BadSeal", given=opens)
    book.bad(f"{path}-serial-changed", "The serial.", story.flipped(message, 19), "BadSeal", given=opens)
    book.bad(f"{path}-nonce-changed", "The nonce.", story.flipped(message, 20), "BadSeal", given=opens)
    book.bad(f"{path}-sealed-changed", "A sealed byte.", story.flipped(message, 33), "BadSeal", given=opens)
    book.bad(f"{path}-tag-changed", "The tag.", story.flipped(message, -1), "BadSeal", given=opens)
    book.bad(f"{path}-cut", "The last byte is missing.", message[:-1], "BadSeal", given=opens)
    book.bad(f"{path}-unsealed", "Without the bank's seal nothing is settled.", message[:20], "BadSeal", given=opens)
    two_codes = _sealed_reply_of(b"51")
    book.bad(f"{path}-two-codes", "Code 00 outside, 51 inside.", two_codes, "BadMessage", field="code", given=opens)
    cut_answer = _sealed_reply_of(b"00" + story.RRN.encode())
    book.bad(f"{path}-cut-answer", "Sealed, but cut.", cut_answer, "BadMessage", field="body", given=opens)


def _sealed_reply_of(plaintext: bytes) -> bytes:
    bare = terminal.Reply(story.TRANSFER_ID, 0x23, "00", str(story.SERIAL), b"")
    return bare.encode() + aead.seal(story.REPLY_KEY, story.nonce("malformed reply"), plaintext, bare.header())


def _add_notices(book: story.Book) -> None:
    opens = {"reply_key": story.PAYEE_REPLY_KEY.reveal().hex()}
    message = book.good(
        "terminal-notice/arrived",
        "Money has arrived; sealed under the notice key that follows from an earlier reply key.",
        story.sealed_notice().encode(),
        {"amount_fen": story.AMOUNT_FEN, "balance_fen": story.AMOUNT_FEN, "time_s": 1_795_336_215},
        given=opens,
        nonce=story.nonce("notice").hex(),
    )
    path, other = "terminal-notice", {"reply_key": story.fixed("another reply key", 16).hex()}
    book.bad(f"{path}/other-key", "Another notice key.", message, "BadSeal", given=other)
    book.bad(f"{path}/notice-id-changed", "The notice id.", story.flipped(message, 1), "BadSeal", given=opens)
    book.bad(f"{path}/key-id-changed", "The key id.", story.flipped(message, 9), "BadSeal", given=opens)
    book.bad(f"{path}/sealed-changed", "A sealed byte.", story.flipped(message, 30), "BadSeal", given=opens)
    book.bad(f"{path}/tag-changed", "The tag.", story.flipped(message, -1), "BadSeal", given=opens)
    book.bad(f"{path}/cut", "The last byte is missing.", message[:-1], "BadSeal", given=opens)


def _add_terminal_layouts(book: story.Book) -> None:
    """Add layouts without keys, each with the text that an SMS carries."""

    def good(name: str, about: str, message: bytes, gives: dict[str, Any]) -> None:
        book.good(f"terminal-message/{name}", about, message, gives, text=terminal.to_text(message))

    def bad(name: str, about: str, message: bytes, error: str, field: str | None = None) -> None:
        more = {"text": terminal.to_text(message)} | ({} if field is None else {"field": field})
        book.bad(f"terminal-message/{name}", about, message, error, **more)

    sim = {"imsi": story.PAYER_SIM.imsi, "msisdn": story.PAYER_SIM.msisdn}
    register = terminal.Request(story.Kind.REGISTER, story.TRANSFER_ID, story.PAYER_SIM, b"")
    good("register", "Registration alone.", register.encode(), _request_values(register) | sim)
    for name in ("inquiry", "transfer", "balance"):
        request = story.sealed_request(book, name)
        values = _request_values(request) | (sim if request.identity else {})
        good(name, f"The story's {name}.", request.encode(), values)
    for name in ("inquiry", "transfer"):
        reply = story.sealed_reply(name, story.sealed_request(book, name))
        good(f"{name}-reply", f"The reply to the story's {name}.", reply.encode(), _reply_values(reply))
    unsealed = terminal.Reply(story.TRANSFER_ID, 0x2A, "97", None, b"")
    good("unsealed-reply", "The operator's own word: not registered.", unsealed.encode(), _reply_values(unsealed))
    notice = story.sealed_notice()
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
