BEGIN TRANSACTION;
CREATE TABLE adopted (
    origin_id BIGINT NOT NULL REFERENCES origins (id),
    kind TEXT NOT NULL,
    foreign_id BIGINT NOT NULL,
    own_id BIGINT NOT NULL,
    sign TEXT NOT NULL,
    PRIMARY KEY (origin_id, kind, foreign_id)
);
CREATE TABLE applications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    default_priority INTEGER NOT NULL,
    created INTEGER NOT NULL
, content_type TEXT NOT NULL DEFAULT 'auto', image TEXT, deleted INTEGER, type TEXT NOT NULL DEFAULT '', url TEXT NOT NULL DEFAULT '');
INSERT INTO "applications" VALUES(1,'Backup','at night',0,1788264000000000,'auto',NULL,NULL,'','');
INSERT INTO "applications" VALUES(2,'Doorbell','',8,1788264000000000,'text/markdown','bell.png',NULL,'','');
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
INSERT INTO "attempts" VALUES(1,1,1788264000000000,5,'retry','timeout','',NULL);
CREATE TABLE confirmations (
    service_id INTEGER NOT NULL,
    address TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    asked INTEGER NOT NULL,
    confirmed INTEGER,
    PRIMARY KEY (service_id, address)
) WITHOUT ROWID;
INSERT INTO "confirmations" VALUES(1,'eve@example.org',X'636F6465',1788264000000000,NULL);
CREATE TABLE counters (
    message INTEGER NOT NULL,
    changed INTEGER NOT NULL
);
INSERT INTO "counters" VALUES(7,31);
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
INSERT INTO "deliveries" VALUES(1,7,1,1,5,1788264000000000,'retry',1788267600000000,0,1,NULL,NULL,'timeout','',NULL,'','',NULL,NULL,'','','',0,0);
CREATE TABLE delivery_statistics (
    service_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    PRIMARY KEY (service_id, hour)
) WITHOUT ROWID;
INSERT INTO "delivery_statistics" VALUES(1,496740,0,0,1);
CREATE TABLE devices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    created INTEGER NOT NULL
, kind TEXT NOT NULL DEFAULT 'device', expires_after INTEGER NOT NULL DEFAULT 0, elevated_until INTEGER NOT NULL DEFAULT 0);
INSERT INTO "devices" VALUES(1,1,'phone',1788264000000000,'device',0,0);
INSERT INTO "devices" VALUES(2,2,'browser',1788264000000000,'session',3600,1788267600000000);
CREATE TABLE entries (
    user_id INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    application_id INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    read INTEGER,
    dismissed INTEGER,
    acknowledged INTEGER, pinned BIGINT,
    PRIMARY KEY (user_id, deleted, message_id)
) WITHOUT ROWID;
INSERT INTO "entries" VALUES(1,0,3,1,21,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(1,0,4,2,27,1788264000000001,1788264000000002,NULL,NULL);
INSERT INTO "entries" VALUES(1,0,6,1,30,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(1,0,7,1,31,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(1,1788264000000000,5,1,29,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(1,1788350400000000,2,1,23,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(2,0,4,2,26,NULL,NULL,NULL,NULL);
CREATE TABLE filled (
    name TEXT PRIMARY KEY,
    reached INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "filled" VALUES('search',6);
INSERT INTO "filled" VALUES('statistics',6);
CREATE TABLE group_applications (
    group_id INTEGER NOT NULL REFERENCES groups (id),
    application_id INTEGER NOT NULL REFERENCES applications (id),
    PRIMARY KEY (group_id, application_id)
) WITHOUT ROWID;
INSERT INTO "group_applications" VALUES(1,2);
CREATE TABLE group_members (
    group_id INTEGER NOT NULL REFERENCES groups (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    PRIMARY KEY (group_id, user_id)
) WITHOUT ROWID;
INSERT INTO "group_members" VALUES(1,1);
INSERT INTO "group_members" VALUES(1,2);
CREATE TABLE groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL
);
INSERT INTO "groups" VALUES(1,'family',1788264000000000);
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
INSERT INTO "idempotency" VALUES(1,'once',X'73616D65',7,'000000000012',1788264000000000,1788267600000000);
CREATE TABLE images (
    name TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    content BLOB NOT NULL
);
INSERT INTO "images" VALUES('bell.png','image/png',X'89504E47');
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
INSERT INTO "messages" VALUES(3,'000000000008',1,'cleared','done','text/plain','gotify',5,5,1788264000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,1);
INSERT INTO "messages" VALUES(4,'000000000009',2,'ring','done','text/plain','gotify',8,8,1788264000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,2);
INSERT INTO "messages" VALUES(6,'000000000011',1,'2 %','done','text/plain','gotify',5,5,1788264000000000,'bell','https://example.org/','look','https://example.org/i.png','["a"]','[]','{"a":  1.50}','progress',1788350400000000,1,1);
INSERT INTO "messages" VALUES(7,'000000000012',1,'once','done','text/plain','gotify',5,5,1788264000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,1);
CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO "migrations" VALUES(1,'0001_initial');
INSERT INTO "migrations" VALUES(2,'0002_sharing');
INSERT INTO "migrations" VALUES(3,'0003_origins');
INSERT INTO "migrations" VALUES(4,'0004_preferences');
INSERT INTO "migrations" VALUES(5,'0005_search');
INSERT INTO "migrations" VALUES(6,'0006_statistics');
INSERT INTO "migrations" VALUES(7,'0007_services');
CREATE TABLE origins (
    id BIGINT NOT NULL PRIMARY KEY,
    reached BIGINT NOT NULL,
    told BIGINT NOT NULL,
    kept_users BIGINT NOT NULL,
    kept_applications BIGINT NOT NULL,
    kept_devices BIGINT NOT NULL,
    kept_messages BIGINT NOT NULL
);
PRAGMA writable_schema=ON;
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','search','search',0,'CREATE VIRTUAL TABLE search USING fts5 (
    title, body, url, url_title, tags, marks,
    content=''searchable'', content_rowid=''id'', columnsize=0, detail=none,
    tokenize="unicode61 remove_diacritics 2 categories ''L* N*'' separators ''🛐🛑🛒🛓🛔🛕🛖🛗🛘🛙🛚🛛🛜🛝🛞🛟🛠🛡🛢🛣🛤🛥🛦🛧🛨🛩🛪🛫🛬🛭🛮🛯🛰🛱🛲🛳🛴🛵🛶🛷🛸🛹🛺🛻🛼🛽🛾🛿🟠🟡🟢🟣🟤🟥🟦🟧🟨🟩🟪🟫🟬🟭🟮🟯🟰🟱🟲🟳🟴🟵🟶🟷🟸🟹🟺🟻🟼🟽🟾🟿🤀🤁🤂🤃🤄🤅🤆🤇🤈🤉🤊🤋🤌🤍🤎🤏🤐🤑🤒🤓🤔🤕🤖🤗🤘🤙🤚🤛🤜🤝🤞🤟🤠🤡🤢🤣🤤🤥🤦🤧🤨🤩🤪🤫🤬🤭🤮🤯🤰🤱🤲🤳🤴🤵🤶🤷🤸🤹🤺🤻🤼🤽🤾🤿🥀🥁🥂🥃🥄🥅🥆🥇🥈🥉🥊🥋🥌🥍🥎🥏🥐🥑🥒🥓🥔🥕🥖🥗🥘🥙🥚🥛🥜🥝🥞🥟🥠🥡🥢🥣🥤🥥🥦🥧🥨🥩🥪🥫🥬🥭🥮🥯🥰🥱🥲🥳🥴🥵🥶🥷🥸🥹🥺🥻🥼🥽🥾🥿🦀🦁🦂🦃🦄🦅🦆🦇🦈🦉🦊🦋🦌🦍🦎🦏🦐🦑🦒🦓🦔🦕🦖🦗🦘🦙🦚🦛🦜🦝🦞🦟🦠🦡🦢🦣🦤🦥🦦🦧🦨🦩🦪🦫🦬🦭🦮🦯🦰🦱🦲🦳🦴🦵🦶🦷🦸🦹🦺🦻🦼🦽🦾🦿🧀🧁🧂🧃🧄🧅🧆🧇🧈🧉🧊🧋🧌🧍🧎🧏🧐🧑🧒🧓🧔🧕🧖🧗🧘🧙🧚🧛🧜🧝🧞🧟🧠🧡🧢🧣🧤🧥🧦🧧🧨🧩🧪🧫🧬🧭🧮🧯🧰🧱🧲🧳🧴🧵🧶🧷🧸🧹🧺🧻🧼🧽🧾🧿🩰🩱🩲🩳🩴🩵🩶🩷🩸🩹🩺🩻🩼🩽🩾🩿🪀🪁🪂🪃🪄🪅🪆🪇🪈🪉🪊🪋🪌🪍🪎🪏🪐🪑🪒🪓🪔🪕🪖🪗🪘🪙🪚🪛🪜🪝🪞🪟🪠🪡🪢🪣🪤🪥🪦🪧🪨🪩🪪🪫🪬🪭🪮🪯🪰🪱🪲🪳🪴🪵🪶🪷🪸🪹🪺🪻🪼🪽🪾🪿🫀🫁🫂🫃🫄🫅🫆🫇🫈🫉🫊🫋🫌🫍🫎🫏🫐🫑🫒🫓🫔🫕🫖🫗🫘🫙🫚🫛🫜🫝🫞🫟🫠🫡🫢🫣🫤🫥🫦🫧🫨🫩🫪🫫🫬🫭🫮🫯🫰🫱🫲🫳🫴🫵🫶🫷🫸🫹🫺🫻🫼🫽🫾🫿''"
)');
CREATE TABLE 'search_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO "search_config" VALUES('automerge',0);
INSERT INTO "search_config" VALUES('version',4);
CREATE TABLE 'search_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO "search_data" VALUES(1,X'03020200000006');
INSERT INTO "search_data" VALUES(10,X'000000010101000001010101');
INSERT INTO "search_data" VALUES(137438953473,X'000000390830636C6561726564030104646F6E650301010472696E670401067A7A6170703103030601320403066C6576656C35030308013804040A08070A040A');
CREATE TABLE search_hours (
    hour INTEGER PRIMARY KEY,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL
);
INSERT INTO "search_hours" VALUES(496740,3,6);
CREATE TABLE 'search_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
INSERT INTO "search_idx" VALUES(1,X'',2);
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','search_words','search_words',0,'CREATE VIRTUAL TABLE search_words USING fts5vocab (search, row)');
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
INSERT INTO "services" VALUES(1,'Chat','matrix','user',1,NULL,1,'{"applications":null,"without":[],"min_level":0,"quiet":null,"fallback":null,"quota":100,"retry":"normal","title_template":"","body_template":""}',X'7365616C6564',1788264000000000,'{"cause":"","failures":0,"step":0,"since":null,"paused_until":null,"code":"ok","text":"","field":""}','{"sent":0,"failed":0,"retried":1,"month":0,"used":0,"quota_left":null,"last_sent":null,"last_failed":null,"last_code":"ok","last_text":""}');
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE statistics (
    application_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    level INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (application_id, hour, level)
) WITHOUT ROWID;
INSERT INTO "statistics" VALUES(1,496740,5,5,1788264000000000);
INSERT INTO "statistics" VALUES(2,496740,8,1,1788264000000000);
CREATE TABLE subscriptions (
    user_id INTEGER NOT NULL REFERENCES users (id),
    application_id INTEGER NOT NULL REFERENCES applications (id),
    role TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    cleared_to INTEGER NOT NULL DEFAULT 0,
    swept_to INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0, left_at INTEGER NOT NULL DEFAULT 0, muted_until BIGINT NOT NULL DEFAULT 0, min_level BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, application_id),
    UNIQUE (user_id, sort_key)
) WITHOUT ROWID;
INSERT INTO "subscriptions" VALUES(1,1,'owner','a0',3,0,24,0,0,0);
INSERT INTO "subscriptions" VALUES(1,2,'owner','a1',0,0,0,0,0,0);
INSERT INTO "subscriptions" VALUES(2,2,'member','a3',0,0,0,0,0,0);
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    application_id INTEGER REFERENCES applications (id),
    device_id INTEGER REFERENCES devices (id),
    digest BLOB NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    last_used INTEGER, sealed BLOB, name TEXT NOT NULL DEFAULT '',
    CHECK ((application_id IS NULL) <> (device_id IS NULL))
);
INSERT INTO "tokens" VALUES(1,'application',1,NULL,X'6261636B7570',1788264000000000,NULL,NULL,'');
INSERT INTO "tokens" VALUES(2,'application',2,NULL,X'646F6F72',1788264000000000,NULL,NULL,'');
INSERT INTO "tokens" VALUES(3,'device',NULL,1,X'70686F6E65',1788264000000000,1788267600000000,NULL,'');
INSERT INTO "tokens" VALUES(4,'device',NULL,2,X'62726F77736572',1788264000000000,NULL,X'7365616C6564','');
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    admin BOOLEAN NOT NULL,
    initial_password BOOLEAN NOT NULL,
    created INTEGER NOT NULL,
    forgotten INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "users" VALUES(1,'ada','hash',1,1,1788264000000000,22);
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
CREATE INDEX subscriptions_left ON subscriptions (left_at) WHERE left_at > 0;
CREATE INDEX devices_expiring ON devices (id) WHERE expires_after > 0;
CREATE INDEX group_members_user ON group_members (user_id);
CREATE INDEX group_applications_application ON group_applications (application_id);
CREATE INDEX adopted_sign ON adopted (sign);
CREATE INDEX entries_pinned ON entries (user_id, deleted, message_id, application_id, pinned)
WHERE pinned IS NOT NULL AND deleted = 0;
CREATE INDEX entries_unread ON entries (user_id, application_id, message_id, read) WHERE read IS NULL AND deleted = 0;
CREATE VIEW searchable AS SELECT
    id,
    iif(encrypted, NULL, title) AS title,
    iif(encrypted, NULL, body) AS body,
    iif(encrypted, NULL, url) AS url,
    iif(encrypted, NULL, url_title) AS url_title,
    iif(encrypted, NULL, tags) AS tags,
    'zzapp' || application_id || ' zzlevel' || level
        || iif(NOT encrypted AND (url IS NOT NULL OR instr(body, 'http://') OR instr(body, 'https://')), ' zzlink', '')
        || iif(
            NOT encrypted
            AND (instr(extras, '"bigImageUrl"') OR (content_type = 'text/markdown' AND instr(body, '!['))),
            ' zzimage', ''
        ) AS marks
FROM messages;
CREATE TRIGGER messages_unindexed BEFORE DELETE ON messages
WHEN OLD.id <= (SELECT reached FROM filled WHERE name = 'search')
BEGIN
    INSERT INTO search (search, rowid, title, body, url, url_title, tags, marks)
    SELECT 'delete', id, title, body, url, url_title, tags, marks FROM searchable WHERE id = OLD.id;
END;
CREATE TRIGGER messages_counted BEFORE DELETE ON messages
WHEN OLD.id > (SELECT reached FROM filled WHERE name = 'statistics')
BEGIN
    INSERT INTO statistics (application_id, hour, level, messages, last)
    VALUES (OLD.application_id, OLD.created / 3600000000, OLD.level, 1, OLD.created)
    ON CONFLICT (application_id, hour, level) DO UPDATE SET
        messages = messages + 1,
        last = CASE WHEN excluded.last > last THEN excluded.last ELSE last END;
END;
CREATE TRIGGER applications_forgotten AFTER DELETE ON applications
BEGIN
    DELETE FROM statistics WHERE application_id = OLD.id;
END;
CREATE INDEX deliveries_message ON deliveries (message_id);
CREATE INDEX deliveries_state ON deliveries (service_id, state, id);
CREATE INDEX deliveries_due ON deliveries (service_id, due) WHERE state IN ('retry', 'held');
CREATE INDEX deliveries_follow ON deliveries (follow) WHERE follow IS NOT NULL;
CREATE INDEX deliveries_settled ON deliveries (settled) WHERE settled IS NOT NULL;
PRAGMA writable_schema=OFF;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('users',2);
INSERT INTO "sqlite_sequence" VALUES('applications',2);
INSERT INTO "sqlite_sequence" VALUES('tokens',4);
INSERT INTO "sqlite_sequence" VALUES('devices',2);
INSERT INTO "sqlite_sequence" VALUES('groups',1);
INSERT INTO "sqlite_sequence" VALUES('services',1);
INSERT INTO "sqlite_sequence" VALUES('deliveries',1);
COMMIT;
