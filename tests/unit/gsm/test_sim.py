"""What a modem says about its SIM."""

import pytest

from gsm.errors import SimMissing, SimPinNeeded, SimPinWrong, SimPukNeeded
from gsm.final_results import sim_error
from gsm.sim import imsi_of, number_in_record, own_number_of, pin_state_of, record_layout_of, service_centre_of

UCS2 = "+8613900000001".encode("utf-16-be").hex().upper()


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ('+CSCA: "+8613800100500",145', "+8613800100500"),
        ("+CSCA: 8613800100500,145", "+8613800100500"),
        (f'+CSCA: "{UCS2}",145', "+8613900000001"),
        ('+CSCA: "",129', None),
        ('+CSCA: "002B",129', None),
        ("+CMS ERROR: 330", None),
    ],
)
def test_service_centre(line: str, number: str | None) -> None:
    """TS 27.005 clause 3.3.1."""
    assert service_centre_of([line, "OK"]) == number


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ('+CNUM: "me","+8613800000000",145', "+8613800000000"),
        ('+CNUM: ,"+8613800000000",145', "+8613800000000"),
        ('+CNUM: ,"8613800000000",145', "+8613800000000"),
        ('+CNUM: me,"13800000000",129', "13800000000"),
        ('+CNUM: "","13800000000",129,7,4', "13800000000"),
        ("+CNUM: ,13800000000,129", "13800000000"),
        ('+CNUM: "","",129', None),
        ("+CNUM:", None),
        ('+CPBR: 1,"8613800000000",145,"me"', "+8613800000000"),
        (f'+CNUM: "","{UCS2}",145', "+8613900000001"),
        (f'+CNUM: "004D0065","{UCS2.lower()}",145,7,4', "+8613900000001"),
        (f'+CNUM: "","{UCS2[4:]}",145', "+8613900000001"),
        (f'+CPBR: 1,"{UCS2}",145,"004D0065"', "+8613900000001"),
        ('+CNUM: "","2B38363133393030",145', None),
        ('+CNUM: "","002B0038003",145', None),
        ('+CNUM: "","+86 139 0000 0001",145', None),
        ("+CNUM: ,13800000000", "13800000000"),
        ("+CME ERROR: 22", None),
        ("OK", None),
    ],
)
def test_own_number(line: str, number: str | None) -> None:
    """TS 27.007 clause 7.1 (+CNUM: alpha, number, type, and speed and service at will) and 8.12 (+CPBR).

    Names without quotes, missing names and numbers without quotes are not of that clause: the driver has to bear them.
    Hexadecimal is what +CSCS="UCS2" makes of a number (clause 5.5); half a number is none.
    """
    assert own_number_of([line, "OK"]) == number


def test_the_first_line_with_a_number_counts() -> None:
    assert own_number_of(['+CNUM: "Voice","",129', '+CNUM: "Data","+86138",145', "OK"]) == "+86138"


@pytest.mark.parametrize("line", ["460001234567890", "+CIMI: 460001234567890", '"460001234567890"'])
def test_imsi(line: str) -> None:
    """TS 27.007 clause 5.6: digits alone. A prefix or quotes are not of that clause and are borne."""
    assert imsi_of(["", line, "OK"]) == "460001234567890"
    assert imsi_of(["OK"]) is None


@pytest.mark.parametrize(
    ("line", "state"), [("+CPIN:READY", "READY"), ("+CPIN: SIM PIN", "SIM PIN"), ("+CPIN: sim puk", "SIM PUK")]
)
def test_pin_state(line: str, state: str) -> None:
    """TS 27.007 clause 8.3. The missing space and the small letters are not of that clause and are borne."""
    assert pin_state_of([line, "OK"]) == state


@pytest.mark.parametrize(
    ("code", "kind"),
    [(10, SimMissing), (13, SimMissing), (11, SimPinNeeded), (12, SimPukNeeded), (16, SimPinWrong)],
)
def test_errors_about_the_sim_have_names(code: int, kind: type[Exception]) -> None:
    """TS 27.007 clause 9.2.1: 10 not inserted, 11 PIN, 12 PUK, 13 failure, 16 wrong password; 30 is no network."""
    assert type(sim_error(code)) is kind
    assert sim_error(30) is None


@pytest.mark.parametrize(
    ("answer", "layout"),
    [
        # A SIM: octets 3 and 4 the size, 7 the type, 15 the length of a record (TS 51.011 clause 9.2.1).
        ('+CRSM: 144,0,"000000386F40040011F0AA0102011C"', (28, 2)),
        ("+CRSM: 144,0,6216820542210018028302" + "6F40A503C001408A0105", (24, 2)),
        ('+CRSM: 106,130,""', None),
        ("+CRSM: 144,0", None),
        ("+CRSM: 144,0,62", None),
        ("ERROR", None),
    ],
)
def test_the_layout_of_the_number_file(answer: str, layout: tuple[int, int] | None) -> None:
    assert record_layout_of([answer, "OK"]) == layout


@pytest.mark.parametrize(
    ("octets", "number"),
    [
        ("FF" * 14 + "0891683108000000F0" + "FF" * 5, "+8613800000000"),
        ("4D65" + "FF" * 8 + "0781" + "3108000000F0" + "FF" * 6, "13800000000"),
        ("FF" * 28, None),
        ("00" * 28, None),
        ("FFFF", None),
    ],
)
def test_the_number_in_a_record(octets: str, number: str | None) -> None:
    """TS 51.011 clause 10.5.5: name, length, type of number, digits in swapped halves of octets."""
    assert number_in_record([f'+CRSM: 144,0,"{octets}"', "OK"]) == number
