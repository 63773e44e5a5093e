from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from carillon.core.matching import LENGTHS, Bucket, Matcher, Texts, buckets, has_image, has_link, marks
from carillon.core.query import parse
from tests.builders import DAY, HOUR, NOON, SECOND

PLAIN = Texts("Backup failed", "Disk usage\non db_3", None, None, '["Disk"]', "text/plain", None, encrypted=False)


def texts(**fields: Any) -> Texts:
    return structs.replace(PLAIN, **fields)


def accepts(query: str, found: Texts = PLAIN) -> bool:
    return Matcher(parse(query, now=NOON)).accepts(found)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", True),
        ("backup disk", True),
        ("bac", True),
        ('"bac"', False),
        ("ackup", False),
        ('"usage on"', True),
        ('"usage on db 3"', True),
        ('"failed disk"', False),
        ('"3 disk"', False),
        ("backup -disk", False),
        ("backup -dis", True),
        ("backup -xyz", True),
        ("xyz backup", False),
        ("has:link", False),
        ("-has:link backup", True),
        ("has:image", False),
    ],
)
def test_words_of_a_message(query: str, expected: bool) -> None:
    assert accepts(query) is expected


def test_every_field_that_is_text_counts() -> None:
    found = texts(url="https://example.org/report", url_title="Öffnen")
    assert accepts("report", found)
    assert accepts("offnen", found)
    assert not accepts('"org report offnen"', found)
    assert accepts("disk", texts(body="x"))


def test_what_is_encrypted_has_no_words() -> None:
    found = texts(encrypted=True, url="https://example.org/")
    assert accepts("", found)
    assert not accepts("backup", found)
    assert not accepts("-xyz", found)
    assert not has_link(found)
    assert not has_image(texts(encrypted=True, extras='{"bigImageUrl":1}'))


def test_links_and_pictures() -> None:
    assert has_link(texts(url="app://x"))
    assert has_link(texts(body="see http://x"))
    assert not has_link(texts(body="see ftp://x", extras='"https://x"'))
    assert has_image(texts(extras='{"client::notification":{"bigImageUrl":"https://x"}}'))
    assert has_image(texts(body="![a](b)", content_type="text/markdown"))
    assert not has_image(texts(body="![a](b)"))


def test_marks_stand_for_what_is_no_text() -> None:
    assert marks(PLAIN, application_id=7, level=10) == ["zzapp7", "zzlevel10"]
    both = texts(url="x", extras='"bigImageUrl"')
    assert marks(both, application_id=7, level=0) == ["zzapp7", "zzlevel0", "zzlink", "zzimage"]


def test_a_matcher_counts_what_it_meets() -> None:
    matcher = Matcher(parse("backup xyz", now=NOON))
    assert matcher.reads
    for _ in range(3):
        assert not matcher.accepts(PLAIN)
    assert (matcher.read, matcher.met) == (3, [3, 0])
    assert not Matcher(parse("priority:8 is:unread", now=NOON)).reads
    assert Matcher(parse("-has:link", now=NOON)).reads


def test_times_fall_into_spans() -> None:
    assert buckets([], 60, UTC) == []
    minute = 60 * SECOND
    assert buckets([NOON + 1], 60, UTC) == [Bucket(NOON, NOON + minute, 1)]
    assert buckets([NOON, NOON + 2 * minute, NOON + 2 * minute], 60, UTC) == [
        Bucket(NOON, NOON + minute, 1),
        Bucket(NOON + minute, NOON + 2 * minute, 0),
        Bucket(NOON + 2 * minute, NOON + 3 * minute, 2),
    ]


@pytest.mark.parametrize(
    ("zone", "begin", "span", "expected"),
    [
        ("Europe/Berlin", "2026-10-20T21:30+02:00", 31 * DAY, {24: 31, 25: 1}),
        ("Europe/Berlin", "2026-03-10T21:30+01:00", 31 * DAY, {23: 1, 24: 31}),
        ("Asia/Kolkata", "2026-03-10T21:30+05:30", 31 * DAY, {24: 32}),
        ("America/Havana", "2026-03-05T21:30-05:00", 31 * DAY, {23: 1, 24: 31}),  # goes forward at midnight
    ],
)
def test_days_are_those_of_the_zone(zone: str, begin: str, span: int, expected: dict[int, int]) -> None:
    """`expected`: how many days have so many hours."""
    there = ZoneInfo(zone)
    first = int(datetime.fromisoformat(begin).timestamp()) * SECOND
    found = buckets([first, first + span], 60, there)
    assert [one.since for one in found[1:]] == [one.until for one in found[:-1]]
    local = [datetime.fromtimestamp(one.since / SECOND, there) for one in found]
    assert {(one.hour, one.minute) for one in local} <= {(0, 0), (1, 0)}
    assert len({one.date() for one in local}) == len(found) == sum(expected.values())
    hours = [(one.until - one.since) // HOUR for one in found]
    assert {length: hours.count(length) for length in hours} == expected
    assert [one.count for one in found] == [1, *[0] * (len(found) - 2), 1]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata"])
@pytest.mark.parametrize("change", ["2026-03-08T05:00", "2026-03-29T01:00", "2026-10-03T15:30", "2026-10-25T01:00"])
@pytest.mark.parametrize("minutes", [1, 7, 50, 400, 3_000, 30_000])
def test_each_time_is_counted_in_its_span(zone: str, change: str, minutes: int) -> None:
    """Around the hours in which clocks are put forward or back."""
    there = ZoneInfo(zone)
    middle = int(datetime.fromisoformat(f"{change}+00:00").timestamp()) * SECOND
    times = [middle + minutes * SECOND * 60 * step // 40 for step in range(-40, 41)]
    found = buckets(times, 60, there)
    assert all(before.until == after.since for before, after in pairwise(found))
    assert all(one.since < one.until for one in found)
    assert [one.count for one in found] == [sum(one.since <= time < one.until for time in times) for one in found]
    assert sum(one.count for one in found) == len(times)


def test_weeks_begin_on_mondays() -> None:
    found = buckets([NOON, NOON + 200 * DAY], 60, ZoneInfo("Europe/Berlin"))
    begins = [datetime.fromtimestamp(one.since / SECOND, ZoneInfo("Europe/Berlin")) for one in found]
    assert {(one.weekday(), one.hour) for one in begins} == {(0, 0)}


@pytest.mark.parametrize("span", [1, HOUR, DAY, 59 * DAY, 400 * DAY, 40_000 * DAY])
def test_there_are_never_too_many_spans(span: int) -> None:
    times = [NOON + span * number // 500 for number in range(501)]
    found = buckets(times, 60, UTC)
    assert len(found) <= 60
    assert sum(bucket.count for bucket in found) == 501
    assert found[0].since <= NOON < found[0].until
    lengths = {bucket.until - bucket.since for bucket in found}
    assert len(lengths) == 1
    assert lengths <= set(LENGTHS) or span > 60 * LENGTHS[-1]
