from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from carillon.core.errors import BadInput, Conflict, TooLarge, Unavailable
from carillon.core.limits import Limits
from carillon.core.models import Change, EntryChange, Message
from carillon.core.ports import Sender
from carillon.core.priority import Scale
from carillon.core.publish import IDEMPOTENCY_MICROSECONDS, LONGEST_TTL, Draft, again
from tests.builders import NOON, SECOND, House

SCALE = Scale("gotify")
LIMITS = Limits()


class Listening:
    """A stream that keeps what it is told."""

    device_id = None

    def __init__(self) -> None:
        self.heard: list[Change] = []

    def render(self, change: Change) -> bytes | None:
        self.heard.append(change)
        return None

    def push(self, frame: bytes, first: int, last: int) -> None:
        raise AssertionError("nothing was rendered")

    def end(self, code: int) -> None:
        raise AssertionError("nobody ends it")


@pytest.fixture
async def sender(house: House) -> Sender:
    ada = await house.user()
    return (await house.sender(ada, default_priority=4))[0]


async def publish(house: House, sender: Sender, *, idempotency: str | None = None, **fields: Any) -> Message:
    return await house.publisher.publish(
        sender, Draft(**{"body": "done", **fields}), scale=SCALE, idempotency_key=idempotency
    )


async def stored(house: House, sender: Sender) -> list[Message]:
    return [item.message for item in await house.inbox.page(sender.receivers[0], limit=100)]


async def test_what_is_answered_is_what_is_stored_and_what_is_told(house: House, sender: Sender) -> None:
    stream = Listening()
    house.hub.join(sender.receivers[0], stream)
    message = await publish(
        house,
        sender,
        title="Night",
        priority=7,
        content_type="text/markdown",
        extras=Raw(b'{"b": 1, "a": 2}'),
        url="https://example.org/",
        url_title="More",
        sound="bell",
        icon="https://example.org/i.png",
        tags=Raw(b'["x"]'),
        actions=Raw(b"[]"),
        key="nightly",
        ttl=60,
    )
    assert await stored(house, sender) == [message]
    (change,) = stream.heard
    assert isinstance(change, EntryChange)
    assert (change.message, change.arrival, change.entry.message_id) == (message, True, message.id)
    assert message == Message(
        id=message.id,
        public_id=message.public_id,
        application_id=sender.application.id,
        title="Night",
        body="done",
        content_type="text/markdown",
        dialect="gotify",
        priority=7,
        level=7,
        created=NOON,
        sound="bell",
        url="https://example.org/",
        url_title="More",
        icon="https://example.org/i.png",
        tags=Raw(b'["x"]'),
        actions=Raw(b"[]"),
        extras=Raw(b'{"b": 1, "a": 2}'),
        key="nightly",
        expires=NOON + 60 * SECOND,
    )


@pytest.mark.parametrize("title", [None, "", "  ", "\n\t"])
async def test_without_a_title_the_applications_name_stands_in(house: House, sender: Sender, title: str | None) -> None:
    assert (await publish(house, sender, title=title)).title == "Backup"


async def test_a_title_is_not_trimmed(house: House, sender: Sender) -> None:
    assert (await publish(house, sender, title="  Night ")).title == "  Night "


@pytest.mark.parametrize(("given", "kept", "level"), [(None, 4, 4), (0, 0, 0), (-5, -5, 0), (2**31 - 1, 2**31 - 1, 10)])
async def test_the_applications_priority_counts_unless_one_was_given(
    house: House, sender: Sender, given: int | None, kept: int, level: int
) -> None:
    message = await publish(house, sender, priority=given)
    assert (message.priority, message.level) == (kept, level)


@pytest.mark.parametrize(
    ("field", "limit", "named"),
    [
        ("body", LIMITS.text, "message"),
        ("title", LIMITS.title, "title"),
        ("url", LIMITS.url, "url"),
        ("url_title", LIMITS.title, "url_title"),
        ("sound", LIMITS.short, "sound"),
        ("icon", LIMITS.url, "icon"),
        ("key", LIMITS.short, "key"),
    ],
)
async def test_a_text_may_be_as_long_as_its_limit_in_bytes_and_no_longer(
    house: House, sender: Sender, field: str, limit: int, named: str
) -> None:
    longest = "ä" * (limit // 2)
    assert getattr(await publish(house, sender, **{field: longest}), field) == longest
    with pytest.raises(TooLarge, match=f"^{named} is longer than {limit} bytes$"):
        await publish(house, sender, **{field: longest + "x"})
    assert len(await stored(house, sender)) == 1


def with_field(name: str, json: bytes) -> dict[str, Any]:
    return {name: Raw(json)}


@pytest.mark.parametrize("field", ["extras", "tags", "actions"])
async def test_json_may_be_as_long_as_its_limit_and_no_longer(house: House, sender: Sender, field: str) -> None:
    longest: Any = Raw(b'{"a":"%b"}' % (b"x" * (LIMITS.json - 8)))
    assert getattr(await publish(house, sender, **{field: longest}), field) == longest
    with pytest.raises(TooLarge, match=f"^{field} is longer than {LIMITS.json} bytes$"):
        await publish(house, sender, **with_field(field, bytes(longest) + b" "))
    with pytest.raises(BadInput, match=f"^{field} is not valid UTF-8$"):
        await publish(house, sender, **with_field(field, b'{"a":"\xfc"}'))
    assert len(await stored(house, sender)) == 1


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"body": "\ud800"}, "message is not valid text"),
        ({"title": "\ud800"}, "title is not valid text"),
        ({"priority": 2**31}, "priority must be a 32-bit number"),
        ({"priority": -(2**31) - 1}, "priority must be a 32-bit number"),
        ({"ttl": 0}, f"ttl must be from 1 to {LONGEST_TTL} seconds"),
        ({"ttl": -1}, f"ttl must be from 1 to {LONGEST_TTL} seconds"),
        ({"ttl": LONGEST_TTL + 1}, f"ttl must be from 1 to {LONGEST_TTL} seconds"),
        ({"content_type": "text/html"}, "content_type must be one of text/markdown, text/plain"),
        ({"content_type": "auto"}, "content_type must be one of text/markdown, text/plain"),
        ({"content_type": ""}, "content_type must be one of text/markdown, text/plain"),
    ],
)
async def test_what_is_refused_is_not_stored(house: House, sender: Sender, fields: dict[str, Any], text: str) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(text)}$"):
        await publish(house, sender, **fields)
    assert await stored(house, sender) == []


RECIPE = "## Deploy\n- **Env**: prod\n- **By**: ci"


@pytest.mark.parametrize(
    ("applications", "fields", "content_type"),
    [
        ("auto", {"body": RECIPE}, "text/markdown"),
        ("auto", {"body": "one\ntwo"}, "text/plain"),
        ("auto", {"body": "**one line**"}, "text/plain"),
        ("auto", {"body": RECIPE, "content_type": "text/plain"}, "text/plain"),
        ("auto", {"body": "one", "content_type": "text/markdown"}, "text/markdown"),
        ("auto", {"body": RECIPE, "encrypted": True}, "text/plain"),
        ("text/plain", {"body": RECIPE}, "text/plain"),
        ("text/plain", {"body": "one", "content_type": "text/markdown"}, "text/markdown"),
        ("text/markdown", {"body": "one"}, "text/markdown"),
        ("text/markdown", {"body": RECIPE, "content_type": "text/plain"}, "text/plain"),
    ],
)
async def test_the_content_type_is_the_senders_or_the_applications_or_by_the_text(
    house: House, sender: Sender, applications: str, fields: dict[str, Any], content_type: str
) -> None:
    application = replace(sender.application, content_type=applications)
    message = await publish(house, Sender(application, sender.receivers), **fields)
    assert message.content_type == content_type
    assert await stored(house, sender) == [message]


async def test_the_longest_life_is_ten_years(house: House, sender: Sender) -> None:
    assert (await publish(house, sender, ttl=LONGEST_TTL)).expires == NOON + LONGEST_TTL * SECOND


async def test_a_zero_byte_is_replaced_so_that_the_rest_arrives(house: House, sender: Sender) -> None:
    message = await publish(house, sender, body="one\0two", title="\0", url="a\0b")
    assert (message.body, message.title, message.url) == ("one�two", "�", "a�b")
    assert await stored(house, sender) == [message]


async def test_empty_optional_fields_count_as_absent(house: House, sender: Sender) -> None:
    message = await publish(house, sender, url="", url_title="", sound="", icon="", key="")
    assert (message.url, message.url_title, message.sound, message.icon, message.key) == (None,) * 5


async def test_messages_are_numbered_upwards_and_public_ids_differ(house: House, sender: Sender) -> None:
    messages = await asyncio.gather(*(publish(house, sender, body=str(number)) for number in range(50)))
    ids = [message.id for message in messages]
    assert len(set(ids)) == len({message.public_id for message in messages}) == 50
    assert [message.body for message in sorted(messages, key=lambda one: one.id)] == [str(n) for n in range(50)]
    assert await stored(house, sender) == sorted(messages, key=lambda one: -one.id)


async def test_the_same_key_stores_once_and_answers_the_same(house: House, sender: Sender) -> None:
    first = await publish(house, sender, idempotency="k", title="Night")
    house.clock.advance(SECOND)
    again = await publish(house, sender, idempotency="k", title="Night")
    assert (again.id, again.public_id, again.created) == (first.id, first.public_id, first.created)
    assert await stored(house, sender) == [first]


async def test_the_same_key_at_the_same_moment_stores_once(house: House, sender: Sender) -> None:
    messages = await asyncio.gather(*(publish(house, sender, idempotency="k") for _ in range(20)))
    assert {message.id for message in messages} == {messages[0].id}
    assert len(await stored(house, sender)) == 1


@pytest.mark.parametrize("other", [{"body": "other"}, {"title": "t"}, {"priority": 0}, {"extras": Raw(b'{"a":1}')}])
async def test_the_same_key_with_another_message_is_a_conflict(
    house: House, sender: Sender, other: dict[str, Any]
) -> None:
    await publish(house, sender, idempotency="k")
    with pytest.raises(Conflict):
        await publish(house, sender, idempotency="k", **other)
    assert len(await stored(house, sender)) == 1


async def test_a_key_counts_for_24_hours(house: House, sender: Sender) -> None:
    first = await publish(house, sender, idempotency="k")
    house.clock.advance(IDEMPOTENCY_MICROSECONDS - 1)
    assert (await publish(house, sender, idempotency="k")).id == first.id
    house.clock.advance(1)
    later = await publish(house, sender, idempotency="k", body="another")
    assert later.id > first.id
    assert (await publish(house, sender, idempotency="k", body="another")).id == later.id


async def test_a_key_counts_within_its_application(house: House, sender: Sender) -> None:
    other, _ = await house.sender(await house.accounts.users.named("ada"), "Door")
    first = await publish(house, sender, idempotency="k")
    assert (await publish(house, other, idempotency="k")).id != first.id
    assert len(await stored(house, sender)) == 2


async def test_a_key_has_a_bound(house: House, sender: Sender) -> None:
    await publish(house, sender, idempotency="k" * LIMITS.short)
    with pytest.raises(TooLarge, match=r"^Idempotency-Key is longer"):
        await publish(house, sender, idempotency="k" * (LIMITS.short + 1))


async def test_what_was_refused_may_be_sent_again_under_its_key(house: House, sender: Sender) -> None:
    with pytest.raises(TooLarge):
        await publish(house, sender, idempotency="k", body="x" * (LIMITS.text + 1))
    assert (await publish(house, sender, idempotency="k", body="x")).body == "x"


async def test_who_stops_takes_nothing_more_and_stores_what_it_took(house: House, sender: Sender) -> None:
    accepted = asyncio.create_task(publish(house, sender, body="before"))
    await asyncio.sleep(0)
    house.publisher.stop()
    with pytest.raises(Unavailable, match=r"^the server is stopping$"):
        await publish(house, sender, body="after")
    message = await accepted
    assert await stored(house, sender) == [message]


async def test_the_same_content_again_is_another_message_and_replaces_none(house: House, sender: Sender) -> None:
    scale = Scale("pushover")
    whole = Draft(
        body="*done*",
        title="Backup",
        priority=-2,
        content_type="text/markdown",
        extras=Raw(b'{"a": 1}'),
        url="https://nas.example",
        url_title="NAS",
        sound="bell",
        icon="https://nas.example/icon.png",
        tags=Raw(b'["nas"]'),
        actions=Raw(b'[{"label": "Look"}]'),
        key="backup",
        ttl=60,
        encrypted=True,
    )
    first = await house.publisher.publish(sender, whole, scale=scale)
    house.clock.advance(10 * SECOND)
    second = await house.publisher.publish(sender, again(first), scale=scale)
    told = {"id": second.id, "public_id": second.public_id, "created": NOON + 10 * SECOND, "key": None}
    assert first.expires
    assert second == replace(first, expires=first.expires + 10 * SECOND, **told)
    assert second.id > first.id
    assert again(replace(first, expires=None)).ttl is None
