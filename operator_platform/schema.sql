-- What the operator platform remembers (see store.py). Times are Unix seconds. Nothing here is secret, and nothing
-- is bank data: messages are kept as they were sealed.

CREATE TABLE platform (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    operator_id TEXT NOT NULL,
    node INTEGER NOT NULL CHECK (node BETWEEN 0 AND 65535)
) STRICT;

-- The operator's own register of SIMs (module 304).
CREATE TABLE subscribers (
    msisdn TEXT PRIMARY KEY,
    imsi TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE transactions (
    msisdn TEXT NOT NULL,
    transaction_id BLOB NOT NULL CHECK (length(transaction_id) = 8),
    imsi TEXT NOT NULL,
    rrn TEXT NOT NULL CHECK (length(rrn) = 12),
    opened_at REAL NOT NULL,
    serial TEXT CHECK (length(serial) = 16),
    PRIMARY KEY (msisdn, transaction_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
    msisdn TEXT NOT NULL,
    transaction_id BLOB NOT NULL,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 6),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    message BLOB NOT NULL CHECK (length(message) <= 120),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'reversing', 'answered')),
    arrived_at REAL NOT NULL,
    first_sent_at REAL,
    serial TEXT CHECK (length(serial) = 16),
    exchange BLOB,
    reversal BLOB,
    reversal_repeat BLOB,
    answer BLOB,
    PRIMARY KEY (msisdn, transaction_id, kind),
    FOREIGN KEY (msisdn, transaction_id) REFERENCES transactions,
    CHECK ((state = 'answered') = (answer IS NOT NULL)),
    CHECK ((reversal IS NULL) = (reversal_repeat IS NULL)),
    CHECK (state <> 'sent' OR exchange IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- What is unanswered is read at every start; what is answered, at every purge.
CREATE INDEX requests_by_state ON requests (state, arrived_at);

-- The next number that nobody has reserved: serials and STANs (used once, so never counted down).
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL CHECK (next >= 1)
) STRICT;

CREATE TABLE outbox (
    outbox_id INTEGER PRIMARY KEY AUTOINCREMENT,
    msisdn TEXT NOT NULL,
    text TEXT NOT NULL CHECK (length(text) <= 160),
    stored_at REAL NOT NULL
) STRICT;

CREATE TABLE notices (
    notice_id BLOB PRIMARY KEY CHECK (length(notice_id) = 8),
    seen_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
