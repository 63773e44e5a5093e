from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from carillon.core.words import fold, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("... --- ...", []),
        ("Disk usage: 93.5 %", ["disk", "usage", "93", "5"]),
        ("snake_case db-3", ["snake", "case", "db", "3"]),
        ("MÜLLER Straße STRASSE", ["muller", "strasse", "strasse"]),
        ("ẞ İstanbul Ångström Việt", ["ss", "istanbul", "angstrom", "viet"]),
        ("e\u0301cole cafe\u0301", ["ecole", "cafe"]),
        ("Żółć øre æther", ["zołc", "øre", "æther"]),
        ("мой МОЙ Άλφα", ["мой", "мой", "άλφα"]),
        ("数据库 備份", ["数据库", "備份"]),
        ("done✅🤖next", ["done", "next"]),
        ("한국어", ["한국어"]),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_words_are_what_they_are_when_folded_again() -> None:
    text = "ẞ İ ﬁ ǅ Åé мой Σίσυφος 한국어"
    assert words(fold(text)) == words(text)


def test_sqlite_takes_the_same_letters_apart() -> None:
    """Of the alphabets of Europe each letter, in a word: the index would not find it otherwise."""
    letters = [chr(code) for code in (*range(0x20, 0x250), *range(0x370, 0x530), *range(0x1E00, 0x2000))]
    known = [letter for letter in letters if letter not in 'ßẞǠǡͿԨԩԪԫԬԭԮԯ"' and letter.isalnum()]
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(
            "CREATE VIRTUAL TABLE t USING fts5 (x, tokenize=\"unicode61 remove_diacritics 2 categories 'L* N*'\")"
        )
        for letter in known:
            db.execute("DELETE FROM t")
            db.execute("INSERT INTO t VALUES (?)", (f"a{letter}b",))
            (word,) = words(f"a{letter}b")
            assert db.execute("SELECT count(*) FROM t WHERE t MATCH ?", (f'"{word}"',)).fetchone() == (1,), letter
