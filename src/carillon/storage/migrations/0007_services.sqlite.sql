-- Configured ways out. scope: user, group or server. rules, health, counters: JSON. options: sealed.
CREATE TABLE services (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    group_id INTEGER,
    enabled BOOLEAN NOT NULL,
    rules TEXT NOT NULL,
    options BLOB NOT NULL,
    created INTEGER NOT NULL,
    health TEXT NOT NULL,
    counters TEXT NOT NULL
);

-- One message to one service. No foreign keys: they would cost every publish. A row of a service that is gone waits
-- for the sweep. What is not said when it is made stands in the defaults.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL,
    service_id INTEGER NOT NULL,
    application_id INTEGER NOT NULL,
    level INTEGER NOT NULL,
    created INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'due',
    due INTEGER NOT NULL DEFAULT 0,
    lease INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    settled INTEGER,
    took INTEGER,
    code TEXT NOT NULL DEFAULT 'ok',
    text TEXT NOT NULL DEFAULT '',
    status INTEGER,
    remote TEXT NOT NULL DEFAULT '',
    receipt TEXT NOT NULL DEFAULT '',
    follow INTEGER,
    acknowledged INTEGER,
    acknowledged_by TEXT NOT NULL DEFAULT '',
    progress TEXT NOT NULL DEFAULT '',
    via TEXT NOT NULL DEFAULT '',
    duplicate BOOLEAN NOT NULL DEFAULT FALSE,
    requeued INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX deliveries_message ON deliveries (message_id);
CREATE INDEX deliveries_state ON deliveries (service_id, state, id);
CREATE INDEX deliveries_due ON deliveries (service_id, due) WHERE state IN ('retry', 'held');
CREATE INDEX deliveries_follow ON deliveries (follow) WHERE follow IS NOT NULL;
CREATE INDEX deliveries_settled ON deliveries (settled) WHERE settled IS NOT NULL;

CREATE TABLE attempts (
    delivery_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started INTEGER NOT NULL,
    took INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT NOT NULL,
    text TEXT NOT NULL,
    status INTEGER,
    PRIMARY KEY (delivery_id, number)
) WITHOUT ROWID;

-- hour: since 1970, in UTC, in which so many ended so.
CREATE TABLE delivery_statistics (
    service_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    PRIMARY KEY (service_id, hour)
) WITHOUT ROWID;

-- Recipients who were asked whether they agree. digest: of the code they were sent.
CREATE TABLE confirmations (
    service_id INTEGER NOT NULL,
    address TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    asked INTEGER NOT NULL,
    confirmed INTEGER,
    PRIMARY KEY (service_id, address)
) WITHOUT ROWID;
