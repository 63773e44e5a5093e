-- How many messages an application sent within an hour, also of those deleted since. hour: since 1970, in UTC. last:
-- when the last of them was sent.
CREATE TABLE statistics (
    application_id BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    level BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (application_id, hour, level)
);
INSERT INTO filled (name, reached) VALUES ('statistics', 0);

-- What goes before it was counted is counted as it goes.
CREATE FUNCTION count_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.id > (SELECT reached FROM filled WHERE name = 'statistics') THEN
        INSERT INTO statistics (application_id, hour, level, messages, last)
        VALUES (OLD.application_id, OLD.created / 3600000000, OLD.level, 1, OLD.created)
        ON CONFLICT (application_id, hour, level) DO UPDATE SET
            messages = statistics.messages + 1,
            last = greatest(statistics.last, excluded.last);
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER messages_counted BEFORE DELETE ON messages FOR EACH ROW EXECUTE FUNCTION count_message();

CREATE FUNCTION forget_application() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM statistics WHERE application_id = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER applications_forgotten AFTER DELETE ON applications
FOR EACH ROW EXECUTE FUNCTION forget_application();
