"""TP-UD, the content of a message with its header and coding scheme (3GPP TS 23.040 clause 9.2.3.24)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from gsm import alphabet
from gsm.errors import PduError
from gsm.languages import Language, choose, tables
from gsm.pdu.coding import Alphabet, Coding, MessageClass, alphabet_of
from gsm.pdu.fields import Reader
from gsm.pdu.header import (
    PARTS_MAX,
    Concatenation,
    Element,
    Ports,
    encode_header,
    shift_elements,
    shifts_of,
    split_header,
)

USER_DATA_OCTETS_MAX = 140
USER_DATA_SEPTETS_MAX = 160


@dataclass(frozen=True, slots=True)
class UserData:
    """TP-DCS, TP-UDH and TP-UD of one message.

    `content` holds one septet in each octet for GSM 7-bit, plain octets otherwise.
    """

    content: bytes
    dcs: int = 0
    udh: tuple[Element, ...] = ()

    @classmethod
    def of_text(
        cls,
        text: str,
        udh: Sequence[Element] = (),
        *,
        languages: Iterable[Language] = (),
        message_class: MessageClass | None = None,
    ) -> "UserData":
        """GSM 7-bit where the alphabet has every character, else UCS-2. Raises PduError on half a pair.

        Tables of `languages` are tried before UCS-2, the ones that need the fewest bits win, and elements that name
        them are added behind `udh`. Not every receiver knows them, so that none is the default.
        """
        shifts = choose(text, languages)
        if shifts is None:
            return cls(_utf16(text), Coding(Alphabet.UCS2, message_class).dcs, tuple(udh))
        septets = alphabet.encode_text(text, tables(*shifts))
        return cls(septets, Coding(Alphabet.GSM7, message_class).dcs, (*udh, *shift_elements(*shifts)))

    @classmethod
    def of_octets(
        cls, octets: bytes, udh: Sequence[Element] = (), *, message_class: MessageClass | None = None
    ) -> "UserData":
        """8-bit data."""
        return cls(octets, Coding(Alphabet.OCTETS, message_class).dcs, tuple(udh))

    @property
    def coding(self) -> Coding:
        """What the coding scheme says: class, message waiting and so on."""
        return Coding.of(self.dcs)

    @property
    def alphabet(self) -> Alphabet:
        """How `content` is coded."""
        return alphabet_of(self.dcs)

    @property
    def text(self) -> str:
        """The content as text, 8-bit data as Latin-1. Never raises: what cannot be read is U+FFFD.

        GSM 7-bit is read with the national tables that the header names, of which an unknown one is ignored.
        """
        match self.alphabet:
            case Alphabet.GSM7:
                return alphabet.decode_text(self.content, tables(*self.shifts))
            case Alphabet.UCS2:
                return self.content.decode("utf-16-be", errors="replace")
            case Alphabet.OCTETS:
                return self.content.decode("latin-1")

    @property
    def shifts(self) -> tuple[int, int]:
        """The languages whose locking and single shift tables the header names (elements 25 and 24), 0 for none."""
        return shifts_of(self.udh)

    @property
    def concatenation(self) -> Concatenation | None:
        """The last valid concatenation element; impossible numbers are ignored (TS 23.040 9.2.3.24.1)."""
        return Concatenation.of(self.udh)

    @property
    def ports(self) -> Ports | None:
        """The last valid application port element."""
        return Ports.of(self.udh)


def split(
    text: str,
    reference: int = 0,
    udh: Sequence[Element] = (),
    *,
    languages: Iterable[Language] = (),
    message_class: MessageClass | None = None,
) -> tuple[UserData, ...]:
    """Cut `text` into as many parts as it needs: one without concatenation, or up to 255 with it.

    One SMS holds 160 septets or 70 UTF-16 units; a part holds 153 or 67 (152 or 66 when `reference` is above
    255, which needs the 16-bit element), less what `udh` and the elements of a national language take, which every
    part has. No escape and no surrogate pair is cut in two. Raises PduError.
    """
    whole = UserData.of_text(text, udh, languages=languages, message_class=message_class)
    if len(whole.content) <= _room(whole):
        return (whole,)
    room = _room(UserData(b"", whole.dcs, (Concatenation(reference, PARTS_MAX, 1).element(), *whole.udh)))
    if whole.alphabet is Alphabet.GSM7:
        written = tables(*whole.shifts)
        contents = _cut([alphabet.encode_character(character, written) for character in text], room)
    else:
        contents = _cut([_utf16(character) for character in text], room)
    if len(contents) > PARTS_MAX:
        raise PduError(f"text needs {len(contents)} parts; at most {PARTS_MAX} can be sent")
    return tuple(
        UserData(content, whole.dcs, (Concatenation(reference, len(contents), sequence).element(), *whole.udh))
        for sequence, content in enumerate(contents, start=1)
    )


def _room(data: UserData) -> int:
    """How many septets or octets of content fit beside the header."""
    octets = USER_DATA_OCTETS_MAX - len(encode_header(data.udh))
    return octets * 8 // 7 if data.alphabet is Alphabet.GSM7 else octets


def _utf16(text: str) -> bytes:
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise PduError("text holds half of a surrogate pair") from error


def _cut(pieces: Sequence[bytes], limit: int) -> list[bytes]:
    """Join pieces, none of them cut, into as few runs of at most `limit` octets as there can be."""
    if limit < max(map(len, pieces)):
        raise PduError("the header leaves no room for text")
    runs: list[bytearray] = [bytearray()]
    for piece in pieces:
        if len(runs[-1]) + len(piece) > limit:
            runs.append(bytearray())
        runs[-1] += piece
    return [bytes(run) for run in runs]


def text_of(parts: Iterable[UserData]) -> str:
    """What the parts of a message say together, in their order; never raises.

    Senders there are that cut an escape or a surrogate pair in two. Neighbours that are coded alike are therefore
    joined before they are read, UCS-2 as far as it comes in whole units.
    """
    return "".join(_joined(list(alike)).text for _, alike in groupby(parts, key=_reading))


def _reading(data: UserData) -> tuple[Alphabet, tuple[int, int], bool]:
    whole = data.alphabet is not Alphabet.UCS2 or len(data.content) % 2 == 0
    return data.alphabet, data.shifts, whole


def _joined(alike: Sequence[UserData]) -> UserData:
    first = alike[0]
    return UserData(b"".join(data.content for data in alike), first.dcs, first.udh)


def encode_user_data(data: UserData) -> bytes:
    """TP-UDL, TP-UDH and TP-UD. Raises PduError for more than 140 octets or 160 septets."""
    header = encode_header(data.udh)
    if data.alphabet is Alphabet.GSM7:
        header_septets = (len(header) * 8 + 6) // 7
        length = header_septets + len(data.content)
        if length > USER_DATA_SEPTETS_MAX:
            raise PduError(f"user data of {length} septets is too long; {USER_DATA_SEPTETS_MAX} fit")
        return bytes([length]) + header + alphabet.pack(data.content, -len(header) * 8 % 7)
    length = len(header) + len(data.content)
    if length > USER_DATA_OCTETS_MAX:
        raise PduError(f"user data of {length} octets is too long; {USER_DATA_OCTETS_MAX} fit")
    return bytes([length]) + header + data.content


def decode_user_data(reader: Reader, dcs: int, has_header: bool) -> UserData:
    """Read TP-UDL, TP-UDH where there is one, and TP-UD. Raises PduError."""
    length = reader.octet("user data length")
    septets = alphabet_of(dcs) is Alphabet.GSM7
    if length > (USER_DATA_SEPTETS_MAX if septets else USER_DATA_OCTETS_MAX):
        raise PduError(f"user data length {length} is too large")
    octets = reader.take((length * 7 + 7) // 8 if septets else length, "user data")
    udh: tuple[Element, ...] = ()
    body = octets
    if has_header:
        udh, body = split_header(octets)
    if not septets:
        return UserData(body, dcs, udh)
    header_octets = len(octets) - len(body)
    count = length - (header_octets * 8 + 6) // 7
    if count < 0:
        raise PduError("user data header is longer than the user data")
    return UserData(alphabet.unpack(body, count, -header_octets * 8 % 7), dcs, udh)
