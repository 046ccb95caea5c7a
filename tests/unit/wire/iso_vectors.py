"""Vectors of ISO 8583 messages, their sealing, and frames."""

from collections.abc import Mapping
from typing import Any

from tests.unit.wire import story
from wire import framing, iso


def _values(message: iso.Message) -> dict[str, Any]:
    fields = {f"DE{number}": message.fields[number] for number in sorted(message.fields)}
    return {"mti": message.mti, **fields}


_SEALED_NAMES = ("inquiry", "inquiry-answer", "transfer", "transfer-answer", "reversal", "reversal-repeat")
_NONCE_NAMES = {"inquiry-answer": "0110 answer", "transfer-answer": "0210 answer"}
PSAM_HEX = {"data": story.PSAM.data.reveal().hex(), "mac": story.PSAM.mac.reveal().hex()}


def add_iso(book: story.Book) -> None:
    told = story.conversation(book)
    for name, message in told.items():
        about = f"{message.mti}: {name.replace('-', ' ')}."
        book.good(f"iso-message/{name}", about, iso.encode(message), _values(message))
    for name in ("registration", "registration-answer"):
        raw = iso.encode(told[name])
        about = f"The MAC of the story's {name.replace('-', ' ')}."
        book.good(f"iso-mac/{name}", about, raw, {}, given=PSAM_HEX)
        _tampered_mac(book, f"iso-mac/{name}", raw, PSAM_HEX)
    for name in (*_SEALED_NAMES, "reversal-answer"):
        _add_sealed_iso(book, name, told[name])
    _add_broken_iso(book, told)


def _add_sealed_iso(book: story.Book, name: str, message: iso.Message) -> None:
    raw, direction = iso.encode(message), int(message.mti[2] in "13")
    opens = {**PSAM_HEX, "direction": direction}
    book.good(
        f"sealed-iso/{name}",
        f"{message.mti}: {name.replace('-', ' ')}, opened.",
        raw,
        {"plaintext": iso.open_sealed(message, story.PSAM, iso.Direction(direction)).hex()},
        given=opens,
        nonce=story.nonce(f"ISO {_NONCE_NAMES.get(name, name)}").hex(),
    )
    if name not in ("transfer", "transfer-answer", "reversal"):
        return
    path = f"sealed-iso/{name}"
    _tampered_mac(book, path, raw, opens)
    back = {**opens, "direction": 1 - direction}
    book.bad(f"{path}-other-direction", "Sent back as if it came from the other side.", raw, "BadSeal", given=back)
    other = {**opens, "data": story.fixed("another data key").hex()}
    book.bad(f"{path}-other-data-key", "Another data key.", raw, "BadSeal", given=other)
    for changed in ("DE61", "DE37", "DE3"):
        value = {"DE61": "009", "DE37": "432700000009", "DE3": iso.ProcessingCode.INQUIRY}[changed]
        remade = iso.add_mac(message.without(64, 128).with_fields(**{changed: value}), story.PSAM)
        about = f"Another {changed}, with a MAC that fits."
        book.bad(f"{path}-{changed}-changed", about, iso.encode(remade), "BadSeal", given=opens)
    short = iso.add_mac(message.without(64, 128).with_fields(DE48="AAAA"), story.PSAM)
    book.bad(f"{path}-short", "Shorter than nonce and tag.", iso.encode(short), "BadSeal", given=opens)
    loose = iso.add_mac(message.without(64, 128).with_fields(DE48="AB=="), story.PSAM)
    about = "DE48 is not canonical Base64."
    book.bad(f"{path}-loose-base64", about, iso.encode(loose), "BadMessage", field="DE48", given=opens)


def _tampered_mac(book: story.Book, path: str, raw: bytes, opens: Mapping[str, Any]) -> None:
    book.bad(f"{path}-mac-changed", "The last bit of the MAC.", story.flipped(raw, -1), "BadMac", given=opens)
    stan_at = raw.index(b"1122083015") + 15
    book.bad(f"{path}-stan-changed", "The last digit of the STAN.", story.flipped(raw, stan_at), "BadMac", given=opens)
    other = {**opens, "mac": story.fixed("another MAC key").hex()}
    book.bad(f"{path}-other-mac-key", "Another MAC key.", raw, "BadMac", given=other)


def _add_broken_iso(book: story.Book, told: Mapping[str, iso.Message]) -> None:
    def bad(name: str, about: str, raw: bytes, field: str) -> None:
        book.bad(f"iso-message/{name}", about, raw, "BadMessage", field=field)

    raw = iso.encode(told["transfer"])
    sign_on = iso.encode(told["sign-on"])
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
    bad("missing-stan", "DE11 is missing.", unchecked(told["transfer"].without(11)), "DE11")
    bad("missing-mac", "DE64 is missing.", unchecked(told["transfer"].without(64)), "DE64")
    extra = told["sign-on"].with_fields(DE39="00")
    bad("field-not-allowed", "DE39 in a request.", unchecked(extra), "DE39")
    for number, value in ((7, "112208301x"), (39, "0z"), (60, "000100070000000G"), (61, "0x1"), (48, "a b ")):
        name = "transfer-answer"
        wrong = unchecked(told[name].with_fields(**{f"DE{number}": value}))
        bad(f"malformed-DE{number}", f"A character that DE{number} may not hold.", wrong, f"DE{number}")
    bad("empty-DE32", "DE32 of no digit.", unchecked(told["sign-on"].with_fields(DE32="")), "DE32")
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


def add_frames(book: story.Book) -> None:
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
