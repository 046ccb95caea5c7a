"""What our codec writes, unmodified clients read: gammu the default alphabet and UCS-2, smstools national languages."""

from collections.abc import Iterator

import pytest

from gsm import alphabet
from gsm.languages import tables
from gsm.pdu import Language, MessageClass, Submit, UserData, split
from gsm.pdu.header import shift_elements
from tests.clients.bench import OWN, Bench, until
from tests.clients.bench import bench as set_up

pytestmark = pytest.mark.foreign

EXTENSION = "Euro € [a] {b} ~ | ^ \\ @£$¥ èéùìòÇ ØøÅå ΔΦΓΛΩΠΨΣΘΞ ÆæßÉ ÄÖÑÜ§¿äöñüà"
EMOJI = "余额" * 20 + "😀" * 20 + "谢谢"
LONG = "{one} [two] €3; " * 24
NATIONAL = {
    Language.TURKISH: "Işık ağacı, Şişli; ğ € 5",
    Language.SPANISH: "Cañón, útil, Ávila, Ó ¿ç? € 5",
    Language.PORTUGUESE: "Coração, Ângela, {à}, ÊÔÚ € 5",
    Language.BENGALI: "নমস্কার, ১২৩ € 5",
    Language.GUJARATI: "નમસ્તે, ૧૨૩ ડ € 5",
    Language.HINDI: "नमस्ते, आप कैसे हैं? १२३ € 5",
    Language.KANNADA: "ಕನ್ನಡ, ೧೨೩ € 5",
    Language.MALAYALAM: "നമസ്കാരം, ൧൨൩ € 5",
    Language.ORIYA: "ନମସ୍କାର, ୧୨୩ ଡ € 5",
    Language.PUNJABI: "ਸਤ ਸ੍ਰੀ, ੧੨੩ ਡ € 5",
    Language.TAMIL: "வணக்கம், ௧௨௩ ட € 5",
    Language.TELUGU: "నమస్కారం, ౧౨౩ డ € 5",
    Language.URDU: "السلام, ۱۲۳ ڈ € 5",
}


@pytest.fixture(name="bench")
def fresh_bench() -> Iterator[Bench]:
    with set_up() as one:
        yield one


@pytest.mark.parametrize(
    ("text", "reference", "message_class"),
    [
        (EXTENSION, 0, None),
        (LONG, 7, None),
        (LONG, 300, None),
        (EMOJI, 7, None),
        (EMOJI, 300, None),
        ("In the equipment {1}", 0, MessageClass.EQUIPMENT),
        ("设备", 0, MessageClass.EQUIPMENT),
        ("On the SIM", 0, MessageClass.SIM),
    ],
)
def test_gammu_shows_the_text_that_we_encoded(
    bench: Bench, text: str, reference: int, message_class: MessageClass | None
) -> None:
    for part in split(text, reference, message_class=message_class):
        bench.peer.submit(Submit(f"+{OWN}", part))
    config = bench.folder / "gammurc"
    config.write_text(f"[gammu]\ndevice = {bench.port}\nconnection = at\n")
    assert f"\n{text}\n" in bench.run("gammu", "--config", str(config), "geteachsms")


class Smstools:
    """A running smsd that only takes in; what it takes lies as files in a folder."""

    def __init__(self, bench: Bench) -> None:
        folders = ("outgoing", "checked", "incoming", "failed", "sent")
        for name in folders:
            (bench.folder / name).mkdir()
        self._incoming = bench.folder / "incoming"
        lines = [f"{name} = {bench.folder / name}" for name in folders]
        lines += [f"{name} = {bench.folder / ('smsd.' + name)}" for name in ("logfile", "infofile", "pidfile")]
        lines += ["devices = GSM1", "delaytime = 1", "incoming_utf8 = yes"]
        lines += ["[GSM1]", f"device = {bench.port}", "incoming = yes", "baudrate = 115200"]
        config = bench.folder / "smsd.conf"
        config.write_text("\n".join(lines) + "\n")
        bench.start("/usr/sbin/smsd", f"-c{config}", "-t", "-nMAIN")

    def received(self, count: int) -> set[str]:
        """Wait for so many messages; their texts."""

        def look() -> list[str] | None:
            bodies = [path.read_bytes().partition(b"\n\n")[2].decode() for path in self._incoming.iterdir()]
            return bodies if sum(map(bool, bodies)) >= count else None

        return set(until(f"{count} messages from smstools", look))


def test_smstools_reads_every_national_language_that_we_encoded(bench: Bench) -> None:
    for language, text in NATIONAL.items():
        (part,) = split(text, languages=[language])
        assert language in part.shifts
        bench.peer.submit(Submit(f"+{OWN}", part))
    assert Smstools(bench).received(len(NATIONAL)) == set(NATIONAL.values())


def test_smstools_has_the_same_character_at_every_code_of_every_table(bench: Bench) -> None:
    """smstools has its tables from elsewhere: what ours and gsmcodecs' have wrong would show here."""
    texts = set()
    for language in Language:
        locking = 0 if language is Language.SPANISH else language
        written = tables(locking, language)
        codes = [bytes([code]) for code, shown in written.basic.items() if shown.isprintable()]
        escaped = [bytes([alphabet.ESCAPE, code]) for code, shown in written.extension.items() if shown.isprintable()]
        for run in filter(None, (codes, escaped[:50], escaped[50:])):
            # The language's number tells the messages apart; a colon has the same code in every table.
            septets = b":%d:" % language + b"".join(run) + b":"
            bench.peer.submit(Submit(f"+{OWN}", UserData(septets, 0, shift_elements(locking, language))))
            texts.add(alphabet.decode_text(septets, written))
    assert Smstools(bench).received(len(texts)) == texts


def test_smstools_puts_long_national_messages_together(bench: Bench) -> None:
    texts = {"Işık ağacı {€} ğ. " * 20: Language.TURKISH, "नमस्ते, आप कैसे हैं? १२३. " * 12: Language.HINDI}
    for reference, (text, language) in enumerate(texts.items(), start=250):
        parts = split(text, reference, languages=[language])
        assert len(parts) == 3
        for part in parts:
            bench.peer.submit(Submit(f"+{OWN}", part))
    assert Smstools(bench).received(len(texts)) == set(texts)
