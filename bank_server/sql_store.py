"""The bank's database in portable SQL. What differs between databases is in a subclass: `execute` and transactions."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import astuple, replace
from typing import Any

from bank_server import audit
from bank_server.store import (
    Account,
    DeliveredKeys,
    Enrolment,
    IsoAnswer,
    IsoKey,
    OpenedTransaction,
    Outcome,
    Phone,
    QueuedNotice,
    TerminalAnswer,
    Transfer,
)

Row = Sequence[Any]

_ACCOUNT = "number, holder, floor_fen, status, debits_posted, credits_posted, debits_pending, credits_pending"
_TRANSFER = "id, debit, credit, amount_fen, made_s, kind, phase, reverses, resolves, rrn"
_OUTCOME = "id, transaction_id, message_digest, seal_digest, code, reply, made_s"
_TERMINAL_ANSWER = "msisdn, transaction_id, kind, message_digest, code, reply, made_s"
_OPENED = "serial, operator, epoch, imsi, msisdn, ephemeral, registered_s, last_exchange, transaction_id, closed"
_PHONE = "msisdn, imsi, quarantined, operator, notice_key, notice_key_id"
_ENROLMENT = "account, msisdn, pin_salt, pin_verifier, pin_attempts, locked"
_NOTICE = "id, transfer_id, operator, msisdn, payload, request, made_s"
_DELIVERED = "operator, generation, generation_s, epoch, epoch_s"


class SqlStore(ABC):
    """`bank_server.store.LedgerStore` on a database that takes `?` for parameters, or is made to."""

    @abstractmethod
    def execute(self, sql: str, *parameters: object) -> list[Row]:
        """Run one statement and return all its rows."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]: ...

    @abstractmethod
    def savepoint(self) -> AbstractContextManager[None]: ...

    @abstractmethod
    def close(self) -> None: ...

    def _one(self, sql: str, *parameters: object) -> Row | None:
        rows = self.execute(sql, *parameters)
        assert len(rows) <= 1
        return rows[0] if rows else None

    def _insert(self, table: str, columns: str, values: Row) -> bool:
        """Insert a row unless its key is there. The names come from this file, never from outside."""
        marks = ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING 1"  # noqa: S608
        return bool(self.execute(sql, *values))

    # -- accounts and journal ---------------------------------------------------------------------------------

    def account(self, number: str) -> Account | None:
        row = self._one(f"SELECT {_ACCOUNT} FROM accounts WHERE number = ?", number)  # noqa: S608
        return Account(*row) if row else None

    def accounts(self) -> list[Account]:
        return [Account(*row) for row in self.execute(f"SELECT {_ACCOUNT} FROM accounts ORDER BY number")]  # noqa: S608

    def add_account(self, account: Account) -> bool:
        return self._insert("accounts", _ACCOUNT, _values(account))

    def set_account_status(self, number: str, status: str) -> None:
        self.execute("UPDATE accounts SET status = ? WHERE number = ?", status, number)

    def add_transfer(self, transfer: Transfer) -> bool:
        return self._insert("transfers", _TRANSFER, _values(transfer))

    def add_to_sums(
        self,
        number: str,
        *,
        debits_posted: int = 0,
        credits_posted: int = 0,
        debits_pending: int = 0,
        credits_pending: int = 0,
    ) -> None:
        self.execute(
            "UPDATE accounts SET debits_posted = debits_posted + ?, credits_posted = credits_posted + ?,"
            " debits_pending = debits_pending + ?, credits_pending = credits_pending + ? WHERE number = ?",
            debits_posted,
            credits_posted,
            debits_pending,
            credits_pending,
            number,
        )

    def transfer(self, transfer_id: bytes) -> Transfer | None:
        row = self._one(f"SELECT {_TRANSFER} FROM transfers WHERE id = ?", transfer_id)  # noqa: S608
        return Transfer(*row) if row else None

    # -- answers ----------------------------------------------------------------------------------------------

    def outcome(self, transfer_id: bytes) -> Outcome | None:
        row = self._one(f"SELECT {_OUTCOME} FROM outcomes WHERE id = ?", transfer_id)  # noqa: S608
        return Outcome(*row) if row else None

    def outcome_of_seal(self, seal_digest: bytes) -> Outcome | None:
        row = self._one(f"SELECT {_OUTCOME} FROM outcomes WHERE seal_digest = ?", seal_digest)  # noqa: S608
        return Outcome(*row) if row else None

    def add_outcome(self, outcome: Outcome) -> bool:
        return self._insert("outcomes", _OUTCOME, _values(outcome))

    def replace_outcome(self, outcome: Outcome) -> None:
        self.execute(
            "UPDATE outcomes SET code = ?, reply = ?, made_s = ? WHERE id = ?",
            outcome.code,
            outcome.reply,
            outcome.made_s,
            outcome.id,
        )

    def terminal_answer(self, msisdn: str, transaction_id: bytes, kind: int) -> TerminalAnswer | None:
        row = self._one(
            f"SELECT {_TERMINAL_ANSWER} FROM terminal_answers"  # noqa: S608
            " WHERE msisdn = ? AND transaction_id = ? AND kind = ?",
            msisdn,
            transaction_id,
            kind,
        )
        return TerminalAnswer(*row) if row else None

    def add_terminal_answer(self, answer: TerminalAnswer) -> bool:
        return self._insert("terminal_answers", _TERMINAL_ANSWER, _values(answer))

    def iso_answer(self, key: IsoKey) -> IsoAnswer | None:
        row = self._one(
            "SELECT request_digest, response, made_s FROM iso_answers"
            " WHERE de7 = ? AND de11 = ? AND de32 = ? AND repeated = ?",
            *_values(key),
        )
        return IsoAnswer(key, *row) if row else None

    def add_iso_answer(self, answer: IsoAnswer) -> bool:
        values = (*_values(answer.key), answer.request_digest, answer.response, answer.made_s)
        return self._insert("iso_answers", "de7, de11, de32, repeated, request_digest, response, made_s", values)

    def purge_answers(self, iso_before_s: int, terminal_before_s: int) -> None:
        self.execute("DELETE FROM iso_answers WHERE made_s < ?", iso_before_s)
        self.execute("DELETE FROM terminal_answers WHERE made_s < ?", terminal_before_s)

    # -- transactions -----------------------------------------------------------------------------------------

    def opened_transaction(self, serial: bytes) -> OpenedTransaction | None:
        row = self._one(f"SELECT {_OPENED} FROM registrations WHERE serial = ?", serial)  # noqa: S608
        return _opened(row) if row else None

    def add_opened_transaction(self, opened: OpenedTransaction) -> bool:
        return self._insert("registrations", _OPENED, _values(opened))

    def advance_transaction(self, serial: bytes, exchange: int, transaction_id: bytes, closed: bool) -> None:
        self.execute(
            "UPDATE registrations SET last_exchange = ?, transaction_id = ?, closed = ? WHERE serial = ?",
            exchange,
            transaction_id,
            int(closed),
            serial,
        )

    def opened_serials(self, operator: str, newest: int) -> tuple[int, list[bytes]]:
        counted = self._one("SELECT COUNT(*) FROM registrations WHERE operator = ?", operator)
        assert counted is not None
        rows = self.execute(
            "SELECT serial FROM registrations WHERE operator = ? ORDER BY registered_s DESC, serial DESC LIMIT ?",
            operator,
            newest,
        )
        return counted[0], [row[0] for row in rows]

    def purge_serials(self, operator: str, before_epoch: int) -> None:
        self.execute("DELETE FROM registrations WHERE operator = ? AND epoch < ?", operator, before_epoch)

    # -- phones -----------------------------------------------------------------------------------------------

    def phone(self, msisdn: str) -> Phone | None:
        row = self._one(f"SELECT {_PHONE} FROM phones WHERE msisdn = ?", msisdn)  # noqa: S608
        return _phone(row) if row else None

    def phones(self) -> list[Phone]:
        return [_phone(row) for row in self.execute(f"SELECT {_PHONE} FROM phones ORDER BY msisdn")]  # noqa: S608

    def add_phone(self, phone: Phone) -> bool:
        return self._insert("phones", _PHONE, _values(phone))

    def set_phone_imsi(self, msisdn: str, imsi: str) -> None:
        self.execute(
            "UPDATE phones SET imsi = ?, quarantined = 0, notice_key = NULL, notice_key_id = NULL WHERE msisdn = ?",
            imsi,
            msisdn,
        )

    def quarantine(self, msisdn: str) -> None:
        self.execute("UPDATE phones SET quarantined = 1 WHERE msisdn = ?", msisdn)

    def set_phone_operator(self, msisdn: str, operator: str) -> None:
        self.execute("UPDATE phones SET operator = ? WHERE msisdn = ?", operator, msisdn)

    def set_notice_key(self, msisdn: str, key: bytes, key_id: bytes) -> None:
        self.execute("UPDATE phones SET notice_key = ?, notice_key_id = ? WHERE msisdn = ?", key, key_id, msisdn)

    def enrolment(self, account: str) -> Enrolment | None:
        row = self._one(f"SELECT {_ENROLMENT} FROM enrolments WHERE account = ?", account)  # noqa: S608
        return _enrolment(row) if row else None

    def enrolments(self) -> list[Enrolment]:
        rows = self.execute(f"SELECT {_ENROLMENT} FROM enrolments ORDER BY account")  # noqa: S608
        return [_enrolment(row) for row in rows]

    def put_enrolment(self, enrolment: Enrolment) -> None:
        self.execute("DELETE FROM enrolments WHERE account = ?", enrolment.account)
        self._insert("enrolments", _ENROLMENT, _values(enrolment))

    def count_pin_attempt(self, account: str) -> int:
        sql = "UPDATE enrolments SET pin_attempts = pin_attempts + 1 WHERE account = ? RETURNING pin_attempts"
        return self._number(sql, account)

    def clear_pin_attempts(self, account: str) -> None:
        self.execute("UPDATE enrolments SET pin_attempts = 0 WHERE account = ?", account)

    def lock_pin(self, account: str) -> None:
        self.execute("UPDATE enrolments SET locked = 1 WHERE account = ?", account)

    # -- limits -----------------------------------------------------------------------------------------------

    def daily_transfers(self, account: str, day: int) -> tuple[int, int]:
        row = self._one("SELECT amount_fen, transfers FROM daily_transfers WHERE account = ? AND day = ?", account, day)
        return (row[0], row[1]) if row else (0, 0)

    def add_daily_transfers(self, account: str, day: int, amount_fen: int, transfers: int) -> None:
        self._insert("daily_transfers", "account, day, amount_fen, transfers", (account, day, 0, 0))
        self.execute(
            "UPDATE daily_transfers SET amount_fen = amount_fen + ?, transfers = transfers + ?"
            " WHERE account = ? AND day = ?",
            amount_fen,
            transfers,
            account,
            day,
        )

    def count_inquiry(self, msisdn: str, day: int) -> int:
        self._insert("daily_inquiries", "msisdn, day, inquiries", (msisdn, day, 0))
        sql = "UPDATE daily_inquiries SET inquiries = inquiries + 1 WHERE msisdn = ? AND day = ? RETURNING inquiries"
        return self._number(sql, msisdn, day)

    def purge_daily(self, before_day: int) -> None:
        self.execute("DELETE FROM daily_transfers WHERE day < ?", before_day)
        self.execute("DELETE FROM daily_inquiries WHERE day < ?", before_day)

    def _number(self, sql: str, *parameters: object) -> int:
        row = self._one(sql, *parameters)
        assert row is not None
        return int(row[0])

    # -- notices ----------------------------------------------------------------------------------------------

    def add_notice(self, notice: QueuedNotice) -> bool:
        return self._insert("notices", _NOTICE, _values(notice))

    def notices(self, operator: str, count_max: int) -> list[QueuedNotice]:
        sql = f"SELECT {_NOTICE} FROM notices WHERE operator = ? ORDER BY made_s, id LIMIT ?"  # noqa: S608
        return [QueuedNotice(*row) for row in self.execute(sql, operator, count_max)]

    def set_notice_request(self, notice_id: bytes, request: bytes | None) -> None:
        self.execute("UPDATE notices SET request = ? WHERE id = ?", request, notice_id)

    def remove_notice(self, notice_id: bytes) -> None:
        self.execute("DELETE FROM notices WHERE id = ?", notice_id)

    def withdraw_notice(self, transfer_id: bytes) -> None:
        self.execute("DELETE FROM notices WHERE transfer_id = ?", transfer_id)

    # -- keys -------------------------------------------------------------------------------------------------

    def delivered_keys(self, operator: str) -> DeliveredKeys:
        row = self._one(f"SELECT {_DELIVERED} FROM delivered_keys WHERE operator = ?", operator)  # noqa: S608
        return DeliveredKeys(*row) if row else DeliveredKeys(operator)

    def set_delivered_keys(self, delivered: DeliveredKeys) -> None:
        self.execute("DELETE FROM delivered_keys WHERE operator = ?", delivered.operator)
        self._insert("delivered_keys", _DELIVERED, _values(delivered))

    def verify(self) -> list[str]:
        return audit.findings(self.execute)


def _values(row: Any) -> tuple[Any, ...]:
    """Return a dataclass's values in the order of its columns, truth values as 0 and 1."""
    return tuple(int(value) if isinstance(value, bool) else value for value in astuple(row))


def _phone(row: Row) -> Phone:
    return replace(Phone(*row), quarantined=bool(row[2]))


def _opened(row: Row) -> OpenedTransaction:
    return replace(OpenedTransaction(*row), closed=bool(row[-1]))


def _enrolment(row: Row) -> Enrolment:
    return replace(Enrolment(*row), locked=bool(row[-1]))
