-- Facts about the database itself.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Ids start at 1 and are never given again.
CREATE TABLE users (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL UNIQUE,
    password   TEXT,                      -- argon2id in PHC form; none in demo mode
    created_at INTEGER NOT NULL           -- milliseconds since 1970, as everywhere
) STRICT;

-- Only the SHA-256 of a token is kept.
CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE conversations (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,      -- the id on the wire: r1, d3-17
    title      TEXT,
    last_seq   INTEGER NOT NULL DEFAULT 0,
    last_at    INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

-- Who belongs where, and how far they read.
CREATE TABLE members (
    user_id         INTEGER NOT NULL REFERENCES users,
    conversation_id INTEGER NOT NULL REFERENCES conversations,
    read_seq        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, conversation_id)
) STRICT, WITHOUT ROWID;

-- The logs. `seq` is 1, 2, 3, … in each conversation: given in the transaction that writes the row.
CREATE TABLE events (
    conversation_id INTEGER NOT NULL REFERENCES conversations,
    seq             INTEGER NOT NULL,
    kind            INTEGER NOT NULL,     -- 0: a message
    sender_id       INTEGER NOT NULL REFERENCES users,
    msg_id          TEXT NOT NULL,
    sent_at         INTEGER NOT NULL,
    body            TEXT NOT NULL,
    PRIMARY KEY (conversation_id, seq)
) STRICT, WITHOUT ROWID;

-- A message that is sent twice exists once, for ever.
CREATE UNIQUE INDEX events_once ON events (conversation_id, sender_id, msg_id);

-- The room that everybody is in.
INSERT INTO conversations (id, key, created_at) VALUES (1, 'r1', unixepoch() * 1000);
