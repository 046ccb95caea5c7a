-- The bank's books. Portable SQL: SQLite and PostgreSQL take it as it is.
-- Amounts are fen, times Unix seconds, days the number of the UTC day; ids and sealed things are bytes.

CREATE TABLE IF NOT EXISTS accounts (
    number          TEXT   NOT NULL PRIMARY KEY CHECK (length(number) BETWEEN 6 AND 19),
    holder          TEXT   NOT NULL CHECK (length(holder) > 0),
    floor_fen       BIGINT NOT NULL DEFAULT 0,
    status          TEXT   NOT NULL CHECK (status IN ('open', 'closed', 'house')),
    debits_posted   BIGINT NOT NULL DEFAULT 0 CHECK (debits_posted >= 0),
    credits_posted  BIGINT NOT NULL DEFAULT 0 CHECK (credits_posted >= 0),
    debits_pending  BIGINT NOT NULL DEFAULT 0 CHECK (debits_pending >= 0),
    credits_pending BIGINT NOT NULL DEFAULT 0 CHECK (credits_pending >= 0),
    CONSTRAINT balance_above_floor CHECK (credits_posted - debits_posted - debits_pending >= floor_fen)
);

-- Rows are added, never changed. A pending transfer is resolved by a second row that names it.
CREATE TABLE IF NOT EXISTS transfers (
    id         BYTEA  NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    debit      TEXT   NOT NULL REFERENCES accounts (number),
    credit     TEXT   NOT NULL REFERENCES accounts (number),
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    kind       TEXT   NOT NULL CHECK (kind IN ('opening', 'transfer', 'reversal')),
    phase      TEXT   NOT NULL CHECK (phase IN ('posted', 'pending', 'post_pending', 'void_pending')),
    reverses   BYTEA  UNIQUE REFERENCES transfers (id),
    resolves   BYTEA  UNIQUE REFERENCES transfers (id),
    rrn        TEXT   NOT NULL,
    made_s     BIGINT NOT NULL,
    CHECK (debit <> credit),
    CHECK ((kind = 'reversal') = (reverses IS NOT NULL)),
    CHECK ((phase IN ('post_pending', 'void_pending')) = (resolves IS NOT NULL))
);

-- What became of each transfer that was asked for, done or declined. `seal_digest` names the sealed request:
-- brought under another number, the same request has another id but is still the same request.
CREATE TABLE IF NOT EXISTS outcomes (
    id             BYTEA  NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    transaction_id BYTEA  NOT NULL CHECK (length(transaction_id) = 8),
    message_digest BYTEA  NOT NULL CHECK (length(message_digest) = 32),
    seal_digest    BYTEA  NOT NULL UNIQUE CHECK (length(seal_digest) = 32),
    code           TEXT   NOT NULL CHECK (length(code) = 2),
    reply          BYTEA  NOT NULL,
    made_s         BIGINT NOT NULL
);

-- Answers to inquiries and balances, for their repeats.
CREATE TABLE IF NOT EXISTS terminal_answers (
    msisdn         TEXT   NOT NULL,
    transaction_id BYTEA  NOT NULL CHECK (length(transaction_id) = 8),
    kind           BIGINT NOT NULL,
    message_digest BYTEA  NOT NULL CHECK (length(message_digest) = 32),
    code           TEXT   NOT NULL CHECK (length(code) = 2),
    reply          BYTEA  NOT NULL,
    made_s         BIGINT NOT NULL,
    PRIMARY KEY (msisdn, transaction_id, kind)
);

-- Answers to ISO messages, for their repeats. `repeated` is 1 for 0421, which shares DE7 and DE11 with its 0420.
CREATE TABLE IF NOT EXISTS iso_answers (
    de7            TEXT   NOT NULL,
    de11           TEXT   NOT NULL,
    de32           TEXT   NOT NULL,
    repeated       BIGINT NOT NULL CHECK (repeated IN (0, 1)),
    request_digest BYTEA  NOT NULL CHECK (length(request_digest) = 32),
    response       BYTEA  NOT NULL,
    made_s         BIGINT NOT NULL,
    PRIMARY KEY (de7, de11, de32, repeated)
);

-- Module 410: IMSI, number and serial of each transaction that was opened.
CREATE TABLE IF NOT EXISTS registrations (
    serial         BYTEA  NOT NULL PRIMARY KEY CHECK (length(serial) = 8),
    operator       TEXT   NOT NULL,
    epoch          BIGINT NOT NULL,
    imsi           TEXT   NOT NULL,
    msisdn         TEXT   NOT NULL,
    ephemeral      BYTEA  NOT NULL CHECK (length(ephemeral) = 33),
    registered_s   BIGINT NOT NULL,
    last_exchange  BIGINT NOT NULL DEFAULT 0 CHECK (last_exchange BETWEEN 0 AND 999),
    transaction_id BYTEA  CHECK (length(transaction_id) = 8),
    closed         BIGINT NOT NULL DEFAULT 0 CHECK (closed IN (0, 1))
);

CREATE TABLE IF NOT EXISTS phones (
    msisdn        TEXT   NOT NULL PRIMARY KEY,
    imsi          TEXT   NOT NULL,
    quarantined   BIGINT NOT NULL DEFAULT 0 CHECK (quarantined IN (0, 1)),
    operator      TEXT,
    notice_key    BYTEA  CHECK (length(notice_key) = 16),
    notice_key_id BYTEA  CHECK (length(notice_key_id) = 8),
    CHECK ((notice_key IS NULL) = (notice_key_id IS NULL))
);

CREATE TABLE IF NOT EXISTS enrolments (
    account      TEXT   NOT NULL PRIMARY KEY REFERENCES accounts (number),
    msisdn       TEXT   NOT NULL REFERENCES phones (msisdn),
    pin_salt     BYTEA  NOT NULL CHECK (length(pin_salt) = 16),
    pin_verifier BYTEA  NOT NULL CHECK (length(pin_verifier) = 32),
    pin_attempts BIGINT NOT NULL DEFAULT 0 CHECK (pin_attempts >= 0),
    locked       BIGINT NOT NULL DEFAULT 0 CHECK (locked IN (0, 1))
);

CREATE TABLE IF NOT EXISTS daily_transfers (
    account    TEXT   NOT NULL REFERENCES accounts (number),
    day        BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
    transfers  BIGINT NOT NULL CHECK (transfers >= 0),
    PRIMARY KEY (account, day)
);

CREATE TABLE IF NOT EXISTS daily_inquiries (
    msisdn    TEXT   NOT NULL,
    day       BIGINT NOT NULL,
    inquiries BIGINT NOT NULL CHECK (inquiries >= 0),
    PRIMARY KEY (msisdn, day)
);

-- The outbox of notices: a row is there until the operator has answered, or the transfer is reversed.
-- `request` is the ISO message that was sent; a repeat sends the same bytes.
CREATE TABLE IF NOT EXISTS notices (
    id          BYTEA  NOT NULL PRIMARY KEY CHECK (length(id) = 8),
    transfer_id BYTEA  NOT NULL UNIQUE REFERENCES transfers (id),
    operator    TEXT   NOT NULL,
    msisdn      TEXT   NOT NULL,
    payload     BYTEA  NOT NULL,
    request     BYTEA,
    made_s      BIGINT NOT NULL
);

-- Which keys an operator has confirmed (0810).
CREATE TABLE IF NOT EXISTS delivered_keys (
    operator     TEXT   NOT NULL PRIMARY KEY,
    generation   BIGINT NOT NULL DEFAULT 0,
    generation_s BIGINT NOT NULL DEFAULT 0,
    epoch        BIGINT NOT NULL DEFAULT 0,
    epoch_s      BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX IF NOT EXISTS transfers_by_debit ON transfers (debit);
CREATE INDEX IF NOT EXISTS transfers_by_credit ON transfers (credit);
CREATE INDEX IF NOT EXISTS iso_answers_by_age ON iso_answers (made_s);
CREATE INDEX IF NOT EXISTS terminal_answers_by_age ON terminal_answers (made_s);
CREATE INDEX IF NOT EXISTS enrolments_by_number ON enrolments (msisdn);
CREATE INDEX IF NOT EXISTS notices_by_operator ON notices (operator, made_s);
CREATE INDEX IF NOT EXISTS registrations_by_epoch ON registrations (operator, epoch);
