BEGIN TRANSACTION;
CREATE TABLE applications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    default_priority INTEGER NOT NULL,
    created INTEGER NOT NULL
);
INSERT INTO "applications" VALUES(1,'Backup','at night',0,1788264000000000);
INSERT INTO "applications" VALUES(2,'Doorbell','',8,1788264000000000);
CREATE TABLE counters (
    message INTEGER NOT NULL,
    changed INTEGER NOT NULL
);
INSERT INTO "counters" VALUES(7,13);
CREATE TABLE devices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    created INTEGER NOT NULL
);
INSERT INTO "devices" VALUES(1,1,'phone',1788264000000000);
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
INSERT INTO "entries" VALUES(1,0,3,1,3,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(1,0,4,2,9,1788264000000001,1788264000000002,NULL);
INSERT INTO "entries" VALUES(1,0,6,1,12,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(1,0,7,1,13,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(1,1788264000000000,5,1,11,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(1,1788350400000000,2,1,5,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(2,0,4,2,8,NULL,NULL,NULL);
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
INSERT INTO "idempotency" VALUES(1,'once',X'73616D65',7,'000000000011',1788264000000000,1788267600000000);
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
INSERT INTO "messages" VALUES(3,'000000000007',1,'cleared','done','text/plain','gotify',5,5,1788264000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,1);
INSERT INTO "messages" VALUES(4,'000000000008',2,'ring','done','text/plain','gotify',8,8,1788264000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,2);
INSERT INTO "messages" VALUES(6,'000000000010',1,'2 %','done','text/plain','gotify',5,5,1788264000000000,'bell','https://example.org/','look','https://example.org/i.png','["a"]','[]','{"a":  1.50}','progress',1788350400000000,1,1);
INSERT INTO "messages" VALUES(7,'000000000011',1,'once','done','text/plain','gotify',5,5,1788264000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,1);
CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO "migrations" VALUES(1,'0001_initial');
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
INSERT INTO "subscriptions" VALUES(1,1,'owner','a0',3,0,6);
INSERT INTO "subscriptions" VALUES(1,2,'owner','a1',0,0,0);
INSERT INTO "subscriptions" VALUES(2,2,'member','a3',0,0,0);
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
INSERT INTO "tokens" VALUES(1,'application',1,NULL,X'6261636B7570',1788264000000000,NULL);
INSERT INTO "tokens" VALUES(2,'application',2,NULL,X'646F6F72',1788264000000000,NULL);
INSERT INTO "tokens" VALUES(3,'device',NULL,1,X'70686F6E65',1788264000000000,1788267600000000);
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    admin BOOLEAN NOT NULL,
    initial_password BOOLEAN NOT NULL,
    created INTEGER NOT NULL,
    forgotten INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "users" VALUES(1,'ada','hash',1,1,1788264000000000,4);
INSERT INTO "users" VALUES(2,'eve','hash',0,0,1788264000000000,0);
CREATE INDEX subscriptions_application ON subscriptions (application_id);
CREATE INDEX subscriptions_unswept ON subscriptions (user_id) WHERE swept_to < cleared_to;
CREATE INDEX devices_user ON devices (user_id);
CREATE INDEX tokens_application ON tokens (application_id) WHERE application_id IS NOT NULL;
CREATE INDEX tokens_device ON tokens (device_id) WHERE device_id IS NOT NULL;
CREATE UNIQUE INDEX messages_public_id ON messages (public_id);
CREATE UNIQUE INDEX messages_key ON messages (application_id, key) WHERE key IS NOT NULL;
CREATE INDEX messages_expires ON messages (expires) WHERE expires IS NOT NULL;
CREATE INDEX entries_changed ON entries (user_id, changed);
CREATE INDEX entries_application ON entries (user_id, application_id, deleted, message_id);
CREATE INDEX entries_deleted ON entries (deleted) WHERE deleted > 0;
CREATE INDEX idempotency_expires ON idempotency (expires);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('users',2);
INSERT INTO "sqlite_sequence" VALUES('applications',2);
INSERT INTO "sqlite_sequence" VALUES('tokens',3);
INSERT INTO "sqlite_sequence" VALUES('devices',1);
COMMIT;
