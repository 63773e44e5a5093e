"""The index of words in PostgreSQL: a tsvector a message, below a GIN index.

GIN knows no order: asked for a frequent word, it collects every message that has it. So each message also has a word
for each span of ids it is in, a narrow one within wider ones, and the newest span is asked for first, then wider ones.
Wide spans have words of their own because a list of many narrow ones takes seventy times as long: GIN would go through
all the messages of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat

from carillon.core.matching import Texts, marks
from carillon.core.words import words
from carillon.storage.search_index import Candidates, Sought
from carillon.storage.session import Row, Session, Table

SPANS = (13, 16, 19, 22)  # bits of the ids within one: 8,192 of them to four million
YIELD = 2_000  # ids, at most, of one statement

LONGEST_WORD = 200  # characters; a lexeme holds 2,046 bytes
LARGEST = 900_000  # bytes of a message's words; a tsvector holds 2^20

# Without the sum PostgreSQL might read all messages between the two ids instead of asking the index.
FIND = f"""
    SELECT message_id FROM search
    WHERE words @@ (?::text)::tsquery AND message_id + 0 > ? AND message_id + 0 < ?
    ORDER BY message_id + 0 DESC LIMIT {YIELD}
"""
NEXT = "SELECT max(message_id) FROM search WHERE message_id < ?"
READ = """
    SELECT id, application_id, level, title, body, url, url_title, tags, content_type, extras, encrypted
    FROM messages WHERE id BETWEEN ? AND ? ORDER BY id
"""
SEARCH = Table("search", (("message_id", "bigint"), ("words", "tsvector")))


class PostgresIndex:
    async def find(self, tx: Session, sought: Sought, *, above: int, below: int, limit: int) -> Candidates:
        ids: list[int] = []
        wider = chain(SPANS, repeat(SPANS[-1]))
        while len(ids) < limit:
            row = await tx.row(NEXT, below)
            if row is None or row[0] is None or row[0] <= above:
                return Candidates(ids, None)
            bits = next(wider)
            span = row[0] >> bits
            query = expression(Sought((*sought.words, span_mark(bits, span)), sought.beginnings, sought.choices))
            found = [one[0] for one in await tx.rows(FIND, query, above, below)]
            ids += found
            below = found[-1] if len(found) == YIELD else span << bits
        return Candidates(ids, below)

    async def add(self, tx: Session, first: int, last: int) -> None:
        rows = await tx.rows(READ, first, last)
        if rows:
            await tx.insert(SEARCH, [(row[0], " ".join(_words(row))) for row in rows])

    async def tidy(self, tx: Session, messages: int) -> bool:
        """Its vacuum does that."""
        return False

    async def size(self, tx: Session) -> int:
        (row,) = await tx.rows("SELECT count(*) FROM search")
        return int(row[0])


def span_mark(bits: int, number: int) -> str:
    return f"zzspan{bits}n{number}"


def expression(sought: Sought) -> str:
    """As a tsquery. Words are letters and digits only: nothing to escape."""
    parts = [_exactly(word) for word in sought.words]
    parts += [f"{_exactly(word)}:*" for word in sought.beginnings]
    parts += [f"({' | '.join(map(_exactly, choice))})" for choice in sought.choices]
    return " & ".join(parts)


def _exactly(word: str) -> str:
    return f"'{word[:LONGEST_WORD]}'"


def _words(row: Row) -> Iterator[str]:
    number, application_id, level, *rest = row
    texts = Texts(*rest)
    yield from marks(texts, application_id=application_id, level=level)
    for bits in SPANS:
        yield span_mark(bits, number >> bits)
    if not texts.encrypted:
        yield from _bounded((texts.title, texts.body, texts.url, texts.url_title, texts.tags))


def _bounded(parts: Sequence[str | None]) -> Iterator[str]:
    room = LARGEST
    for word in {word[:LONGEST_WORD] for part in parts if part for word in words(part)}:
        room -= len(word.encode()) + 1
        if room < 0:
            return
        yield word
