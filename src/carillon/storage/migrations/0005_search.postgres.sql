-- How far what is filled behind the publishing has come: all messages up to the id `reached`.
CREATE TABLE filled (
    name TEXT COLLATE "C" PRIMARY KEY,
    reached BIGINT NOT NULL
);
INSERT INTO filled (name, reached) VALUES ('search', 0);

-- Between which ids the messages lie that were sent within an hour. hour: since 1970, in UTC.
CREATE TABLE search_hours (
    hour BIGINT PRIMARY KEY,
    first_id BIGINT NOT NULL,
    last_id BIGINT NOT NULL
);

-- Which words a message has, not where they stand: what is found is read again anyway. Among them are words that stand
-- for something else than text, so that it can be found by them.
CREATE TABLE search (
    message_id BIGINT PRIMARY KEY,
    words TSVECTOR NOT NULL
);
CREATE INDEX search_words ON search USING gin (words) WITH (fastupdate = off);

CREATE FUNCTION unindex_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM search WHERE message_id = OLD.id;
    RETURN OLD;
END
$$;
CREATE TRIGGER messages_unindexed BEFORE DELETE ON messages FOR EACH ROW EXECUTE FUNCTION unindex_message();
