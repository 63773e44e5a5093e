-- How far what is filled behind the publishing has come: all messages up to the id `reached`.
CREATE TABLE filled (
    name TEXT PRIMARY KEY,
    reached INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO filled (name, reached) VALUES ('search', 0);

-- Between which ids the messages lie that were sent within an hour. hour: since 1970, in UTC.
CREATE TABLE search_hours (
    hour INTEGER PRIMARY KEY,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL
);

-- What is indexed of a message: nothing of what is encrypted. marks: words that stand for something else than text, so
-- that it can be found by them.
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

-- Which words a message has, not where they stand: what is found is read again anyway. The separators are pictures
-- that are younger than the tokenizer, which takes them for letters.
CREATE VIRTUAL TABLE search USING fts5 (
    title, body, url, url_title, tags, marks,
    content='searchable', content_rowid='id', columnsize=0, detail=none,
    tokenize="unicode61 remove_diacritics 2 categories 'L* N*' separators '🛐🛑🛒🛓🛔🛕🛖🛗🛘🛙🛚🛛🛜🛝🛞🛟🛠🛡🛢🛣🛤🛥🛦🛧🛨🛩🛪🛫🛬🛭🛮🛯🛰🛱🛲🛳🛴🛵🛶🛷🛸🛹🛺🛻🛼🛽🛾🛿🟠🟡🟢🟣🟤🟥🟦🟧🟨🟩🟪🟫🟬🟭🟮🟯🟰🟱🟲🟳🟴🟵🟶🟷🟸🟹🟺🟻🟼🟽🟾🟿🤀🤁🤂🤃🤄🤅🤆🤇🤈🤉🤊🤋🤌🤍🤎🤏🤐🤑🤒🤓🤔🤕🤖🤗🤘🤙🤚🤛🤜🤝🤞🤟🤠🤡🤢🤣🤤🤥🤦🤧🤨🤩🤪🤫🤬🤭🤮🤯🤰🤱🤲🤳🤴🤵🤶🤷🤸🤹🤺🤻🤼🤽🤾🤿🥀🥁🥂🥃🥄🥅🥆🥇🥈🥉🥊🥋🥌🥍🥎🥏🥐🥑🥒🥓🥔🥕🥖🥗🥘🥙🥚🥛🥜🥝🥞🥟🥠🥡🥢🥣🥤🥥🥦🥧🥨🥩🥪🥫🥬🥭🥮🥯🥰🥱🥲🥳🥴🥵🥶🥷🥸🥹🥺🥻🥼🥽🥾🥿🦀🦁🦂🦃🦄🦅🦆🦇🦈🦉🦊🦋🦌🦍🦎🦏🦐🦑🦒🦓🦔🦕🦖🦗🦘🦙🦚🦛🦜🦝🦞🦟🦠🦡🦢🦣🦤🦥🦦🦧🦨🦩🦪🦫🦬🦭🦮🦯🦰🦱🦲🦳🦴🦵🦶🦷🦸🦹🦺🦻🦼🦽🦾🦿🧀🧁🧂🧃🧄🧅🧆🧇🧈🧉🧊🧋🧌🧍🧎🧏🧐🧑🧒🧓🧔🧕🧖🧗🧘🧙🧚🧛🧜🧝🧞🧟🧠🧡🧢🧣🧤🧥🧦🧧🧨🧩🧪🧫🧬🧭🧮🧯🧰🧱🧲🧳🧴🧵🧶🧷🧸🧹🧺🧻🧼🧽🧾🧿🩰🩱🩲🩳🩴🩵🩶🩷🩸🩹🩺🩻🩼🩽🩾🩿🪀🪁🪂🪃🪄🪅🪆🪇🪈🪉🪊🪋🪌🪍🪎🪏🪐🪑🪒🪓🪔🪕🪖🪗🪘🪙🪚🪛🪜🪝🪞🪟🪠🪡🪢🪣🪤🪥🪦🪧🪨🪩🪪🪫🪬🪭🪮🪯🪰🪱🪲🪳🪴🪵🪶🪷🪸🪹🪺🪻🪼🪽🪾🪿🫀🫁🫂🫃🫄🫅🫆🫇🫈🫉🫊🫋🫌🫍🫎🫏🫐🫑🫒🫓🫔🫕🫖🫗🫘🫙🫚🫛🫜🫝🫞🫟🫠🫡🫢🫣🫤🫥🫦🫧🫨🫩🫪🫫🫬🫭🫮🫯🫰🫱🫲🫳🫴🫵🫶🫷🫸🫹🫺🫻🫼🫽🫾🫿'"
);
-- Its parts are merged in slices too, as they are asked for.
INSERT INTO search (search, rank) VALUES ('automerge', 0);
CREATE VIRTUAL TABLE search_words USING fts5vocab (search, row);

CREATE TRIGGER messages_unindexed BEFORE DELETE ON messages
WHEN OLD.id <= (SELECT reached FROM filled WHERE name = 'search')
BEGIN
    INSERT INTO search (search, rowid, title, body, url, url_title, tags, marks)
    SELECT 'delete', id, title, body, url, url_title, tags, marks FROM searchable WHERE id = OLD.id;
END;
