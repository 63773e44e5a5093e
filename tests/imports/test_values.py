from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from carillon.imports.values import int32, moment, reference, text
from tests.builders import NOON, SECOND


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-09-01 14:00:00+02:00", NOON),
        ("2026-09-01 14:00:00.5+02:00", NOON + SECOND // 2),
        ("2026-09-01 14:00:00.000001789+02:00", NOON + 1),
        ("2026-09-01 06:30:00.123456789-05:30", NOON + 123_456),
        ("2026-09-01T12:00:00Z", NOON),
        ("2026-09-01 12:00:00", NOON),
        ("2026-09-01 12:00", NOON),
        ("2026-09-01", NOON - 12 * 3600 * SECOND),
        ("2026-09-01 14:00:00.25 +0200 CEST", NOON + SECOND // 4),
        (b"2026-09-01 12:00:00+00:00", NOON),
        (datetime(2026, 9, 1, 14, microsecond=7, tzinfo=timezone(timedelta(hours=2))), NOON + 7),
    ],
)
def test_a_time_in_any_of_its_forms(written: object, expected: int) -> None:
    assert moment(written) == expected


@pytest.mark.parametrize(
    "written",
    [None, "", "0001-01-01 00:00:00+00:00", "2026-02-30 12:00:00", "yesterday", "2026-09-01 25:00", 5, 1.5, b"\xff"],
)
def test_what_is_no_time(written: object) -> None:
    assert moment(written) is None


def test_text_is_always_text() -> None:
    assert text(None) == ""
    assert text("Grüße") == text("Grüße".encode()) == "Grüße"
    assert text(b"a\xffb\0") == "a\ufffdb\ufffd"
    assert text("a\0b") == "a\ufffdb"


def test_numbers_fit_into_32_bits() -> None:
    assert [int32(value) for value in (5, -3, 2**40, -(2**40), None, "7")] == [5, -3, 2**31 - 1, -(2**31), 0, 0]


def test_a_reference_is_a_number_or_leads_nowhere() -> None:
    assert [reference(value) for value in (5, None, "7", b"7", 1.5)] == [5, 0, 0, 0, 0]
