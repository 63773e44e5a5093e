"""Single values as foreign databases hold them, whichever engine and driver they come through."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from carillon.core.limits import INT32

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)  # before it are Go's zero time and clocks that were never set

# As mattn/go-sqlite3 writes times, and the forms that it reads besides: up to nine digits, an offset or none.
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?\s*(Z|[+-]\d\d:?\d\d)?)?(?: [A-Z].*)?", re.ASCII
)


def text(value: object) -> str:
    """NULL is empty; what is no UTF-8, and the zero byte, becomes U+FFFD."""
    if value is None:
        return ""
    found = bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
    return found.replace("\0", "\ufffd")


def int32(value: object) -> int:
    """The nearest 32-bit number."""
    number = value if isinstance(value, int) else 0
    return min(max(number, INT32.start), INT32.stop - 1)


def reference(value: object) -> int:
    """The id of something else; 0, which nothing has, for what is none."""
    return value if isinstance(value, int) else 0


def moment(value: object) -> int | None:
    """Microseconds since 1970. None for NULL, for Go's zero time, and for what is no time. Without an offset: UTC."""
    if isinstance(value, bytes | str):
        value = _parsed(text(value).strip())
    if not isinstance(value, datetime):
        return None
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    if aware < EARLIEST:
        return None
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _parsed(written: str) -> datetime | None:
    match = TIME.fullmatch(written)
    if match is None:
        return None
    day, time, fraction, offset = match.groups()
    try:
        return datetime.fromisoformat(f"{day}T{time or '00:00'}{(fraction or '')[:7]}{offset or ''}")
    except ValueError:
        return None
