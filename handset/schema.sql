-- The handset's state. No PIN is here: `request.message` holds it sealed to the bank, and is emptied when settled.
CREATE TABLE IF NOT EXISTS request (
    transaction_id BLOB NOT NULL CHECK (length(transaction_id) = 8),
    kind INTEGER NOT NULL,
    imsi TEXT NOT NULL,
    msisdn TEXT NOT NULL,
    payee TEXT NOT NULL,
    payer TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen >= 0),
    message BLOB NOT NULL,
    reply_key BLOB NOT NULL,
    made_at REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'paused', 'done', 'declined', 'dropped')),
    sends INTEGER NOT NULL,
    next_send_at REAL NOT NULL,
    sms_sent INTEGER NOT NULL,
    sms_received INTEGER NOT NULL,
    code TEXT,
    name_last TEXT,
    rrn TEXT,
    balance_fen INTEGER,
    serial TEXT,
    PRIMARY KEY (transaction_id, kind)
);
CREATE INDEX IF NOT EXISTS request_state ON request (state);
CREATE TABLE IF NOT EXISTS notice_key (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    key_id BLOB NOT NULL UNIQUE,
    key BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS notice (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    notice_id BLOB NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS bank (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    fingerprint TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS operator (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    number TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sim (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    imsi TEXT NOT NULL UNIQUE,
    msisdn TEXT NOT NULL
);
