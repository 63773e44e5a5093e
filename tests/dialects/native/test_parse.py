from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct

from carillon.core.errors import BadInput
from carillon.core.publish import Draft
from carillon.dialects.native import asks
from carillon.dialects.native.operation import Nothing
from carillon.dialects.native.operations import OPERATIONS
from carillon.dialects.native.parse import (
    FieldError,
    at_most,
    expected,
    microseconds,
    parse_body,
    parse_id,
    parse_message,
    parse_query,
)
from tests.builders import NOON

BODIES = sorted({one.body for one in OPERATIONS} - {Nothing}, key=lambda kind: kind.__name__)
QUERIES = sorted({one.query for one in OPERATIONS}, key=lambda kind: kind.__name__)
FIELDS = sorted({name for kind in BODIES for name in kind.__struct_fields__})

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS) | st.text(), ANYTHING)


@given(st.binary() | OBJECTS.map(lambda fields: json.dumps(fields).encode()))
def test_a_body_is_read_or_refused(body: bytes) -> None:
    for kind in BODIES:
        try:
            assert isinstance(parse_body(kind, body), kind)
        except BadInput as error:
            json.dumps(str(error)).encode()
    try:
        draft = parse_message(body)
    except BadInput:
        return
    for kept in (draft.tags, draft.actions, draft.extras):
        if kept is not None:
            json.loads(bytes(kept).decode())


@given(st.binary())
def test_a_query_is_read_or_refused(query: bytes) -> None:
    for kind in QUERIES:
        try:
            assert isinstance(parse_query(kind, query), kind)
        except BadInput as error:
            msgspec.json.encode(str(error))


@given(st.dictionaries(st.sampled_from(["limit", "before", "after", "wait", "all", "application"]), st.text()))
def test_a_named_parameter_is_read_or_refused(fields: dict[str, str]) -> None:
    for kind in QUERIES:
        try:
            parse_query(kind, urlencode(fields).encode())
        except BadInput as error:
            msgspec.json.encode(str(error))


@given(st.text(st.characters()))
def test_a_number_is_read_or_refused(digits: str) -> None:
    try:
        assert 0 <= parse_id(digits) < 10**18
    except FieldError:
        assert not digits.isascii() or not digits.isdigit() or len(digits) > 18


@pytest.mark.parametrize(
    "body",
    [
        b'{"message":"a","extras":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"message":"a","extras":{"a":' + b"[" * 3000 + b"]" * 3000 + b"}}",
        b'{"message":"a","priority":' + b"9" * 5000 + b"}",
        b'{"message":"a","priority":1e400}',
        b'{"message":"\\ud800"}',
        b'{"message":"\xed\xa0\x80"}',
        b'{"a\xff":1}',
        b'\xef\xbb\xbf{"message":"a"}',
        b'{"message":"a"} {}',
        b'{"message":"a","tags":["\xff"]}',
        b'{"message":"a","extras":{"\xff":1}}',
    ],
)
def test_malformed_json_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        parse_message(body)


def test_of_a_field_sent_twice_the_last_counts() -> None:
    assert parse_message(b'{"message":"a","message":"b"}').body == "b"


def test_a_whole_message() -> None:
    draft = parse_message(
        b'{"message":"m","title":"t","priority":10,"content_type":"text/markdown","url":"u","url_title":"n",'
        b'"sound":"s","icon":"i","tags":["a"],"actions":[{"label":"b","x":1}],"extras":{"c": 1},"key":"k","ttl":5,'
        b'"encrypted":true}'
    )
    kept = {"tags": b'["a"]', "actions": b'[{"label":"b","x":1}]', "extras": b'{"c": 1}'}
    assert {name: bytes(getattr(draft, name)) for name in kept} == kept
    assert msgspec.structs.replace(draft, tags=None, actions=None, extras=None) == Draft(
        body="m",
        title="t",
        priority=10,
        content_type="text/markdown",
        url="u",
        url_title="n",
        sound="s",
        icon="i",
        key="k",
        ttl=5,
        encrypted=True,
    )


def test_of_a_parameter_sent_twice_the_first_counts_and_the_credential_is_none() -> None:
    assert parse_query(asks.PageQuery, b"limit=5&token=x&limit=6") == asks.PageQuery(limit=5)


@pytest.mark.parametrize(
    ("kind", "field", "words"),
    [
        (asks.NewMessage, "tags", "a list of at most 64 strings"),
        (asks.NewMessage, "actions", "a list of at most 16 objects that have a label"),
        (asks.NewMessage, "extras", "an object"),
        (asks.NewMessage, "title", "a string"),
        (asks.NewMessage, "message", "a string that is not empty"),
        (asks.NewMessage, "priority", "a whole number from 0 to 10"),
        (asks.NewMessage, "content_type", "one of text/markdown, text/plain"),
        (asks.PageQuery, "before", "a whole number of at least 0"),
        (asks.MarkIds, "ids", "a list of whole numbers"),
        (asks.PatchState, "read", "true or false"),
        (asks.ClearQuery, "older_than", "a time such as 2026-09-01T12:00:00Z"),
    ],
)
def test_the_declaration_in_words(kind: type[Struct], field: str, words: str) -> None:
    assert expected(kind)[field] == words


def test_an_unknown_name_is_not_repeated_at_length() -> None:
    with pytest.raises(FieldError) as refused:
        parse_body(asks.DeleteIds, json.dumps({"x" * 10_000: 1}).encode())
    assert len(str(refused.value)) < 200
    assert len(refused.value.field) == 60


def test_a_bound_of_this_installation() -> None:
    assert at_most("limit", 5, 5) == 5
    with pytest.raises(FieldError, match=r"^limit must be at most 5$"):
        at_most("limit", 6, 5)


def test_what_is_kept_does_not_hold_the_whole_request() -> None:
    body: Any = b'{"message":"' + b"x" * 100 + b'","extras":{"a":1}}'
    extras = parse_message(body).extras
    assert isinstance(extras, Raw)
    assert memoryview(extras).nbytes == len(b'{"a":1}')


def test_a_time_is_told_in_microseconds() -> None:
    query = parse_query(asks.ClearQuery, b"older_than=2026-09-01T14:00:00.000001%2B02:00")
    assert query.older_than
    assert microseconds(query.older_than) == NOON + 1
