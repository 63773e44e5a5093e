"""The manual of this API: the description for programs, and a page without script or foreign host for people."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from functools import cached_property
from hashlib import sha256
from html import escape

from starlette.requests import Request
from starlette.responses import Response

from carillon.core.kit import Kit
from carillon.core.seen import HOST, PREFIX, SeenUrl
from carillon.dialects.gotify import door
from carillon.dialects.gotify.described import OPERATIONS, Access
from carillon.dialects.gotify.swagger import Json, describe

WHO: dict[Access, str] = {
    "anybody": "anybody",
    "client": "a client’s token, or a password",
    "sender": "an application’s token; a client’s or a password with appid",
    "password": "a password",
    "session": "a client’s token",
    "elevated": "an elevated client’s token, or a password",
    "admin": "an admin’s elevated client’s token, or his password",
    "newcomer": "an admin’s client’s token, or his password; anybody where registration is on",
}

# `color-scheme` at the root, or a dark browser shows its light links on a white ground.
STYLE = (
    ":root{color-scheme:light dark;--ground:#f4f6f6;--text:#10191b;--quiet:#47585b;--line:#d4dcdd;--accent:#0b615f}"
    "@media(prefers-color-scheme:dark){"
    ":root{--ground:#0c1213;--text:#e6eced;--quiet:#a9b7b9;--line:#2a3639;--accent:#7fd0c6}}"
    "body{background:var(--ground);color:var(--text);font:1rem/1.55 system-ui,sans-serif;max-width:60rem;"
    "margin:0 auto;padding:1.5rem 1rem 4rem}h1{font-size:1.6rem;letter-spacing:-.02em;margin:0 0 .5rem}"
    "a{color:var(--accent)}code{font:.875rem/1.5 ui-monospace,monospace;overflow-wrap:anywhere}"
    "dt{border-top:1px solid var(--line);margin-top:.6rem;padding-top:.6rem}dd{margin:0}small{color:var(--quiet)}"
)


class Manual:
    """`doors` are the methods and paths there are. Nothing is made before somebody asks."""

    def __init__(self, kit: Kit, doors: Iterable[tuple[str, str]]) -> None:
        self._kit = kit
        self._doors = tuple(doors)

    async def description(self, request: Request) -> Response:
        """`base` in the query, or the address that was asked, stands for the host in it."""
        seen = door.seen(self._kit, request.scope)
        host, slash, path = request.query_params.get("base", "").lower().partition("/")
        prefix = (slash + path).rstrip("/")
        if HOST.fullmatch(host) and (not prefix or PREFIX.fullmatch(prefix)):
            seen = SeenUrl(seen.scheme, host, prefix)
        place = {"host": seen.host or "localhost", "basePath": seen.prefix or "/", "schemes": [seen.scheme]}
        return door.answer(self._described | place)

    async def page(self, request: Request) -> Response:
        return Response(self._page, headers=self._headers, media_type="text/html")

    @cached_property
    def _described(self) -> Json:
        return describe(self._doors)

    @cached_property
    def _page(self) -> bytes:
        return _written(self._doors).encode()

    @cached_property
    def _headers(self) -> dict[str, str]:
        style = b64encode(sha256(STYLE.encode()).digest()).decode()
        return {
            "content-security-policy": f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
        }


def _written(doors: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f"<dt><code>{method} {escape(path)}</code></dt>"
        f"<dd>{escape(OPERATIONS[method, path].summary)}<br><small>{WHO[OPERATIONS[method, path].access]}</small></dd>"
        for method, path in doors
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Carillon: Gotify’s API</title><style>{STYLE}</style></head><body><main>"
        "<h1>Gotify’s API</h1><p>Tokens come in the header <code>X-Gotify-Key</code>, as <code>Authorization: Bearer"
        "</code> or as <code>?token=</code>, passwords as <code>Authorization: Basic</code>. For programs: "
        f'<a href="swagger">the description in Swagger 2.0</a>.</p><dl>{rows}</dl></main></body></html>'
    )
