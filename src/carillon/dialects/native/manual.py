"""The description for programs and, as a page without script or foreign host, for people."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from html import escape
from importlib.resources import files

from starlette.types import ASGIApp, Receive, Scope, Send

from carillon.dialects._http import respond
from carillon.dialects.native.openapi import Json
from carillon.dialects.native.operation import JSON

STYLE = files(__package__).joinpath("manual.css").read_text()

HEADERS = (
    (b"content-type", b"text/html; charset=utf-8"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'sha256-%b'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        % b64encode(sha256(STYLE.encode()).digest()),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"Accept"),
)

SIGNING_IN = (
    "In the examples <code>$SERVER</code> is the address of this server and <code>$TOKEN</code> a token. "
    "Programs that cannot set a header may send it as <code>?token=…</code>; the operations of a user also take "
    "his name and password (<code>curl -u name:password</code>)."
)


class Kept:
    """What is made of the description of the API, made again when that has changed: its bounds are those in force.

    `describe` gives another object then.
    """

    def __init__(self, describe: Callable[[], Json], make: Callable[[Json], str]) -> None:
        self._describe = describe
        self._make = make
        self._kept: tuple[Json, bytes] | None = None

    def __call__(self) -> bytes:
        described = self._describe()
        if self._kept is None or self._kept[0] is not described:
            self._kept = described, self._make(described).encode()
        return self._kept[1]


class Description:
    def __init__(self, describe: Callable[[], Json]) -> None:
        self._body = Kept(describe, partial(json.dumps, ensure_ascii=False))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, 200, self._body())


class Page:
    """With `Accept: application/json` it is the description."""

    def __init__(self, describe: Callable[[], Json], description: ASGIApp) -> None:
        self._body = Kept(describe, render)
        self._description = description

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = b",".join(value for name, value in scope["headers"] if name == b"accept").lower()
        if JSON.encode() in accepted and b"text/html" not in accepted:
            await self._description(scope, receive, send)
        else:
            await respond(send, 200, self._body(), headers=HEADERS)


def render(described: Json) -> str:
    """The page: HTML, every text of the description escaped."""
    info, components = described["info"], described["components"]
    operations = [
        (f"{method.upper()} {path}", method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    contents = "".join(
        f'<li><a href="#{operation["operationId"]}">{escape(operation["summary"])}</a> {_code(route)}</li>'
        for route, _, operation in operations
    )
    doors = "".join(_operation(route, operation) for route, _, operation in operations)
    refusals = _list(
        (f"<code>{status}</code>", _text(answer["description"])) for status, answer in components["responses"].items()
    )
    shapes = "".join(_shape(name, schema) for name, schema in sorted(components["schemas"].items()))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Carillon: the API</title><style>{STYLE}</style></head><body><main>"
        f"<h1>Carillon: the API</h1><p>{_text(info['description'])}</p><p>{SIGNING_IN}</p>"
        f"<p>Version {escape(info['version'])}. For programs: "
        '<a href="openapi.json">OpenAPI description</a>.</p>'
        f'<nav aria-label="Operations"><h2>Operations</h2><ul>{contents}</ul></nav>'
        f"<section>{doors}</section>"
        f'<section id="refusals"><h2>Refusals</h2><p>All in the shape <a href="#Error">Error</a>.</p>'
        f"<section>{refusals}</section></section>"
        f"<section><h2>Shapes</h2>{shapes}</section></main></body></html>"
    )


def _operation(route: str, operation: Json) -> str:
    parts = [
        f'<section id="{operation["operationId"]}"><h3>{escape(operation["summary"])}</h3>{_code(route)}',
        f"<p>{_text(operation.get('description', ''))}</p>",
    ]
    if parameters := operation.get("parameters"):
        described = ((f"<code>{escape(one['name'])}</code> {_kind(one['schema'])}", _where(one)) for one in parameters)
        parts.append(f"<h4>Parameters</h4>{_list(described)}")
    if body := operation.get("requestBody"):
        ((media, content),) = body["content"].items()
        parts.append(f"<h4>Body</h4><p>{_kind(content['schema']) if content else _code(media)}</p>")
    parts.append(f"<h4>Answers</h4>{_list(_answers(operation['responses']))}")
    parts.append(f"<h4>Example</h4><pre>{escape(curl(route, operation))}</pre></section>")
    return "".join(parts)


def curl(route: str, operation: Json) -> str:
    """A command that shows the operation, for a shell in which SERVER and TOKEN are set."""
    method, path = route.split(" ")
    words = ["curl"]
    media = next((list(answer["content"]) for answer in operation["responses"].values() if "content" in answer), [])
    if media and JSON not in media:
        words.append("-N")
    if method not in ("GET", "POST"):
        words += ["-X", method]
    if operation["security"]:
        words += ["-H", '"Authorization: Bearer $TOKEN"']
    if body := operation.get("requestBody"):
        words += _sent(body["content"])
    shown = {
        one["name"]: json.dumps(one["schema"]["examples"][0])
        for one in operation.get("parameters", ())
        if "examples" in one["schema"]
    }
    path = path.replace("{id}", shown.pop("id", "")).replace("{token}", shown.pop("token", ""))
    path = path.replace("{public_id}", json.loads(shown.pop("public_id", '""')))
    query = "&".join(f"{name}={value}" for name, value in shown.items())
    words.append(f'"$SERVER{path}{"?" if query else ""}{query}"')
    return " ".join(words)


def _sent(content: Json) -> list[str]:
    if JSON in content:
        return ["--json", f"'{json.dumps(content[JSON]['example'])}'"]
    (media,) = content
    return ["-H", f'"Content-Type: {media.replace("*", "png")}"', "--data-binary", "@picture.png"]


def _answers(responses: Json) -> Iterator[tuple[str, str]]:
    refusals = []
    for status, answer in responses.items():
        if "$ref" in answer:
            refusals.append(status)
            continue
        forms = [
            f"{_kind(content.get('schema', {'type': 'bytes'}))} as {_code(media)}"
            for media, content in answer.get("content", {}).items()
        ]
        yield f"<code>{status}</code>", " or ".join(forms) or _text(answer["description"])
    yield f"<code>{', '.join(refusals)}</code>", '<a href="#refusals">refused</a>'


def _where(parameter: Json) -> str:
    text = _text(parameter.get("description", ""))
    default = parameter["schema"].get("default")
    text += f"; default {_code(json.dumps(default))}" if default is not None else ""
    return f"({parameter['in']}) {text}"


def _shape(name: str, schema: Json) -> str:
    needed = schema.get("required", ())
    fields = _list(
        (
            f"<code>{'<b>' if field in needed else ''}{escape(field)}{'</b>' if field in needed else ''}</code> "
            f"{_kind(one)}",
            _text(one.get("description", "")),
        )
        for field, one in schema.get("properties", {}).items()
    )
    about = _text(schema.get("description", ""))
    return f'<section id="{escape(name)}"><h3>{escape(name)}</h3><p>{about}</p>{fields}</section>'


def _list(rows: Iterator[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<div><dt>{term}</dt><dd>{text}</dd></div>" for term, text in rows) + "</dl>"


def _kind(schema: Json) -> str:
    """In words: what a value may be."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(_code(json.dumps(one)) for one in schema["enum"])
    kind = schema.get("type", "anything")
    if "array" in kind and "items" in schema:
        return f"list of {_kind(schema['items'])}"
    least, most = schema.get("minimum"), schema.get("maximum")
    bounds = f" from {least}" if least is not None else ""
    bounds += f" to {most}" if most is not None and most < 2**53 else ""
    return escape(kind if isinstance(kind, str) else " or ".join(kind)) + bounds


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _text(text: str) -> str:
    """A description, in which `backquotes` stand for code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))
