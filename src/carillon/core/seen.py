"""Under which address a client reaches us, which is not the one we listen on when a proxy stands between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from carillon.core.peers import Peers

# What can stand in a Location, a cookie's Path or a link without doing anything else there.
HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9._-]{0,253})|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?")
PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]{1,64}){1,8}")

TOLD = frozenset({b"x-forwarded-proto", b"x-forwarded-host", b"x-host", b"x-forwarded-prefix"})

SCHEMES: dict[str, Literal["http", "https"]] = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
DEFAULT_PORT = {"http": ":80", "https": ":443"}


class SeenUrl(Struct, frozen=True):
    """Our address as the client has it.

    `host` is in lower case, with the port unless it is the scheme's own, and empty when nobody says it. `prefix` is
    empty or a path without a slash at its end ("/bell").
    """

    scheme: Literal["http", "https"]
    host: str
    prefix: str = ""

    @property
    def secure(self) -> bool:
        """Whether a cookie may be marked Secure: a browser keeps such a one only over https."""
        return self.scheme == "https"

    @property
    def cookie_path(self) -> str:
        return self.prefix or "/"

    def url(self, path: str) -> str:
        """A path of ours as the client asks for it; without a known host it is relative to his."""
        return f"{self.scheme}://{self.host}{self.prefix}{path}" if self.host else self.prefix + path

    def owns(self, origin: str) -> bool:
        """Whether a page of that origin comes from us, over http or https: the proxy may not say which it was."""
        scheme, _, host = origin.lower().partition("://")
        return bool(self.host) and scheme in DEFAULT_PORT and _bare(scheme, host) == _bare(scheme, self.host)


def seen_url(scope: Mapping[str, Any], *, peers: Peers, base_url: str = "") -> SeenUrl:
    """`scope` is ASGI's. `base_url` is the truth if there is one; else what a trusted proxy says; else what was asked.

    Traefik, Caddy and nginx say it as X-Forwarded-Proto, -Host and -Prefix. Of several values the right-most counts,
    as the nearest proxy wrote it. One that cannot stand in an address is as good as none.
    """
    if base_url:
        parts = urlsplit(base_url)
        scheme = SCHEMES[parts.scheme]
        return SeenUrl(scheme, _bare(scheme, parts.netloc.lower()), parts.path.rstrip("/"))
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    said: dict[bytes, str] = {}
    trusted = peers.trusts(scope.get("client"))
    for name, value in headers:
        if name == b"host" or (trusted and name in TOLD):
            said[name] = value.decode("latin-1").rpartition(",")[2].strip(" \t")
    scheme = SCHEMES.get(said.get(b"x-forwarded-proto", "").lower(), SCHEMES[scope.get("scheme", "http")])
    hosts = (said.get(name, "").lower() for name in (b"x-forwarded-host", b"x-host", b"host"))
    host = next((host for host in hosts if HOST.fullmatch(host)), "")
    prefix = said.get(b"x-forwarded-prefix", "").rstrip("/")
    return SeenUrl(scheme, _bare(scheme, host), prefix if PREFIX.fullmatch(prefix) else "")


def _bare(scheme: str, host: str) -> str:
    return host.removesuffix(DEFAULT_PORT[scheme])
