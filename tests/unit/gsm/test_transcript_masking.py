"""Masking: what it replaces, what it leaves, and that nothing of a secret stays, in any notation."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsm import alphabet
from gsm.masking import CannotMask, mask
from gsm.pdu import (
    Address,
    Deliver,
    Element,
    StatusReport,
    Submit,
    UserData,
    decode_deliver,
    decode_incoming,
    decode_submit,
    encode_deliver,
    encode_status_report,
    encode_submit,
    from_hex,
    to_hex,
)
from gsm.transcript import Direction, Event, Header, Transcript, decode_transcript

MOMENT = datetime(2026, 10, 22, 12, 0, tzinfo=UTC)
NUMBER, CENTRE, IMSI, IMEI, ICCID = (
    "13912345678", "+8613800755500", "460001234567890", "356938035643809", "89860012345678901234",
)  # fmt: skip


def dialogue(*turns: str) -> Transcript:
    """Turns that begin with `>` are the program's, with `<` the modem's."""
    direction = {">": Direction.TX, "<": Direction.RX}
    events = (Event(float(t), direction[turn[0]], turn[1:].encode("latin-1")) for t, turn in enumerate(turns))
    return Transcript(Header("made up"), tuple(events))


def masked(*turns: str) -> list[str]:
    return [event.data.decode("latin-1") for event in mask(dialogue(*turns)).events]


def shown(pdu: str) -> str:
    """As the answer to +CMGR shows a PDU."""
    return f"+CMGR: 0,,{length(pdu)}\r\n{pdu}"


def length(pdu: str) -> int:
    """What is announced of a PDU: the octets behind the service centre."""
    return len(from_hex(pdu)[1])


def answered(command: str, *lines: str) -> list[str]:
    """The masked lines of the answer to a command."""
    answer = "".join(f"\r\n{line}\r\n" for line in (*lines, "OK"))
    return masked(f">{command}\r", f"<{answer}")[1].split("\r\n")[1:-3:2]


class TestIdentities:
    def test_an_imsi_is_of_the_test_network(self) -> None:
        assert answered("AT+CIMI", IMSI) == ["001010000000001"]

    def test_an_imei_and_an_iccid_are_nobodys(self) -> None:
        assert answered("AT+CGSN", IMEI) == ["000000000000001"]
        assert answered("AT+CCID", f"+CCID: {ICCID}") == ["+CCID: 89000000000000000001"]
        assert answered("AT^ICCID", f"^ICCID: {ICCID[:19]}F") == ["^ICCID: 8900000000000000001F"]

    def test_they_are_found_in_what_ati_says(self) -> None:
        assert answered("ATI", "Manufacturer: huawei", "Revision: 11.126.03.06.00", f"IMEI: {IMEI}") == [
            "Manufacturer: huawei", "Revision: 11.126.03.06.00", "IMEI: 000000000000001",
        ]  # fmt: skip

    def test_files_of_the_sim_hold_the_same(self) -> None:
        # EF IMSI and EF ICCID (TS 31.102 clause 4.2.2, TS 102 221 clause 13.2): semi-octets, swapped.
        got = masked(
            ">AT+CIMI\r", f"<\r\n{IMSI}\r\n\r\nOK\r\n",
            ">AT+CRSM=176,28423,0,0,9\r", '<\r\n+CRSM: 144,0,"084906002143658709"\r\n\r\nOK\r\n',
            ">AT+CRSM=176,12258,0,0,10\r", '<\r\n+CRSM: 144,0,"98680021436587092143"\r\n\r\nOK\r\n',
            ">AT+CRSM=178,28480,1,4,16\r", "<\r\n+CRSM: 144,0,4D6507913119325476F8FFFFFFFFFFFF\r\n\r\nOK\r\n",
        )  # fmt: skip
        assert "001010000000001" in got[1]
        assert '"080910100000000010"' in got[3]
        assert '"98000000000000000010"' in got[5]
        assert "144,0,787807919999000000F1FFFFFFFFFFFF" in got[7]

    def test_an_unknown_file_says_nothing_any_more(self) -> None:
        answer = masked(">AT+CRSM=176,28542,0,0,11\r", "<\r\n+CRSM: 144,0,0102030405060708090A0B\r\n\r\nOK\r\n")[1]
        assert answer == f"\r\n+CRSM: 144,0,{'FF' * 11}\r\n\r\nOK\r\n"

    def test_a_file_is_masked_whatever_else_its_line_of_commands_asks(self) -> None:
        """The answers come in the order of the commands (V.250 clause 5.2.1)."""
        answers = (
            '<\r\n+CRSM: 144,0,"00000001"\r\n\r\n+CRSM: 144,0,"084906002143658709"\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n'
        )
        got = masked(">AT+CRSM=192,28423;+CRSM=176,28423,0,0,9;+CSQ\r", answers)[1]
        assert got == answers[1:].replace("084906002143658709", "080910100000000010")

    def test_an_imei_in_pieces_and_a_serial_number_with_letters_are_identities(self) -> None:
        told = ("IMEI: 350077/52/323751/3", "IMEI 35.345104.709182.7", "ESN: 80A1B2C3", "FSN:LF12AB34CD5610")
        assert answered("ATI", *told, "Revision: 11.126.85.00.209", "IMEI SV: 16") == [
            "IMEI: 000000/00/000000/1", "IMEI 00.000000.000000.2", "ESN: 00x0x0x0", "FSN:xx00xx00xx0000",
            "Revision: 11.126.85.00.209", "IMEI SV: 16",
        ]  # fmt: skip


class TestNumbers:
    def test_every_writing_of_a_number_ends_alike(self) -> None:
        told = (f'+CNUM: "","+86{NUMBER}",145', f'+CNUM: ,"{NUMBER}",129', f'+CNUM: "","0{NUMBER}"')
        assert answered("AT+CNUM", *told) == [
            '+CNUM: "","+9999990000001",145', '+CNUM: ,"99990000001",129', '+CNUM: "","999990000001"',
        ]  # fmt: skip

    def test_a_number_in_pieces_is_a_number(self) -> None:
        assert answered("AT+CPBR=1", '+CPBR: 1,"(020-7946-0123)",129,""') == ['+CPBR: 1,"(999-9000-0001)",129,""']

    def test_a_round_number_is_nobodys(self) -> None:
        """A Huawei stick's speeds; a pseudonym has so many zeros too, and was taken for what remained of them."""
        got = masked(">AT^DHCP?\r", "<\r\n^DHCP: 0,100000000\r\n\r\nOK\r\n", ">AT+CIMI\r", f"<\r\n{IMSI}\r\n\r\nOK\r\n")
        assert got[3] == "\r\n001010000000001\r\n\r\nOK\r\n"

    def test_two_numbers_stay_two(self) -> None:
        first, second = answered("AT+CPBR=1,2", f'+CPBR: 1,"{NUMBER}",129,""', '+CPBR: 2,"13987654321",129,""')
        assert first[10:22] != second[10:22]

    def test_ucs2_is_a_notation_like_others(self) -> None:
        hexadecimal = NUMBER.encode("utf-16-be").hex().upper()
        assert answered("AT+CNUM", f'+CNUM: "","{hexadecimal}",129') == [
            f'+CNUM: "","{"99990000001".encode("utf-16-be").hex().upper()}",129'
        ]

    def test_so_is_hexadecimal_of_ascii(self) -> None:
        hexadecimal = f"+{NUMBER}".encode().hex().upper()
        assert answered("AT+CSCA?", f'+CSCA: "{hexadecimal}",145') == [f'+CSCA: "{b"+99990000001".hex().upper()}",145']

    def test_a_pdu_is_one_too(self) -> None:
        pdu = to_hex(encode_deliver(Deliver("+86" + NUMBER, UserData.of_text("hi"), MOMENT)), CENTRE)
        got = masked(f">ATD{NUMBER};\r", "<\r\nOK\r\n", ">AT+CMGR=1\r", f"<\r\n{shown(pdu)}\r\n\r\nOK\r\n")
        assert got[0] == "ATD99990000001;\r"
        centre, tpdu = from_hex(got[3].split("\r\n")[2])
        assert decode_deliver(tpdu).originator == "+9999990000001"
        assert centre == "+9999990000002"
        assert decode_deliver(tpdu).text == "xx"

    def test_what_is_no_number_stays(self) -> None:
        said = ['+CMGL: 1,"REC UNREAD","","","26/11/23,06:35:22+32"', "x"]
        assert answered('AT+CMGL="ALL"', *said) == said
        for line in ('+COPS: 0,0,"CHINA MOBILE",2', "+CSQ: 19,99", "+IPR: (0,9600,115200,3000000)", '+CSCS: ("GSM")'):
            assert answered("AT" + line.partition(":")[0] + "?", line) == [line]


class TestSecrets:
    @pytest.mark.parametrize(
        ("command", "kept"),
        [
            ('AT+CPIN="1234"', 'AT+CPIN="0000"'),
            ("AT+CPIN=1234", "AT+CPIN=0000"),
            ('AT+CPIN="12345678","4321"', 'AT+CPIN="00000000","0000"'),
            ('AT+CLCK="SC",1,"1234"', 'AT+CLCK="SC",1,"0000"'),
            ('AT+CMEE=1;+CPWD="SC","1234","4321"', 'AT+CMEE=1;+CPWD="SC","0000","0000"'),
            ('\x00AT+CPIN="1234"', '\x00AT+CPIN="0000"'),
        ],
    )
    def test_pins_are_zeros(self, command: str, kept: str) -> None:
        assert masked(f">{command}\r", f"<{command}\r\r\nOK\r\n") == [f"{kept}\r", f"{kept}\r\r\nOK\r\n"]

    @pytest.mark.parametrize(
        ("key", "instead"),
        [
            ("AT+VTS=4", "AT+VTS=0"), ('AT+VTS="4";+VTS=7', 'AT+VTS="0";+VTS=0'), ("AT^DTMF=1,4", "AT^DTMF=0,0"),
            ('AT+CKPD="4711#",10', 'AT+CKPD="0000#",00'), ("AT+VTS={4,5},{7,5}", "AT+VTS={0,0},{0,0}"),
        ],
    )  # fmt: skip
    def test_keys_that_are_pressed_may_be_a_pin(self, key: str, instead: str) -> None:
        assert masked(f">{key}\r") == [f"{instead}\r"]

    def test_tones_that_are_heard_may_be_one_too(self) -> None:
        assert masked("<\r\n+DDET: 4\r\n\r\n+RXDTMF: 7\r\n\r\n+UUDTMFD: 1\r\n") == [
            "\r\n+DDET: 0\r\n\r\n+RXDTMF: 0\r\n\r\n+UUDTMFD: 0\r\n"
        ]
        assert answered("AT+VTS=?", "+VTS: (0-9,A-D,*,#)") == ["+VTS: (0-9,A-D,*,#)"]


class TestTexts:
    def test_a_text_that_came_unasked_does_not_end_with_a_line_that_looks_like_an_answer(self) -> None:
        got = masked(
            '<\r\n+CMT: "+8613912345678","","20/01/02,03:04:05+32"\r\nHello\r\nOK\r\n',
            ">AT+CGMM\r", "<Bob PIN 4711\r\n\r\nOK\r\n",
        )  # fmt: skip
        assert "Bob" not in got[2]
        assert "4711" not in got[2]

    def test_text_mode_in_both_directions_with_echo(self) -> None:
        got = masked(
            f'>AT+CMGS="{NUMBER}"\r', f'<AT+CMGS="{NUMBER}"\r\r\n> ', ">Come at\rnine\x1a",
            "<Come at\r\n> nine\r\n+CMGS: 7\r\n\r\nOK\r\n",
        )  # fmt: skip
        assert got[2] == "xxxxxxx\rxxxx\x1a"
        assert got[3] == "xxxxxxx\r\n> xxxx\r\n+CMGS: 7\r\n\r\nOK\r\n"

    def test_a_text_of_several_lines_that_looks_like_an_answer(self) -> None:
        got = answered("AT+CMGR=1", f'+CMGR: "REC READ","{NUMBER}",,"26/11/23,06:35:22+32"', "hi", "OK", "meet me")
        assert got[1:] == ["xx", "OK", "xxxxxxx"]

    def test_an_answer_to_another_command_after_a_text_is_not_trusted(self) -> None:
        got = masked(">AT+CGMI\r", f'<\r\n+CMT: "{NUMBER}",,"26/11/23,06:35:22+32"\r\none\r\ntwo\r\n\r\nOK\r\n')[1]
        assert "one" not in got
        assert "two" not in got

    def test_ussd_over_several_lines(self) -> None:
        got = masked('>AT+CUSD=1,"*100*5551#",15\r', '<\r\nOK\r\n\r\n+CUSD: 0,"Dear Li\nbalance 5.20",15\r\n')
        assert got == ['AT+CUSD=1,"*000*0000#",15\r', '\r\nOK\r\n\r\n+CUSD: 0,"xxxxxxx\nxxxxxxxxxxxx",15\r\n']

    @pytest.mark.parametrize("text", ["hello", "a" * 160, "你好", "€uro {x}"])
    def test_user_data_keeps_length_header_and_alphabet(self, text: str) -> None:
        udh = (Element(0, bytes([7, 2, 1])),) if len(text) < 150 else ()
        pdu = to_hex(encode_submit(Submit("+86" + NUMBER, UserData.of_text(text, udh))))
        got = masked(f">AT+CMGS={length(pdu)}\r", "<\r\n> ", f">{pdu}\x1a", "<\r\n+CMGS: 1\r\n\r\nOK\r\n")[2]
        before, after = decode_submit(from_hex(pdu)[1]).user_data, decode_submit(from_hex(got[:-1])[1]).user_data
        assert len(got) == len(pdu) + 1
        assert (after.udh, after.dcs, len(after.content)) == (before.udh, before.dcs, len(before.content))
        assert set(after.text) == {"x"}

    def test_a_name_as_sender_and_an_address_in_the_header_go(self) -> None:
        data = UserData.of_text("hi", (Element(0x22, b"\x0b\x91" + b"\x31\x19\x32\x54\x76\xf8"),))
        pdu = to_hex(encode_deliver(Deliver(Address.name("Alice Li"), data, MOMENT)))
        line = masked(">AT+CMGR=1\r", f"<\r\n{shown(pdu)}\r\n\r\nOK\r\n")[1].split("\r\n")[2]
        deliver = decode_deliver(from_hex(line)[1])
        assert deliver.originator == "xxxxxxxx"
        assert deliver.user_data.udh == (Element(0x22, bytes(8)),)

    def test_an_octet_that_no_element_of_the_header_has_goes(self) -> None:
        pdu = "00440B913119325476F80004620122210000000906000307020141" + "4242"
        got = masked(">AT+CMGR=1\r", f"<\r\n{shown(pdu)}\r\n\r\nOK\r\n")[1]
        assert "06000307020100" + "7878" in got

    def test_a_status_report(self) -> None:
        pdu = to_hex(encode_status_report(StatusReport(7, "+86" + NUMBER, MOMENT, MOMENT, 0)))
        got = masked(f"<\r\n+CDS: {length(pdu)}\r\n{pdu}\r\n")[0].split("\r\n")[2]
        assert decode_incoming(from_hex(got)[1]) == StatusReport(7, "+9999990000001", MOMENT, MOMENT, 0)


OK = "<\r\nOK\r\n"
READ = f'+CMGR: "REC READ","{NUMBER}",,"26/11/23,06:35:22+32"'


class TestWhatPeopleAndMakersWriteOtherwise:
    @pytest.mark.parametrize(
        ("command", "kept"),
        [
            ('AT +CPIN = "4711"', 'AT +CPIN = "0000"'),
            ('ATE0V1+CPIN="4711"', 'ATE0V1+CPIN="0000"'),
            ('at+cmee=1; +cpin="4711"', 'at+cmee=1; +cpin="0000"'),
            ("ATD**04*4711*5822*5822#;", "ATD**00*0000*0000*0000#;"),
            ("ATD**052*87654321*5822*5822#", "ATD**000*00000000*0000*0000#"),
            ("ATE0DT95533;", "ATE0DT00000;"),
            ("ATD95533;", "ATD00000;"),
            ("ATD 955 33;", "ATD 000 00;"),
            ("AT+FOO=1,geheim7", "AT+FOO=1,xxxxxx0"),
            ("AT+CUSD=1,**04*4711*5822*5822#,15", "AT+CUSD=1,**00*0000*0000*0000#,15"),
            ("at 9 I meet Li", "xxxxxxxxxxxxxx"),
            ("ATD139-1234-5678;", "ATD999-9000-0001;"),
            ("AT+DIAL=139-1234-5678", "AT+DIAL=999-9000-0001"),
            ('ATD>"Zhang San";', 'ATD>"xxxxx xxx";'),
            ('AT^SLCK="SC",1,"4711"', 'AT^SLCK="SC",1,"0000"'),
            ('AT^SPWD="SC","4711","5822"', 'AT^SPWD="SC","0000","0000"'),
            ('AT+EPIN1="4711"', 'AT+EPIN1="0000"'),
            ("AT+CPI=4711", "AT+CPI=0000"),
            ('AT+CSTT="net","bob","geheim1"', 'AT+CSTT="xxx","xxx","xxxxxx0"'),
            ('AT$QCPDPP=1,1,"geheim","bob"', 'AT$QCPDPP=1,1,"xxxxxx","xxx"'),
            ("4711 AT", "xxxxxxx"),
        ],
    )
    def test_a_command_keeps_its_shape_only(self, command: str, kept: str) -> None:
        assert masked(f">{command}\r", f"<{command}\r\r\nOK\r\n") == [f"{kept}\r", f"{kept}\r\r\nOK\r\n"]

    @pytest.mark.parametrize(
        "turns",
        [
            ['>AT+CPIN="47\x0811"\r', OK],
            [">ATD13912\x08234567;\r", OK],
            ["<AT+CPIN=47\x08 \x08711\r\n"],
            [">ATS5=35\r", OK],
        ],
    )
    def test_a_line_that_was_edited_is_refused(self, turns: Sequence[str]) -> None:
        with pytest.raises(CannotMask):
            mask(dialogue(*turns))

    @pytest.mark.parametrize("text", ["Bob waits chATting", "At noon meet Bob", "AT+X Bob", "first\rAT noon"])
    def test_a_text_for_which_there_was_no_prompt_is_a_text(self, text: str) -> None:
        got = masked(f'>AT+CMGS="{NUMBER}"\r', "<\r\n+CMS ERROR: 331\r\n", f">{text.rpartition(chr(13))[2]}\x1a")[2]
        assert set(got[:-1]) == {"x"}

    def test_a_prompt_in_the_same_read_as_an_echo_is_one(self) -> None:
        got = masked(f'>AT+CMGS="{NUMBER}"\r', "<\r\n> H", ">Hi there\rBob waits\x1a", "<i there\r\nBob waits\r\n")
        assert got[2:] == ["xxxxxxxx\rxxxxxxxxx\x1a", got[3]]
        assert "Bob" not in got[3]

    @pytest.mark.parametrize("line", ["+CMS ERROR: call Bob", "+ADDR: Bob", "#PIN: Bob 4711", '+CMGS: "Bob"', "NO Bob"])
    def test_a_body_lasts_until_what_ends_it(self, line: str) -> None:
        got = answered("AT+CMGR=1", READ, "Hi", line, "more of Bob")
        assert not any("Bob" in each or "4711" in each for each in got)

    def test_another_notice_behind_a_received_text_keeps_what_says_nothing(self) -> None:
        got = masked(f'<\r\n+CMT: "{NUMBER}",,"26/11/23,06:35:22+32"\r\nHi\r\n', '<\r\n+CMTI: "SM",3\r\n^RSSI: 12\r\n')
        assert got[1] == '\r\n+CMTI: "SM",3\r\n^RSSI: 12\r\n'

    def test_ussd_with_quotes_inside(self) -> None:
        got = masked('<\r\n+CUSD: 0,"Hello\r\nDear "Bob", balance 5",15\r\n', '<+CUSD: 2,"Dear "Li", 5",15\r\n')
        assert got[0].endswith('+CUSD: 0,"xxxxx\r\nxxxxxxxxxxxxxxxxxxxxx",15\r\n')
        assert got[1] == '+CUSD: 2,"xxxxxxxxxxxx",15\r\n'

    @pytest.mark.parametrize(
        ("command", "line", "kept"),
        [
            ("AT+CGSN", "35-693803-564380-9", "00-000000-000000-1"),
            ("AT+CCID", "8986 0012 3456 7890 1234", "8900 0000 0000 0000 0001"),
            ("AT+CCID", "+CCID: 898604A41020C0A23456", "+CCID: 89000000000000000001"),
            ("AT+CCID", "898604A41020C0A23456", "89000000000000000001"),
            ("AT+CIMI", "460 01 123456 7890", "001 01 000000 0001"),
            ("AT&V", "&Z0=139-1234-5678", "&x0=999-9000-0001"),
            ("AT*X?", '*ECAV: 1,6,"139-1234-5678"', '*ECAV: 1,6,"999-9000-0001"'),
        ],
    )
    def test_identities_in_groups_or_with_letters(self, command: str, line: str, kept: str) -> None:
        assert answered(command, line) == [kept]


class TestCodesThatNobodyKnows:
    """What stands behind them is kept only where it is too short, or a constant."""

    @pytest.mark.parametrize(
        ("line", "kept"),
        [
            ("+FOO: Bob 4711", "+FOO: xxx 0000"),
            ("+FOO: 4711,95533", "+FOO: 0000,00000"),
            ('+FOO: 1,22,"Bob","LTE",READY', '+FOO: 1,22,"xxx","LTE",READY'),
            ("^FOO:4711", "^FOO:0000"),
            ("+FOO: 10.20.30.40", "+FOO: 00.00.00.00"),
            (f"+FOO: {NUMBER};{IMSI}", "+FOO: 99990000001;001010000000001"),
            (f'+FOO: "+86{NUMBER}"', '+FOO: "+9999990000001"'),
            ("+FOO: geheim,26/11/23,06:35:22+32", "+FOO: xxxxxx,26/11/23,06:35:22+32"),
            ("Some words 4711", "xxxx xxxxx 0000"),
        ],
    )
    def test_an_answer_keeps_its_shape_only(self, line: str, kept: str) -> None:
        assert answered("AT+FOO?", line) == [kept]

    @pytest.mark.parametrize(
        ("command", "kept"),
        [
            ("AT+FOO=Bob,4711,12", "AT+FOO=xxx,0000,12"),
            ('AT+CGDCONT=1,"IP","bob.net","10.1.2.3"', 'AT+CGDCONT=1,"IP","xxx.xxx","00.0.0.0"'),
            ('AT+CGAUTH=1,1,"bob","geheim"', 'AT+CGAUTH=1,1,"xxx","xxxxxx"'),
            ('AT^AUTHDATA=1,2,"","ab","bob"', 'AT^AUTHDATA=1,2,"","xx","xxx"'),
            ('AT+CPIN="\x81\x82\x83"', 'AT+CPIN="xxx"'),
            ('AT+QHTTPURL="http://bob.example/a?b=4711"', 'AT+QHTTPURL="xxxx://xxx.xxxxxxx/x?x=0000"'),
            ('AT+QCFG="nwscanmode",Bob', 'AT+QCFG="xxxxxxxxxx",xxx'),
            ("ATD139,1234,5678;", "ATD999,9000,0001;"),
            ("AT+CMGS=95533", "AT+CMGS=00001"),
            ('AT+CCHO="A00000008710F2FF"', 'AT+CCHO="x00000000000x0xx"'),
        ],
    )
    def test_so_does_a_command(self, command: str, kept: str) -> None:
        command = command.encode("latin-1").decode("unicode_escape")
        assert masked(f">{command}\r", "<\r\nERROR\r\n")[0] == f"{kept}\r"

    @pytest.mark.parametrize("said", ["+CME ERROR: ask Bob", "+CMS ERROR: 1391234", "ERROR: Bob", "+CME ERROR: 139123"])
    def test_an_error_in_words_that_nobody_knows_is_still_an_error(self, said: str) -> None:
        got = masked(">AT\r", f"<\r\n{said}\r\n")[1]
        assert got.strip().partition(":")[0] == said.partition(":")[0]
        assert not any(word in got for word in ("Bob", "139", "ask"))

    @pytest.mark.parametrize(
        "said", ["+CME ERROR: SIM not inserted", "+CMS ERROR: 515", "ERROR", "COMMAND NOT SUPPORT"]
    )
    def test_the_errors_of_the_specifications_stay(self, said: str) -> None:
        assert masked(">AT\r", f"<\r\n{said}\r\n")[1].strip() == said

    def test_a_name_is_kept_only_where_it_was_asked_for(self) -> None:
        assert answered("AT+COPS?", '+COPS: 0,0,"Bob Mobile"') == ['+COPS: 0,0,"Bob Mobile"']
        assert masked('<\r\n+COPS: 0,0,"Bob Mobile"\r\n') == ['\r\n+COPS: 0,0,"xxx xxxxxx"\r\n']

    @pytest.mark.parametrize("name", ["Li", "LI", "(Bob)", "+86 537 7434 5678", "REC BOB"])
    def test_a_name_in_a_phone_book_goes_whatever_it_looks_like(self, name: str) -> None:
        got = answered("AT+CPBR=1", f'+CPBR: 1,"{NUMBER}",129,"{name}"')[0]
        assert got.startswith('+CPBR: 1,"99990000001",129,"')
        assert not set(got[28:]) & set("LiIBobCRE345678")


class TestPlaces:
    """Where a person is: area and cell."""

    @pytest.mark.parametrize(
        ("line", "kept"),
        [
            ('+CREG: 2,1,"10F0","00A1B2C3",7', '+CREG: 2,1,"0000","00000000",7'),
            ("+CREG: 2,1,0EE3,2CE3", "+CREG: 2,1,0000,0000"),
            ("+CREG: (0-2)", "+CREG: (0-2)"),
            ('+CGREG: 1,"10F0","A1B2"', '+CGREG: 1,"0000","0000"'),
            ('+CEREG: 2,1,"10F0","00A1B2C3",7', '+CEREG: 2,1,"0000","00000000",7'),
            ("+CPSI: LTE,Online,460-00,0x774B,126375687,303", "+CPSI: LTE,xxxxxx,000-00,0x000x,990000001,303"),
            ("^MONI: 660 1 460 01 0EE3", "^MONI: 990 0 000 01 0xx0"),
        ],
    )  # fmt: skip
    def test_area_and_cell_go(self, line: str, kept: str) -> None:
        code = line.partition(":")[0]
        assert answered(f"AT{code}?", line) == [kept]


class TestTextsThatNobodyAskedFor:
    """A message that a program sends although its +CMGS was refused."""

    @pytest.mark.parametrize(
        "text",
        [
            "AT 9 I go", "AT+Bob is here", "At home", "AT+Bob", "AT+BOB=meet me", "at b o b", "ATDbob", "ATDbob12",
            "AT+CMGX=Bob\rmore", "AT&Bob", "AT 139 1234 5678", "AT#BOB?", "ATTENTION BOB",
        ],
    )  # fmt: skip
    def test_it_may_begin_like_a_command(self, text: str) -> None:
        got = masked(f'>AT+CMGS="{NUMBER}"\r', "<\r\n+CMS ERROR: 331\r\n", f">{text}\x1a", f"<{text}\r\n", ">AT\r", OK)
        for said in got[2:4]:
            assert not any(secret in said.lower() for secret in ("bob", "here", "home", "meet", "139", "go"))
        assert got[4] == "AT\r"

    def test_what_can_only_be_a_command_stays_one(self) -> None:
        refused = [f'>AT+CMGS="{NUMBER}"\r', "<\r\n+CMS ERROR: 331\r\n"]
        for command in ("AT", "ATE0V1", "AT+CMGF=1", "AT+CSQ;+CREG?", "ATZ", "AT+CFUN=1,1", 'AT+CPMS="SM"'):
            assert masked(*refused, f">{command}\r", OK)[2] == f"{command}\r"

    def test_a_text_in_a_body_may_look_like_a_code(self) -> None:
        assert answered("AT+CMGR=1", READ, "Hi", "+BOB: 47")[1:] == ["xx", "xxxxxxxx"]


# Where a name is expected, and kept.
MODEL = [">AT+CGMM\r", "<\r\nE5, meet me at nine\r\n\r\nOK\r\n"]


class TestRefusal:
    @pytest.mark.parametrize(
        ("turns", "line"),
        [
            ([">AT+CMGR=1\r", "<\r\n+CMGR: 0,,20\r\n0011223344\r\n\r\nOK\r\n"], 3),
            ([">AT+CMGR=1\r", "<\r\n+CMGR: 0,,20\r\nnonsense\r\n\r\nOK\r\n"], 3),
            ([">AT+CMGS=20\r", "<\r\n> ", ">00110000\x1a"], 4),
            ([">AT+CMGS=12\r", "<\r\n> ", ">0011000B913119325476F80000AA00\x1a"], 4),
            ([">ATI\r", "<\r\n0791687003455F00AB\r\n\r\nOK\r\n"], 3),
            (['>AT+CMGS="10086"\r', "<\r\n> ", ">meet me at nine\x1a", *MODEL], 6),
        ],
    )
    def test_what_cannot_be_masked_is_named_by_line_and_not_shown(self, turns: Sequence[str], line: int) -> None:
        with pytest.raises(CannotMask) as caught:
            mask(dialogue(*turns))
        assert caught.value.line == line
        assert "nonsense" not in str(caught.value)


CORPUS = sorted((Path(__file__).parents[2] / "replay" / "corpus").glob("*.jsonl"))


class TestTheHeader:
    TURNS = (
        ">AT+CIMI\r", f"<\r\n{IMSI}\r\n\r\nOK\r\n",
        f'>AT+CMGS="+86{NUMBER}"\r', "<\r\n> ", ">Meet me at nine\x1a", "<\r\n+CMGS: 1\r\n\r\nOK\r\n",
        '>AT+CPIN="4711"\r', "<\r\nOK\r\n",
    )  # fmt: skip

    def of(self, **fields: Any) -> Header:
        whole = dialogue(*self.TURNS)
        return mask(replace(whole, header=Header(**{"source": "made up", **fields}))).header

    @pytest.mark.parametrize("name", ["source", "about", "modem", "firmware", "program", "family"])
    def test_what_is_masked_in_the_dialogue_has_the_same_pseudonym_there(self, name: str) -> None:
        header = self.of(**{name: f"call +86{NUMBER} IMSI {IMSI}, PIN 4711, says MEET ME at nine."})
        assert getattr(header, name) == "call +9999990000001 IMSI 001010000000001, PIN 0000, says xxxx xx xx xxxx."
        assert {"imsi", "number", "pin", "text"} <= set(header.masked)

    @pytest.mark.parametrize(
        ("about", "kept"),
        [
            (f"0{NUMBER} and 139-1234-5678", "999990000001 and 999-9000-0001"),
            (f"{NUMBER[:3]}.{NUMBER[3:7]}.{NUMBER[7:]}", "999.9000.0001"),
            ("他打 １３９１２３４５６７８", "他打 99990000001"),
            ("+44 (20) 7946.0018 and 020 7946 0018", "+00 (00) 0000.0000 and 000 0000 0000"),
            ("4D656574206d65206174206E696E65", "0x000000000x00000000000x000x00"),
        ],
    )
    def test_other_writings_and_other_numbers_go_too(self, about: str, kept: str) -> None:
        assert self.of(about=about).about == kept

    @pytest.mark.parametrize(
        "about",
        [
            "EC25EFAR06A11M4G",
            "11.126.85.00.209",
            "2026-11-23 10:00",
            "20110510",
            "at 4000000 baud",
            "issue 4711x",
            "+CMS ERROR: 512",
        ],
    )
    def test_what_is_no_number_stays(self, about: str) -> None:
        assert self.of(about=about).about == about

    def test_what_a_test_expects_is_masked_alike(self) -> None:
        header = self.of(expect={"receive": [[f"+86{NUMBER}", "Meet me at nine"]], "sent": 1}, faults=(NUMBER,))
        assert header.expect == {"receive": [["+9999990000001", "xxxx xx xx xxxx"]], "sent": 1}
        assert header.faults == ("99990000001",)

    def test_masking_it_again_changes_nothing(self) -> None:
        once = mask(replace(dialogue(*self.TURNS), header=Header("made up", about=f"+86{NUMBER} or +1 555 0100 200")))
        assert mask(once) == once


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_dialogues_of_every_make_of_modem_can_be_masked(file: Path) -> None:
    before = decode_transcript(file.read_text(encoding="ascii"))
    after = mask(before)
    assert [len(event.data) for event in after.events] == [len(event.data) for event in before.events]
    said = b"".join(event.data for event in after.events)
    assert b"13900000" not in said  # the corpus's numbers, plain and as semi-octets
    assert b"683109000000" not in said


# ---- whatever the dialogue

texts = st.text(alphabet=sorted(set(alphabet.BASIC.values()) - set("x\r\n\x1b")), min_size=8, max_size=60) | st.text(
    alphabet="转账成功余额不足请输入密码元", min_size=8, max_size=40
)
texts = texts.map(lambda text: "Q" + text)  # digits alone may be anything
# Without the zeros that pseudonyms have; of shorter ones a part may also be one of a time.
numbers = st.from_regex(r"[1-8][1-9]{9,11}", fullmatch=True)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Transcript, list[str], list[str]]:
    """A dialogue, its numbers and identities, and its texts."""
    imsi = draw(st.from_regex(r"460[1-9]{12}", fullmatch=True))
    own = draw(numbers)
    turns = [">ATE0\r", "<\r\nOK\r\n", ">AT+CIMI\r", f"<\r\n{imsi}\r\n\r\nOK\r\n"]
    secrets, said = [imsi, own], []
    turns += [">AT+CNUM\r", f'<\r\n+CNUM: "","+{own}",145\r\n\r\nOK\r\n']
    for _ in range(draw(st.integers(1, 4))):
        other, text = draw(numbers), draw(texts)
        secrets.append(other)
        said.append(text)
        turns += draw(st.sampled_from([sent, received, told, sent_as_text, sent_as_ucs2]))(own, other, text)
    octets = [(turn[0], part) for turn in turns for part in cut(turn[1:], draw(st.sampled_from([1, 7, 64, 1000])))]
    events = tuple(
        Event(float(t), Direction.TX if way == ">" else Direction.RX, part.encode("latin-1"))
        for t, (way, part) in enumerate(octets)
    )
    return Transcript(Header("made up"), events), secrets, said


def cut(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def sent(_own: str, other: str, text: str) -> list[str]:
    pdu = to_hex(encode_submit(Submit(f"+{other}", UserData.of_text(text))), CENTRE)
    return [f">AT+CMGS={length(pdu)}\r", "<\r\n> ", f">{pdu}\x1a", "<\r\n+CMGS: 1\r\n\r\nOK\r\n"]


def received(_own: str, other: str, text: str) -> list[str]:
    pdu = to_hex(encode_deliver(Deliver(other, UserData.of_text(text), MOMENT)), CENTRE)
    return ['<\r\n+CMTI: "SM",1\r\n', ">AT+CMGR=1\r", f"<\r\n{shown(pdu)}\r\n\r\nOK\r\n"]


def told(own: str, other: str, _text: str) -> list[str]:
    pdu = to_hex(encode_status_report(StatusReport(1, own, MOMENT, MOMENT, 0)), f"+{other}").lower()
    return [f"<\r\n+CDS: {length(pdu)}\r\n{pdu}\r\n"]


def sent_as_text(_own: str, other: str, text: str) -> list[str]:
    raw = text.encode("utf-8").decode("latin-1").replace("\x1b", " ").replace("\x1a", " ").replace("\r", " ")
    return [f'>AT+CMGS="+{other}"\r', "<\r\n> ", f">{raw}\x1a", "<\r\n+CMGS: 1\r\n\r\nOK\r\n"]


def sent_as_ucs2(_own: str, other: str, text: str) -> list[str]:
    number, content = (each.encode("utf-16-be").hex().upper() for each in (f"+{other}", text))
    return [f'>AT+CMGS="{number}"\r', "<\r\n> ", f">{content}\x1a", "<\r\n+CMGS: 1\r\n\r\nOK\r\n"]


def notations(secret: str) -> list[str]:
    """Written here once more, and otherwise than where masking looks for what remains."""
    ways = [secret, secret.encode("utf-16-be").hex(), secret.encode("utf-8").decode("latin-1")]
    if secret.isdigit():
        padded = secret + "F" * (len(secret) % 2)
        pairs = ["".join(pair[::-1] for pair in cut(text, 2)) for text in (padded, "9" + padded[: len(secret)])]
        ways += [pair[2:-2] for pair in pairs]
    elif alphabet.is_gsm7(secret):
        ways.append(alphabet.pack(alphabet.encode_text(secret)).hex()[:-2])
    return [way.upper() for way in ways]


def whole(transcript: Transcript, direction: Direction) -> str:
    return b"".join(event.data for event in transcript.events if event.direction is direction).decode("latin-1")


@settings(deadline=None, max_examples=100)
@given(conversations())
def test_no_secret_stays_in_any_notation_and_nothing_moves(made: tuple[Transcript, list[str], list[str]]) -> None:
    before, secrets, said = made
    after = mask(before)
    for direction in (Direction.TX, Direction.RX):
        text = whole(after, direction).upper()
        for secret in (*secrets, *said):
            for notation in notations(secret):
                assert notation not in text
    assert [(event.t_s, event.direction, len(event.data)) for event in after.events] == [
        (event.t_s, event.direction, len(event.data)) for event in before.events
    ]
    assert mask(after).events == after.events
    for one, other in zip(before.events, after.events, strict=True):
        assert [octet for octet in one.data if octet in b'\r\n\x1a",:='] == [
            octet for octet in other.data if octet in b'\r\n\x1a",:='
        ] or one.direction is Direction.TX


@given(
    st.lists(st.tuples(st.sampled_from([Direction.TX, Direction.RX]), st.binary(min_size=1, max_size=40)), max_size=8)
)
def test_whatever_octets_come_it_masks_or_refuses(octets: list[tuple[Direction, bytes]]) -> None:
    before = Transcript(Header("made up"), tuple(Event(0.0, direction, data) for direction, data in octets))
    try:
        after: Any = mask(before)
    except CannotMask:
        return
    assert [len(event.data) for event in after.events] == [len(data) for _, data in octets]
    assert mask(after).events == after.events
