"""Gotify's request bodies, read: pure functions. Facts from gotify/server v3.0.0 and from what its clients send."""

from __future__ import annotations

import json
import re
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from carillon.core.errors import BadInput
from carillon.core.limits import KIB, Limits
from carillon.core.models import MARKDOWN, PLAIN
from carillon.core.publish import Draft
from carillon.dialects._http import FIELDS, form_fields, multipart_fields, query_fields
from carillon.dialects.gotify import alertmanager

LONGEST_ODD = 256 * KIB  # characters of JSON that is not quite JSON

PAGE_DEFAULT, PAGE_LARGEST = 100, 200

T = TypeVar("T")

Value = str | int | float | bool | Raw | None

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_UNSIGNED = re.compile(r"[0-9]{1,19}", re.ASCII)
_INT64 = range(-(2**63), 2**63)

# As Go's strconv.ParseBool has them.
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"", "0", "f", "F", "false", "FALSE", "False"})


class PostedMessage(Struct, gc=False):
    """POST /message as any of its body forms gave it. `application_id` counts only without an application token."""

    draft: Draft
    application_id: int | None


class _MessageBody(Struct, forbid_unknown_fields=True, gc=False):
    """What most senders post. `id`, `date` and `token` come from clients that post their own message type."""

    message: str | None = None
    title: str | None = None
    priority: int | str | None = None
    extras: Raw = Raw()
    appid: int | str | None = None
    id: Raw = Raw()
    date: Raw = Raw()
    token: Raw = Raw()


_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_decode_message = msgspec.json.Decoder(_MessageBody).decode
_decode_fields = msgspec.json.Decoder(dict[str, Raw]).decode


def parse_message(content_type: str, body: bytes, query: bytes, *, limits: Limits) -> PostedMessage:
    """Also a body of Alertmanager's, which is cut to the limits. Raises BadInput, worded as Gotify words it."""
    if not is_json(content_type, body):
        fields = _form_fields(content_type, body, query)
        return _posted(fields, Raw(), most=0)  # Gotify takes extras from JSON only
    most = limits.json
    try:
        fast = _decode_message(body)
        extras = _extras(fast.extras, most=most)
        return _drafted(fast.message, fast.title, numbers=(fast.priority, fast.appid), extras=extras)
    except _UNREADABLE:
        pass
    fields = json_fields(body)  # other spellings of the keys, text after the object, bytes that are no UTF-8
    if alertmanager.is_webhook(fields):
        return PostedMessage(alertmanager.read(fields, limits), None)
    said = fields.get("extras")
    return _posted(fields, said if isinstance(said, Raw) else Raw(msgspec.json.encode(said)), most=most)


def _posted(fields: dict[str, Value], extras: Raw, *, most: int) -> PostedMessage:
    numbers = (fields.get("priority"), fields.get("appid"))
    try:
        read = _extras(extras, most=most)
    except _UNREADABLE:
        raise BadInput("invalid JSON: extras hold what is no number, or are nested too deeply") from None
    return _drafted(text(fields, "message"), text(fields, "title"), numbers=numbers, extras=read)


def _drafted(
    body: str | None, title: str | None, *, numbers: tuple[Value, Value], extras: tuple[Raw | None, str | None]
) -> PostedMessage:
    if not body:
        raise BadInput("Field 'message' is required")
    priority, application_id = numbers
    kept, content_type = extras
    draft = Draft(body=body, title=title, priority=number("priority", priority), content_type=content_type, extras=kept)
    return PostedMessage(draft, number("appid", application_id))


def _extras(raw: Raw, *, most: int) -> tuple[Raw | None, str | None]:
    """The object, on one line, and the content type that its display extra names; null and {} count as absent.

    More than `most` bytes are not looked at: publishing refuses them.

    With such an extra, any content type but Markdown is Gotify's default, plain text; None without one. Raises
    BadInput, and the _UNREADABLE.
    """
    data = bytes(raw)
    if not data or data == b"null":
        return None, None
    if len(data) > most:
        return raw, None
    found = msgspec.json.decode(data)
    if not isinstance(found, dict):
        raise BadInput("json: cannot unmarshal into Go struct field extras of type map[string]interface {}")
    if not found:
        return None, None
    if b"\n" in data or b"\r" in data:
        raw = Raw(msgspec.json.format(data, indent=-1))
    if "client::display" not in found:
        return raw, None
    display = found["client::display"]
    return raw, MARKDOWN if isinstance(display, dict) and display.get("contentType") == MARKDOWN else PLAIN


def is_json(content_type: str, body: bytes) -> bool:
    """By the content type; without one, or with one that says nothing, by the first character: Node-RED sends such."""
    kind = content_type.split(";", 1)[0].strip()
    if kind == "application/json":
        return True
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return False
    return body.lstrip()[:1] == b"{"


def parse_fields(content_type: str, body: bytes, query: bytes) -> dict[str, Value]:
    """The fields of any body route: JSON alone, multipart alone, or a form with the query beneath it."""
    return json_fields(body) if is_json(content_type, body) else _form_fields(content_type, body, query)


def _form_fields(content_type: str, body: bytes, query: bytes) -> dict[str, Value]:
    if content_type.startswith("multipart/form-data"):
        return dict(multipart_fields(content_type, body))
    fields: dict[str, Value] = dict(query_fields(query)) if query else {}
    if content_type.startswith("application/x-www-form-urlencoded"):
        fields.update(form_fields(body))
    return fields


def json_fields(body: bytes) -> dict[str, Value]:
    """As Go reads JSON into a struct: keys in any case, the last wins, text after the object ignored.

    Objects and arrays come back raw. Bytes that are no UTF-8 and lone surrogates become U+FFFD: a message in another
    encoding must still arrive. Raises BadInput, also for more than FIELDS keys.
    """
    whole = body.decode("utf-8", "replace").lstrip()
    try:
        fields = {key.lower(): _scalar(value) for key, value in _few(_decode_fields(whole)).items()}
    except _UNREADABLE:
        return _odd_fields(whole)
    return fields


def _scalar(raw: Raw) -> Value:
    """Raises the _UNREADABLE for what would not be read later."""
    data = bytes(raw)
    value: Value = raw if data[:1] in (b"{", b"[") else msgspec.json.decode(data)
    return value


def _few(found: dict[str, T]) -> dict[str, T]:
    if len(found) > FIELDS:
        raise BadInput(f"more than {FIELDS} fields")
    return found


def _odd_fields(content: str) -> dict[str, Value]:
    """JSON with text behind it, or with lone surrogates or such numbers as NaN in it, in ten times the time."""
    if len(content) > LONGEST_ODD:
        raise BadInput("invalid JSON")
    try:
        found, _ = json.JSONDecoder().raw_decode(content)
    except json.JSONDecodeError as error:
        raise BadInput(f"invalid JSON: {error}" if content else "EOF") from None
    except (ValueError, RecursionError):  # what these say is for who runs Python
        raise BadInput("invalid JSON: a number is too long, or objects are nested too deeply") from None
    if not isinstance(found, dict):
        raise BadInput("json: cannot unmarshal into Go value of an object")
    return {_whole(key).lower(): _value(value) for key, value in _few(found).items()}


def _value(value: object) -> Value:
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, dict | list):
        try:
            return Raw(_whole(json.dumps(value, ensure_ascii=False)).encode())
        except RecursionError:
            raise BadInput("invalid JSON: nested too deeply") from None
    return value if isinstance(value, int | float) else None


def _whole(content: str) -> str:
    return content.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def text(fields: dict[str, Value], name: str) -> str | None:
    """A string field; null and absence are None. Raises BadInput for another type."""
    value = field(fields, name)
    if value is None or isinstance(value, str):
        return value
    raise BadInput(f"json: cannot unmarshal into Go struct field {name} of type string")


def field(fields: dict[str, Value], name: str) -> Value:
    """A field by Gotify's spelling; JSON's come with keys of any case, in lower case here."""
    return fields[name] if name in fields else fields.get(name.lower())


def required(fields: dict[str, Value], name: str) -> str:
    """Raises BadInput when it is not there or empty."""
    return all_required(fields, name)[0]


def all_required(fields: dict[str, Value], *names: str) -> list[str]:
    """Raises BadInput, which names each that is not there or empty."""
    found = {name: text(fields, name) for name in names}
    if missing := [f"Field '{name}' is required" for name, value in found.items() if not value]:
        raise BadInput("; ".join(missing))
    return [value for value in found.values() if value]


def number(name: str, value: Value) -> int | None:
    """An integer, or a string that holds one (n8n sends such); an empty one is 0, as Go's forms have it."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value in _INT64):
        return value
    if isinstance(value, str):
        digits = value.strip()
        if not digits:
            return 0
        if _INTEGER.fullmatch(digits) and int(digits) in _INT64:
            return int(digits)
        raise BadInput(f'strconv.ParseInt: parsing "{digits[:40]}": invalid syntax')
    raise BadInput(f"json: cannot unmarshal into Go struct field {name} of type int")


def flag(fields: dict[str, Value], name: str) -> bool:
    """A boolean, or a string that Go takes for one; absence, null and an empty string are False. Raises BadInput."""
    value = field(fields, name)
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str):
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        raise BadInput(f'strconv.ParseBool: parsing "{value[:40]}": invalid syntax')
    raise BadInput(f"json: cannot unmarshal into Go struct field {name} of type bool")


def paging(query: bytes) -> tuple[int, int]:
    """`limit` and `since` of a list. Out of bounds is refused, as Gotify does, not clamped. Raises BadInput."""
    fields = query_fields(query)
    limit = number("limit", fields.get("limit"))
    since = number("since", fields.get("since")) or 0
    if limit is None:
        limit = PAGE_DEFAULT
    if limit < 1:
        raise BadInput("Field 'limit' must be more or equal to 1")
    if limit > PAGE_LARGEST:
        raise BadInput(f"Field 'limit' must be less or equal to {PAGE_LARGEST}")
    if not 0 <= since < 2**63:
        raise BadInput(f'strconv.ParseUint: parsing "{since}": invalid syntax')
    return limit, since


def after(query: bytes) -> int | None:
    """The id behind which messages are asked for, oldest first; None: they are not. Gotify has no such parameter.

    Raises BadInput.
    """
    said = query_fields(query).get("after")
    if said is None:
        return None
    if not _UNSIGNED.fullmatch(said) or int(said) not in _INT64:
        raise BadInput(f'strconv.ParseUint: parsing "{said[:40]}": invalid syntax')
    return int(said)
