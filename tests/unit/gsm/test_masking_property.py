"""Whatever dialogue with planted secrets: none stays in any notation, each becomes one thing, lines keep their form.

Secrets have no 0 and no 9, of which pseudonyms consist, and texts only letters that no code or word kept has in a row.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gsm import alphabet
from gsm.errors import PduError
from gsm.masking import mask
from gsm.pdu import (
    Deliver,
    Element,
    StatusReport,
    Submit,
    UserData,
    decode_incoming,
    decode_outgoing,
    encode_deliver,
    encode_status_report,
    encode_submit,
    from_hex,
    to_hex,
)
from gsm.replay import CommandReplay
from gsm.transcript import Direction, Event, Header, Transcript

MOMENT = datetime(2026, 10, 22, 12, 0, tzinfo=UTC)
WINDOW_DIGITS, WINDOW_CHARACTERS = 6, 6
# Shrinking a dialogue takes minutes and gives little: the lines in question are printed short enough.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
OK = "\r\n\r\nOK\r\n"
PDU_LINE = re.compile(r"(?:[0-9A-Fa-f]{2}){9,}")
CONCATENATED = (Element(0, bytes([7, 2, 1])),)


GSM7 = "bcdfghjkmqvwzBDFGJKQVWZ "
UCS2 = "转账成功余额不足请输入密码元"


@dataclass
class Secrets:
    """What is planted."""

    imsi: str
    imei: str
    iccid: str
    pin: str
    puk: str
    numbers: list[str]
    texts: list[str]

    @classmethod
    def of(cls, seed: int) -> "Secrets":
        """No two alike: of equal digits nobody could say which of them became what."""
        chance = random.Random(seed)

        def digits(count: int) -> str:
            return "".join(chance.choices("12345678", k=count))

        def text(letters: str) -> str:
            first, last = ("q", "w") if letters.isascii() else ("请", "足")
            return first + "".join(chance.choices(letters, k=chance.randrange(10, 60))) + last

        numbers = [digits(chance.randrange(8, 14)) for _ in range(3)]
        texts = [text(chance.choice([GSM7, UCS2])) for _ in range(3)]
        return cls(digits(15), digits(15), "89" + digits(17), digits(4), digits(8), numbers, texts)


SECRETS = st.integers(0, 2**32).map(Secrets.of)


@dataclass
class Talk:
    """A dialogue in the making: the program's turns and the modem's, and how it is cut into reads."""

    draw: st.DrawFn
    secrets: Secrets
    echo: bool
    typed: bool
    events: list[tuple[Direction, str]] = field(default_factory=list)

    def number(self) -> str:
        return self.draw(st.sampled_from(self.secrets.numbers))

    def text(self) -> str:
        return self.draw(st.sampled_from(self.secrets.texts))

    def plain(self) -> str:
        """A text for the line: UCS-2 ones as hexadecimal, as with +CSCS="UCS2"."""
        text = self.text()
        return text if text.isascii() else text.encode("utf-16-be").hex().upper()

    def written(self, number: str) -> str:
        """A number as one of the notations has it."""
        return self.draw(
            st.sampled_from(
                [
                    f'"{number}"',
                    f'"+{number}"',
                    number,
                    f'"{number.encode("utf-16-be").hex().upper()}"',
                    f'"{f"+{number}".encode("utf-16-be").hex().upper()}"',
                    f'"{number.encode().hex()}"',
                    f'"{number[:3]} {number[3:]}"',
                    f'"{number[:3]}-{number[3:5]}-{number[5:]}"',
                ]
            )
        )

    def says(self, command: str, *answer: str, end: str = "OK") -> None:
        """A command, its echo, lines of the answer, and perhaps a line that nobody asked for before them."""
        self.sends(command + "\r")
        notice = self.draw(st.sampled_from(["", "\r\n^RSSI:12\r\n", '\r\n+CMTI: "SM",3\r\n', "\r\nRING\r\n"]))
        self.told(notice + "".join(f"\r\n{line}\r\n" for line in answer) + f"\r\n{end}\r\n")

    def prompts(self, command: str, text: str) -> None:
        self.sends(command + "\r")
        self.told("\r\n> ")
        self.sends(text + "\x1a")
        self.told("\r\n+CMGS: 7" + OK)

    def sends(self, octets: str) -> None:
        if self.typed and self.echo:
            for octet in octets:
                self.events += [(Direction.TX, octet), (Direction.RX, octet)]
            return
        self.events.append((Direction.TX, octets))
        if self.echo:
            self.events.append((Direction.RX, octets))

    def told(self, octets: str) -> None:
        if octets:
            self.events.append((Direction.RX, octets))


def length(pdu: str) -> int:
    return len(from_hex(pdu)[1])


def data_of(talk: Talk) -> UserData:
    text = talk.text()
    return UserData.of_text(text, CONCATENATED if talk.draw(st.booleans()) else ())


def identity(talk: Talk) -> None:
    secrets = talk.secrets
    command, value, kind = talk.draw(
        st.sampled_from(
            [("+CIMI", secrets.imsi, "IMSI"), ("+CGSN", secrets.imei, "IMEI"), ("+CCID", secrets.iccid, "ICCID")]
        )
    )
    shapes = [value, f'"{value}"', f"{command}: {value}", f'{command}: "{value}"']
    talk.says(f"AT{command}", talk.draw(st.sampled_from(shapes)))
    talk.says("ATI", "Manufacturer: maker", f"{kind}: {value}", "+GCAP: +CGSM,+DS")


def own_number(talk: Talk) -> None:
    talk.says("AT+CNUM", f'+CNUM: "{talk.plain()}",{talk.written(talk.number())},129', f'+CNUM: ,"{talk.number()}"')


def pin(talk: Talk) -> None:
    value, other = talk.secrets.pin, talk.secrets.puk
    shapes = [
        f'AT+CPIN="{value}"', f"AT+CPIN={value}", f'AT+CPIN="{other}","{value}"', f'AT+CLCK="SC",1,"{value}"',
        f'AT+CMEE=1;+CPWD="SC","{value}","{value}"', f'AT^CARDLOCK="{other}"', f"ATD**05*{other}*{value}*{value}#;",
    ]  # fmt: skip
    talk.says(talk.draw(st.sampled_from(shapes)), end=talk.draw(st.sampled_from(["OK", "+CME ERROR: 16", "ERROR"])))


def phone_book(talk: Talk) -> None:
    entries = [f'+CPBR: {index},{talk.written(talk.number())},145,"{talk.plain()}"' for index in (1, 2)]
    talk.says("AT+CPBR=1,2", *entries)
    talk.says(f'AT+CPBW=3,{talk.written(talk.number())},145,"{talk.plain()}"')


def centre(talk: Talk) -> None:
    talk.says("AT+CSCA?", f"+CSCA: {talk.written(talk.number())},145")


def sent(talk: Talk) -> None:
    pdu = to_hex(encode_submit(Submit(f"+{talk.number()}", data_of(talk))), talk.draw(st.sampled_from([None, "+8612"])))
    talk.prompts(f"AT+CMGS={length(pdu)}", talk.draw(st.sampled_from([pdu, pdu.lower()])))


def sent_as_text(talk: Talk) -> None:
    talk.prompts(f"AT+CMGS={talk.written(talk.number())}", talk.plain())


def received(talk: Talk) -> None:
    pdu = to_hex(encode_deliver(Deliver(f"+{talk.number()}", data_of(talk), MOMENT)), f"+{talk.number()}")
    heads = {"AT+CMGR=1": f"+CMGR: 0,,{length(pdu)}", "AT+CMGL=4": f'+CMGL: 1,0,"",{length(pdu)}'}
    command = talk.draw(st.sampled_from([*heads, ""]))
    if command:
        talk.says(command, f"{heads[command]}\r\n{pdu}")
    else:
        talk.told(f'\r\n+CMT: "{talk.number()}",{length(pdu)}\r\n{pdu}\r\n')


def received_as_text(talk: Talk) -> None:
    head = f'{talk.written(talk.number())},,"26/11/23,06:35:22+32"'
    talk.says("AT+CMGR=1", f'+CMGR: "REC READ",{head}\r\n{talk.plain()}')
    talk.says('AT+CMGL="ALL"', *(f'+CMGL: {index},"REC UNREAD",{head}\r\n{talk.plain()}' for index in (1, 2)))


def reported(talk: Talk) -> None:
    pdu = to_hex(encode_status_report(StatusReport(7, f"+{talk.number()}", MOMENT, MOMENT, 0)))
    talk.told(f"\r\n+CDS: {length(pdu)}\r\n{pdu}\r\n")
    talk.told(f'\r\n+CDS: 6,7,"{talk.number()}",145,"26/11/23,06:35:22+32","26/11/23,06:35:29+32",0\r\n')


def swapped(digits: str) -> str:
    padded = digits + "F" * (len(digits) % 2)
    return "".join(padded[place + 1] + padded[place] for place in range(0, len(padded), 2))


def sim_file(talk: Talk) -> None:
    number = talk.number()
    record = swapped(number).ljust(20, "F")
    files = {
        "AT+CRSM=176,28423,0,0,9": "08" + swapped("9" + talk.secrets.imsi),
        "AT+CRSM=176,12258,0,0,10": swapped(talk.secrets.iccid + "F"),
        "AT+CRSM=178,28480,1,4,28": talk.text().encode().hex()[:28] + f"{len(number) // 2 + 2:02X}91{record}FFFF",
        "AT+CRSM=176,28542,0,0,11": talk.secrets.imsi + "0",
    }
    command = talk.draw(st.sampled_from(list(files)))
    content = files[command]
    quoted = talk.draw(st.booleans())
    talk.says(command, f'+CRSM: 144,0,"{content}"' if quoted else f"+CRSM: 144,0,{content}")


def call(talk: Talk) -> None:
    number = talk.number()
    talk.told(f'\r\nRING\r\n\r\n+CLIP: "{number}",129,,,"{talk.plain()}"\r\n')
    talk.says(f"ATD{talk.draw(st.sampled_from([number, '+' + number, number[:3] + '-' + number[3:]]))};")
    talk.says("AT+CLCC", f"+CLCC: 1,1,4,0,0,{talk.written(number)},129")


def session(talk: Talk) -> None:
    talk.says(f'AT+CUSD=1,"*100*{talk.secrets.puk}#",15')
    talk.told(f'\r\n+CUSD: 0,"{talk.plain()}\r\n{talk.plain()}",15\r\n')


def somebodys_own(talk: Talk) -> None:
    number, text, secrets = talk.number(), talk.plain(), talk.secrets
    talk.says(f'AT+XYZ=1,{number},{talk.secrets.pin},"{text}",{text}', f"+XYZ: {text},{number}", f'^ABC:"{number}",1')
    talk.told(f"\r\n#NOTE: {text} {secrets.imsi}\r\n\r\n+NOTE: {number};{secrets.puk},{secrets.iccid}\r\n")
    talk.says("AT+XYZ?", f"{text}", f"{number}", end=f"+CME ERROR: {text}")


def account(talk: Talk) -> None:
    name, secret = talk.plain(), talk.secrets.puk
    talk.says(f'AT+CGDCONT=1,"IP","{name}"', f'+CGDCONT: 1,"IP","{name}","10.{secret[:2]}.{secret[2:4]}.1",0,0')
    talk.says(f'AT+CGAUTH=1,1,"{name}","{secret}"')


def nobodys(talk: Talk) -> None:
    talk.says("AT+CREG?", "+CREG: 2,1")
    talk.says("AT+CSQ;+CPMS?", "+CSQ: 19,99", '+CPMS: "SM",1,20,"SM",1,20,"SM",1,20')
    talk.says('AT+CPMS="ME","SM","MT"', "+CPMS: 1,20,1,20,1,20")


PARTS: list[Callable[[Talk], None]] = [
    identity, own_number, pin, phone_book, centre, sent, sent_as_text, received, received_as_text, reported, sim_file,
    call, session, somebodys_own, account, nobodys,
]  # fmt: skip


def refused(talk: Talk) -> None:
    """A program that does not wait for the prompt: the text looks like whatever it looks like."""
    talk.sends(f'AT+CMGS="{talk.number()}"\r')
    talk.told("\r\n+CMS ERROR: 331\r\n")
    beginning = talk.draw(st.sampled_from(["", "AT ", "AT+", "at", "ATD", 'AT+CPMS="SM" ', "AT&"]))
    talk.sends(f"{beginning}{talk.plain()}\x1a")
    talk.told("\r\nERROR\r\n")


@st.composite
def dialogues(draw: st.DrawFn, parts: list[Callable[[Talk], None]]) -> tuple[Transcript, Secrets]:
    """A transcript with secrets in it, cut into reads of any size."""
    talk = Talk(draw, draw(SECRETS), draw(st.booleans()), draw(st.booleans()))
    for part in draw(st.lists(st.sampled_from(parts), min_size=1, max_size=5)):
        part(talk)
    size = draw(st.sampled_from([1, 2, 5, 16, 64, 4096]))
    pieces = [
        (direction, octets[start : start + size])
        for direction, octets in talk.events
        for start in range(0, len(octets), size)
    ]
    events = tuple(Event(float(t), way, octets.encode("latin-1")) for t, (way, octets) in enumerate(pieces))
    return Transcript(Header("made up"), events), talk.secrets


def stream(transcript: Transcript, direction: Direction) -> str:
    return b"".join(event.data for event in transcript.events if event.direction is direction).decode("latin-1")


def windows(text: str, size: int) -> Iterator[str]:
    yield from (text[start : start + size] for start in range(max(1, len(text) - size + 1)))


def notations(secrets: Secrets) -> Iterator[str]:
    """Everything that must not stand anywhere, in upper case."""
    for value in (secrets.imsi, secrets.imei, secrets.iccid, secrets.puk, *secrets.numbers):
        for part in windows(value, WINDOW_DIGITS):
            yield from (part, part.encode("utf-16-be").hex().upper(), part.encode().hex(), swapped(part))
    yield from (f'"{secrets.pin}"', f"={secrets.pin}", f"*{secrets.pin}", f",{secrets.pin},")
    for text in secrets.texts:
        for part in windows(text, WINDOW_CHARACTERS):
            if part.strip():
                yield part.upper()
                yield part.encode("utf-16-be").hex().upper()
                yield part.encode().hex().upper()
        if text.isascii():
            yield from packed(text)


def packed(text: str) -> Iterator[str]:
    """Each seven whole octets of the packed text, without a header before it and with one of concatenation."""
    for fill_bits in (0, 1):
        octets = alphabet.pack(alphabet.encode_text(text), fill_bits)
        for part in windows(octets[1:-1].hex().upper(), 14):
            if len(part) == 14:
                yield part


@settings(deadline=None, max_examples=150, phases=PHASES)
@given(dialogues([*PARTS, refused]))
def test_no_secret_stays_in_any_notation(made: tuple[Transcript, Secrets]) -> None:
    before, secrets = made
    after = mask(before)
    for direction in (Direction.TX, Direction.RX):
        said = stream(after, direction).upper()
        for notation in notations(secrets):
            assert notation not in said
    assert [(event.t_s, event.direction, len(event.data)) for event in after.events] == [
        (event.t_s, event.direction, len(event.data)) for event in before.events
    ]
    assert mask(after).events == after.events


def lines(transcript: Transcript, direction: Direction) -> list[str]:
    return re.split(r"[\r\n\x1a\x1b]", stream(transcript, direction))


def addresses(line: str, direction: Direction) -> list[str]:
    """The numbers in a PDU."""
    service_centre, tpdu = from_hex(line.removeprefix("> "))
    try:
        message = decode_incoming(tpdu) if direction is Direction.RX else decode_outgoing(tpdu)
    except PduError:
        message = decode_outgoing(tpdu)  # the echo
    match message:
        case Submit() as submit:
            found = [str(submit.destination)]
        case Deliver() as deliver:
            found = [str(deliver.originator)]
        case StatusReport() as report:
            found = [str(report.recipient)]
        case _:
            found = []
    return [*found, *([service_centre] if service_centre else [])]


def announced_octets(line: str) -> int | None:
    """How many octets of PDU a line says come next."""
    found = re.search(r'(?:AT\+CMGS=|\+CMGR: \d,,|\+CMGL: \d,\d,"",|\+CMT: "\d+",|\+CDS: )(\d{1,3})$', line)
    return int(found.group(1)) if found else None


def is_pdu(line: str, before: str) -> bool:
    """Whether a line is the PDU that the line before it announced."""
    core = line.removeprefix("> ")
    return announced_octets(before) is not None and PDU_LINE.fullmatch(core) is not None


@settings(deadline=None, max_examples=80, phases=PHASES)
@given(dialogues(PARTS))
def test_a_secret_becomes_one_thing_and_two_stay_two(made: tuple[Transcript, Secrets]) -> None:
    before, secrets = made
    after = mask(before)
    became: dict[str, str] = {}
    for direction in (Direction.TX, Direction.RX):
        announcing = ""
        for old, new in zip(lines(before, direction), lines(after, direction), strict=True):
            if is_pdu(old, announcing):
                pairs = list(zip(addresses(old, direction), addresses(new, direction), strict=True))
            else:
                announcing = old or announcing
                pairs = [
                    (old[run.start() : run.end()], new[run.start() : run.end()]) for run in re.finditer(r"\d+", old)
                ]
            for was, now in pairs:
                if was.lstrip("+") in (secrets.imsi, secrets.imei, secrets.iccid, *secrets.numbers):
                    assert became.setdefault(was.lstrip("+"), now.lstrip("+")) == now.lstrip("+")
    assert len(set(became.values())) == len(became)


@settings(deadline=None, max_examples=80, phases=PHASES)
@given(dialogues(PARTS))
def test_a_line_stays_a_line_of_the_same_code_with_as_many_parameters(made: tuple[Transcript, Secrets]) -> None:
    before, _ = made
    after = mask(before)
    for direction in (Direction.TX, Direction.RX):
        announcing = ""
        for old, new in zip(lines(before, direction), lines(after, direction), strict=True):
            assert len(old) == len(new)
            head = re.match(r"AT[+^]?[A-Z]*|[+^#][A-Z]+:", old)
            if head:
                assert new.startswith(head.group())
                assert re.sub('[^",;=?:]', "", new) == re.sub('[^",;=?:]', "", old)
            if is_pdu(old, announcing):
                assert length(new.removeprefix("> ")) == announced_octets(announcing)
            announcing = new or announcing


@settings(deadline=None, max_examples=80, phases=PHASES)
@given(dialogues(PARTS))
def test_a_program_with_the_secrets_finds_its_modem_again(made: tuple[Transcript, Secrets]) -> None:
    before, _ = made
    replay = CommandReplay(mask(before))
    for event in before.events:
        if event.direction is Direction.TX:
            replay.receive(event.data)
    assert replay.unknown == []
    assert replay.finished
