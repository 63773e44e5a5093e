"""Every error the core raises. A dialect turns each into an answer of its own shape.

CarillonError
├── BadInput            400  what was sent cannot be taken; the text says which field and why
│   └── TooLarge        413  longer than a limit
├── Unauthenticated     401  no credential, or none that is known
│   └── Unreadable      401  what calls itself a token and cannot be one; the text may be told
├── Forbidden           403  known, but not allowed to do this
│   └── ElevationNeeded 403  not without having lately shown the password
├── NotFound            404  does not exist, or belongs to somebody else
├── Conflict            409  contradicts what is stored
├── TooMany             429  more than this caller may have or do
│   └── LockedOut       429  so many sign-ins have failed that no more are looked at
├── Unreachable         502  what is elsewhere cannot be had; the text says why
└── Unavailable         503  not now: nothing was stored, try again
    └── DiskFull        507  not until somebody makes room
"""

from typing import ClassVar


class CarillonError(Exception):
    """The root. `status` is the nearest HTTP status code, `text` a sentence for people, often one of `reasons.py`."""

    status: ClassVar[int] = 500

    @property
    def text(self) -> str:
        return self.args[0] if self.args else ""


class BadInput(CarillonError):
    status = 400


class TooLarge(BadInput):
    status = 413


class Unauthenticated(CarillonError):
    status = 401


class Unreadable(Unauthenticated):
    pass


class Forbidden(CarillonError):
    status = 403


class ElevationNeeded(Forbidden):
    pass


class NotFound(CarillonError):
    status = 404


class Conflict(CarillonError):
    status = 409


class TooMany(CarillonError):
    """`retry_after` is in seconds."""

    status = 429

    def __init__(self, text: str, retry_after: int = 5) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class LockedOut(TooMany):
    pass


class Unreachable(CarillonError):
    status = 502


class Unavailable(CarillonError):
    """Nothing was stored. `retry_after` is in seconds."""

    status = 503

    def __init__(self, text: str, retry_after: int = 5) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class DiskFull(Unavailable):
    status = 507
