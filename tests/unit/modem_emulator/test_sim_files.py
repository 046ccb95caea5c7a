"""The files of a SIM, as +CRSM and +CSIM show them."""

import pytest

from gsm import pdu
from gsm.pdu import Submit, UserData
from modem_emulator.engine import Engine
from modem_emulator.equipment import MemoryAvailable, Reject
from modem_emulator.sim_files import FILES, NEVER
from tests.unit.modem_emulator.dialogue import NOW_S, SMSC, answer, message, modem, say

READ_BINARY, READ_RECORD, GET_RESPONSE, STATUS, UPDATE_BINARY, UPDATE_RECORD = 176, 178, 192, 242, 214, 220


def crsm(engine: Engine, command: int, file: int, p1: int = 0, p2: int = 0, p3: int = 0, data: bytes = b"") -> str:
    shown = f',"{data.hex()}"' if data else ""
    return answer(engine, f"+CRSM={command},{file},{p1},{p2},{p3}{shown}")[0].removeprefix("+CRSM: ")


def record(engine: Engine, file: int, number: int) -> bytes:
    shown = crsm(engine, READ_RECORD, file, number, 4, FILES[file].size)
    assert shown.startswith("144,0,")
    return bytes.fromhex(shown.split('"')[1])


class TestRestrictedAccess:
    def test_the_own_number_is_read_as_ofono_reads_it(self) -> None:
        engine = modem()
        described = crsm(engine, GET_RESPONSE, 28480, 0, 0, 15)
        assert described == '144,0,"000000446F40040011FF4401020122"'
        contact = record(engine, 28480, 1)
        assert contact.hex().upper() == "FF" * 20 + "0891683109000000F1FFFFFFFFFF"

    @pytest.mark.parametrize(
        ("file", "size", "octets"),
        [
            (0x6F07, 9, "084906002143658709"),
            (0x6FAD, 4, "00000002"),
            (0x6F46, 17, "0179696E78696E" + "FF" * 10),
            (0x6FAE, 1, "02"),
            (0x6F7E, 11, "FFFFFFFF64F0001A2BFF00"),
            (0x6F78, 2, "0001"),
            (0x6FB7, 15, "11F2" + "FF" * 13),
            (0x6F38, 5, "FF30C30303"),
        ],
    )
    def test_what_a_file_holds(self, file: int, size: int, octets: str) -> None:
        assert crsm(modem(), READ_BINARY, file, 0, 0, size) == f'144,0,"{octets}"'

    def test_the_iccid_is_the_one_that_ccid_shows(self) -> None:
        engine = modem()
        octets = bytes.fromhex(crsm(engine, READ_BINARY, 0x2FE2, 0, 0, 10).split('"')[1])
        digits = "".join(f"{octet & 0xF:X}{octet >> 4:X}" for octet in octets).rstrip("F")
        assert answer(engine, "+CCID")[0] == f"+CCID: {digits}"

    @pytest.mark.parametrize("file", [0x2F00, 0x6FC5, 0x6FC6, 0x6FCA, 0x6FC7, 0x6FCB, 0x1234])
    def test_a_file_that_there_is_not_is_not_found(self, file: int) -> None:
        assert crsm(modem(), READ_BINARY, file, 0, 0, 1) == "148,4"
        assert crsm(modem(), GET_RESPONSE, file, 0, 0, 15) == "148,4"

    def test_every_file_can_be_described_and_read(self) -> None:
        engine = modem()
        for identity, file in FILES.items():
            described = bytes.fromhex(crsm(engine, GET_RESPONSE, identity).split('"')[1])
            assert len(described) == 15
            if file.records:
                assert described[13] == 1
                assert int.from_bytes(described[2:4], "big") == file.size * file.count(engine.equipment.card)
                assert len(record(engine, identity, 1)) == described[14]
            else:
                size = int.from_bytes(described[2:4], "big")
                assert crsm(engine, READ_BINARY, identity, 0, 0, size).startswith("144,0,")
                assert crsm(engine, READ_BINARY, identity, 0, size, 1) == "148,2"

    def test_a_locked_sim_shows_only_what_is_for_all(self) -> None:
        engine = modem(pin="1234")
        assert crsm(engine, READ_BINARY, 0x6F07, 0, 0, 9) == "152,4"
        assert crsm(engine, READ_BINARY, 0x2FE2, 0, 0, 10).startswith("144,0,")

    def test_octets_are_written_where_the_holder_may(self) -> None:
        engine = modem()
        assert crsm(engine, UPDATE_BINARY, 0x6F7B, 0, 3, 3, b"\x62\xf2\x10") == "144,0"
        assert crsm(engine, READ_BINARY, 0x6F7B, 0, 0, 12) == '144,0,"FFFFFF62F210FFFFFFFFFFFF"'
        assert FILES[0x2FE2].update == NEVER
        assert crsm(engine, UPDATE_BINARY, 0x2FE2, 0, 0, 1, b"\x00") == "152,4"

    def test_a_record_of_the_phonebook_is_the_phonebooks(self) -> None:
        engine = modem()
        say(engine, 'AT+CPBW=3,"+8613900000002",145,"Anna"\r')
        contact = record(engine, 0x6F3A, 3)
        assert contact == b"Anna".ljust(20, b"\xff") + bytes.fromhex("0891683109000000F2".ljust(24, "F")) + b"\xff\xff"
        assert crsm(engine, UPDATE_RECORD, 0x6F3A, 4, 4, 34, contact.replace(b"Anna", b"Bert")) == "144,0"
        assert answer(engine, "+CPBR=4")[0] == '+CPBR: 4,"+8613900000002",145,"Bert"'
        assert crsm(engine, UPDATE_RECORD, 0x6F3A, 4, 4, 34, b"\xff" * 34) == "144,0"
        assert answer(engine, "+CPBR=4") == ["+CME ERROR: 22"]

    def test_a_name_outside_the_alphabet_is_ucs2(self) -> None:
        engine = modem()
        say(engine, 'AT+CSCS="UCS2";+CPBW=1,"110",129,"4F60597D"\r')
        contact = record(engine, 0x6F3A, 1)
        assert contact[:5].hex() == "804f60597d"
        assert crsm(engine, UPDATE_RECORD, 0x6F3A, 2, 4, 34, contact) == "144,0"
        assert '"4F60597D"' in answer(engine, "+CPBR=2")[0]

    def test_a_message_is_a_record_with_its_status(self) -> None:
        engine = modem()
        engine.deliver(message(), NOW_S)
        first = record(engine, 0x6F3C, 1)
        assert first[0] == 0x03
        assert first[1:].startswith(bytes.fromhex(pdu.to_hex(message(), SMSC)) + b"\xff")
        assert crsm(engine, UPDATE_RECORD, 0x6F3C, 2, 4, 176, first) == "144,0"
        assert answer(engine, "+CMGR=2")[0] == f"+CMGR: 0,,{len(message())}"
        assert record(engine, 0x6F3C, 3)[0] == 0

    def test_octets_of_a_message_that_look_like_padding_stay(self) -> None:
        engine = modem()
        tpdu = pdu.encode_submit(Submit("110", UserData.of_octets(b"\x01\xff\xff")))
        octets = (b"\x07\x00" + tpdu).ljust(176, b"\xff")
        assert crsm(engine, UPDATE_RECORD, 0x6F3C, 1, 4, 176, octets) == "144,0"
        assert answer(engine, "+CMGR=1")[0] == f"+CMGR: 2,,{len(tpdu)}"

    def test_a_slot_freed_by_its_record_is_room_for_the_network(self) -> None:
        engine = modem(slots=1)
        engine.deliver(message(), NOW_S)
        assert engine.deliver(message(), NOW_S) == [Reject(22)]
        free = b"\x00" + b"\xff" * 175
        assert MemoryAvailable() in engine.receive(f'AT+CRSM=220,28476,1,4,176,"{free.hex()}"\r'.encode(), NOW_S)

    def test_the_service_centre_is_a_record_too(self) -> None:
        engine = modem()
        parameters = record(engine, 0x6F42, 1)
        assert parameters[12] == 0xFD
        assert parameters[25:33].hex() == "0891683108100005"
        changed = parameters.replace(bytes.fromhex("683108100005f0"), bytes.fromhex("683108100006f0"))
        assert crsm(engine, UPDATE_RECORD, 0x6F42, 1, 4, 40, changed) == "144,0"
        assert answer(engine, "+CSCA?")[0] == '+CSCA: "+8613800100600",145'

    @pytest.mark.parametrize(
        ("command", "status"),
        [
            ("178,28480,1,4,5", "103,34"),
            ("178,28480,9,4,34", "148,2"),
            ("178,28480,1,7,34", "107,0"),
            ("176,28480,0,0,34", "148,8"),
            ("178,12258,1,4,10", "148,8"),
            ("200,12258,0,0,0", "109,0"),
            ("176,32544,0,0,1", "148,0"),
        ],
    )
    def test_what_cannot_be_done_has_its_status_words(self, command: str, status: str) -> None:
        assert answer(modem(), f"+CRSM={command}")[0] == f"+CRSM: {status}"

    def test_no_command_and_no_hexadecimal_are_errors_of_the_modem(self) -> None:
        assert answer(modem(), "+CRSM=") == ["+CME ERROR: 50"]
        assert answer(modem(), '+CRSM=214,28539,0,0,3,"xyz"') == ["+CME ERROR: 50"]
        assert answer(modem(present=False), "+CRSM=176,12258,0,0,10") == ["+CME ERROR: 10"]


class TestGenericAccess:
    def apdu(self, engine: Engine, command: str) -> str:
        [shown, _] = answer(engine, f'+CSIM={len(command)},"{command}"')
        length, octets = shown.removeprefix("+CSIM: ").split(",")
        assert int(length) == len(octets) - 2
        return octets.strip('"')

    def test_a_file_is_selected_described_and_read(self) -> None:
        engine = modem()
        assert self.apdu(engine, "A0A40000023F00") == "9F17"
        assert self.apdu(engine, "A0A40000022FE2") == "9F0F"
        assert self.apdu(engine, "A0C000000F").startswith("0000000A2FE204")
        assert self.apdu(engine, "A0B000000A").endswith("9000")
        assert self.apdu(engine, "A0A4000002FFFF") == "9404"

    def test_records_are_read_one_after_another(self) -> None:
        engine = modem()
        say(engine, 'AT+CPBW=1,"1",129,"A";+CPBW=2,"2",129,"B"\r')
        self.apdu(engine, "A0A40000026F3A")
        assert [self.apdu(engine, "A0B2000222")[:2] for _ in range(3)] == ["41", "42", "FF"]
        assert self.apdu(engine, "A0B2000322")[:2] == "42"
        assert self.apdu(engine, "A0B2000022") == "6B00"

    def test_the_pin_can_be_given_to_the_card(self) -> None:
        engine = modem(pin="1234")
        assert self.apdu(engine, "A020000108" + "39393939FFFFFFFF") == "9804"
        assert self.apdu(engine, "A020000108" + "31323334FFFFFFFF") == "9000"
        assert answer(engine, "+CPIN?")[0] == "+CPIN: READY"

    @pytest.mark.parametrize(
        ("command", "status"),
        [("00A4000C02", "6E00"), ("A0FF000000", "6D00"), ("A0A4", "6700"), ("A0D6000005", "6700")],
    )
    def test_what_such_a_card_does_not_know(self, command: str, status: str) -> None:
        assert self.apdu(modem(), command) == status

    def test_the_status_tells_the_tries_that_are_left(self) -> None:
        engine = modem(pin="1234")
        say(engine, "AT+CPIN=9999\r")
        directory = bytes.fromhex(self.apdu(engine, "A0F2000017"))
        assert directory[18:22] == bytes([0x82, 0x8A, 0x83, 0x8A])

    def test_a_length_that_is_not_the_commands_is_refused(self) -> None:
        assert answer(modem(), '+CSIM=12,"A0F2000017"') == ["+CME ERROR: 50"]
