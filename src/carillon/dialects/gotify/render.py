"""Gotify's answers, written: pure functions. Presence and order of the keys as in gotify/server v3.0.0."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from carillon.core.models import MARKDOWN, Device, Message, Subscription, User
from carillon.core.priority import Scale

SCALE = Scale("gotify")
DEFAULT_IMAGE = "static/defaultapp.png"


class _Message(Struct, gc=False):
    id: int
    appid: int
    message: str
    title: str
    priority: int
    extras: Raw | UnsetType
    date: str


class _Paging(Struct, kw_only=True):
    next: str | UnsetType = UNSET
    size: int
    since: int
    limit: int


class _Page(Struct):
    paging: _Paging
    messages: list[_Message]


class _Application(Struct, kw_only=True):
    id: int
    token: str | UnsetType
    name: str
    description: str
    internal: bool = False
    image: str
    defaultPriority: int  # Gotify's own spelling
    createdAt: str
    lastUsed: str | None
    sortKey: str


class _Client(Struct, kw_only=True):
    id: int
    token: str | UnsetType
    name: str
    createdAt: str
    lastUsed: str | None
    elevatedUntil: str | UnsetType
    expiresAfterInactivitySeconds: int
    expiresAt: str | UnsetType


class _User(Struct, kw_only=True):
    id: int
    name: str
    admin: bool
    createdAt: str
    clientId: int | UnsetType = UNSET
    elevatedUntil: str | UnsetType = UNSET


# Under the names that Gotify's description has for them.
SHAPES: dict[str, type[Struct]] = {
    "Application": _Application,
    "Client": _Client,
    "CurrentUser": _User,
    "Message": _Message,
    "PagedMessages": _Page,
    "Paging": _Paging,
}

_encode = msgspec.json.Encoder().encode
_decode_extras = msgspec.json.Decoder(dict[str, Raw]).decode


def encode(value: object) -> bytes:
    """JSON as Go writes it: the three characters of HTML escaped, and the two that end a line in JavaScript."""
    data = _encode(value)
    # Numbers are looked for in a quarter of the time that bytes of length one take.
    if 0x3C in data or 0x3E in data or 0x26 in data:
        data = data.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
    if not data.isascii():
        data = data.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return data


def message(stored: Message) -> bytes:
    return encode(_message(stored))


def page(found: Sequence[Message], *, path: str, limit: int, forward: bool = False) -> bytes:
    """PagedMessages out of up to `limit` + 1 messages: one too many tells that there are more.

    `path` is that of the list, or its whole address for clients of Gotify before 3.0. `forward`: they are oldest
    first, and the next are those after them.
    """
    shown = found[:limit]
    about = _Paging(size=len(shown), since=0, limit=limit)
    if len(found) > limit:
        last = shown[-1].id
        if not forward:
            about.since = last
        about.next = f"{path}?limit={limit}&{'after' if forward else 'since'}={last}"
    return encode(_Page(about, [_message(stored) for stored in shown]))


def application(subscription: Subscription, secret: str | None = None) -> _Application:
    """`secret` in the answer to the request that made it, and to its owner where lists are to show it."""
    stored = subscription.application
    return _Application(
        id=stored.id,
        token=secret or UNSET,
        name=stored.name,
        description=stored.description,
        image=f"image/{stored.image}" if stored.image else DEFAULT_IMAGE,
        defaultPriority=stored.default_priority,
        createdAt=date(stored.created),
        lastUsed=_date_or_null(stored.last_used),
        sortKey=subscription.sort_key,
    )


def client(device: Device, secret: str | None = None) -> _Client:
    """`elevatedUntil` is there also when it is past."""
    return _Client(
        id=device.id,
        token=secret or UNSET,
        name=device.name,
        createdAt=date(device.created),
        lastUsed=_date_or_null(device.last_used),
        elevatedUntil=date(device.elevated_until) if device.elevated_until else UNSET,
        expiresAfterInactivitySeconds=device.expires_after,
        expiresAt=UNSET if device.expires is None else date(device.expires),
    )


def user(stored: User) -> _User:
    return _User(id=stored.id, name=stored.name, admin=stored.admin, createdAt=date(stored.created))


def current_user(stored: User, device: Device | None, *, now: int) -> _User:
    """With the client that asks, if it is one, and for how long it is elevated still."""
    about = user(stored)
    if device is not None:
        about.clientId = device.id
        if device.elevated_until > now:
            about.elevatedUntil = date(device.elevated_until)
    return about


def error(status: int, description: str) -> bytes:
    return encode({"error": HTTPStatus(status).phrase, "errorCode": status, "errorDescription": description})


def date(microseconds: int) -> str:
    """RFC 3339 in UTC, the fraction without trailing zeros."""
    second, fraction = divmod(microseconds, 1_000_000)
    if not fraction:
        return f"{_second(second)}Z"
    return (_second(second) + ".%06d" % fraction).rstrip("0") + "Z"  # noqa: UP031  # half the time of an f-string


@lru_cache(maxsize=256)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _date_or_null(microseconds: int | None) -> str | None:
    return None if microseconds is None else date(microseconds)


def _message(stored: Message) -> _Message:
    return _Message(
        stored.id,
        stored.application_id,
        stored.body,
        stored.title,
        SCALE.of(stored),
        _extras(stored),
        date(stored.created),
    )


def _extras(stored: Message) -> Raw | UnsetType:
    """As sent. Markdown and a link are told in Gotify's own extras where the sender's do not speak of them."""
    if stored.content_type != MARKDOWN and stored.url is None:
        return UNSET if stored.extras is None else stored.extras
    extras: dict[str, Any] = {} if stored.extras is None else _decode_extras(bytes(stored.extras))
    sent = len(extras)
    if stored.content_type == MARKDOWN and "client::display" not in extras:
        extras["client::display"] = {"contentType": MARKDOWN}
    if stored.url is not None and "client::notification" not in extras:
        extras["client::notification"] = {"click": {"url": stored.url}}
    if stored.extras is not None and len(extras) == sent:
        return stored.extras
    return Raw(_encode(extras))
