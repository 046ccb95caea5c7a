"""Vectors of the key schedule and of the blocks that carry keys, registrations and notices."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.unit.wire import story
from wire import aead, blocks, keys
from wire.secret import Secret


def add_key_schedule(book: story.Book) -> None:
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
        given = {**story.TRANSACTION, **change}
        book.add(f"key-schedule/{name}", about, given=given, gives=keys.derive_all(dict(given)))
    for name, about, change, error in (
        ("k-zero", "k must be at least 1.", {"k": "00" * 32}, "InvalidScalar"),
        ("k-n", "k must be below n.", {"k": f"{n:064x}"}, "InvalidScalar"),
        ("e-zero", "e must be at least 1.", {"e": "00" * 32}, "InvalidScalar"),
        ("e-n", "e must be below n.", {"e": f"{n:064x}"}, "InvalidScalar"),
        ("c-short", "c has 32 bytes.", {"c": "00" * 31}, "BadMessage"),
        ("serial-long", "A serial has 8 bytes.", {"serial": "00" * 9}, "BadMessage"),
    ):
        book.add(f"key-schedule/{name}", about, given={**story.TRANSACTION, **change}, error=error)
    for name, about, point in _bad_points():
        given = {"K": point, "c": story.TRANSACTION["c"], "serial": str(story.SERIAL)}
        book.add(f"operator-keys/K-{name}", f"K from the bank {about}.", given=given, error="InvalidPoint")
        given = {"k": story.TRANSACTION["k"], "c": story.TRANSACTION["c"], "E": point, "serial": str(story.SERIAL)}
        book.add(f"bank-keys/E-{name}", f"E from the operator {about}.", given=given, error="InvalidPoint")


def _exchanged_seeds() -> dict[str, str]:
    return {"seed1": story.TRANSACTION["seed2"], "seed2": story.TRANSACTION["seed1"]}


def _bad_points() -> Iterator[tuple[str, str, str]]:
    yield "empty", "is empty", ""
    yield "infinity", "is the point at infinity", "00"
    yield "uncompressed", "is not compressed", "04" + "11" * 64
    yield "wrong-prefix", "has a prefix that is neither 02 nor 03", "05" + story.E.hex()[2:]
    yield "off-curve", "has an x that no point of P-256 has", "02" + f"{_x_off_curve():064x}"
    # 5 is the x of a point; the prime added to it names the same x a second time.
    yield "not-reduced", "has an x that is not below the field prime", "02" + f"{keys.FIELD_PRIME + 5:064x}"


def _x_off_curve() -> int:
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B  # NIST SP 800-186, curve story.P-256
    prime = keys.FIELD_PRIME
    return next(x for x in range(1, 100) if pow(x**3 - 3 * x + b, (prime - 1) // 2, prime) == prime - 1)


# -- blocks ---------------------------------------------------------------------------------------------------


def add_static_blocks(book: story.Book) -> None:
    opens = {"static_key": story.STATIC_KEY.reveal().hex()}
    registration = blocks.Registration(story.PAYER_SIM, story.SERIAL, story.E)
    block = book.good(
        "registration-block/transaction",
        "Initial authentication information under the static key (step 106).",
        blocks.seal_registration(story.STATIC_KEY, registration, story.nonce("registration")),
        {
            "imsi": story.PAYER_SIM.imsi,
            "msisdn": story.PAYER_SIM.msisdn,
            "serial": str(story.SERIAL),
            "E": story.E.hex(),
        },
        given=opens,
        nonce=story.nonce("registration").hex(),
    )
    _tampered_static(book, "registration-block", block, number_at=8)
    other_serial = keys.Serial(1, 7, 2).pack()
    plaintext = story.PAYER_SIM.pack() + other_serial + story.E
    key = blocks._registration_key(story.STATIC_KEY, story.SERIAL.pack())
    forged = block[:9] + aead.seal(key, story.nonce("two serials"), plaintext, block[:9])
    about = "The serial inside is another than outside."
    book.bad("registration-block/two-serials", about, forged, "BadMessage", field="serial", given=opens)
    seeds = blocks.Seeds(1, Secret(story.fixed("seed 1")), Secret(story.fixed("seed 2")))
    block = book.good(
        "first-seeds-block/generation-1",
        "Both seeds on their first journey, under the static key (step 202).",
        blocks.seal_first_seeds(story.STATIC_KEY, seeds, story.nonce("first seeds")),
        story.SEEDS,
        given=opens,
        nonce=story.nonce("first seeds").hex(),
    )
    _tampered_static(book, "first-seeds-block", block, number_at=4)
    plaintext = story.fixed("seed 1") + story.fixed("seed 2") + (2).to_bytes(4, "big")
    key = blocks._first_seeds_key(story.STATIC_KEY, block[1:5])
    forged = block[:5] + aead.seal(key, story.nonce("two generations"), plaintext, block[:5])
    about = "The generation inside is another than outside."
    book.bad("first-seeds-block/two-generations", about, forged, "BadMessage", field="generation", given=opens)


def _tampered_static(book: story.Book, kind: str, block: bytes, number_at: int) -> None:
    opens = {"static_key": story.STATIC_KEY.reveal().hex()}
    other = {"static_key": story.fixed("another static key").hex()}
    book.bad(f"{kind}/other-static-key", "Another static key.", block, "BadSeal", given=other)
    book.bad(f"{kind}/number-changed", "The number outside.", story.flipped(block, number_at), "BadSeal", given=opens)
    book.bad(
        f"{kind}/nonce-changed",
        "A bit of the nonce.",
        story.flipped(block, number_at + 1),
        "BadSeal",
        given=opens,
    )
    book.bad(f"{kind}/tag-changed", "The last bit of the tag.", story.flipped(block, -1), "BadSeal", given=opens)
    book.bad(f"{kind}/cut", "The last byte is missing.", block[:-1], "BadSeal", given=opens)
    book.bad(f"{kind}/longer", "A byte too many.", block + b"\0", "BadSeal", given=opens)
    book.bad(f"{kind}/other-kind", "The first byte names another block.", b"\5" + block[1:], "BadMessage", given=opens)
    book.bad(f"{kind}/unknown-kind", "The first byte names no block.", b"\0" + block[1:], "BadMessage", given=opens)
    book.bad(f"{kind}/only-kind", "Nothing but the first byte.", block[:1], "BadMessage", given=opens)
    book.bad(f"{kind}/empty", "No byte at all.", b"", "BadMessage", given=opens)


def add_work_blocks(book: story.Book) -> None:
    seeds = blocks.Seeds(2, Secret(story.fixed("renewed seed 1")), Secret(story.fixed("renewed seed 2")))
    _work_block(
        book,
        "renewed-seeds-block/generation-2",
        "Renewed seeds under the work key of generation 1 (module 418).",
        lambda: blocks.seal_renewed_seeds(story.WORK, seeds),
        {"seed1": seeds.seed1.reveal().hex(), "seed2": seeds.seed2.reveal().hex(), "generation": "00000002"},
    )
    _work_block(
        book,
        "control-key-block/epoch-1",
        "The control key under the work key (step 206).",
        lambda: blocks.seal_control_key(story.WORK, blocks.OperatorControlKey(1, story.K, story.C)),
        {"epoch": 1, "K": story.K.hex(), "c": story.TRANSACTION["c"]},
    )
    _work_block(
        book,
        "notice-block/with-app",
        "A notice for a payee whose handset gave the bank a notice key.",
        lambda: blocks.seal_notice(
            story.WORK, blocks.PayeeNotice(story.NOTICE_ID, story.PAYEE_NUMBER, story.sealed_notice().encode())
        ),
        {
            "notice_id": story.NOTICE_ID.hex(),
            "msisdn": story.PAYEE_NUMBER,
            "payload": story.sealed_notice().encode().hex(),
        },
    )
    path, empty = "notice-block/without-app", blocks.PayeeNotice(story.NOTICE_ID, story.PAYEE_NUMBER, b"")
    book.good(
        path,
        "A notice for a phone without the app: no payload, so the operator sends its own sentence.",
        book.sealed_once(path, lambda: blocks.seal_notice(story.WORK, empty)),
        {"notice_id": story.NOTICE_ID.hex(), "msisdn": story.PAYEE_NUMBER, "payload": ""},
        given=story.SEEDS,
    )


def _work_block(book: story.Book, path: str, about: str, make: Callable[[], bytes], gives: Mapping[str, Any]) -> None:
    kind = path.partition("/")[0]
    block = book.good(path, about, book.sealed_once(path, make), gives, given=story.SEEDS)
    other = {**story.SEEDS, "generation": "00000003"}
    book.bad(f"{kind}/other-generation", "The work key of another generation.", block, "BadMac", given=other)
    book.bad(f"{kind}/other-seeds", "Other seeds.", block, "BadMac", given={**story.SEEDS, **_exchanged_seeds()})
    book.bad(f"{kind}/number-changed", "The number outside.", story.flipped(block, 2), "BadMac", given=story.SEEDS)
    book.bad(
        f"{kind}/sealed-changed", "A bit of what is sealed.", story.flipped(block, 60), "BadMac", given=story.SEEDS
    )
    book.bad(f"{kind}/mac-changed", "The last bit of the HMAC.", story.flipped(block, -1), "BadMac", given=story.SEEDS)
    book.bad(f"{kind}/cut", "The last byte is missing.", block[:-1], "BadMac", given=story.SEEDS)
    forged = story.flipped(block[:-32], 60)
    forged += blocks._hmac(story.WORK.mac, forged)  # as who holds the MAC key, but not the message, could do
    book.bad(f"{kind}/forged", "A bit of what is sealed, with an HMAC that fits.", forged, "BadSeal", given=story.SEEDS)
    renumbered = story.flipped(block[:-32], 2)
    renumbered += blocks._hmac(story.WORK.mac, renumbered)
    book.bad(f"{kind}/renumbered", "Another number, with an HMAC that fits.", renumbered, "BadSeal", given=story.SEEDS)
    book.bad(f"{kind}/short", "Shorter than HPKE and HMAC.", block[:80], "BadMessage", given=story.SEEDS)
    book.bad(f"{kind}/other-kind", "Another block's first byte.", b"\1" + block[1:], "BadMessage", given=story.SEEDS)
