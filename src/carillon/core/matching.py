"""What a search looks for, whether a message is that, and what comes of it. Storage may find it as it likes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

from msgspec import Struct

from carillon.core.models import MARKDOWN, InboxItem
from carillon.core.query import Query, Term
from carillon.core.words import fold

LINKS = ("http://", "https://")
IMAGE, BIG_IMAGE = "![", '"bigImageUrl"'  # Markdown's, and the extra of Gotify's clients

# Between two words of a phrase. A zero byte parts the fields of a message, which never hold one.
_GAP = r"(?:[^\w\0]|_)+"
_PART = "\0"


class Wanted(Struct, frozen=True, kw_only=True):
    """A query whose applications are known: only these (None: any), and not those."""

    query: Query
    applications: frozenset[int] | None = None
    not_applications: frozenset[int] = frozenset()


class Texts(Struct, frozen=True, gc=False):
    """What is read of a message to see whether it is meant. `extras` are not read unless a picture is asked for."""

    title: str
    body: str
    url: str | None
    url_title: str | None
    tags: str | None
    content_type: str
    extras: str | None
    encrypted: bool


class Found(Struct, frozen=True):
    """`next`: below this id the search goes on; None: that was all. There may be fewer messages than were asked for,
    even none, and still a `next`: not all was looked through at once.
    """

    items: list[InboxItem]
    next: int | None


class Bucket(Struct, frozen=True):
    """Messages from `since` to before `until`, in microseconds."""

    since: int
    until: int
    count: int


class Facets(Struct, frozen=True):
    """What was found, counted: in all, by application (most first), by level, and over time. `capped`: there is more,
    only the newest are counted.
    """

    total: int
    capped: bool
    applications: list[tuple[int, int]]
    levels: list[int]
    time: list[Bucket]


class Matcher:
    """Judges texts by the words of a query, and by what it says they must have."""

    def __init__(self, query: Query) -> None:
        self._terms = [_Pattern(term) for term in query.terms]
        self._without = [_Pattern(term) for term in query.without]
        self._link, self._image = query.link, query.image
        self.reads = bool(self._terms or self._without) or not self._link is self._image is None
        self.read = 0  # texts
        self.met = [0] * len(self._terms)  # in how many of them each term was found

    def accepts(self, texts: Texts) -> bool:
        self.read += 1
        if self._link is not None and self._link is not has_link(texts):
            return False
        if self._image is not None and self._image is not has_image(texts):
            return False
        if not self._terms and not self._without:
            return True
        if texts.encrypted:
            return False
        parts = (texts.title, texts.body, texts.url, texts.url_title, texts.tags)
        folded = fold(_PART.join(part for part in parts if part))
        return self._all_in(folded) and not any(term.is_in(folded) for term in self._without)

    def _all_in(self, folded: str) -> bool:
        """Counts each term even where another is missing."""
        missing = 0
        for at, term in enumerate(self._terms):
            if term.is_in(folded):
                self.met[at] += 1
            else:
                missing += 1
        return not missing


class _Pattern:
    def __init__(self, term: Term) -> None:
        self._longest = max(term.words, key=len)
        end = "" if term.prefix else r"(?![^\W_])"
        self._found = re.compile(rf"(?<![^\W_]){_GAP.join(term.words)}{end}").search

    def is_in(self, folded: str) -> bool:
        return self._longest in folded and self._found(folded) is not None


def has_link(texts: Texts) -> bool:
    return not texts.encrypted and (texts.url is not None or any(link in texts.body for link in LINKS))


def has_image(texts: Texts) -> bool:
    if texts.encrypted:
        return False
    return BIG_IMAGE in (texts.extras or "") or (texts.content_type == MARKDOWN and IMAGE in texts.body)


def marks(texts: Texts, *, application_id: int, level: int) -> list[str]:
    """The words under which an index keeps what is no text, beside the others."""
    found = [application_mark(application_id), level_mark(level)]
    if has_link(texts):
        found.append(LINK_MARK)
    if has_image(texts):
        found.append(IMAGE_MARK)
    return found


LINK_MARK, IMAGE_MARK = "zzlink", "zzimage"


def application_mark(application_id: int) -> str:
    return f"zzapp{application_id}"


def level_mark(level: int) -> str:
    return f"zzlevel{level}"


def buckets(times: Sequence[int], most: int, zone: tzinfo) -> list[Bucket]:
    """The times counted in at most `most` spans of one of the usual lengths, by rising time; empty ones too.

    They begin as the clocks of the zone have it, weeks on Mondays: where these are put forward or back, one is shorter
    or longer than the others.
    """
    if not times:
        return []
    walls = [_wall(time, zone) for time in times]
    first, last = min(walls), max(walls)
    usual = next((one for one in LENGTHS if last // one - first // one < most), None)
    length = usual or -(-(last - first) // (most - 1) // DAY) * DAY
    begin, end = first // length, last // length + 1
    ends = {min(_moments(begin * length, zone)), max(_moments(end * length, zone))}
    edges = sorted(ends.union(_moments(at * length, zone)[0] for at in range(begin + 1, end)))
    counts = [0] * len(edges)
    for time in times:
        counts[bisect_right(edges, time) - 1] += 1
    return [Bucket(since, until, count) for (since, until), count in zip(pairwise(edges), counts, strict=False)]


MONDAY = datetime(1969, 12, 29)  # noqa: DTZ001  # by the clocks of the zone in question
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def _wall(moment: int, zone: tzinfo) -> int:
    """What the clocks show then, as microseconds since MONDAY."""
    local = (EPOCH + moment * MICROSECOND).astimezone(zone)
    return (local.replace(tzinfo=None) - MONDAY) // MICROSECOND


def _moments(wall: int, zone: tzinfo) -> tuple[int, int]:
    """When the clocks show that: before and after they are put back or forward, if that is just then."""
    local = (MONDAY + wall * MICROSECOND).replace(tzinfo=zone)
    return (local - EPOCH) // MICROSECOND, (local.replace(fold=1) - EPOCH) // MICROSECOND


DAY = 86_400 * 1_000_000  # µs

# Of a bucket, in microseconds: minutes, hours, days, weeks, and four weeks.
LENGTHS = tuple(
    seconds * 1_000_000
    for seconds in (60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_419_200)
)
