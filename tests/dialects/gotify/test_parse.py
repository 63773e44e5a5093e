from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carillon.core.errors import BadInput
from carillon.core.limits import Limits
from carillon.core.models import MARKDOWN, PLAIN
from carillon.core.publish import Draft
from carillon.dialects._http import FIELDS
from carillon.dialects.gotify import parse
from carillon.dialects.gotify.parse import LONGEST_ODD, PostedMessage

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LIMITS = Limits()
MULTIPART = 'multipart/form-data; boundary="b"'


def parse_message(content_type: str, body: bytes, query: bytes) -> PostedMessage:
    return parse.parse_message(content_type, body, query, limits=LIMITS)


def draft(content_type: str, body: bytes, query: bytes = b"") -> Draft:
    return parse_message(content_type, body, query).draft


def from_json(text: str | bytes, content_type: str = JSON) -> Draft:
    return draft(content_type, text if isinstance(text, bytes) else text.encode())


def parts(*fields: tuple[str, str], end: str = "\r\n") -> bytes:
    text = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields)
    return (text.removesuffix("\r\n") + end + "--b--\r\n").encode()


def refusal(content_type: str, body: bytes, query: bytes = b"") -> str:
    with pytest.raises(BadInput) as caught:
        parse_message(content_type, body, query)
    return str(caught.value)


# The four forms of a body


def test_json_with_everything() -> None:
    body = b'{"message":"done","title":"Night","priority":7,"appid":3,"extras":{"a::b":{"c":[1,2.5,null]}}}'
    assert parse_message(JSON, body, b"") == PostedMessage(
        Draft(body="done", title="Night", priority=7, extras=msgspec.Raw(b'{"a::b":{"c":[1,2.5,null]}}')), 3
    )


@pytest.mark.parametrize(
    ("content_type", "body", "query"),
    [
        (FORM, b"message=done&title=Night+%26+day&priority=7&appid=3", b""),
        (f"{FORM}; charset=utf-8", b"message=done&title=Night%20%26%20day&priority=%207%20&appid=3", b""),
        (MULTIPART, parts(("message", "done"), ("title", "Night & day"), ("priority", "7"), ("appid", "3")), b""),
        ("", b"", b"message=done&title=Night+%26+day&priority=7&appid=3&token=A"),
        ("text/plain", b"", b"message=done&title=Night+%26+day&priority=7&appid=3"),
        (FORM, b"message=done&priority=7", b"message=no&title=Night+%26+day&appid=3"),
        ("text/plain", b'{"message":"done","title":"Night & day","priority":7,"appid":3}', b"message=no"),
        ("", b'  {"message":"done","title":"Night \\u0026 day","priority":"7","appid":"3"}', b"message=no"),
    ],
)
def test_every_form_of_a_body_gives_the_same(content_type: str, body: bytes, query: bytes) -> None:
    assert parse_message(content_type, body, query) == PostedMessage(
        Draft(body="done", title="Night & day", priority=7), 3
    )


@pytest.mark.parametrize("content_type", [JSON, f"{JSON};charset=utf-8", f"{JSON} ; charset=x"])
def test_with_json_the_query_is_not_looked_at(content_type: str) -> None:
    assert draft(content_type, b'{"message":"a"}', b"title=b&priority=3") == Draft(body="a")


def test_with_multipart_the_query_is_not_looked_at() -> None:
    assert draft(MULTIPART, parts(("message", "a")), b"title=b&priority=3") == Draft(body="a")


def test_a_form_under_another_content_type_is_not_looked_at() -> None:
    assert refusal("text/plain", b"message=a") == "Field 'message' is required"
    assert refusal("", b"message=a") == "Field 'message' is required"


def test_in_a_form_the_body_counts_before_the_query_even_when_empty() -> None:
    assert refusal(FORM, b"message=", b"message=a") == "Field 'message' is required"


def test_the_first_of_a_name_counts_in_forms() -> None:
    assert draft(FORM, b"message=a&message=b") == Draft(body="a")
    assert draft("", b"", b"message=a&message=b") == Draft(body="a")
    assert draft(MULTIPART, parts(("message", "a"), ("message", "b"))) == Draft(body="a")


@pytest.mark.parametrize(
    ("content_type", "body", "query"),
    [
        (FORM, "message=Grüße".encode(), b""),
        (FORM, b"message=Gr%C3%BC%C3%9Fe", b""),
        (MULTIPART, parts(("message", "Grüße")), b""),
        ("", b"", b"message=Gr%C3%BC%C3%9Fe"),
        ("", b"", "message=Grüße".encode()),
        (JSON, '{"message":"Grüße"}'.encode(), b""),
        (JSON, b'{"message":"Gr\\u00fc\\u00dfe"}', b""),
    ],
)
def test_text_is_utf8_everywhere(content_type: str, body: bytes, query: bytes) -> None:
    assert draft(content_type, body, query).body == "Grüße"


@pytest.mark.parametrize(
    ("content_type", "body", "query"),
    [
        (FORM, b"message=Gr\xfc\xdfe", b""),
        (FORM, b"message=Gr%FC%DFe", b""),
        (MULTIPART, parts(("message", "Gr??e")).replace(b"??", b"\xfc\xdf"), b""),
        ("", b"", b"message=Gr%FC%DFe"),
        (JSON, b'{"message":"Gr\xfc\xdfe"}', b""),
        (JSON, b'{"message":"Gr\\ud800\\udfffe"}'.replace(b"\\ud800\\udfff", b"\\ud800\\ud801"), b""),
    ],
)
def test_a_message_in_no_utf8_arrives_with_its_other_letters(content_type: str, body: bytes, query: bytes) -> None:
    assert draft(content_type, body, query).body == "Gr\ufffd\ufffde"


def test_extras_in_no_utf8_arrive_with_their_other_letters() -> None:
    assert from_json(b'{"message":"a","extras":{"k":"\xfc"}}').extras == msgspec.Raw('{"k":"\ufffd"}'.encode())
    assert from_json(b'{"message":"a","extras":{"k":"\\ud800"}}').extras == msgspec.Raw('{"k": "\ufffd"}'.encode())


def test_a_zero_byte_is_text_like_any_other_here() -> None:
    assert from_json(r'{"message":"a\u0000b"}').body == "a\0b"
    assert draft(FORM, b"message=a%00b").body == "a\0b"


# JSON as Go reads it


@pytest.mark.parametrize(
    "body",
    [
        '{"MESSAGE":"a","Title":"t","pRiOrItY":3}',
        '{"message":"a","title":"t","priority":3} and more',
        '{"message":"a","title":"t","priority":3}{"message":"b"}',
        '\r\n\t {"message":"a","title":"t","priority":3}\n',
        '{"message":"b","message":"a","title":"t","priority":3}',
        '{"message":"b","Message":"a","title":"t","priority":3}',
        '{"message":"a","title":"t","priority":3,"unknown":{"x":[1]},"date":7}',
        '{"message":"a","title":"t","priority":3,"extras":null,"appid":null}',
        '{"message":"a","title":"t","priority":3,"extras":{}}',
        '{"message":"a","title":"t","priority":3,"extras":{ \n }}',
        '{"message":"a","title":"t","priority":"3"}',
        '{"message":"a","title":"t","priority":" 3 "}',
        '{"message":"a","title":"t","priority":"+3"}',
    ],
)
def test_leniencies(body: str) -> None:
    assert from_json(body) == Draft(body="a", title="t", priority=3)


def test_the_message_types_of_official_clients_are_taken() -> None:
    body = '{"id":0,"appid":0,"message":"a","title":"t","priority":2,"date":"0001-01-01T00:00:00Z"}'
    assert parse_message(JSON, body.encode(), b"") == PostedMessage(Draft(body="a", title="t", priority=2), 0)
    body = '{"id":"x","token":"A","appid":0,"message":"a","date":{}}'
    assert parse_message(JSON, body.encode(), b"") == PostedMessage(Draft(body="a"), 0)


@pytest.mark.parametrize(
    ("priority", "read"),
    [
        ("null", None),
        ("0", 0),
        ("-3", -3),
        ('""', 0),
        ('" 5 "', 5),
        (str(2**31), 2**31),
        (str(-(2**63)), -(2**63)),
        (f'"{2**63 - 1}"', 2**63 - 1),
    ],
)
def test_what_a_priority_may_be(priority: str, read: int | None) -> None:
    """Numbers beyond 32 bits are for the core to refuse."""
    assert from_json(f'{{"message":"a","priority":{priority}}}').priority == read
    assert from_json(f'{{"Message":"a","priority":{priority}}}').priority == read


def test_an_object_has_no_more_fields_than_a_form() -> None:
    """Each costs time, and so many are nobody's message."""
    others = [f'"field{number}":{{}}' for number in range(FIELDS - 1)]
    for end in ("", " and more"):
        assert from_json(f'{{"message":"a",{",".join(others)}}}{end}').body == "a"
        more = f'{{"message":"a","one":1,{",".join(others)}}}{end}'
        assert refusal(JSON, more.encode()) == f"more than {FIELDS} fields"


def test_what_is_not_quite_json_is_read_while_it_is_short() -> None:
    filled = '{"message":"a","unknown":"' + "x" * LONGEST_ODD
    assert from_json(filled + '"}').body == "a"
    assert from_json(filled.encode() + b'\xfc"}').body == "a"
    assert refusal(JSON, filled.encode() + b'"} and more') == "invalid JSON"
    assert refusal(JSON, filled.encode() + b'\\ud800"}') == "invalid JSON"


def test_extras_that_are_too_long_to_be_kept_are_not_read() -> None:
    long = '{"client::display":{"contentType":"text/markdown"},"x":["' + "x" * LIMITS.json + '"]}'
    assert from_json(f'{{"message":"a","extras":{long}}}') == Draft(body="a", extras=msgspec.Raw(long.encode()))
    assert from_json(f'{{"Message":"a","extras":{long}}}').content_type is None


UNMARSHAL = "json: cannot unmarshal into Go struct field "


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", "EOF"),
        ("  \n", "EOF"),
        ("{}", "Field 'message' is required"),
        ('{"message":""}', "Field 'message' is required"),
        ('{"message":null}', "Field 'message' is required"),
        ('{"title":"t","priority":1}', "Field 'message' is required"),
        ("[]", "json: cannot unmarshal into Go value of an object"),
        ('"a"', "json: cannot unmarshal into Go value of an object"),
        ("null", "json: cannot unmarshal into Go value of an object"),
        ('{"message":5}', f"{UNMARSHAL}message of type string"),
        ('{"message":["a"]}', f"{UNMARSHAL}message of type string"),
        ('{"message":"a","title":true}', f"{UNMARSHAL}title of type string"),
        ('{"message":"a","priority":5.0}', f"{UNMARSHAL}priority of type int"),
        ('{"message":"a","priority":true}', f"{UNMARSHAL}priority of type int"),
        ('{"message":"a","priority":[]}', f"{UNMARSHAL}priority of type int"),
        (f'{{"message":"a","priority":{2**63}}}', f"{UNMARSHAL}priority of type int"),
        ('{"message":"a","priority":"high"}', 'strconv.ParseInt: parsing "high": invalid syntax'),
        ('{"message":"a","priority":"5.0"}', 'strconv.ParseInt: parsing "5.0": invalid syntax'),
        ('{"message":"a","priority":"٣"}', 'strconv.ParseInt: parsing "٣": invalid syntax'),
        (f'{{"message":"a","priority":"{2**63}"}}', f'strconv.ParseInt: parsing "{2**63}": invalid syntax'),
        ('{"message":"a","appid":{}}', f"{UNMARSHAL}appid of type int"),
        (f'{{"message":"a","appid":{10**30}}}', f"{UNMARSHAL}appid of type int"),
        ('{"message":"a","extras":[]}', f"{UNMARSHAL}extras of type map[string]interface {{}}"),
        ('{"message":"a","extras":"{}"}', f"{UNMARSHAL}extras of type map[string]interface {{}}"),
        ('{"message":"a","extras":0}', f"{UNMARSHAL}extras of type map[string]interface {{}}"),
        ('{"Message":"a","extras":"x"}', f"{UNMARSHAL}extras of type map[string]interface {{}}"),
        ('{"Message":"a","extras":false}', f"{UNMARSHAL}extras of type map[string]interface {{}}"),
    ],
)
def test_error_texts(body: str, text: str) -> None:
    assert refusal(JSON, body.encode()) == text


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"message":"a"',
        b'{"message":"a\nb"}',
        b"{'message':'a'}",
        b"hello",
        b"\xff\xfe",
        b'{"message":"a","priority":NaN}',
        b'{"message":"a","priority":1e400}',
        b'{"message":"a","extras":{"k":1e400}}',
        b'{"message":"a","extras":{"k":-Infinity}}',
        b'{"message":"a","extras":{"k":NaN}}',
        b'{"message":"a","priority":1' + b"0" * 5000 + b"}",
        b'{"message":"a","extras":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"message":"a","extras":{"k":' + b"[" * 3000 + b"]" * 3000 + b"}}",
        b'{"x":' * 5000,
    ],
)
def test_what_cannot_be_read_is_refused_before_it_can_trouble_a_reader(body: bytes) -> None:
    text = refusal(JSON, body)
    assert text
    assert "sys." not in text
    assert "recursion" not in text


@pytest.mark.parametrize("value", ["high", "5.0", "1_0", "0x10"])
@pytest.mark.parametrize("form", [FORM, MULTIPART, "query"])
def test_error_texts_of_forms(form: str, value: str) -> None:
    fields = [("message", "a"), ("priority", value)]
    encoded = urlencode(fields).encode()
    body, query = {"query": (b"", encoded), FORM: (encoded, b""), MULTIPART: (parts(*fields), b"")}[form]
    assert refusal("" if form == "query" else form, body, query) == (
        f'strconv.ParseInt: parsing "{value}": invalid syntax'
    )


# Extras


def test_extras_are_kept_as_they_were_sent_on_one_line() -> None:
    assert from_json('{"message":"a","extras":{"b": 1, "a":  "x\\ny <&>"}}').extras == msgspec.Raw(
        b'{"b": 1, "a":  "x\\ny <&>"}'
    )
    assert from_json('{"message":"a","extras":{\n  "b": 1,\r\n  "a": [\n]}}').extras == msgspec.Raw(b'{"b":1,"a":[]}')


@pytest.mark.parametrize("form", [FORM, MULTIPART])
def test_extras_are_read_from_json_only(form: str) -> None:
    fields = [("message", "a"), ("extras", '{"a":1}')]
    body = urlencode(fields).encode() if form == FORM else parts(*fields)
    assert draft(form, body) == Draft(body="a")


@pytest.mark.parametrize(
    ("extras", "content_type"),
    [
        ('{"client::display":{"contentType":"text/markdown"}}', MARKDOWN),
        ('{"client::display": {"x": 1, "contentType": "text/markdown"}, "y": {}}', MARKDOWN),
        ('{"client::display":{"contentType":"text/plain"}}', PLAIN),
        ('{"client::display":{"contentType":"text/html"}}', PLAIN),
        ('{"client::display":{"contentType":["text/markdown"]}}', PLAIN),
        ('{"client::display":{}}', PLAIN),
        ('{"client::display":"text/markdown"}', PLAIN),
        ('{"client::display":null}', PLAIN),
        ('{"x":{"client::display":{"contentType":"text/markdown"}}}', None),
        ('{"client::notification":{"click":{"url":"https://a/"}}}', None),
    ],
)
def test_the_display_extra_says_the_content_type(extras: str, content_type: str | None) -> None:
    for key in ("message", "Message"):
        kept = from_json(f'{{"{key}":"a","extras":{extras}}}')
        assert kept.content_type == content_type
        assert json.loads(bytes(kept.extras or b"")) == json.loads(extras)


# Multipart


def test_a_line_break_missing_before_the_end_costs_nothing() -> None:
    assert draft(MULTIPART, parts(("title", "t"), ("message", "a"), end="")) == Draft(body="a", title="t")


def test_a_file_is_left_out() -> None:
    file = b'--b\r\nContent-Disposition: form-data; name="title"; filename="t.txt"\r\n\r\nno\r\n'
    assert draft(MULTIPART, file + parts(("message", "a"))) == Draft(body="a")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", parts(("message", "a"))),
        ("multipart/form-data; boundary=", parts(("message", "a"))),
        ('multipart/form-data; boundary=""', parts(("message", "a"))),
        ("multipart/form-data; boundary=other", parts(("message", "a"))),
        (MULTIPART, b""),
        (MULTIPART, b"message=a"),
        (MULTIPART, parts(("message", "a")).removesuffix(b"--b--\r\n")),
        (MULTIPART, parts(*[("message", "a")] * 101)),
    ],
)
def test_a_multipart_body_that_cannot_be_read_is_refused(content_type: str, body: bytes) -> None:
    assert "multipart" in refusal(content_type, body)


# The other body routes


def test_fields_of_any_route_are_found_by_gotifys_spelling() -> None:
    spelt = parse.json_fields(b'{"NAME":"a","defaultpriority":4,"Description":null,"x":[1]}')
    assert parse.required(spelt, "name") == "a"
    assert parse.number("defaultPriority", parse.field(spelt, "defaultPriority")) == 4
    assert parse.text(spelt, "description") is None
    assert parse.text(spelt, "sortKey") is None
    form = parse.parse_fields(FORM, b"name=a&defaultPriority=4", b"description=d")
    assert parse.required(form, "name") == "a"
    assert parse.number("defaultPriority", parse.field(form, "defaultPriority")) == 4
    assert parse.text(form, "description") == "d"


@pytest.mark.parametrize("body", [b"{}", b'{"name":""}', b'{"name":null}'])
def test_a_required_field_is_named(body: bytes) -> None:
    with pytest.raises(BadInput, match=r"^Field 'name' is required$"):
        parse.required(parse.json_fields(body), "name")


def test_all_required_fields_that_are_missing_are_named() -> None:
    with pytest.raises(BadInput, match=r"^Field 'name' is required; Field 'pass' is required$"):
        parse.all_required({"admin": True, "pass": ""}, "name", "pass")
    with pytest.raises(BadInput, match=r"^Field 'pass' is required$"):
        parse.all_required({"name": "a"}, "name", "pass")
    assert parse.all_required({"pass": "b", "name": "a"}, "name", "pass") == ["a", "b"]


def test_blanks_are_enough_for_a_required_field() -> None:
    assert parse.required(parse.json_fields(b'{"name":" "}'), "name") == " "
    assert from_json('{"message":" "}').body == " "


# Lists


@pytest.mark.parametrize(
    ("query", "limit", "since"),
    [
        (b"", 100, 0),
        (b"limit=1&since=0", 1, 0),
        (b"limit=200&since=42&token=C", 200, 42),
        (b"limit=%2010%20", 10, 0),
        (b"since=", 100, 0),
        (f"since={2**63 - 1}".encode(), 100, 2**63 - 1),
    ],
)
def test_paging(query: bytes, limit: int, since: int) -> None:
    assert parse.paging(query) == (limit, since)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (b"limit=0", "Field 'limit' must be more or equal to 1"),
        (b"limit=", "Field 'limit' must be more or equal to 1"),
        (b"limit=-1", "Field 'limit' must be more or equal to 1"),
        (b"limit=201", "Field 'limit' must be less or equal to 200"),
        (b"limit=x", 'strconv.ParseInt: parsing "x": invalid syntax'),
        (b"limit=1.5", 'strconv.ParseInt: parsing "1.5": invalid syntax'),
        (b"since=-1", 'strconv.ParseUint: parsing "-1": invalid syntax'),
        (b"since=x", 'strconv.ParseInt: parsing "x": invalid syntax'),
        (f"since={2**63}".encode(), f'strconv.ParseInt: parsing "{2**63}": invalid syntax'),
    ],
)
def test_paging_out_of_bounds_is_refused(query: bytes, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse.paging(query)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("query", "after"), [(b"", None), (b"since=5", None), (b"after=0", 0), (f"after={2**63 - 1}".encode(), 2**63 - 1)]
)
def test_after(query: bytes, after: int | None) -> None:
    assert parse.after(query) == after


@pytest.mark.parametrize("said", ["", "-1", "+1", "x", "1.5", str(2**63), "9" * 5000])
def test_after_what_is_no_id_is_refused(said: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse.after(f"after={said}".encode())
    assert str(caught.value) == f'strconv.ParseUint: parsing "{said[:40].replace("+", " ")}": invalid syntax'


@pytest.mark.parametrize(
    ("value", "read"),
    [(b"true", True), (b"false", False), (b"null", False), (b'"T"', True), (b'"0"', False), (b'""', False)],
)
def test_a_boolean(value: bytes, read: bool) -> None:
    assert parse.flag(parse.json_fields(b'{"Flag":%b}' % value), "flag") is read


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"1", "json: cannot unmarshal into Go struct field flag of type bool"),
        (b"[]", "json: cannot unmarshal into Go struct field flag of type bool"),
        (b'"yes"', 'strconv.ParseBool: parsing "yes": invalid syntax'),
    ],
)
def test_what_is_no_boolean_is_refused(value: bytes, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse.flag(parse.json_fields(b'{"flag":%b}' % value), "flag")
    assert str(caught.value) == text


# Whatever comes


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, bytes, bytes]:
    """A valid request with some of it changed."""
    fields = [
        ("message", draw(st.text(max_size=20))),
        ("title", "t"),
        ("priority", draw(st.sampled_from("59"))),
        ("x", ""),
    ]
    kind = draw(st.sampled_from([JSON, FORM, MULTIPART, "", "text/plain", "multipart/form-data; boundary=c"]))
    query = urlencode(fields, errors="replace").encode()
    body = {
        JSON: json.dumps({**dict(fields), "extras": {"a": {"b": [1, None, 2.5]}}}).encode(),
        FORM: query,
        MULTIPART: parts(*fields) if fields[0][1].isprintable() else b"",
    }.get(kind, json.dumps(dict(fields)).encode())
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(body)))
        cut = draw(st.integers(0, 3))
        piece = draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b'"', b"{", b"\r\n", b"--b", b"\\ud800", b"%", b"1e999"]))
        )
        body = body[:at] + piece + body[at + cut :]
    return kind, body, draw(st.sampled_from([b"", query, b"%", b"priority=x"]))


def survives(content_type: str, body: bytes, query: bytes) -> None:
    try:
        posted = parse_message(content_type, body, query)
    except BadInput as error:
        str(error).encode()
        return
    assert posted.draft.body
    posted.draft.body.encode()
    json.loads(bytes(posted.draft.extras or b"{}"))


@given(spoilt())
def test_a_spoilt_request_is_read_or_refused(request: tuple[str, bytes, bytes]) -> None:
    survives(*request)


@given(
    st.one_of(st.sampled_from([JSON, FORM, MULTIPART, "", "text/plain"]), st.text(st.characters(max_codepoint=255))),
    st.binary(),
    st.binary(max_size=30),
)
@example("multipart/form-data; boundary=\n", b"--\n--", b"")
@example(MULTIPART, b"--b\r\nContent-Disposition: form-data; name*=UTF-8''%ff\r\n\r\n\r\n--b--", b"")
@example(MULTIPART, b"--b\r\nContent-Disposition: form-data; name=x\r\n \t\r\n\r\n--b--", b"")
@example(MULTIPART, b"--b--", b"")
def test_arbitrary_bytes_are_read_or_refused(content_type: str, body: bytes, query: bytes) -> None:
    survives(content_type, body, query)


@given(st.binary())
def test_an_arbitrary_query_makes_a_page_or_is_refused(query: bytes) -> None:
    try:
        limit, since = parse.paging(query)
    except BadInput:
        return
    assert 1 <= limit <= 200
    assert 0 <= since < 2**63


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
numbers = st.integers(-(2**31), 2**31 - 1)


@given(texts, texts, numbers)
def test_a_message_is_the_same_in_every_form(message: str, title: str, priority: int) -> None:
    fields: dict[str, Any] = {"message": message, "title": title, "priority": priority}
    expected = Draft(body=message, title=title, priority=priority)
    pairs = "&".join(f"{name}={quote_plus(str(value))}" for name, value in fields.items()).encode()
    percent = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in fields.items()).encode()
    assert from_json(json.dumps(fields)) == expected
    assert from_json(json.dumps(fields, ensure_ascii=False)) == expected
    assert from_json(json.dumps({name.title(): value for name, value in fields.items()})) == expected
    assert draft(FORM, pairs) == draft(FORM, percent) == draft("", b"", pairs) == draft("", b"", percent) == expected
    if "\r\n--b" not in message + title:
        assert draft(MULTIPART, parts(*((name, str(value)) for name, value in fields.items()))) == expected


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_extras_come_back_equal(value: Any) -> None:
    for key in ("message", "Message"):
        for indent in (None, 2):
            kept = from_json(json.dumps({key: "a", "extras": {"k": value}}, indent=indent)).extras
            assert json.loads(bytes(kept or b"")) == {"k": value}
            assert b"\n" not in bytes(kept or b"")
