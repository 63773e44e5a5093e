"""The index of words in SQLite: FTS5 over the view `searchable`, which yields the newest of any word first."""

from __future__ import annotations

from itertools import product

from carillon.storage.search_index import Candidates, Sought
from carillon.storage.session import Session

COLUMNS = "title, body, url, url_title, tags, marks"

FIND = """
    SELECT rowid FROM search WHERE search MATCH ? AND rowid > ? AND rowid < ? ORDER BY rowid DESC LIMIT ?
"""
ADD = f"""
    INSERT INTO search (rowid, {COLUMNS}) SELECT id, {COLUMNS} FROM searchable WHERE id BETWEEN ? AND ? ORDER BY id
"""

# FTS5 tells by the number of changes whether it merged anything.
MERGE = "INSERT INTO search (search, rank) VALUES ('merge', ?)"
A_PAGE = 32  # messages, for which a page is merged: more than they need
CHANGES = "SELECT total_changes()"

# Each message has exactly one of these.
SIZE = "SELECT coalesce(sum(doc), 0) FROM search_words WHERE term BETWEEN 'zzlevel0' AND 'zzlevel99'"

BEGUN = 4_000  # ids
SHARP = 3  # of the "ss" in a word, how many may have been written as ß


class SqliteIndex:
    async def find(self, tx: Session, sought: Sought, *, above: int, below: int, limit: int) -> Candidates:
        """Beginnings are looked up anew each time, so more than asked for is yielded at once."""
        limit = max(limit, BEGUN) if sought.beginnings else limit
        ids = [row[0] for row in await tx.rows(FIND, expression(sought), above, below, limit)]
        return Candidates(ids, ids[-1] if len(ids) == limit else None)

    async def add(self, tx: Session, first: int, last: int) -> None:
        await tx.run(ADD, first, last)

    async def tidy(self, tx: Session, messages: int) -> bool:
        ((before,),) = await tx.rows(CHANGES)
        await tx.run(MERGE, 1 + messages // A_PAGE)
        ((after,),) = await tx.rows(CHANGES)
        return bool(after - before > 1)

    async def size(self, tx: Session) -> int:
        (row,) = await tx.rows(SIZE)
        return int(row[0])


def expression(sought: Sought) -> str:
    """As MATCH takes it. Words are letters and digits only: nothing to escape."""
    parts = [_one_of([f'"{way}"' for way in ways(word)]) for word in sought.words]
    parts += [_one_of([f'"{way}"*' for way in ways(word, goes_on=True)]) for word in sought.beginnings]
    parts += [_one_of([f'"{word}"' for word in choice]) for choice in sought.choices]
    return " AND ".join(parts)


def _one_of(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"


def ways(word: str, *, goes_on: bool = False) -> list[str]:
    """How it may be written: the tokenizer keeps ß apart from ss. The s at the end of a beginning may be half an ß."""
    *between, last = word.split("ss")
    if not between:
        spelt = [word]
    else:
        joints = [("ss", "ß") if at < SHARP else ("ss",) for at in range(len(between))]
        spelt = [
            "".join(part + joint for part, joint in zip(between, chosen, strict=True)) + last
            for chosen in product(*joints)
        ]
    return spelt + [f"{one[:-1]}ß" for one in spelt if goes_on and one.endswith("s")]
