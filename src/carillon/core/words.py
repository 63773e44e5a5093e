"""What counts as a word, and when two of them are the same, wherever text is searched.

A word is a run of letters and digits. Capitals, the marks of Latin letters and the two ways to write an ß make no
difference: "Müller" is found by "muller", "Straße" by "STRASSE". In other alphabets a mark makes another letter. That
is what SQLite's tokenizer `unicode61` does too, but for the ß.
"""

from __future__ import annotations

import re
import unicodedata

# The combining marks that are left out: of the block 0300–036F those that `unicode61` knows as diacritics.
_MARKS = frozenset(
    chr(code)
    for first, last in ((0x300, 0x304), (0x306, 0x30C), (0x30F, 0x30F), (0x311, 0x311), (0x31B, 0x31B), (0x323, 0x328))
    for code in range(first, last + 1)
) | {"\u032d", "\u032e", "\u0330", "\u0331"}

_WORD = re.compile(r"[^\W_]+")


class _Letters(dict[int, str]):
    """Of each character beyond ASCII that was met, what stands for it."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        bare = "".join(part for part in unicodedata.normalize("NFD", letter) if part not in _MARKS)
        kept = bare if bare.isascii() else letter.lower().replace("ß", "ss")
        self[code] = folded = kept.lower()
        return folded


_LETTERS = _Letters()


def fold(text: str) -> str:
    """The text as it is compared. It may have become longer or shorter."""
    return text.lower() if text.isascii() else text.translate(_LETTERS)


def words(text: str) -> list[str]:
    """Folded, in their order."""
    return _WORD.findall(fold(text))
