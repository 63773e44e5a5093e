from __future__ import annotations

import pytest
from msgspec import Raw

from carillon.core.access import Actor
from carillon.core.models import Change, ChangePage, Cleared, Entry, EntryChange, InboxItem, Lists
from carillon.dialects.native import render
from tests.builders import NOON, SECOND, application, device, message, subscription, user

TIME = "2026-09-01T12:00:00.000000Z"
ENTRY = Entry(user_id=1, message_id=42, application_id=7, changed=12)


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (NOON, TIME),
        (NOON + 1, "2026-09-01T12:00:00.000001Z"),
        (NOON - 1, "2026-09-01T11:59:59.999999Z"),
    ],
)
def test_a_time_is_as_long_as_any_other(microseconds: int, text: str) -> None:
    assert render.time(microseconds) == text


def test_a_plain_message_has_no_empty_fields() -> None:
    assert render.encode(render.message(message())) == (
        b'{"id":42,"public_id":"000000000042","application":7,"title":"Backup","message":"done",'
        b'"content_type":"text/plain","priority":5,"created":"2026-09-01T12:00:00.000000Z"}'
    )


def test_a_full_message_has_its_json_as_sent() -> None:
    full = message(
        sound="s",
        url="u",
        url_title="t",
        icon="i",
        tags=Raw(b'["a"]'),
        actions=Raw(b'[{"label":  "b"}]'),
        extras=Raw(b'{"c": 1.0}'),
        key="k",
        expires=NOON + SECOND,
        encrypted=True,
    )
    assert render.encode(render.message(full)).endswith(
        b'"sound":"s","url":"u","url_title":"t","icon":"i","tags":["a"],"actions":[{"label":  "b"}],'
        b'"extras":{"c": 1.0},"key":"k","expires":"2026-09-01T12:00:01.000000Z","encrypted":true}'
    )


@pytest.mark.parametrize(("dialect", "priority"), [("native", 99), ("gotify", 10)])
def test_ones_own_number_comes_back_and_anothers_by_its_level(dialect: str, priority: int) -> None:
    assert render.message(message(dialect=dialect, priority=99, level=10)).priority == priority


def test_an_item_is_a_message_with_its_state() -> None:
    entry = Entry(user_id=1, message_id=42, application_id=7, changed=12, read=NOON)
    body = render.encode(render.inbox_message(InboxItem(entry, message(tags=Raw(b"[]")))))
    assert body.endswith(
        b'"tags":[],"state":{"changed":12,"read":"2026-09-01T12:00:00.000000Z","dismissed":null,"pinned":null}}'
    )


@pytest.mark.parametrize(("limit", "following"), [(2, 41), (3, None), (4, None)])
def test_a_page_knows_whether_there_is_another(limit: int, following: int | None) -> None:
    found = [InboxItem(ENTRY, message(id=number)) for number in (42, 41, 40)]
    page = render.inbox_page(found[: limit + 1], limit)
    assert (len(page.messages), page.next) == (min(limit, 3), following)


@pytest.mark.parametrize(
    ("change", "payload"),
    [
        (
            EntryChange(entry=ENTRY),
            b'{"type":"entry","changed":12,"id":42,"application":7,"read":null,"dismissed":null,"pinned":null,"deleted":false}',
        ),
        (
            EntryChange(
                entry=Entry(user_id=1, message_id=42, application_id=7, changed=13, dismissed=NOON, deleted=NOON)
            ),
            b'{"type":"entry","changed":13,"id":42,"application":7,"read":null,'
            b'"dismissed":"2026-09-01T12:00:00.000000Z","pinned":null,"deleted":true}',
        ),
        (
            Cleared(user_id=1, changed=14, application_id=7, cleared_to=55),
            b'{"type":"cleared","changed":14,"application":7,"to":55}',
        ),
        (
            Lists(user_id=1, changed=15, lists=("user", "sessions")),
            b'{"type":"lists","changed":15,"lists":["user","sessions"]}',
        ),
    ],
)
def test_changes_of_state(change: Change, payload: bytes) -> None:
    assert render.change_payload(change) == payload


def test_an_arrival_brings_its_message() -> None:
    payload = render.change_payload(EntryChange(entry=ENTRY, message=message(), arrival=True))
    assert payload == (
        b'{"type":"entry","changed":12,"id":42,"application":7,"read":null,"dismissed":null,"pinned":null,"deleted":false,'
        b'"arrival":true,"message":' + render.encode(render.message(message())) + b"}"
    )
    assert b"\n" not in payload


def test_after_a_hole_one_begins_at_0() -> None:
    page = render.changes(ChangePage([], 900, more=False, hole=True))
    assert (page.cursor, page.hole) == (0, True)
    assert render.changes(ChangePage([], 900, more=True, hole=False)).cursor == 900


def test_users_applications_devices() -> None:
    assert render.user(Actor(user()), now=NOON).device is None
    assert render.user(Actor(user(), device()), now=NOON).device == 3
    for until, shown in ((0, None), (NOON, None), (NOON + SECOND, "2026-09-01T12:00:01.000000Z")):
        assert render.user(Actor(user(), device(elevated_until=until)), now=NOON).elevated_until == shown
    assert render.application(subscription(application(last_used=NOON), role="member")).last_used == TIME
    assert render.application(subscription(application(image="a.png")), unread=3).image == "image/a.png"
    muted = render.application(subscription(application(), muted_until=NOON, min_level=8), unread=3)
    assert (muted.muted_until, muted.min_level, muted.unread) == (TIME, 8, 3)
    assert render.device(device(expires_after=60), online=True).expires == "2026-09-01T12:01:00.000000Z"
    assert render.device(device()).last_used is None
    assert render.new_device(device(), "C1").token == "C1"
