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
}

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}dt{margin-top:1rem}dd{margin:0}"
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
        f"<dd>{escape(OPERATIONS[method, path].summary)}. For: {WHO[OPERATIONS[method, path].access]}.</dd>"
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
