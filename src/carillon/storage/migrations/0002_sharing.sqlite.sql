-- content_type: what a message is whose sender does not say, 'auto' for looking at it. deleted: when; the row stays
-- while somebody's inbox holds its messages.
ALTER TABLE applications ADD COLUMN content_type TEXT NOT NULL DEFAULT 'auto';
ALTER TABLE applications ADD COLUMN image TEXT;
ALTER TABLE applications ADD COLUMN deleted INTEGER;

-- left_at: 0, or since when it is listed only while the inbox holds messages of the application.
ALTER TABLE subscriptions ADD COLUMN left_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX subscriptions_left ON subscriptions (left_at) WHERE left_at > 0;

-- expires_after: seconds without use, 0 for never.
ALTER TABLE devices ADD COLUMN kind TEXT NOT NULL DEFAULT 'device';
ALTER TABLE devices ADD COLUMN expires_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN elevated_until INTEGER NOT NULL DEFAULT 0;
CREATE INDEX devices_expiring ON devices (id) WHERE expires_after > 0;

-- sealed: the secret itself, encrypted with a key that is not in the database; only where lists are to show it.
ALTER TABLE tokens ADD COLUMN sealed BLOB;

CREATE TABLE images (
    name TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    content BLOB NOT NULL
);

CREATE TABLE groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL
);

CREATE TABLE group_members (
    group_id INTEGER NOT NULL REFERENCES groups (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    PRIMARY KEY (group_id, user_id)
) WITHOUT ROWID;
CREATE INDEX group_members_user ON group_members (user_id);

CREATE TABLE group_applications (
    group_id INTEGER NOT NULL REFERENCES groups (id),
    application_id INTEGER NOT NULL REFERENCES applications (id),
    PRIMARY KEY (group_id, application_id)
) WITHOUT ROWID;
CREATE INDEX group_applications_application ON group_applications (application_id);
