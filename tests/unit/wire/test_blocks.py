import pytest

from tests.unit.wire import story
from wire import blocks
from wire.errors import BadMac, BadMessage
from wire.secret import Secret

SEEDS = blocks.Seeds(2, Secret(bytes(32)), Secret(bytes(32)))
CONTROL = blocks.OperatorControlKey(1, story.K, story.C)
NOTICE = blocks.PayeeNotice(bytes(8), story.PAYEE_NUMBER, b"")


@pytest.mark.parametrize(
    ("block", "size"),
    [
        (blocks.seal_registration(Secret(bytes(32)), blocks.Registration(story.PAYER_SIM, story.SERIAL,
         story.E), bytes(12)), 1 + 8 + 12 + 57 + 16),
        (blocks.seal_first_seeds(Secret(bytes(32)), SEEDS, bytes(12)), 1 + 4 + 12 + 68 + 16),
        (blocks.seal_renewed_seeds(story.WORK, SEEDS), 1 + 4 + 4 + 48 + 68 + 32),
        (blocks.seal_control_key(story.WORK, CONTROL), 1 + 2 + 4 + 48 + 67 + 32),
        (blocks.seal_notice(story.WORK, NOTICE), 1 + 8 + 4 + 48 + 8 + 32),
    ],
    ids=[kind.name for kind in blocks.BlockKind],
)  # fmt: skip
def test_block_has_the_size_that_its_table_states(block: bytes, size: int) -> None:
    assert len(block) == size


def test_blocks_sealed_now_open_and_differ_each_time() -> None:
    work = story.WORK
    assert blocks.open_renewed_seeds(work, blocks.seal_renewed_seeds(work, SEEDS)) == SEEDS
    assert blocks.open_control_key(work, blocks.seal_control_key(work, CONTROL)) == CONTROL
    assert blocks.open_notice(work, blocks.seal_notice(work, NOTICE)) == NOTICE
    assert blocks.seal_notice(work, NOTICE) != blocks.seal_notice(work, NOTICE)


def test_work_generation_is_read_before_the_key_is_chosen() -> None:
    for block in (blocks.seal_renewed_seeds(story.WORK, SEEDS), blocks.seal_notice(story.WORK, NOTICE)):
        assert blocks.work_generation_of(block) == 1


@pytest.mark.parametrize("block", [b"", b"\x01" + bytes(100), b"\x02" + bytes(100), b"\x05" + bytes(11)])
def test_block_without_a_work_generation_is_refused(block: bytes) -> None:
    with pytest.raises(BadMessage):
        blocks.work_generation_of(block)


@pytest.mark.parametrize(
    ("kind", "number", "purpose", "content", "opens", "field"),
    [
        (3, (2).to_bytes(4, "big"), b"yinxin renewed seeds v1", bytes(64) + b"\0\0\0\3", "renewed_seeds", "generation"),
        (4, (1).to_bytes(2, "big"), b"yinxin control key v1", b"\0\2" + bytes(65), "control_key", "epoch"),
    ],
)
def test_number_inside_must_be_the_number_outside(
    kind: int, number: bytes, purpose: bytes, content: bytes, opens: str, field: str
) -> None:
    block = blocks._seal_to_work_key(story.WORK, blocks.BlockKind(kind), number, purpose, content)
    with pytest.raises(BadMessage, match="inside and outside differ") as raised:
        getattr(blocks, f"open_{opens}")(story.WORK, block)
    assert raised.value.field == field


def test_wrong_hmac_is_told_before_anything_is_decrypted() -> None:
    block = bytearray(blocks.seal_notice(story.WORK, NOTICE))
    block[13:45] = bytes(32)  # an encapsulated key of low order
    with pytest.raises(BadMac):
        blocks.open_notice(story.WORK, bytes(block))
