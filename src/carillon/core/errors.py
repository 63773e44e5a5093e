"""Every error the core raises. A dialect turns each into an answer of its own shape.

CarillonError
├── BadInput            400  what was sent cannot be taken; the text says which field and why
│   └── TooLarge        413  longer than a limit
├── Unauthenticated     401  no credential, or none that is known
├── Forbidden           403  known, but not allowed to do this
├── NotFound            404  does not exist, or belongs to somebody else
├── Conflict            409  contradicts what is stored
├── TooMany             429  more than this caller may have or do
└── Unavailable         503  not now: nothing was stored, try again
    └── DiskFull        507  not until somebody makes room
"""

from typing import ClassVar


class CarillonError(Exception):
    """The root. `status` is the nearest HTTP status code, `str(error)` a sentence for people."""

    status: ClassVar[int] = 500


class BadInput(CarillonError):
    status = 400


class TooLarge(BadInput):
    status = 413


class Unauthenticated(CarillonError):
    status = 401


class Forbidden(CarillonError):
    status = 403


class NotFound(CarillonError):
    status = 404


class Conflict(CarillonError):
    status = 409


class TooMany(CarillonError):
    status = 429


class Unavailable(CarillonError):
    """Nothing was stored. `retry_after` is in seconds."""

    status = 503

    def __init__(self, text: str, retry_after: int = 5) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class DiskFull(Unavailable):
    status = 507
