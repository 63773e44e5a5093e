"""The search language: a text such as `disk app:Backup -test since:7d`, read in two steps, both pure.

`pieces` finds words, phrases and filters, and says what is wrong with one. `parse` makes of them what is looked for.
tests/data/queries.json is the table that this and the web app's reader are tested with; docs/search.md is the manual.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal

from msgspec import Struct, structs

from carillon.core.errors import BadInput
from carillon.core.priority import HIGHEST, LOWEST
from carillon.core.words import words

LONGEST = 1000  # characters of a query
MOST = 30  # words, phrases and filters in it
LARGEST_NUMBER = 6  # digits of a span
COMPARED = 50  # characters of two names

NAMES = ("app", "priority", "since", "before", "on", "has", "is")
TURNED_ROUND = frozenset({"app", "has", "is"})  # the filters that take a minus

# The five bands of priorities, by their words.
BANDS: Mapping[str, tuple[int, int]] = {
    "silent": (0, 0),
    "low": (1, 3),
    "normal": (4, 7),
    "high": (8, 9),
    "urgent": (10, 10),
}
SPANS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}  # seconds

EXAMPLES = {
    "app": 'app:Backup or app:"Two words"',
    "priority": "priority:8, priority:>=4, priority:high or priority:high+",
    "since": "since:7d, since:24h or since:2026-11-01",
    "before": "before:7d or before:2026-11-01",
    "on": "on:2026-11-20",
    "has": "has:link or has:image",
    "is": "is:unread, is:read or is:pinned",
}

_PIECE = re.compile(r'\s*(-?)(?:"([^"]*)"?|([A-Za-z]+):(?!//)(?:"([^"]*)"?|([^\s"]*))|([^\s"]+))')
_PRIORITY = re.compile(r"(>=|<=|>|<|)(\d{1,2})", re.ASCII)
_SPAN = re.compile(rf"(\d{{1,{LARGEST_NUMBER}}})([mhdw])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{3}|\.\d{6})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Kind = Literal["word", "phrase", "filter"]
Fault = Literal["unknown", "value", "negated", "long", "many"]


class Piece(Struct, frozen=True, kw_only=True):
    """`text` is the word or phrase, or the value of the filter `name`, without quotes. It stands from character
    `start` to before `end`. `prefix`: words that only begin so are meant too.
    """

    kind: Kind
    text: str
    start: int
    end: int
    name: str = ""
    negated: bool = False
    prefix: bool = False


class Term(Struct, frozen=True):
    """Words that stand one behind the other, folded. `prefix`: the last of them may go on."""

    words: tuple[str, ...]
    prefix: bool = False


class Query(Struct, frozen=True, kw_only=True):
    """What is looked for; all of it has to be true. Times are in microseconds, from `since` to just before `before`.

    `applications` are names, of which any will do, if there are some; None leaves a state open.
    """

    terms: tuple[Term, ...] = ()
    without: tuple[Term, ...] = ()
    applications: tuple[str, ...] = ()
    not_applications: tuple[str, ...] = ()
    lowest: int = LOWEST
    highest: int = HIGHEST
    since: int | None = None
    before: int | None = None
    link: bool | None = None
    image: bool | None = None
    read: bool | None = None
    pinned: bool | None = None


class BadQuery(BadInput):
    """`name` and `value` are those of the filter at fault, `near` is the filter's name that is nearest to an unknown
    one. It stands from character `start` to before `end`.
    """

    def __init__(self, text: str, fault: Fault, *, piece: Piece | None = None, near: str = "") -> None:
        super().__init__(text)
        self.fault = fault
        self.name = piece.name if piece else ""
        self.value = piece.text if piece else ""
        self.start, self.end = (piece.start, piece.end) if piece else (0, 0)
        self.near = near


def pieces(text: str) -> list[Piece]:
    """In their order. Raises BadQuery for what is too long, and for a filter that is none or cannot be negated."""
    if len(text) > LONGEST:
        raise BadQuery(f"a search has at most {LONGEST} characters", "long")
    found = [piece for match in _PIECE.finditer(text) if (piece := _piece(match))]
    if len(found) > MOST:
        raise BadQuery(f"a search has at most {MOST} words and filters", "many")
    last = next((at for at in reversed(range(len(found))) if found[at].kind == "word" and not found[at].negated), None)
    if last is not None:
        found[last] = structs.replace(found[last], prefix=True)
    return found


def parse(text: str, *, now: int, zone: tzinfo = UTC) -> Query:
    """`now` in microseconds; days are those of `zone`. Raises BadQuery."""
    found: dict[str, Any] = {}
    for piece in pieces(text):
        if piece.kind == "filter":
            _FILTERS[piece.name](found, piece, _Moment(now, zone))
        elif spoken := tuple(words(piece.text)):
            key = "without" if piece.negated else "terms"
            found[key] = (*found.get(key, ()), Term(spoken, piece.prefix))
    return Query(**found)


def marked(query: Query) -> list[str]:
    """What to mark in the texts found: folded words; those that may go on end with `*`."""
    return [" ".join(term.words) + ("*" if term.prefix else "") for term in query.terms]


class _Moment(Struct, frozen=True):
    now: int
    zone: tzinfo


def _piece(match: re.Match[str]) -> Piece | None:
    minus, phrase, name, quoted, value, word = match.groups()
    start, end = match.start(1), match.end()
    negated = bool(minus)
    if phrase is not None:
        return Piece(kind="phrase", text=phrase, start=start, end=end, negated=negated) if words(phrase) else None
    if word is not None or not (quoted or value):
        # What ends with a colon is the word before it, unless it is about to become a filter.
        word = word or f"{name}:"
        if name and name.lower() in NAMES:
            raise _no_value(Piece(kind="filter", name=name.lower(), text="", start=start, end=end))
        prefix = word.endswith("*")
        kept = word.rstrip("*:") if words(word) else ""
        return Piece(kind="word", text=kept, start=start, end=end, negated=negated, prefix=prefix) if kept else None
    piece = Piece(
        kind="filter", name=name.lower(), text=(quoted or value).strip(), start=start, end=end, negated=negated
    )
    if piece.name not in NAMES:
        near = nearest(piece.name, NAMES)
        raise BadQuery(f'there is no filter "{name}:"; the nearest is "{near}:"', "unknown", piece=piece, near=near)
    if negated and piece.name not in TURNED_ROUND:
        raise BadQuery(f'"{piece.name}:" takes no minus', "negated", piece=piece)
    return piece


def _no_value(piece: Piece) -> BadQuery:
    said = f'"{piece.text}" is nothing that "{piece.name}:" takes' if piece.text else f'"{piece.name}:" takes a value'
    return BadQuery(f"{said}: write {EXAMPLES[piece.name]}", "value", piece=piece)


def nearest(name: str, names: Iterable[str]) -> str:
    """One that begins so, else the one with the fewest letters to change; of several the first. There must be one."""
    start = name[:COMPARED].lower()
    return min(
        names, key=lambda one: 0 if one.lower().startswith(start) else 1 + _distance(start, one[:COMPARED].lower())
    )


def _distance(one: str, other: str) -> int:
    """Letters to put in, to leave out or to replace."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, row[0] = row[0], at
        for place, facing in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != facing))
    return row[-1]


def _app(found: dict[str, Any], piece: Piece, _: _Moment) -> None:
    key = "not_applications" if piece.negated else "applications"
    found[key] = (*found.get(key, ()), piece.text)


def _priority(found: dict[str, Any], piece: Piece, _: _Moment) -> None:
    name = piece.text.lower()
    if band := BANDS.get(name.removesuffix("+")):
        low, high = band[0], HIGHEST if name.endswith("+") else band[1]
    elif match := _PRIORITY.fullmatch(name):
        sign, number = match[1], int(match[2])
        low = {">=": number, ">": number + 1, "": number}.get(sign, LOWEST)
        high = {"<=": number, "<": number - 1, "": number}.get(sign, HIGHEST)
    else:
        raise _no_value(piece)
    found["lowest"] = max(found.get("lowest", LOWEST), low)
    found["highest"] = min(found.get("highest", HIGHEST), high)


def _since(found: dict[str, Any], piece: Piece, moment: _Moment) -> None:
    _from(found, _time(piece, moment))


def _before(found: dict[str, Any], piece: Piece, moment: _Moment) -> None:
    _until(found, _time(piece, moment))


def _on(found: dict[str, Any], piece: Piece, moment: _Moment) -> None:
    if not _DAY.fullmatch(piece.text):
        raise _no_value(piece)
    try:
        day = datetime.fromisoformat(piece.text).replace(tzinfo=moment.zone)
        following = day + timedelta(days=1)
        _from(found, _microseconds(day))
        _until(found, _microseconds(following))
    except (ValueError, OverflowError):
        raise _no_value(piece) from None


def _from(found: dict[str, Any], time: int) -> None:
    found["since"] = max(found.get("since", time), time)


def _until(found: dict[str, Any], time: int) -> None:
    found["before"] = min(found.get("before", time), time)


def _time(piece: Piece, moment: _Moment) -> int:
    """A span back from now, a day, or a day and time; without a zone of its own it is that of the user."""
    if span := _SPAN.fullmatch(piece.text.lower()):
        return moment.now - int(span[1]) * SPANS[span[2]] * 1_000_000
    if not _TIME.fullmatch(piece.text.upper()):
        raise _no_value(piece)
    try:
        time = datetime.fromisoformat(piece.text.upper().replace("Z", "+00:00"))
        return _microseconds(time if time.tzinfo else time.replace(tzinfo=moment.zone))
    except (ValueError, OverflowError):
        raise _no_value(piece) from None


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)


def _has(found: dict[str, Any], piece: Piece, _: _Moment) -> None:
    name = piece.text.lower()
    if name not in ("link", "image"):
        raise _no_value(piece)
    found[name] = not piece.negated


def _is(found: dict[str, Any], piece: Piece, _: _Moment) -> None:
    name = piece.text.lower()
    if name not in ("unread", "read", "pinned"):
        raise _no_value(piece)
    if name == "pinned":
        found["pinned"] = not piece.negated
    else:
        found["read"] = (name == "read") != piece.negated


_FILTERS: Mapping[str, Callable[[dict[str, Any], Piece, _Moment], None]] = {
    "app": _app,
    "priority": _priority,
    "since": _since,
    "before": _before,
    "on": _on,
    "has": _has,
    "is": _is,
}
