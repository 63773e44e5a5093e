"""What storage counts for statistics, before anybody's days are made of it."""

from __future__ import annotations

from msgspec import Struct


class Hourly(Struct, frozen=True):
    """`hour` since 1970 in UTC."""

    hour: int
    level: int
    messages: int


class Sent(Struct, frozen=True):
    """What an application sent on one level; `last`: when the last of it."""

    application_id: int
    name: str
    level: int
    messages: int
    last: int


class Storage(Struct, frozen=True):
    """Bytes and rows of the whole installation."""

    database_bytes: int
    messages: int
    pictures: int
    pictures_bytes: int


class Tally(Struct, frozen=True):
    """What storage counts of a user's applications: by the hour and by application from one hour on, the number of
    messages in the span before, and how many of his are unread now.
    """

    hours: list[Hourly]
    applications: list[Sent]
    previous: int
    unread: int
