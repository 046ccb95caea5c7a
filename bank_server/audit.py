"""What must hold in the books at any time (design.md section 5), as questions to the database."""

from collections.abc import Callable, Sequence
from typing import Any

from bank_server.codes import Code
from wire.errors import WireError
from wire.terminal import Reply, decode_down

Execute = Callable[[str], Sequence[Sequence[Any]]]

# Sums of one account as the journal has them. A pending row counts until a second row resolves it; that row
# counts as posted if it posts.
_JOURNAL = """
    SELECT {side} AS number,
           SUM(CASE WHEN phase IN ('posted', 'post_pending') THEN amount_fen ELSE 0 END) AS posted,
           SUM(CASE WHEN phase = 'pending' AND id NOT IN (SELECT resolves FROM transfers WHERE resolves IS NOT NULL)
               THEN amount_fen ELSE 0 END) AS pending
    FROM transfers GROUP BY {side}
"""

# Each query returns the subjects for which its sentence is not true.
_CHECKS: Sequence[tuple[str, str]] = (
    (
        "account {}: what it was debited is not the sum of its transfers",
        f"""SELECT accounts.number FROM accounts LEFT JOIN ({_JOURNAL.format(side="debit")}) AS journal
            ON journal.number = accounts.number
            WHERE debits_posted <> COALESCE(posted, 0) OR debits_pending <> COALESCE(pending, 0)""",  # noqa: S608
    ),
    (
        "account {}: what it was credited is not the sum of its transfers",
        f"""SELECT accounts.number FROM accounts LEFT JOIN ({_JOURNAL.format(side="credit")}) AS journal
            ON journal.number = accounts.number
            WHERE credits_posted <> COALESCE(posted, 0) OR credits_pending <> COALESCE(pending, 0)""",  # noqa: S608
    ),
    (
        "account {}: is below its floor",
        "SELECT number FROM accounts WHERE credits_posted - debits_posted - debits_pending < floor_fen",
    ),
    (
        "transfer {}: names an account that is not there",
        """SELECT id FROM transfers WHERE debit NOT IN (SELECT number FROM accounts)
           OR credit NOT IN (SELECT number FROM accounts)""",
    ),
    (
        "transfer {}: was reversed by one that is not its mirror image",
        """SELECT original.id FROM transfers AS original JOIN transfers AS reversal ON reversal.reverses = original.id
           WHERE original.debit <> reversal.credit OR original.credit <> reversal.debit
           OR original.amount_fen <> reversal.amount_fen""",
    ),
    (
        "transfer {}: was resolved by one that is not like it",
        """SELECT first.id FROM transfers AS first JOIN transfers AS second ON second.resolves = first.id
           WHERE first.phase <> 'pending' OR first.debit <> second.debit OR first.credit <> second.credit
           OR first.amount_fen <> second.amount_fen""",
    ),
    (
        "transfer {}: was made without an answer that says so",
        f"""SELECT id FROM transfers WHERE kind = 'transfer' AND phase IN ('posted', 'pending')
            AND id NOT IN (SELECT reverses FROM transfers WHERE reverses IS NOT NULL)
            AND id NOT IN (SELECT id FROM outcomes WHERE code = '{Code.DONE}')""",  # noqa: S608
    ),
    (
        "transfer {}: was answered as done, but was not made or is reversed",
        f"""SELECT id FROM outcomes WHERE code = '{Code.DONE}'
            AND (id NOT IN (SELECT id FROM transfers)
                 OR id IN (SELECT reverses FROM transfers WHERE reverses IS NOT NULL))""",  # noqa: S608
    ),
    (
        "notice {}: announces a transfer that is reversed",
        """SELECT id FROM notices WHERE transfer_id IN (SELECT reverses FROM transfers WHERE reverses IS NOT NULL)""",
    ),
)


def findings(execute: Execute) -> list[str]:
    """Return a sentence for each thing that does not hold; accounts are named, for the bank's own staff."""
    found = list(_sums(execute))
    for sentence, query in _CHECKS:
        found += [sentence.format(_shown(row[0])) for row in execute(query)]
    for transaction_id, code, reply in execute("SELECT transaction_id, code, reply FROM outcomes"):
        found += _answer_findings("transfer", transaction_id, code, reply)
    for transaction_id, code, reply in execute("SELECT transaction_id, code, reply FROM terminal_answers"):
        found += _answer_findings("answer", transaction_id, code, reply)
    return found


def _sums(execute: Execute) -> list[str]:
    ((debited, credited, pending_debited, pending_credited),) = execute(
        "SELECT COALESCE(SUM(debits_posted), 0), COALESCE(SUM(credits_posted), 0),"
        " COALESCE(SUM(debits_pending), 0), COALESCE(SUM(credits_pending), 0) FROM accounts"
    )
    found = []
    if debited != credited:
        found.append(f"debits of {debited} fen do not equal credits of {credited} fen")
    if pending_debited != pending_credited:
        found.append(f"pending debits of {pending_debited} fen do not equal credits of {pending_credited} fen")
    return found


def _answer_findings(what: str, transaction_id: bytes, code: str, reply: bytes) -> list[str]:
    """Check that the stored reply is one, answers this transaction, and says what the row says."""
    try:
        decoded = decode_down(bytes(reply))
    except WireError:
        return [f"{what} of transaction {transaction_id.hex()}: its stored reply is malformed"]
    if not isinstance(decoded, Reply) or decoded.transaction_id != transaction_id or decoded.code != code:
        return [f"{what} of transaction {transaction_id.hex()}: its stored reply says something else"]
    return []


def _shown(subject: object) -> str:
    return subject.hex() if isinstance(subject, bytes) else str(subject)
