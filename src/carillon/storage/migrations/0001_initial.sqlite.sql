-- One row: the highest numbers ever drawn. They are never drawn again, whatever is deleted.
CREATE TABLE counters (
    message INTEGER NOT NULL,
    changed INTEGER NOT NULL
);
INSERT INTO counters (message, changed) VALUES (0, 0);

-- forgotten: the highest `changed` of a tombstone that was removed.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    admin BOOLEAN NOT NULL,
    initial_password BOOLEAN NOT NULL,
    created INTEGER NOT NULL,
    forgotten INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE applications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    default_priority INTEGER NOT NULL,
    created INTEGER NOT NULL
);

-- Entries up to `cleared_to` are deleted; up to `swept_to` they are physically gone too.
CREATE TABLE subscriptions (
    user_id INTEGER NOT NULL REFERENCES users (id),
    application_id INTEGER NOT NULL REFERENCES applications (id),
    role TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    cleared_to INTEGER NOT NULL DEFAULT 0,
    swept_to INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, application_id),
    UNIQUE (user_id, sort_key)
) WITHOUT ROWID;
CREATE INDEX subscriptions_application ON subscriptions (application_id);
CREATE INDEX subscriptions_unswept ON subscriptions (user_id) WHERE swept_to < cleared_to;

CREATE TABLE devices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE INDEX devices_user ON devices (user_id);

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    application_id INTEGER REFERENCES applications (id),
    device_id INTEGER REFERENCES devices (id),
    digest BLOB NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    last_used INTEGER,
    CHECK ((application_id IS NULL) <> (device_id IS NULL))
);
CREATE INDEX tokens_application ON tokens (application_id) WHERE application_id IS NOT NULL;
CREATE INDEX tokens_device ON tokens (device_id) WHERE device_id IS NOT NULL;

-- receivers: how many inboxes hold the message, so that no index by message is needed to see that none does.
-- Messages and entries have no foreign keys: they would cost every publish.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL,
    application_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    content_type TEXT NOT NULL,
    dialect TEXT NOT NULL,
    priority INTEGER NOT NULL,
    level INTEGER NOT NULL,
    created INTEGER NOT NULL,
    sound TEXT,
    url TEXT,
    url_title TEXT,
    icon TEXT,
    tags TEXT,
    actions TEXT,
    extras TEXT,
    key TEXT,
    expires INTEGER,
    encrypted BOOLEAN NOT NULL,
    receivers INTEGER NOT NULL
);
CREATE UNIQUE INDEX messages_public_id ON messages (public_id);
CREATE UNIQUE INDEX messages_key ON messages (application_id, key) WHERE key IS NOT NULL;
CREATE INDEX messages_expires ON messages (expires) WHERE expires IS NOT NULL;

-- deleted: 0, or when; it stands in the keys so that a walk through an inbox meets no tombstones.
-- The columns of the key come first: SQLite 3.40's quick_check takes them for empty otherwise.
CREATE TABLE entries (
    user_id INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    application_id INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    read INTEGER,
    dismissed INTEGER,
    acknowledged INTEGER,
    PRIMARY KEY (user_id, deleted, message_id)
) WITHOUT ROWID;
CREATE INDEX entries_changed ON entries (user_id, changed);
CREATE INDEX entries_application ON entries (user_id, application_id, deleted, message_id);
CREATE INDEX entries_deleted ON entries (deleted) WHERE deleted > 0;

CREATE TABLE idempotency (
    application_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    message_id INTEGER NOT NULL,
    public_id TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (application_id, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_expires ON idempotency (expires);
