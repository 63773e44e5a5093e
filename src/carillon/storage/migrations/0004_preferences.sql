-- pinned: since when. The two lists that are short in a long inbox have an index of their own: with every column that is
-- asked for, since SQLite would rather walk the whole inbox than look into the table for each row.
ALTER TABLE entries ADD COLUMN pinned BIGINT;
CREATE INDEX entries_pinned ON entries (user_id, deleted, message_id, application_id, pinned)
WHERE pinned IS NOT NULL AND deleted = 0;
CREATE INDEX entries_unread ON entries (user_id, application_id, message_id, read) WHERE read IS NULL AND deleted = 0;

-- What a person wants to be rung for. muted_until: 0 for not muted. min_level: from which level on.
ALTER TABLE subscriptions ADD COLUMN muted_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN min_level BIGINT NOT NULL DEFAULT 0;

-- type: in a person's words, such as "script".
ALTER TABLE applications ADD COLUMN type TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN url TEXT NOT NULL DEFAULT '';

-- name: where it is used, in a person's words.
ALTER TABLE tokens ADD COLUMN name TEXT NOT NULL DEFAULT '';

-- What admins have decided while the server runs. value: JSON.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
