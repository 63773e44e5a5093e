"""What another server's installation is made of, as its reader hands it over. Ids are the foreign ones.

Times are UTC in microseconds; None where the other server did not write them down.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from carillon.core.images import Picture
from carillon.core.models import Image

NO_USER = "its user is not here"  # why an application or device cannot come

ForeignKind = Literal["user", "application", "device"]
Fate = Literal["new", "joined", "known", "gone", "refused"]


class ForeignUser(Struct, frozen=True, kw_only=True):
    """`password_hash` in a form that `Passwords` verifies; empty: none, so no password fits.

    `published_password`: it is the one that every manual names.
    """

    id: int
    name: str
    password_hash: str
    admin: bool
    published_password: bool = False
    created: int | None = None


class ForeignToken(Struct, frozen=True, kw_only=True):
    """`digest` is what `core.secrets.digest` makes of the secret. `secret` where the other server keeps it readable;
    `Moving` puts `sealed` in its place, if lists are to show tokens.
    """

    digest: bytes
    secret: str | None = None
    sealed: bytes | None = None


class ForeignApplication(Struct, frozen=True, kw_only=True):
    """`user_id` is its owner. `sort_key` None: it comes after those before it.

    `Moving` makes the `image` of the `picture`.
    """

    id: int
    user_id: int
    token: ForeignToken
    name: str
    description: str
    default_priority: int
    content_type: str
    sort_key: str | None = None
    created: int | None = None
    last_used: int | None = None
    picture: Picture | None = None
    image: Image | None = None


class ForeignDevice(Struct, frozen=True, kw_only=True):
    """`expires_after` in seconds without use, 0 for never."""

    id: int
    user_id: int
    token: ForeignToken
    name: str
    created: int | None = None
    last_used: int | None = None
    expires_after: int = 0
    elevated_until: int = 0


class ForeignMessage(Struct, frozen=True, kw_only=True, gc=False):
    """As in `Message`, `extras` the text of a JSON object; its inbox is that of the application's owner."""

    id: int
    application_id: int
    title: str
    body: str
    content_type: str
    dialect: str
    priority: int
    level: int
    created: int | None = None
    extras: str | None = None


class Tops(Struct, frozen=True, kw_only=True):
    """The highest id of each kind that the other server ever gave, or that is to be the same here as there."""

    user: int = 0
    application: int = 0
    device: int = 0
    message: int = 0


class Mark(Struct, frozen=True):
    """By what something foreign is recognised: `sign` is a user's name, or the digest of a token in hex."""

    kind: ForeignKind
    id: int
    sign: str


class Arrivals(Struct, frozen=True):
    """Who and what stands at the door: a mark for each user, application and device."""

    marks: list[Mark]
    tops: Tops


class Adopted(Struct, frozen=True):
    """What becomes, or became, of something foreign. `own_id` is the id it has here, if it has one already.

    new: it is made. joined: there is one here already, to which it is added. known: it came over before.
    gone: it came over before and was deleted here. refused: it cannot come, and `why` says the reason.
    """

    kind: ForeignKind
    id: int
    fate: Fate
    own_id: int | None = None
    why: str = ""


class Prospect(Struct, frozen=True):
    """`fates` in the order of the marks. `origin_id`: the number of this installation, when it came over before.

    `reached` is its last message that came over. `keeps_ids`: new things have the same ids here as there.
    """

    fates: list[Adopted]
    keeps_ids: bool
    origin_id: int | None = None
    reached: int = 0


class Settled(Struct, frozen=True):
    """What became of a number of messages: `homeless` belong to an application that did not come or is gone,
    `cleared` were deleted here by the clearing of their application.
    """

    stored: int = 0
    known: int = 0
    homeless: int = 0
    cleared: int = 0
