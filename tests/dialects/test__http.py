from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon.core.errors import BadInput, TooLarge
from carillon.dialects._http import (
    FIELDS,
    Disconnected,
    Upload,
    _parsed_parts,
    _plain_parts,
    form_fields,
    multipart_fields,
    multipart_file,
    query_fields,
    read_body,
    respond,
)


def arriving(*chunks: bytes, cut: bool = False) -> Any:
    """A request body in pieces; `cut`: then the client goes away."""

    async def events() -> AsyncIterator[dict[str, Any]]:
        for number, chunk in enumerate(chunks):
            yield {"type": "http.request", "body": chunk, "more_body": cut or number + 1 < len(chunks)}
        yield {"type": "http.disconnect"}

    return events().__anext__


@pytest.mark.parametrize("chunks", [[b""], [b"abcd"], [b"ab", b"cd"], [b"", b"abc", b"", b"d"]])
async def test_a_body_is_read_whole(chunks: list[bytes]) -> None:
    assert await read_body({}, arriving(*chunks), 4) == b"".join(chunks)


@pytest.mark.parametrize("chunks", [[b"abcde"], [b"ab", b"cde"], [b"abcd", b"e", b"f" * 100]])
async def test_a_body_beyond_the_limit_is_refused(chunks: list[bytes]) -> None:
    with pytest.raises(TooLarge, match=r"^the request is larger than 4 bytes$"):
        await read_body({}, arriving(*chunks), 4)


async def test_of_an_endless_body_no_more_is_read_than_shows_that_it_is_too_large() -> None:
    taken = 0

    async def endless() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        assert taken < 50
        return {"type": "http.request", "body": b"x" * 10, "more_body": True}

    with pytest.raises(TooLarge):
        await read_body({}, endless, 100)
    assert taken == 11


@pytest.mark.parametrize("chunks", [[], [b"ab"], [b"ab", b"cd"]])
async def test_a_client_that_goes_away_halfway_is_noticed(chunks: list[bytes]) -> None:
    with pytest.raises(Disconnected):
        await read_body({}, arriving(*chunks, cut=True), 4)


async def test_an_answer_has_its_length() -> None:
    sent: list[Any] = []

    async def send(event: Any) -> None:
        sent.append(event)

    await respond(send, 200, b"{}")
    await respond(send, 418, b"", headers=[(b"x-a", b"b")])
    assert sent == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")],
        },
        {"type": "http.response.body", "body": b"{}"},
        {"type": "http.response.start", "status": 418, "headers": [(b"x-a", b"b"), (b"content-length", b"0")]},
        {"type": "http.response.body", "body": b""},
    ]


@pytest.mark.parametrize("read", [query_fields, form_fields])
def test_urlencoded_fields(read: Any) -> None:
    assert read(b"a=1&b=%C3%BC+x&c&d=&a=2&=e&b%5B%5D=3") == {
        "a": "1",
        "b": "ü x",
        "c": "",
        "d": "",
        "": "e",
        "b[]": "3",
    }
    assert read("a=ü".encode()) == {"a": "ü"}
    assert read(b"a=%FC%zz\xff") == {"a": "\ufffd%zz\ufffd"}
    assert read(b"") == {}


@pytest.mark.parametrize("read", [query_fields, form_fields])
def test_fields_are_bounded(read: Any) -> None:
    assert len(read(b"&".join(b"%d=" % number for number in range(FIELDS)))) == FIELDS
    with pytest.raises(BadInput, match=r"^more than 100 fields$"):
        read(b"&".join(b"%d=" % number for number in range(FIELDS + 1)))


@given(st.text("%41aFzg=+&_ \r\n\x00\xe4.", max_size=12), st.sampled_from(["utf-8", "latin-1"]))
def test_a_value_is_unquoted_as_by_the_standard_library(text: str, encoding: str) -> None:
    value = text.replace("&", "").encode(encoding)
    spaced = value.decode("utf-8", "replace").replace("+", " ")
    assert form_fields(b"a=" + value) == {"a": unquote(spaced, errors="replace")}


def part(name: str, value: bytes, *, more: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"


def test_multipart_fields() -> None:
    body = part("a", b"1") + part("b", "ü\r\nx".encode()) + part("c", b"") + part("a", b"2") + b"--b--\r\n"
    fields = {"a": "1", "b": "ü\r\nx", "c": ""}
    assert multipart_fields("multipart/form-data; boundary=b", body) == fields
    assert multipart_fields('multipart/form-data; charset=utf-8; Boundary="b"', body) == fields
    assert multipart_fields("multipart/form-data; boundary=b", body + b"an epilogue --b") == fields


def test_the_line_break_before_the_end_may_be_missing() -> None:
    body = part("a", b"1") + part("b", b"2")
    assert multipart_fields("x; boundary=b", body.removesuffix(b"\r\n") + b"--b--\r\n") == {"a": "1", "b": "2"}


def test_files_are_left_out_also_empty_and_large_ones() -> None:
    files = part("f", b"x" * 100_000, more='; filename="f"') + part("g", b"", more='; filename="g.png"')
    assert multipart_fields("x; boundary=b", files + part("a", b"1") + b"--b--") == {"a": "1"}


def test_a_file_is_found_by_its_name() -> None:
    body = (
        part("file", b"no file")
        + part("file", b"", more='; filename=""')
        + part("f", b"2", more='; filename="f"')
        + part("file", b"\x89PNG\r\n\x1a\n", more='; filename="../\xfc.png"\r\nContent-Type: text/html')
        + part("file", b"4", more='; filename="later"')
    )
    assert multipart_file("x; boundary=b", body + b"--b--", "file") == Upload("../\xfc.png", b"\x89PNG\r\n\x1a\n")
    assert multipart_file("x; boundary=b", body + b"--b--", "other") is None
    assert multipart_file("x; boundary=b", part("f", b"", more='; filename="f"') + b"--b--", "f") == Upload("f", b"")
    with pytest.raises(BadInput):
        multipart_file("x; boundary=b", body, "file")
    with pytest.raises(BadInput):
        multipart_file("image/png", body, "file")


def test_a_value_keeps_dashes_that_only_look_like_the_end() -> None:
    body = part("a", b"1\r\n--c--\r\n--") + b"--b--\r\n"
    assert multipart_fields("x; boundary=b", body) == {"a": "1\r\n--c--\r\n--"}


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "x; boundary", "x; boundary=", 'x; boundary=""', f"x; boundary={'b' * 201}", "boundary=b"],
)
def test_without_a_boundary_nothing_can_be_read(content_type: str) -> None:
    with pytest.raises(BadInput, match=r"^the multipart body has no boundary$"):
        multipart_fields(content_type, part("a", b"1") + b"--b--\r\n")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a=1",
        part("a", b"1"),
        b"--b\r\n\r\n1\r\n--b--",
        b"--b\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--b--",
        part("a", b"1") * 101 + b"--b--",
    ],
)
def test_a_broken_multipart_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput, match=r"^the multipart body cannot be read: "):
        multipart_fields("x; boundary=b", body)


@given(
    st.dictionaries(
        st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=8),
        st.binary(max_size=50).filter(lambda value: b"\r\n--b" not in value),
        min_size=1,
        max_size=5,
    )
)
def test_values_come_through_multipart_unchanged(fields: dict[str, bytes]) -> None:
    body = b"".join(part(name, value) for name, value in fields.items()) + b"--b--\r\n"
    expected = {name: value.decode("utf-8", "replace") for name, value in fields.items()}
    assert multipart_fields("x; boundary=b", body) == expected


PIECES = st.sampled_from(
    [
        b"--b",
        b"--b\r\n",
        b"--b--",
        b"--b--\r\n",
        b"\r\n",
        b"\n",
        b'Content-Disposition: form-data; name="a"',
        b'content-disposition: form-data; name="b"',
        b'Content-Disposition: form-data; name="c"; filename="x"',
        b'Content-Disposition: form-data; name=""',
        b"Content-Type: text/plain",
        b"--",
        b"value",
        b"",
    ]
)


@given(st.lists(PIECES, max_size=24).map(b"".join))
def test_the_short_way_through_multipart_reads_what_the_parser_reads(body: bytes) -> None:
    short = _plain_parts(b"b", body)
    if short is not None:
        assert short == _parsed_parts(b"b", body)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(PIECES, max_size=4).map(b"".join)), max_size=4))
def test_the_short_way_reads_well_made_bodies_the_same(fields: list[tuple[str, bytes]]) -> None:
    body = b"".join(part(name, value) for name, value in fields) + b"--b--\r\n"
    short = _plain_parts(b"b", body)
    if short is not None:
        assert short == _parsed_parts(b"b", body)
