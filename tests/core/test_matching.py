from __future__ import annotations

from typing import Any

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
    assert buckets([], 60) == []
    minute = 60 * SECOND
    assert buckets([NOON + 1], 60) == [Bucket(NOON, NOON + minute, 1)]
    assert buckets([NOON, NOON + 2 * minute, NOON + 2 * minute], 60) == [
        Bucket(NOON, NOON + minute, 1),
        Bucket(NOON + minute, NOON + 2 * minute, 0),
        Bucket(NOON + 2 * minute, NOON + 3 * minute, 2),
    ]


@pytest.mark.parametrize("span", [1, HOUR, DAY, 59 * DAY, 400 * DAY, 40_000 * DAY])
def test_there_are_never_too_many_spans(span: int) -> None:
    times = [NOON + span * number // 500 for number in range(501)]
    found = buckets(times, 60)
    assert len(found) <= 60
    assert sum(bucket.count for bucket in found) == 501
    assert found[0].since <= NOON < found[0].until
    lengths = {bucket.until - bucket.since for bucket in found}
    assert len(lengths) == 1
    assert lengths <= set(LENGTHS) or span > 60 * LENGTHS[-1]
