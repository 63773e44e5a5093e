-- How many messages an application sent within an hour, also of those deleted since. hour: since 1970, in UTC. last:
-- when the last of them was sent.
CREATE TABLE statistics (
    application_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    level INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (application_id, hour, level)
) WITHOUT ROWID;
INSERT INTO filled (name, reached) VALUES ('statistics', 0);

-- What goes before it was counted is counted as it goes.
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
