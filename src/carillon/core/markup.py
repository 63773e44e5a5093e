"""Foreign text set into Markdown so that it reads as it was written, whatever is in it.

Markdown is CommonMark with GitHub's tables, strikethrough and bare addresses, as Gotify's clients know it.
"""

from __future__ import annotations

import re
from urllib.parse import quote

_BLANKS = re.compile(r"[\x00-\x1f\x7f\s]+")
# An underscore within a word means nothing, and the names of metrics and hosts are full of them.
_ACTIVE = re.compile(r"[\\`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w)")
_LEADING = re.compile(r"(?=[#+=-])|[0-9]{1,9}(?=[.)])")
_WEB = re.compile(r"https?://[^\x00-\x20\x7f]+", re.IGNORECASE)
# What addresses are made of, but for parentheses, which end a destination, and semicolons, which end an entity.
_SAFE = "!#$%&'*+,/:=?@[]~"


def clip(text: str, most: int) -> str:
    """The text on one line, of at most `most` characters."""
    line = _BLANKS.sub(" ", text[: 4 * most]).strip()
    whole = len(line) <= most and len(text) <= 4 * most
    return line if whole else line[: most - 1] + "…"


def escape(line: str) -> str:
    """Text of one line, for anywhere in a paragraph or list. At most twice as long, and one character."""
    escaped = _ACTIVE.sub(r"\\\g<0>", line)
    return _LEADING.sub(r"\g<0>\\", escaped, count=1) if _LEADING.match(escaped) else escaped


def paragraph(text: str, most: int) -> str:
    """The first `most` characters as one paragraph that keeps their lines."""
    lines = [escape(line) for line in (clip(line, most) for line in text[:most].splitlines()) if line]
    return "  \n".join([*lines, "…"] if len(text) > most else lines)


def href(url: str, most: int) -> str | None:
    """The address as it stands in a link, in ASCII. None for what is not of the web or longer than `most`."""
    if len(url) > most or not _WEB.fullmatch(url):
        return None
    address = quote(url, safe=_SAFE)
    return address if len(address) <= most else None


def link(name: str, address: str) -> str:
    """`address` comes from `href`."""
    return f"[{escape(name)}]({address})"
