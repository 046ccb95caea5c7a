"""Every vector file, run: what it gives, or the class of its failure."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.wire import make_vectors, story
from wire import blocks, errors, framing, iso, keys, sealing, terminal
from wire.errors import WireError
from wire.identity import Identity
from wire.secret import Secret

Vector = dict[str, Any]
FILES = sorted(story.FOLDER.rglob("*.json"))


def secret(vector: Vector, name: str) -> Secret:
    return Secret(bytes.fromhex(vector["given"][name]))


def message_of(vector: Vector) -> bytes:
    return bytes.fromhex(vector["message"])


def nonce_of(vector: Vector) -> bytes:
    return bytes.fromhex(vector["nonce"])


def work_key(vector: Vector) -> keys.WorkKey:
    return keys.work_key(secret(vector, "seed1"), secret(vector, "seed2"), int(vector["given"]["generation"], 16))


def seeds_values(seeds: blocks.Seeds) -> dict[str, Any]:
    return {
        "seed1": seeds.seed1.reveal().hex(),
        "seed2": seeds.seed2.reveal().hex(),
        "generation": f"{seeds.generation:08x}",
    }


def run_key_schedule(vector: Vector) -> dict[str, Any]:
    derived: dict[str, Any] = keys.derive_all(dict(vector["given"]))
    serial = keys.Serial.unpack(bytes.fromhex(vector["given"]["serial"]))
    of_bank = keys.psam_keys_of_bank(secret(vector, "k"), secret(vector, "c"), bytes.fromhex(derived["E"]), serial)
    psam = {name: getattr(of_bank, name).reveal().hex() for name in ("pin", "data", "mac")}
    assert psam == derived["psam"], "bank and operator derive different keys"
    return derived


def run_operator_keys(vector: Vector) -> dict[str, Any]:
    serial = keys.Serial.unpack(bytes.fromhex(vector["given"]["serial"]))
    point = keys.dynamic_encryption_key(bytes.fromhex(vector["given"]["K"]), secret(vector, "c"), serial)
    return {"P": point.hex()}


def run_bank_keys(vector: Vector) -> dict[str, Any]:
    serial = keys.Serial.unpack(bytes.fromhex(vector["given"]["serial"]))
    ephemeral = bytes.fromhex(vector["given"]["E"])
    psam = keys.psam_keys_of_bank(secret(vector, "k"), secret(vector, "c"), ephemeral, serial)
    return {"pin": psam.pin.reveal().hex()}


def run_registration(vector: Vector) -> dict[str, Any]:
    opened = blocks.open_registration(secret(vector, "static_key"), message_of(vector))
    again = blocks.seal_registration(secret(vector, "static_key"), opened, nonce_of(vector))
    assert again == message_of(vector)
    return {
        "imsi": opened.identity.imsi,
        "msisdn": opened.identity.msisdn,
        "serial": str(opened.serial),
        "E": opened.ephemeral.hex(),
    }


def run_first_seeds(vector: Vector) -> dict[str, Any]:
    opened = blocks.open_first_seeds(secret(vector, "static_key"), message_of(vector))
    assert blocks.seal_first_seeds(secret(vector, "static_key"), opened, nonce_of(vector)) == message_of(vector)
    return seeds_values(opened)


def run_renewed_seeds(vector: Vector) -> dict[str, Any]:
    return seeds_values(blocks.open_renewed_seeds(work_key(vector), message_of(vector)))


def run_control_key(vector: Vector) -> dict[str, Any]:
    opened = blocks.open_control_key(work_key(vector), message_of(vector))
    return {"epoch": opened.epoch, "K": opened.point.hex(), "c": opened.c.reveal().hex()}


def run_notice_block(vector: Vector) -> dict[str, Any]:
    opened = blocks.open_notice(work_key(vector), message_of(vector))
    return {"notice_id": opened.notice_id.hex(), "msisdn": opened.msisdn, "payload": opened.payload.hex()}


BODIES = {
    terminal.Kind.INQUIRY: terminal.InquiryBody,
    terminal.Kind.TRANSFER: terminal.TransferBody,
    terminal.Kind.BALANCE: terminal.BalanceBody,
}


def run_sealed_request(vector: Vector) -> dict[str, Any]:
    request = terminal.Request.decode(message_of(vector))
    plaintext = sealing.open_request(secret(vector, "terminal_key"), request)
    body: Any = BODIES[request.kind].decode(plaintext)  # type: ignore[attr-defined]
    assert body.encode() == plaintext
    return {name: shown(name, getattr(body, name)) for name in type(body).__slots__}


def shown(name: str, value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal().decode() if name == "pin" else value.reveal().hex()
    return value


def run_sealed_reply(vector: Vector) -> dict[str, Any]:
    reply = terminal.decode_down(message_of(vector))
    assert isinstance(reply, terminal.Reply)
    reply_key = secret(vector, "reply_key")
    answer = sealing.open_reply(reply_key, reply)
    request = terminal.Request.decode(bytes.fromhex(vector["given"]["request"]))
    assert reply.serial is not None
    assert sealing.seal_reply(reply_key, request, answer, reply.serial, nonce_of(vector)) == reply
    return {name: value for name in answer.__slots__ if (value := getattr(answer, name)) is not None}


def run_terminal_notice(vector: Vector) -> dict[str, Any]:
    notice = terminal.decode_down(message_of(vector))
    assert isinstance(notice, terminal.Notice)
    key = sealing.notice_key(secret(vector, "reply_key"))
    body = sealing.open_notice(key, notice)
    assert sealing.seal_notice(key, notice.notice_id, notice.key_id, body, nonce_of(vector)) == notice
    return {name: getattr(body, name) for name in body.__slots__}


def run_terminal_message(vector: Vector) -> dict[str, Any]:
    message = terminal.from_text(vector["text"])
    assert message == message_of(vector)
    assert terminal.to_text(message) == vector["text"]
    if message and message[0] & 0x10:
        return down_values(terminal.decode_down(message))
    request = terminal.Request.decode(message)
    assert request.encode() == message
    values = {
        "message": "request",
        "kind": int(request.kind),
        "transaction_id": request.transaction_id.hex(),
        "sealed": request.sealed.hex(),
    }
    identity = request.identity
    return values | ({} if identity is None else {"imsi": identity.imsi, "msisdn": identity.msisdn})


def down_values(down: terminal.Reply | terminal.Notice) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(down, name) for name in type(down).__slots__}
    values = {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}
    return {"message": type(down).__name__.lower(), **values}


def run_terminal_text(vector: Vector) -> dict[str, Any]:
    return {"message": terminal.from_text(vector["text"]).hex()}


def run_iso_message(vector: Vector) -> dict[str, Any]:
    message = iso.decode(message_of(vector))
    assert iso.encode(message) == message_of(vector)
    return {"mti": message.mti, **{f"DE{number}": value for number, value in message.fields.items()}}


def psam(vector: Vector) -> keys.PsamKeys:
    return keys.PsamKeys(Secret(b""), secret(vector, "data"), secret(vector, "mac"))


def run_iso_mac(vector: Vector) -> dict[str, Any]:
    message = iso.decode(message_of(vector))
    iso.check_mac(message, psam(vector))
    assert iso.add_mac(message.without(64, 128), psam(vector)) == message
    return {}


def run_sealed_iso(vector: Vector) -> dict[str, Any]:
    message, direction = iso.decode(message_of(vector)), iso.Direction(vector["given"]["direction"])
    plaintext = iso.open_sealed(message, psam(vector), direction)
    assert iso.seal(message.without(48, 64, 128), psam(vector), direction, plaintext, nonce_of(vector)) == message
    Identity.unpack(plaintext[:16])
    return {"plaintext": plaintext.hex()}


def run_frames(vector: Vector) -> dict[str, Any]:
    reader = framing.FrameReader()
    messages = [message.hex() for message in reader.receive(message_of(vector))]
    if "error" in vector:
        assert messages == vector["gives"]["messages"]
    reader.receive(b"")
    return {"messages": messages} | ({"inside_message": True} if reader.inside_message else {})


RUNNERS: dict[str, Callable[[Vector], dict[str, Any]]] = {
    "key-schedule": run_key_schedule,
    "operator-keys": run_operator_keys,
    "bank-keys": run_bank_keys,
    "registration-block": run_registration,
    "first-seeds-block": run_first_seeds,
    "renewed-seeds-block": run_renewed_seeds,
    "control-key-block": run_control_key,
    "notice-block": run_notice_block,
    "sealed-request": run_sealed_request,
    "sealed-reply": run_sealed_reply,
    "terminal-notice": run_terminal_notice,
    "terminal-message": run_terminal_message,
    "terminal-text": run_terminal_text,
    "iso-message": run_iso_message,
    "iso-mac": run_iso_mac,
    "sealed-iso": run_sealed_iso,
    "frames": run_frames,
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(story.FOLDER)))
def test_vector_gives_what_its_file_states(file: Path) -> None:
    vector = json.loads(file.read_text(encoding="utf-8"))
    run = RUNNERS[vector["kind"]]
    if "error" not in vector:
        assert run(vector) == vector["gives"]
        return
    with pytest.raises(WireError) as raised:
        run(vector)
    assert type(raised.value) is getattr(errors, vector["error"])
    if "field" in vector:
        assert isinstance(raised.value, errors.BadMessage)
        assert raised.value.field == vector["field"]


def test_vector_files_are_what_the_generator_writes() -> None:
    written = {str(file.relative_to(story.FOLDER)): file.read_text(encoding="utf-8") for file in FILES}
    assert written == make_vectors.build()


def test_every_kind_of_vector_has_good_and_bad_cases() -> None:
    vectors = [json.loads(file.read_text(encoding="utf-8")) for file in FILES]
    good = {vector["kind"] for vector in vectors if "error" not in vector}
    bad = {vector["kind"] for vector in vectors if "error" in vector}
    assert bad == set(RUNNERS)
    assert good == set(RUNNERS) - {"operator-keys", "bank-keys", "terminal-text"}  # good ones: key-schedule, text
