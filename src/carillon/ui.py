"""Serves the web app, which the build has put into the package (web/build.py)."""

from __future__ import annotations

import gzip
import logging
import mimetypes
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from carillon.dialects import Mount

log = logging.getLogger("carillon.ui")

Headers = tuple[tuple[bytes, bytes], ...]

FOLDER = "web"
PAGE = "index.html"
ASSETS = "assets"  # their names tell what is in them, so they never change
SMALL = 1024  # bytes: not worth packing

# Nothing of another host, nothing inline, and no frame around it. `connect-src` of our own host covers WebSockets.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS: Headers = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)

FOREVER, EACH_TIME = b"public, max-age=31536000, immutable", b"no-cache"

MISSING = b"<!doctype html><title>Carillon</title><p>Carillon runs. Its web app was not built: <code>make build</code>."

mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("text/javascript", ".js")


def mount() -> Mount:
    """The app at the root, and each of its files. Without a build, a page that says so."""
    found = {name: File(name, content) for name, content in _files(files("carillon") / FOLDER)}
    if PAGE not in found:
        log.warning("the web app is not there: `make build` makes it")
        found = {PAGE: File(PAGE, MISSING)}
    routes = [Route("/", found[PAGE]), *(Route(f"/{name}", file) for name, file in found.items())]
    prefixes = ("/", *sorted({"/" + name.partition("/")[0] for name in found}))
    return Mount(prefixes=prefixes, routes=routes, public=frozenset(prefixes))


class File:
    """One file of the app, held in memory; packed too, once somebody has asked for it so."""

    def __init__(self, name: str, content: bytes) -> None:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        text = kind.startswith("text/") or kind.endswith(("json", "xml"))
        self._plain = content
        self._packed = b""
        self._worth_packing = text and len(content) > SMALL
        self._etag = b'"%b"' % sha256(content).hexdigest()[:20].encode()
        self._headers: Headers = (
            (b"content-type", (f"{kind}; charset=utf-8" if text else kind).encode()),
            (b"cache-control", FOREVER if name.startswith(f"{ASSETS}/") else EACH_TIME),
            (b"etag", self._etag),
            (b"vary", b"Accept-Encoding"),
            *HEADERS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await _respond(send, 405, (*HEADERS, (b"allow", b"GET, HEAD")))
            return
        asked = dict(scope["headers"])
        if self._etag in asked.get(b"if-none-match", b""):
            await _respond(send, 304, self._headers)
            return
        headers, body = self._headers, self._plain
        if self._worth_packing and b"gzip" in asked.get(b"accept-encoding", b""):
            self._packed = self._packed or gzip.compress(self._plain, 9, mtime=0)
            headers, body = (*headers, (b"content-encoding", b"gzip")), self._packed
        length = (b"content-length", b"%d" % len(body))
        await _respond(send, 200, (*headers, length), body=b"" if scope["method"] == "HEAD" else body)


async def _respond(send: Send, status: int, headers: Headers, *, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _files(folder: Traversable, below: str = "") -> Iterator[tuple[str, bytes]]:
    """Path and content of each."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir():
            yield from _files(entry, f"{below}{entry.name}/")
        else:
            yield below + entry.name, entry.read_bytes()
