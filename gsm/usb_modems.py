"""What is known of modems on USB: which interface takes AT commands, what the others are, and who is still a stick.

Facts without I/O, each group with its source:
- [MM] ModemManager 1.20.4, the udev rules `77-mm-*-port-types.rules`, `77-mm-sierra.rules`,
  `77-mm-huawei-net-port-types.rules`, `77-mm-qdl-device-blacklist.rules`;
- [dongle] asterisk-chan-dongle, `pdiscovery.c`, the table of data and audio interfaces;
- [switch] usb-modeswitch-data 20191128, `40-usb_modeswitch.rules`;
- [CDC] USB class definitions for communication devices 1.2, tables 4 and 5 (class 02, subclass 02, protocol 01).

Makes that are not in here are found by asking; to add one, add its row, with the source.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from gsm.usb import UsbDevice, UsbPort


class Role(Enum):
    """What an interface is for, as far as it is known."""

    AT = "AT commands"  # known to take them
    LIKELY = "perhaps AT commands"  # a modem of unknown layout, or a port that says it takes them
    UNKNOWN = "unknown"
    DIAGNOSTICS = "diagnostics"
    POSITIONS = "positions (GNSS)"
    AUDIO = "audio"
    RESERVED = "the maker's own use"
    NO_MODEM = "no modem"


# Whom it would help nobody to ask, and whom it might disturb.
NEVER_ASKED = frozenset({Role.DIAGNOSTICS, Role.POSITIONS, Role.AUDIO, Role.RESERVED, Role.NO_MODEM})


@dataclass(frozen=True, slots=True)
class Layout:
    """A make's interfaces: those for AT commands, the best first, and what the others are."""

    name: str
    at: tuple[int, ...]
    others: Mapping[int, Role]


def _layout(name: str, at: tuple[int, ...], **others: Collection[int]) -> Layout:
    roles = {number: Role[role.upper()] for role, numbers in others.items() for number in numbers}
    return Layout(name, at, roles)


def _quectel(name: str) -> Layout:
    return _layout(name, (2, 3), diagnostics=(0,), positions=(1,))


LAYOUTS: dict[tuple[int, int], Layout] = {
    # SIMCom [MM]
    (0x1E0E, 0x9001): _layout("SIM7000, SIM7100, SIM7600", (2, 3), diagnostics=(0,), positions=(1,), audio=(4,)),
    (0x1E0E, 0x9205): _layout("SIM7070, SIM7080, SIM7090", (2, 3), diagnostics=(0,), positions=(1,)),
    (0x1E0E, 0x9206): _layout("SIM7070, SIM7080, SIM7090", (2, 5), diagnostics=(0,), positions=(1,), reserved=(3, 4)),
    (0x1E0E, 0x9100): _layout("Prolink PH-300", (3, 1)),
    (0x1E0E, 0x9200): _layout("SCT UM300", (3, 1)),
    (0x1E0E, 0xCEFE): _layout("A-Link 3GU", (2, 0, 1)),
    # Quectel [MM]
    (0x2C7C, 0x0125): _quectel("EC25, EG25"),
    (0x2C7C, 0x0191): _quectel("EG91"),
    (0x2C7C, 0x0195): _quectel("EG95"),
    (0x2C7C, 0x0296): _quectel("BG96"),
    (0x2C7C, 0x0306): _quectel("EG06"),
    (0x2C7C, 0x0800): _quectel("RM500"),
    # Huawei whose interfaces do not say what they are [dongle]; the others by descriptor, see `_HUAWEI`
    (0x12D1, 0x1001): _layout("E1550, E173 and others", (2, 0), audio=(1,)),
    (0x12D1, 0x140C): _layout("E17xx", (3, 0), audio=(2,)),
    (0x12D1, 0x1436): _layout("E173, E1750", (4, 0), audio=(3,)),
    # Sierra Wireless [MM]
    (0x1199, 0x9071): _layout("MC74xx", (3,), diagnostics=(0,), positions=(2,)),
    (0x1199, 0x9091): _layout("EM7565", (3,), diagnostics=(0,), positions=(2,)),
    # Telit [MM]
    (0x1BC7, 0x1003): _layout("UC864-E", (0, 2)),
    (0x1BC7, 0x1004): _layout("UC864-G", (0, 3), positions=(2,)),
    (0x1BC7, 0x1005): _layout("CC864-DUAL", (0, 3), positions=(2,)),
    (0x1BC7, 0x1006): _layout("CC864-SINGLE", (0, 2)),
    (0x1BC7, 0x1010): _layout("DE910-DUAL", (3, 2), positions=(1,)),
    (0x1BC7, 0x1011): _layout("CE910-DUAL", (1,)),
    (0x1BC7, 0x1031): _layout("LE910C1-EUX", (1, 2), diagnostics=(0,)),
    (0x1BC7, 0x1033): _layout("LE910C1-EUX", (1, 2), diagnostics=(0,)),
    (0x1BC7, 0x1040): _layout("LE922, LM9x0", (4, 5), diagnostics=(0,), reserved=(3, 6)),
    (0x1BC7, 0x1041): _layout("LE922, LM9x0", (5, 6), diagnostics=(0,), reserved=(4, 7)),
    (0x1BC7, 0x1050): _layout("FN980", (4, 5), diagnostics=(0,), reserved=(3, 6)),
    (0x1BC7, 0x1060): _layout("LN920", (4, 5), diagnostics=(0,), positions=(3,), reserved=(6,)),
    (0x1BC7, 0x1101): _layout("ME910C1", (1, 2), diagnostics=(0,)),
    (0x1BC7, 0x110A): _layout("MEx10G1", (1, 2), diagnostics=(0,)),
    (0x1BC7, 0x1201): _layout("LE910C1", (4, 5), diagnostics=(0,), positions=(3,), reserved=(6,)),
    (0x1BC7, 0x1204): _layout("LE910C1", (5, 6), diagnostics=(0,), positions=(4,), reserved=(7,)),
    (0x1BC7, 0x7010): _layout("LE910S1", (4, 3), reserved=(2,)),
    (0x1BC7, 0x7011): _layout("LE910S1", (4, 3), reserved=(2,)),
    # u-blox [MM]
    (0x1546, 0x1010): _layout("TOBY-L4", (6,), reserved=(2, 4, 8)),
    (0x1546, 0x1102): _layout("LISA-U2, SARA-U2", (0, 2, 4), positions=(6,), diagnostics=(8, 10), reserved=(12,)),
    (0x1546, 0x1104): _layout("LISA-U2, SARA-U2", (0,), positions=(2,), diagnostics=(4,), reserved=(6,)),
    (0x1546, 0x1107): _layout("TOBY-R2", (0, 2, 4), positions=(6,), reserved=(8,), diagnostics=(10,)),
    (0x1546, 0x110A): _layout("LARA-R2", (0, 2, 4), positions=(6,), reserved=(8,), diagnostics=(10,)),
    # Cinterion, Thales [MM]
    (0x1E2D, 0x0061): _layout("PLS8", (0, 2), positions=(4,), reserved=(6, 8)),
    (0x1E2D, 0x005B): _layout("PLS62", (0, 2), positions=(4,), reserved=(6,), diagnostics=(8,)),
    (0x1E2D, 0x0069): _layout("PLS63", (0, 2), positions=(4,), diagnostics=(6,)),
    # Fibocom [MM]
    (0x2CB7, 0x0104): _layout("FM150", (1, 2), diagnostics=(0,), reserved=(3,)),
    (0x2CB7, 0x01A0): _layout("NL668-AM", (2, 3), reserved=(4,)),
}
# ZTE [MM]: products by their AT interfaces, the best first.
_ZTE: dict[tuple[int, ...], str] = {
    (0, 1): "0003 0004 0005 0006 0007 0008 0009 000a",
    (0, 2): "0001 1515",
    (1, 3): "0015 0030 0054",
    (2, 0): "0064",
    (2, 1): "0016 0017 0018 0019 0117 0156",
    (2, 4): "0002 0012 0024 0025 0055",
    (3, 1): "0021 0031 0037 0039 0042 0052 0057 0058 0061 0063 0066 0078 0082 0104 0106 0108 0122 0123 1007 1008 1010 "
    "1254 1268 2002 2003",
    (3, 2): "0043",
    (4, 1): "0033 0091 0113 0118 0121 0124 0126 0128",
    (4, 2): "0048 0049",
    (5, 1): "0125",
}
LAYOUTS |= {
    (0x19D2, int(product, 16)): Layout("ZTE", at, {}) for at, products in _ZTE.items() for product in products.split()
}

_HUAWEI_VENDOR = 0x12D1
# Class ff: (subclass, protocol) to what the interface is, with its order among those for AT commands [MM].
_HUAWEI: dict[tuple[int, int], tuple[Role, int]] = {
    (1, 2): (Role.AT, 0),
    (2, 2): (Role.AT, 0),
    (1, 1): (Role.AT, 1),  # for dialling, takes AT commands until then
    (2, 1): (Role.AT, 1),
    (1, 5): (Role.POSITIONS, 0),
    (1, 0x14): (Role.POSITIONS, 0),
    (6, 0x14): (Role.POSITIONS, 0),
}
_VENDOR_CLASS = 0xFF
_AT_BY_DESCRIPTOR = (0x02, 0x02, 0x01)  # [CDC]; micro-controllers say it too, so that it proves nothing
_STORAGE_CLASS = 0x08

# Who makes modems and nothing else that has serial ports [MM, switch].
MAKERS: dict[int, str] = {
    0x0AF0: "Option",
    0x1199: "Sierra Wireless",
    0x12D1: "Huawei",
    0x1410: "Novatel Wireless",
    0x1546: "u-blox",
    0x19D2: "ZTE",
    0x1BBB: "Alcatel",
    0x1BC7: "Telit",
    0x1C9E: "Longcheer",
    0x1E0E: "SIMCom",
    0x1E2D: "Cinterion",
    0x2C7C: "Quectel",
    0x2CB7: "Fibocom",
}
# How they call themselves in a link of /dev/serial/by-id, which is made of the device's own texts.
MAKERS_WORDS = (*tuple(word.split()[0].lower() for word in MAKERS.values()), "simtech")
# Receivers of u-blox, and Qualcomm's loader, which waits for firmware and for nothing else [MM].
_NO_MODEMS = {(0x1546, product) for product in (0x01A5, 0x01A6, 0x01A7, 0x01A8, 0x01A9)} | {
    (0x05C6, product) for product in (0x9008, 0x9201, 0x9204, 0x9208, 0x9214, 0x9221, 0x9231, 0x9234, 0x9264)
}
# Makers of boards that start anew when their port is opened, by the vendor ids that they publish: Arduino (two),
# Adafruit, Raspberry Pi, Espressif.
_BOARD_MAKERS = {0x2341, 0x2A03, 0x239A, 0x2E8A, 0x303A}

# Products that show a drive with software until they are switched [switch]. Of a maker above, whatever shows nothing
# but a drive is one too: that is usb_modeswitch's own rule for Huawei.
STORAGE_MODES: frozenset[tuple[int, int]] = frozenset(
    (int(vendor, 16), int(product, 16))
    for vendor, products in {
        "05c6": "0010 1000 2000 2001 6503 9024 98ff f000",
        "1199": "0fff",
        "12d1": "1446 1449 14ad 14c1 14c4 14d1 14fe 1505 151a 1520 1521 1523 1526 1553 1557 155b 1582 1583 15ca 1c0b "
        "1c24 1da1 1f01 1f02 1f11 1f16 1f17",
        "19d2": "0003 0026 0040 0053 0083 0101 0103 0110 0115 0146 0149 0150 0154 0166 0169 0198 0266 0304 0325 1001 "
        "1007 1009 1013 1017 1201 1207 1210 1216 1224 1225 1420 1511 1514 1517 1542 1588 2000 2004 fff5 fff6",
        "1c9e": "1001 6000 6061 9101 9200 9401 9800 98ff 9bfe 9d00 9e00 f000",
        "1e0e": "f000",
    }.items()
    for product in products.split()
)


def role_of(port: UsbPort) -> tuple[Role, int]:
    """What a port is for, and its place among its device's AT ports (0 first)."""
    device, number = (port.identity.vendor_id, port.identity.product_id), port.identity.interface
    if device in _NO_MODEMS or device[0] in _BOARD_MAKERS:
        return Role.NO_MODEM, 0
    triple = (port.interface_class, port.interface_subclass, port.interface_protocol)
    if device[0] == _HUAWEI_VENDOR and triple[0] == _VENDOR_CLASS and triple[1:] in _HUAWEI:
        return _HUAWEI[triple[1], triple[2]]
    layout = LAYOUTS.get(device)
    if layout is not None:
        if number in layout.at:
            return Role.AT, layout.at.index(number)
        return layout.others.get(number, Role.LIKELY), number
    if device[0] in MAKERS or triple == _AT_BY_DESCRIPTOR:
        return Role.LIKELY, number
    return Role.UNKNOWN, number


def is_in_storage_mode(device: UsbDevice) -> bool:
    """Whether a modem still shows the drive with its software, and no port (usb_modeswitch(1))."""
    drive = bool(device.interface_classes) and set(device.interface_classes) == {_STORAGE_CLASS}
    return drive and ((device.vendor_id, device.product_id) in STORAGE_MODES or device.vendor_id in MAKERS)


def make_of(vendor_id: int, product_id: int) -> str:
    """The maker and model, as far as they are known: `Quectel EC25, EG25`, `Huawei`, or nothing."""
    layout = LAYOUTS.get((vendor_id, product_id))
    words = (MAKERS.get(vendor_id, ""), layout.name if layout else "")
    return " ".join(dict.fromkeys(word for word in words if word))
