"""Hypothesis strategies for every field of a TPDU, shared by the tests of the codec."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from gsm import alphabet
from gsm.pdu import Address, Coding, Concatenation, Element, Language, MessageClass, Ports, UserData

GSM7_CHARACTERS = "".join(alphabet.DEFAULT.codes)
GSM7_TEXT = st.text(alphabet=GSM7_CHARACTERS, max_size=70)
OCTET = st.integers(0, 255)


def _zoned(moment: datetime, quarters: int) -> datetime:
    zone = timezone(timedelta(minutes=15 * quarters)) if quarters else UTC
    return moment.replace(microsecond=0, tzinfo=zone)


MOMENTS = st.builds(_zoned, st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)), st.integers(-79, 79))

PLAIN_NUMBERS = st.from_regex(r"\A\+?[0-9*#]{1,20}\Z")
NAMES = GSM7_TEXT.filter(lambda text: 0 < len(alphabet.encode_text(text)) <= 11).map(Address.name)


def _numbered(digits: str, kind: int) -> Address:
    return Address(("+" if kind >> 4 & 7 == 1 else "") + digits, kind)


# Every type of number and numbering plan but the alphanumeric one.
TYPED_NUMBERS = st.builds(
    _numbered, st.from_regex(r"\A[0-9*#abc]{1,20}\Z"), OCTET.filter(lambda kind: kind >> 4 & 7 != 5)
)
ADDRESSES = PLAIN_NUMBERS | TYPED_NUMBERS | NAMES

ELEMENTS = st.one_of(
    st.builds(Element, OCTET, st.binary(max_size=6)),
    st.builds(
        lambda total, reference, wide: Concatenation(reference, total, 1 + reference % total, wide).element(),
        st.integers(1, 255),
        st.integers(0, 65535),
        st.booleans(),
    ),
    st.builds(Ports, st.integers(0, 65535), st.integers(0, 65535)).map(Ports.element),
    st.builds(Element, st.sampled_from([0x24, 0x25]), st.integers(0, 15).map(lambda language: bytes([language]))),
)
HEADERS = st.lists(ELEMENTS, max_size=5).map(tuple)
CLASSES = st.none() | st.sampled_from(MessageClass)


def _contents(dcs: int) -> st.SearchStrategy[bytes]:
    if UserData(b"", dcs).alphabet.name == "GSM7":
        return st.lists(st.integers(0, 127), max_size=110).map(bytes)
    return st.binary(max_size=95)


# Any content under any coding scheme, readable or not, which a network has to hand on as it is.
RAW_USER_DATA = OCTET.flatmap(lambda dcs: st.builds(UserData, _contents(dcs), st.just(dcs), HEADERS))
WRITTEN_USER_DATA = st.one_of(
    st.builds(
        lambda text, languages, message_class: UserData.of_text(text, languages=languages, message_class=message_class),
        st.text(max_size=30) | GSM7_TEXT.filter(lambda text: len(text) < 60),
        st.lists(st.sampled_from(Language), max_size=3),
        CLASSES,
    ),
    st.builds(
        lambda octets, ports: UserData.of_octets(octets, [Ports(*ports).element()]),
        st.binary(max_size=100),
        st.tuples(st.integers(0, 65535), st.integers(0, 65535)),
    ),
    st.builds(lambda text: UserData.of_text(text), GSM7_TEXT),
)
USER_DATA = RAW_USER_DATA | WRITTEN_USER_DATA

CODINGS = OCTET.map(Coding.of)
