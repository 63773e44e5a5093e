"""What the channel makes of messages, and of what Mattermost answers. No server is needed: the world is handed in."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import carillon_channel_mattermost as mattermost
import pytest

from carillon.core.channels import Answer, Broken, Outcome, Parcel, Refused, Retry, Sent, Throttled
from carillon.core.forms import BadOption, form, read

HOOK = "https://chat.example.org/team/hooks/xyz"


class World:
    """Stands in for `carillon.core.channels.Outside`: answers, and remembers what it was asked."""

    def __init__(self, status: int = 200, body: bytes = b"ok", **headers: str) -> None:
        self.answer = Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
        self.asked: list[tuple[str, str]] = []
        self.told: dict[str, Any] = {}

    async def request(self, method: str, url: str, *, body: bytes = b"", **_: Any) -> Answer:
        self.asked.append((method, url))
        self.told = json.loads(body or b"{}")
        return self.answer


def parcel(**given: Any) -> Parcel:
    usual: dict[str, Any] = {"id": "1-1", "application": "backup", "title": "Done", "body": "12 files", "created": 0}
    return Parcel(**usual | given)


def sent(world: World, options: dict[str, Any] | None = None, **given: Any) -> Outcome:
    filled = read(mattermost.Options, {"hook": HOOK} | (options or {}))
    return asyncio.run(mattermost.send(filled, parcel(**given), world))  # type: ignore[arg-type]  # all that is used


def test_a_message_is_a_post() -> None:
    world = World()
    assert sent(world, {"channel": "ops"}, url="https://a.example/1", url_title="The log") == Sent(status=200)
    assert world.asked == [("POST", HOOK)]
    text = "**Done**\n```\n12 files\n```\n[The log](https://a.example/1)"
    assert world.told == {"text": text, "username": "backup", "channel": "ops"}


def test_markdown_stays_and_what_is_plain_cannot_act() -> None:
    assert mattermost.text_of(parcel(content_type="text/markdown", body="*x*")) == "**Done**\n*x*"
    assert mattermost.text_of(parcel(title="a*b", body="```\n@all")) == "**a\\*b**\n````\n```\n@all\n````"
    assert mattermost.text_of(parcel(body="")) == "**Done**\n"


def test_a_long_text_is_cut_and_its_link_is_not() -> None:
    text = mattermost.text_of(parcel(body="x" * 20_000, link="https://bell.example/#/m/1"))
    assert len(text) == mattermost.LONGEST
    assert text.endswith("x…\n```\n[Open](https://bell.example/#/m/1)")


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({"level": 7}, None),
        ({"level": 8}, "important"),
        ({"level": 10}, "urgent"),
        ({"level": 10, "silent": True}, None),
    ],
)
def test_what_is_important_is_labelled(given: dict[str, Any], label: str | None) -> None:
    world = World()
    sent(world, **given)
    assert world.told.get("priority") == (label and {"priority": label})
    sent(world, {"labels": False}, **given)
    assert "priority" not in world.told


@pytest.mark.parametrize(
    ("status", "name", "expected", "fault"),
    [
        (400, "web.incoming_webhook.invalid.app_error", Broken, "hook"),
        (403, "web.incoming_webhook.channel_locked.app_error", Broken, "channel"),
        (404, "web.incoming_webhook.channel.app_error", Broken, "channel"),
        (501, "web.incoming_webhook.disabled.app_error", Broken, "hook"),
        (400, "web.incoming_webhook.text.app_error", Refused, ""),
        (500, "app.post.save.app_error", Retry, ""),
    ],
)
def test_a_refusal_has_its_class_and_its_words(status: int, name: str, expected: type[Outcome], fault: str) -> None:
    outcome = sent(World(status, json.dumps({"id": name, "message": "No."}).encode()))
    assert (type(outcome), outcome.status, outcome.text, outcome.field) == (expected, status, "No.", fault)


@pytest.mark.parametrize(("headers", "seconds"), [({"retry_after": "7"}, 7), ({}, mattermost.REST)])
def test_a_server_that_asks_for_patience_gets_it(headers: dict[str, str], seconds: float) -> None:
    outcome = sent(World(429, b"limit exceeded", **headers))
    assert isinstance(outcome, Throttled)
    assert (outcome.seconds, outcome.text) == (seconds, "limit exceeded")


@pytest.mark.parametrize("body", [b"", b"[1]", b"<html>", b"\xff"])
def test_no_answer_is_too_strange(body: bytes) -> None:
    assert [type(sent(World(status, body))) for status in (200, 400, 502)] == [Sent, Refused, Retry]


def test_a_check_posts_nothing() -> None:
    world, options = World(), mattermost.Options(hook=HOOK)
    outcome = asyncio.run(mattermost.check(options, world))  # type: ignore[arg-type]  # all that is used
    assert outcome == Sent(status=200, text="The server is there")
    assert world.asked == [("GET", "https://chat.example.org/team/api/v4/system/ping")]


def test_the_form_is_in_both_languages_and_wants_an_address() -> None:
    assert all(all(each.look.label) for each in form(mattermost.Options))
    with pytest.raises(BadOption):
        read(mattermost.Options, {"hook": "https://chat.example.org"})
