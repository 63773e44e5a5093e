-- Other servers whose installation came over. reached: their last message that did; told: up to which their receivers
-- were made to look. kept_…: ids up to these are the same here as there; 0 for none.
CREATE TABLE origins (
    id BIGINT NOT NULL PRIMARY KEY,
    reached BIGINT NOT NULL,
    told BIGINT NOT NULL,
    kept_users BIGINT NOT NULL,
    kept_applications BIGINT NOT NULL,
    kept_devices BIGINT NOT NULL,
    kept_messages BIGINT NOT NULL
);

-- What became of them, also of what was deleted since. sign: a user's name, or the digest of a token in hex.
CREATE TABLE adopted (
    origin_id BIGINT NOT NULL REFERENCES origins (id),
    kind TEXT NOT NULL,
    foreign_id BIGINT NOT NULL,
    own_id BIGINT NOT NULL,
    sign TEXT NOT NULL,
    PRIMARY KEY (origin_id, kind, foreign_id)
);
CREATE INDEX adopted_sign ON adopted (sign);
