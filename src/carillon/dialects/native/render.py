"""What the core has, in the shapes of the API: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar, cast

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict

from carillon.core import models
from carillon.core.access import Actor
from carillon.core.models import Change, ChangePage, Cleared, InboxItem, Lists, Subscription
from carillon.core.priority import Scale
from carillon.dialects.native import answers

T = TypeVar("T")

SCALE = Scale("native")

encode = msgspec.json.Encoder().encode


def time(microseconds: int) -> str:
    """RFC 3339 in UTC, always with six digits of fraction: such times sort as text."""
    second, fraction = divmod(microseconds, 1_000_000)
    return f"{_second(second)}.{fraction:06d}Z"


@lru_cache(maxsize=256)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def time_or_null(microseconds: int | None) -> str | None:
    return None if microseconds is None else time(microseconds)


def _said(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def message(stored: models.Message) -> answers.Message:
    return answers.Message(
        id=stored.id,
        public_id=stored.public_id,
        application=stored.application_id,
        title=stored.title,
        message=stored.body,
        content_type=stored.content_type,
        priority=SCALE.of(stored),
        created=time(stored.created),
        sound=_said(stored.sound),
        url=_said(stored.url),
        url_title=_said(stored.url_title),
        icon=_said(stored.icon),
        tags=_said(stored.tags),
        actions=_said(stored.actions),
        extras=_said(stored.extras),
        key=_said(stored.key),
        expires=UNSET if stored.expires is None else time(stored.expires),
        encrypted=stored.encrypted or UNSET,
    )


def inbox_message(item: InboxItem) -> answers.InboxMessage:
    entry = item.entry
    state = answers.State(
        entry.changed, time_or_null(entry.read), time_or_null(entry.dismissed), time_or_null(entry.pinned)
    )
    return answers.InboxMessage(**asdict(message(item.message)), state=state)


def inbox_page(found: Sequence[InboxItem], limit: int) -> answers.InboxPage:
    """Out of up to `limit` + 1 messages: one too many tells that there are more."""
    shown = [inbox_message(item) for item in found[:limit]]
    return answers.InboxPage(shown, shown[-1].id if len(found) > limit else None)


def change(told: Change) -> answers.EntryChange | answers.Cleared | answers.Lists:
    if isinstance(told, Lists):
        return answers.Lists(told.changed, list(told.lists))
    if isinstance(told, Cleared):
        return answers.Cleared(told.changed, told.application_id, told.cleared_to)
    entry = told.entry
    return answers.EntryChange(
        changed=entry.changed,
        id=entry.message_id,
        application=entry.application_id,
        read=time_or_null(entry.read),
        dismissed=time_or_null(entry.dismissed),
        pinned=time_or_null(entry.pinned),
        deleted=entry.deleted is not None,
        arrival=told.arrival or UNSET,
        message=UNSET if told.message is None else message(told.message),
    )


def change_payload(told: Change) -> bytes:
    """For streams: the same JSON as in a list of changes."""
    return encode(change(told))


def changes(page: ChangePage) -> answers.Changes:
    """A hole's cursor is 0: where the reader begins anew."""
    cursor = 0 if page.hole else page.cursor
    told = [change(one) for one in page.changes]
    return answers.Changes([one for one in told if not isinstance(one, answers.Lists)], cursor, page.more, page.hole)


def user(actor: Actor, *, now: int) -> answers.User:
    stored, device = actor.user, actor.device
    return answers.User(
        id=stored.id,
        name=stored.name,
        admin=stored.admin,
        initial_password=stored.initial_password,
        created=time(stored.created),
        device=device.id if device else None,
        elevated_until=time(device.elevated_until) if device and device.elevated_until > now else None,
    )


def application(subscription: Subscription, *, unread: int = 0) -> answers.Application:
    stored = subscription.application
    return answers.Application(
        id=stored.id,
        name=stored.name,
        description=stored.description,
        type=stored.type,
        url=stored.url,
        image=f"image/{stored.image}" if stored.image else None,
        default_priority=stored.default_priority,
        content_type=cast(answers.ContentType, stored.content_type),
        role=subscription.role,
        sort_key=subscription.sort_key,
        cleared_to=subscription.cleared_to,
        created=time(stored.created),
        last_used=time_or_null(stored.last_used),
        muted_until=time_or_null(subscription.muted_until or None),
        min_level=subscription.min_level,
        unread=unread,
    )


def device(stored: models.Device, *, online: bool = False) -> answers.Device:
    return answers.Device(
        id=stored.id,
        name=stored.name,
        created=time(stored.created),
        last_used=time_or_null(stored.last_used),
        expires=time_or_null(stored.expires),
        expires_after=stored.expires_after,
        online=online,
    )


def new_device(stored: models.Device, secret: str) -> answers.NewDevice:
    return answers.NewDevice(**asdict(device(stored)), token=secret)


def group(stored: models.Group) -> answers.Group:
    return answers.Group(stored.id, stored.name, time(stored.created))


def share(stored: models.Share) -> answers.Share:
    return answers.Share(role=stored.role, name=stored.name, user=_said(stored.user_id), group=_said(stored.group_id))
