import string

import pytest

from gsm.asking import Reply
from gsm.recorder import End
from gsm.usb_modems import Role
from handset.actions import Refusal, SendOutcome
from handset.amounts import AmountFault
from handset.bearer import Trouble
from handset.modem_texts import REPLIES, ROLES, ModemText
from handset.texts import Sentence, Text, text_of, text_of_send
from handset.transcript_texts import TranscriptText


def _fields(text: str) -> set[str | None]:
    return {field for _, field, _, _ in string.Formatter().parse(text)} - {None}


@pytest.mark.parametrize("text", [*Text, *ModemText, *TranscriptText])
def test_every_text_is_there_in_both_languages_with_the_same_fields(text: Sentence) -> None:
    zh, en = text.value
    assert zh.strip()
    assert en.strip()
    assert _fields(zh) == _fields(en)


@pytest.mark.parametrize(
    "text",
    [
        text
        for text in (*Text, *ModemText, *TranscriptText)
        if text not in {Text.DEMO_ACCOUNT, Text.MENU_LANGUAGE, ModemText.FINDING}
    ],
)
def test_chinese_is_chinese_and_english_is_english(text: Sentence) -> None:
    zh, en = text.value
    assert any("\u4e00" <= character <= "\u9fff" for character in zh)
    assert not any("\u4e00" <= character <= "\u9fff" for character in en.replace("F2 中文", ""))


@pytest.mark.parametrize("reason", [*Refusal, *Trouble, *AmountFault])
def test_every_reason_has_a_sentence(reason: Refusal | Trouble | AmountFault) -> None:
    assert text_of(reason).say("zh")


def test_a_send_is_spoken_of_unless_it_went_well() -> None:
    assert text_of_send(SendOutcome.SENT) is None
    assert text_of_send(SendOutcome.FAILED) is Text.SEND_FAILED
    assert text_of_send(SendOutcome.UNKNOWN) is Text.SEND_UNKNOWN


def test_every_role_of_a_port_and_every_reply_has_its_words() -> None:
    assert set(ROLES) == set(Role)
    assert set(REPLIES) == set(Reply)


def test_every_end_of_a_recording_has_its_words() -> None:
    assert [end for end in End if f"ENDED_{end.name}" not in TranscriptText.__members__] == []
