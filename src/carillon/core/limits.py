"""Bounds on everything that comes from outside. The composition root may raise them from settings."""

from __future__ import annotations

from msgspec import Struct

from carillon.core.errors import BadInput, TooLarge
from carillon.core.reasons import because

KIB = 1024
MIB = 1024 * KIB

INT32 = range(-(2**31), 2**31)


class Limits(Struct, kw_only=True):
    """Sizes in bytes of UTF-8 unless said otherwise.

    One record for the whole process: what admins decide is set in it, and holds from the next request on.
    """

    request: int = MIB
    text: int = 64 * KIB
    title: int = 4 * KIB
    url: int = 2 * KIB
    name: int = 256
    description: int = 4 * KIB
    short: int = 256  # sound, message key, idempotency key
    json: int = 64 * KIB  # extras, actions, tags: each
    streams_per_user: int = 100
    session: int = 30 * 24 * 3600  # seconds without use, until a session ends
    applications_per_user: int = 1_000
    tokens_per_application: int = 100
    devices_per_user: int = 1_000
    sessions_per_user: int = 100
    page: int = 200  # messages in one answer
    changes: int = 500  # changes in one answer
    batch: int = 500  # ids in one request
    queued_writes: int = 10_000  # writes that may wait for their commit
    queued_bytes: int = 64 * MIB


def bounded(field: str, text: str, limit: int) -> str:
    """The text, if it is at most `limit` bytes of UTF-8. Raises BadInput and TooLarge, naming the field."""
    if text.isascii():
        size = len(text)
    else:
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            raise BadInput(because("not_text", field=field)) from None
    if size > limit:
        raise TooLarge(because("too_long", field=field, limit=limit))
    return text


def clean(field: str, text: str, limit: int) -> None:
    """Raises BadInput for text that is no UTF-8 or holds a zero byte, TooLarge beyond `limit` bytes."""
    if "\0" in bounded(field, text, limit):
        raise BadInput(because("zero_byte", field=field))


def require(field: str, text: str, limit: int) -> None:
    """As `clean`, and BadInput when it is empty."""
    if not text:
        raise BadInput(because("empty", field=field))
    clean(field, text, limit)
