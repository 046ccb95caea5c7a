"""What is known of makes: which interface is for AT commands, and who is still a drive."""

import pytest

from gsm.usb import UsbDevice, UsbIdentity, UsbPort
from gsm.usb_modems import LAYOUTS, NEVER_ASKED, Role, is_in_storage_mode, make_of, role_of


def port(ids: str, interface: int, triple: tuple[int, int, int] = (0xFF, 0xFF, 0xFF)) -> UsbPort:
    vendor_id, product_id = (int(part, 16) for part in ids.split(":"))
    return UsbPort("/dev/ttyUSB0", UsbIdentity(vendor_id, product_id, None, interface, "1-1"), *triple)


def stick(ids: str, *classes: int) -> UsbDevice:
    vendor_id, product_id = (int(part, 16) for part in ids.split(":"))
    return UsbDevice(vendor_id, product_id, "1-1", "", "", classes)


@pytest.mark.parametrize(
    ("ids", "interface", "role"),
    [
        ("1e0e:9001", 2, (Role.AT, 0)),
        ("1e0e:9001", 0, (Role.DIAGNOSTICS, 0)),
        ("2c7c:0125", 2, (Role.AT, 0)),
        ("2c7c:0125", 3, (Role.AT, 1)),
        ("2c7c:0125", 1, (Role.POSITIONS, 1)),
        ("19d2:0063", 3, (Role.AT, 0)),
        ("19d2:0063", 1, (Role.AT, 1)),
        ("1199:9071", 3, (Role.AT, 0)),
        ("1bc7:1201", 4, (Role.AT, 0)),
        ("1546:1102", 12, (Role.RESERVED, 12)),
        ("1546:01a8", 0, (Role.NO_MODEM, 0)),
        ("2341:0043", 0, (Role.NO_MODEM, 0)),
        ("05c6:9008", 0, (Role.NO_MODEM, 0)),
        ("2c7c:6005", 4, (Role.LIKELY, 4)),
        ("0403:6001", 0, (Role.UNKNOWN, 0)),
    ],
)
def test_an_interface_is_for_what_its_maker_made_it(ids: str, interface: int, role: tuple[Role, int]) -> None:
    assert role_of(port(ids, interface)) == role


@pytest.mark.parametrize(
    ("triple", "role"),
    [
        ((0xFF, 1, 2), (Role.AT, 0)),
        ((0xFF, 2, 2), (Role.AT, 0)),
        ((0xFF, 1, 1), (Role.AT, 1)),
        ((0xFF, 1, 0x14), (Role.POSITIONS, 0)),
        ((0xFF, 1, 0x77), (Role.LIKELY, 2)),
    ],
)
def test_huawei_says_by_descriptor(triple: tuple[int, int, int], role: tuple[Role, int]) -> None:
    assert role_of(port("12d1:1506", 2, triple)) == role


def test_huawei_that_says_nothing_is_known_by_its_product() -> None:
    assert [role_of(port("12d1:1001", number))[0] for number in range(3)] == [Role.AT, Role.AUDIO, Role.AT]
    assert role_of(port("12d1:1001", 2))[1] == 0


def test_a_port_that_says_it_takes_at_commands_is_likely_to() -> None:
    assert role_of(port("0489:e0b4", 1, (2, 2, 1))) == (Role.LIKELY, 1)


def test_no_layout_has_an_interface_for_two_things() -> None:
    for ids, layout in LAYOUTS.items():
        assert layout.at, ids
        assert len(set(layout.at)) == len(layout.at), ids
        assert not set(layout.at) & set(layout.others), ids
        assert set(layout.others.values()) <= NEVER_ASKED, ids


def test_a_modem_that_shows_only_a_drive_is_in_storage_mode() -> None:
    assert is_in_storage_mode(stick("12d1:1f01", 8))
    assert is_in_storage_mode(stick("1e0e:f000", 8))
    assert is_in_storage_mode(stick("19d2:9999", 8, 8)), "a maker of modems makes no memory sticks"


def test_a_switched_modem_with_a_card_reader_and_a_memory_stick_are_not() -> None:
    assert not is_in_storage_mode(stick("19d2:0063", 0xFF, 0xFF, 8))
    assert not is_in_storage_mode(stick("0951:1666", 8))
    assert not is_in_storage_mode(stick("12d1:1f01"))


def test_a_make_has_a_name() -> None:
    assert make_of(0x2C7C, 0x0125) == "Quectel EC25, EG25"
    assert make_of(0x19D2, 0x0063) == "ZTE"
    assert make_of(0x12D1, 0x9999) == "Huawei"
    assert make_of(0x0403, 0x6001) == ""
