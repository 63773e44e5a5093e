"""Texts within the bounds of a service, and levels on its scale."""

from __future__ import annotations

from carillon.core.channels import Band

ELLIPSIS = "…"
BANDS: tuple[tuple[int, Band], ...] = ((10, "urgent"), (8, "high"), (4, "normal"), (1, "low"), (0, "silent"))

# What a level is elsewhere; an emergency only where somebody has asked for one.
PUSHOVER: dict[Band, int] = {"urgent": 1, "high": 1, "normal": 0, "low": -1, "silent": -2}
NTFY: dict[Band, int] = {"urgent": 5, "high": 4, "normal": 3, "low": 2, "silent": 1}


def band(level: int) -> Band:
    return next((name for least, name in BANDS if level >= least), "silent")


def cut(text: str, limit: int, link: str = "") -> str:
    """At most `limit` characters; what is cut ends with where the rest is."""
    if len(text) <= limit:
        return text
    rest = f"{ELLIPSIS}\n{link}" if link and len(link) + 2 < limit else ELLIPSIS
    return text[: limit - len(rest)].rstrip() + rest


def pieces(text: str, limit: int, most: int) -> list[str]:
    """Of at most `limit` characters, broken between lines or words if possible; the last of `most` is cut."""
    found: list[str] = []
    while len(text) > limit and len(found) < most - 1:
        at = max(text.rfind("\n", limit // 2, limit), text.rfind(" ", limit // 2, limit))
        at = limit if at < 0 else at
        found.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*found, cut(text, limit)]


def cut_bytes(text: str, limit: int, link: str = "") -> str:
    """The same for bytes of UTF-8."""
    if len(text.encode()) <= limit:
        return text
    rest = f"{ELLIPSIS}\n{link}" if link and len(link.encode()) + 4 < limit else ELLIPSIS
    return text.encode()[: limit - len(rest.encode())].decode("utf-8", "ignore").rstrip() + rest
