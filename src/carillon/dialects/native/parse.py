"""Queries and bodies, read and checked against their declaration: pure functions. What is wrong is said by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, inspect

from carillon.core.errors import BadInput
from carillon.core.publish import Draft
from carillon.core.search import zone_of
from carillon.dialects._http import query_fields
from carillon.dialects.native.asks import ACTIONS, LARGEST, TAGS, Action, NewMessage

T = TypeVar("T", bound=Struct)

TOKEN = "token"  # noqa: S105  # the credential that may stand in the query of every operation
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN = 60  # characters of a wrong name that an error repeats

# What the decoder raises for what is not JSON, not UTF-8 or nested without end.
UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)

_AT = re.compile(r" - at `\$\.?(\w*)[^`]*`\Z")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(\w+)`")

_decode_message = msgspec.json.Decoder(NewMessage).decode
_decode_tags = msgspec.json.Decoder(Annotated[list[str], Meta(max_length=TAGS)]).decode
_decode_extras = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_actions = msgspec.json.Decoder(Annotated[list[Action], Meta(max_length=ACTIONS)]).decode


class FieldError(BadInput):
    """`field` is the name of the field or parameter at fault."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def parse_body(kind: type[T], body: bytes) -> T:
    """Raises BadInput."""
    try:
        found: T = _decoder(kind).decode(body)
    except UNREADABLE as error:
        raise explain(error, kind) from None
    return found


def parse_query(kind: type[T], query: bytes) -> T:
    """Of repeated parameters the first counts; numbers and booleans as text. Raises BadInput."""
    fields = query_fields(query) if query else {}
    fields.pop(TOKEN, None)
    try:
        return msgspec.convert(fields, kind, strict=False)
    except UNREADABLE as error:
        raise explain(error, kind) from None


def parse_message(body: bytes) -> Draft:
    """Raises BadInput."""
    try:
        sent = _decode_message(body)
    except UNREADABLE as error:
        raise explain(error, NewMessage) from None
    return draft_of(sent)


def draft_of(sent: NewMessage) -> Draft:
    """Raises BadInput for lists and objects that are not as declared."""
    return Draft(
        body=sent.message,
        title=sent.title,
        priority=sent.priority,
        content_type=sent.content_type,
        url=sent.url,
        url_title=sent.url_title,
        sound=sent.sound,
        icon=sent.icon,
        tags=_kept("tags", sent.tags, _decode_tags),
        actions=_kept("actions", sent.actions, _decode_actions),
        extras=_kept("extras", sent.extras, _decode_extras),
        key=sent.key,
        ttl=sent.ttl,
        encrypted=sent.encrypted,
    )


def parse_id(digits: str, field: str = "id") -> int:
    """A number that stands in a path or header. Raises FieldError."""
    if digits.isascii() and digits.isdigit() and len(digits) <= 18:
        return int(digits)
    raise FieldError(field, f"{field} must be a whole number of at most 18 digits")


def parse_zone(name: str) -> tzinfo:
    """Whose days are meant, of the parameter `zone`. Raises FieldError."""
    try:
        return zone_of(name)
    except BadInput as error:
        raise FieldError("zone", error.text) from None


def microseconds(moment: datetime) -> int:
    """Since 1970; of a time with a zone."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def at_most(field: str, wanted: int, most: int) -> int:
    """Raises FieldError."""
    if wanted > most:
        raise FieldError(field, f"{field} must be at most {most}")
    return wanted


def explain(error: Exception, kind: type[Struct]) -> BadInput:
    """The decoder's error in the words of the declaration."""
    if not isinstance(error, msgspec.ValidationError):
        return BadInput(f"this is not JSON that can be read: {error}" if str(error) else "this is not JSON")
    text = str(error)
    fields = expected(kind)
    if found := _UNKNOWN.match(text):
        return _unknown(found[1], fields)
    if found := _MISSING.match(text):
        return FieldError(found[1], f"{found[1]} is missing: it must be {fields.get(found[1], 'there')}")
    found = _AT.search(text)
    if found and found[1] in fields:
        return FieldError(found[1], f"{found[1]} must be {fields[found[1]]}")
    return BadInput("an object is expected, with fields in {…}")


def _unknown(name: str, fields: Mapping[str, str]) -> BadInput:
    shown = name[:SHOWN]
    near = get_close_matches(shown, fields, 1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(fields)}" if fields else ""
    return FieldError(shown, f"there is no field {shown!r} here{hint}")


def _kept(field: str, raw: Raw | UnsetType, check: Callable[[bytes], object]) -> Raw | None:
    """JSON that is kept as sent."""
    if raw is UNSET:
        return None
    data = bytes(raw)
    if data == b"null":
        return None
    try:
        check(data)
    except UNREADABLE:
        raise FieldError(field, f"{field} must be {expected(NewMessage)[field]}") from None
    return Raw(data)


@cache
def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(kind)


@cache
def expected(kind: type[Struct]) -> dict[str, str]:
    """What each field has to be, in words."""
    declared = inspect.type_info(kind)
    fields = declared.fields if isinstance(declared, inspect.StructType) else ()
    return {field.encode_name: _words(field.type) for field in fields}


def _words(declared: inspect.Type) -> str:
    match declared:
        case inspect.Metadata(type=inspect.UnionType() | inspect.RawType(), extra_json_schema=dict(schema)):
            return _words_of_json(schema) if "type" in schema else _words(declared.type)
        case inspect.Metadata():
            return _words(declared.type)
        case inspect.UnionType():
            return _words(next(one for one in declared.types if not isinstance(one, inspect.NoneType)))
        case inspect.IntType(ge=least, le=most):
            bounds = f" from {least} to {most}" if most is not None and most < LARGEST else f" of at least {least}"
            return f"a whole number{bounds if least is not None else ''}"
        case inspect.DateTimeType():
            return "a time such as 2026-09-01T12:00:00Z"
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
        case inspect.ListType():
            return "a list of whole numbers"
        case inspect.StrType(min_length=1):
            return "a string that is not empty"
    return "a string"


def _words_of_json(schema: Mapping[str, Any]) -> str:
    if "array" not in schema["type"]:
        return "an object"
    kind = "strings" if "type" in schema["items"] else "objects that have a label"
    return f"a list of at most {schema['maxItems']} {kind}"
