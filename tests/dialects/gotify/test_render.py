from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from carillon.core.models import Message
from carillon.dialects.gotify import render
from tests import builders
from tests.builders import NOON

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)


def rendered(**fields: Any) -> Any:
    return json.loads(render.message(builders.message(**fields)))


# Messages


def test_a_message_to_the_byte() -> None:
    message = builders.message(extras=Raw(b'{"b":1,"a":{"c":[]}}'), created=NOON + 504504)
    assert render.message(message) == (
        b'{"id":42,"appid":7,"message":"done","title":"Backup","priority":5,'
        b'"extras":{"b":1,"a":{"c":[]}},"date":"2026-09-01T12:00:00.504504Z"}'
    )


def test_without_extras_the_key_is_not_there() -> None:
    assert render.message(builders.message()) == (
        b'{"id":42,"appid":7,"message":"done","title":"Backup","priority":5,"date":"2026-09-01T12:00:00Z"}'
    )


def test_the_characters_that_go_escapes_are_escaped_everywhere() -> None:
    message = builders.message(body="<a>&\u2028\u2029", title="<&>", extras=Raw('{"<":"&\u2028 é"}'.encode()))
    assert render.message(message) == (
        rb'{"id":42,"appid":7,"message":"\u003ca\u003e\u0026\u2028\u2029","title":"\u003c\u0026\u003e","priority":5,'
        rb'"extras":{"\u003c":"\u0026\u2028 ' + "é".encode() + rb'"},"date":"2026-09-01T12:00:00Z"}'
    )


def test_control_characters_are_escaped_and_others_are_not() -> None:
    data = render.message(builders.message(body="\"\\/\b\f\n\r\t\x00\x1f\x7f'…🔔"))
    assert '"message":"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\'…🔔"'.encode() in data


def test_the_priority_is_the_one_that_was_sent_or_the_level_of_another_dialects() -> None:
    assert rendered(priority=-7, level=0)["priority"] == -7
    assert rendered(dialect="native", priority=99, level=8)["priority"] == 8


@pytest.mark.parametrize(
    ("fields", "extras"),
    [
        ({}, None),
        ({"content_type": "text/markdown"}, {"client::display": {"contentType": "text/markdown"}}),
        ({"url": "https://a/?b&c"}, {"client::notification": {"click": {"url": "https://a/?b&c"}}}),
        ({"extras": Raw(b'{"x":1}')}, {"x": 1}),
        (
            {"content_type": "text/markdown", "extras": Raw(b'{"x":1}')},
            {"x": 1, "client::display": {"contentType": "text/markdown"}},
        ),
        (
            {"content_type": "text/markdown", "extras": Raw(b'{"x":{"client::display":{}}}'), "url": "u"},
            {
                "x": {"client::display": {}},
                "client::display": {"contentType": "text/markdown"},
                "client::notification": {"click": {"url": "u"}},
            },
        ),
        ({"url": "u", "extras": Raw(b'{"client::notification":{}}')}, {"client::notification": {}}),
        (
            {"content_type": "text/markdown", "extras": Raw(b"{}")},
            {"client::display": {"contentType": "text/markdown"}},
        ),
    ],
)
@pytest.mark.parametrize("dialect", ["gotify", "native"])
def test_markdown_and_a_link_become_extras(dialect: str, fields: dict[str, Any], extras: Any) -> None:
    assert rendered(dialect=dialect, **fields).get("extras") == extras


def test_the_senders_extras_stay_as_they_were_sent() -> None:
    plain = b'{"client::display": {"contentType":"text/plain"}, "n":  12345678901234567890}'
    message = builders.message(content_type="text/markdown", extras=Raw(plain))
    assert plain in render.message(message)
    message = builders.message(content_type="text/markdown", extras=Raw(b'{"n": [12345678901234567890,  1.50]}'))
    assert (
        b'"extras":{"n":[12345678901234567890,  1.50],"client::display":{"contentType":"text/markdown"}}'
        in render.message(message)
    )


@given(text, text, st.integers(-(2**31), 2**31 - 1), st.dictionaries(text, json_values, min_size=1, max_size=3))
def test_whatever_was_stored_is_equal_after_parsing(
    body: str, title: str, priority: int, extras: dict[str, Any]
) -> None:
    message = builders.message(body=body, title=title, priority=priority, extras=Raw(json.dumps(extras).encode()))
    data = render.message(message)
    assert not re.search("[<>&\u2028\u2029]", data.decode())
    assert json.loads(data) == {
        "id": 42,
        "appid": 7,
        "message": body,
        "title": title,
        "priority": priority,
        "extras": extras,
        "date": "2026-09-01T12:00:00Z",
    }


# Pages


def stored(count: int) -> list[Message]:
    return [builders.message(id=number) for number in range(count, 0, -1)]


def test_the_last_page_to_the_byte() -> None:
    assert render.page([], path="/message", limit=100) == (b'{"paging":{"size":0,"since":0,"limit":100},"messages":[]}')


def test_a_page_with_more_to_come_to_the_byte() -> None:
    page = render.page(stored(2), path="/application/7/message", limit=1)
    message = render.message(stored(2)[0])
    assert page == (
        rb'{"paging":{"next":"/application/7/message?limit=1\u0026since=2","size":1,"since":2,"limit":1},"messages":['
        + message
        + b"]}"
    )


def test_the_next_of_a_page_forward_are_those_after_its_last() -> None:
    page = json.loads(render.page(stored(3)[::-1], path="/message", limit=2, forward=True))
    assert page["paging"] == {"next": "/message?limit=2&after=2", "size": 2, "since": 0, "limit": 2}
    assert [message["id"] for message in page["messages"]] == [1, 2]


@given(st.integers(0, 6), st.integers(1, 5))
def test_next_is_there_only_when_there_is_more(count: int, limit: int) -> None:
    page = json.loads(render.page(stored(min(count, limit + 1)), path="/message", limit=limit))
    shown, paging = page["messages"], page["paging"]
    assert paging["size"] == len(shown) == min(count, limit)
    assert paging["limit"] == limit
    if count > limit:
        assert paging["since"] == shown[-1]["id"]
        assert paging["next"] == f"/message?limit={limit}&since={paging['since']}"
    else:
        assert paging["since"] == 0
        assert "next" not in paging


# The other records


def test_an_application_to_the_byte() -> None:
    subscription = builders.subscription(builders.application(description="n <", default_priority=4), sort_key="a1")
    assert render.encode(render.application(subscription)) == (
        rb'{"id":7,"name":"Backup","description":"n \u003c","internal":false,"image":"static/defaultapp.png",'
        rb'"defaultPriority":4,"createdAt":"2026-09-01T12:00:00Z","lastUsed":null,"sortKey":"a1"}'
    )
    used = builders.subscription(builders.application(last_used=NOON + 500_000), sort_key="a1")
    assert render.encode(render.application(used, "Asecret")) == (
        b'{"id":7,"token":"Asecret","name":"Backup","description":"","internal":false,"image":"static/defaultapp.png",'
        b'"defaultPriority":0,"createdAt":"2026-09-01T12:00:00Z","lastUsed":"2026-09-01T12:00:00.5Z","sortKey":"a1"}'
    )


def test_a_client_to_the_byte() -> None:
    assert render.encode(render.client(builders.device())) == (
        b'{"id":3,"name":"phone","createdAt":"2026-09-01T12:00:00Z","lastUsed":null,"expiresAfterInactivitySeconds":0}'
    )
    assert render.encode(render.client(builders.device(last_used=NOON), "Csecret")) == (
        b'{"id":3,"token":"Csecret","name":"phone","createdAt":"2026-09-01T12:00:00Z",'
        b'"lastUsed":"2026-09-01T12:00:00Z","expiresAfterInactivitySeconds":0}'
    )
    session = builders.device(expires_after=60, elevated_until=NOON - 1, last_used=NOON - 1)
    assert render.encode(render.client(session)) == (
        b'{"id":3,"name":"phone","createdAt":"2026-09-01T12:00:00Z","lastUsed":"2026-09-01T11:59:59.999999Z",'
        b'"elevatedUntil":"2026-09-01T11:59:59.999999Z","expiresAfterInactivitySeconds":60,'
        b'"expiresAt":"2026-09-01T12:01:00Z"}'
    )


def test_the_current_user_to_the_byte() -> None:
    admin = b'{"id":1,"name":"ada","admin":true,"createdAt":"2026-09-01T12:00:00Z"}'
    assert render.encode(render.current_user(builders.user(admin=True), None, now=NOON)) == admin
    assert render.encode(render.user(builders.user(admin=True))) == admin
    for until, told in (
        (0, b""),
        (NOON, b""),
        (NOON + 1, b',"elevatedUntil":"2026-09-01T12:00:00.000001Z"'),
    ):
        device = builders.device(elevated_until=until)
        assert render.encode(render.current_user(builders.user(), device, now=NOON)) == (
            b'{"id":1,"name":"ada","admin":false,"createdAt":"2026-09-01T12:00:00Z","clientId":3' + told + b"}"
        )


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (409, "Conflict"),
        (413, "Request Entity Too Large"),
        (429, "Too Many Requests"),
        (503, "Service Unavailable"),
        (507, "Insufficient Storage"),
    ],
)
def test_an_error_to_the_byte(status: int, name: str) -> None:
    assert render.error(status, "not <x>") == (
        rb'{"error":"%b","errorCode":%d,"errorDescription":"not \u003cx\u003e"}' % (name.encode(), status)
    )


# Times


@pytest.mark.parametrize(
    ("microseconds", "date"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (NOON, "2026-09-01T12:00:00Z"),
        (NOON + 500_000, "2026-09-01T12:00:00.5Z"),
        (NOON + 10, "2026-09-01T12:00:00.00001Z"),
        (NOON - 1, "2026-09-01T11:59:59.999999Z"),
    ],
)
def test_dates(microseconds: int, date: str) -> None:
    assert render.date(microseconds) == date


@given(st.integers(0, 4_102_444_800_000_000))
def test_a_date_is_exact_and_says_its_zone(microseconds: int) -> None:
    written = render.date(microseconds)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z", written)
    read = datetime.fromisoformat(written)
    assert int(read.replace(microsecond=0).timestamp()) * 1_000_000 + read.microsecond == microseconds
