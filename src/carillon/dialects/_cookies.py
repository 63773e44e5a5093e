"""Sessions in a browser: a cookie that no script reads, and that only our own pages make it send."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from starlette.types import Scope

from carillon.core.errors import Forbidden
from carillon.core.kit import Kit
from carillon.core.seen import SeenUrl, seen_url

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST = 400 * 24 * 3600  # seconds: browsers keep no cookie for longer (RFC 6265bis, section 5.5)
OURS = frozenset({b"same-origin", b"none"})  # of Sec-Fetch-Site; "none" is what a person typed


class Cookie(Struct, frozen=True):
    """The cookie of a dialect. `name` is its own: on one host the cookies of both must not meet."""

    name: str

    def sent(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        for name, value in headers:
            if name == b"cookie":
                for pair in value.decode("latin-1").split(";"):
                    key, _, token = pair.strip().partition("=")
                    if key == self.name and token:
                        return token
        return None

    def set(self, kit: Kit, scope: Scope, token: str, *, seconds: int = 0) -> str:
        """The value of Set-Cookie for a session that ends after `seconds` without use (0: never); with an empty token:
        its end.
        """
        ours = _address(kit, scope)
        lasting = f"Max-Age={min(seconds or LONGEST, LONGEST) if token else 0}"
        secure = "; Secure" if ours.secure else ""
        return f"{self.name}={token}; Path={ours.cookie_path}; {lasting}; HttpOnly; SameSite=Strict{secure}"


def require_same_origin(kit: Kit, scope: Scope) -> None:
    """A browser sends the cookie whoever made it ask, and says who. Raises Forbidden. A stream is Front's care."""
    if scope["type"] != "http" or scope["method"] in SAFE:
        return
    site = _header(scope, b"sec-fetch-site")
    origin = _header(scope, b"origin")
    if site is not None:
        ours = site in OURS
    else:
        ours = origin is None or any(one.owns(origin.decode("latin-1")) for one in _addresses(kit, scope))
    if not ours:
        raise Forbidden("a page of another origin may not use this session")


def _address(kit: Kit, scope: Scope) -> SeenUrl:
    """Where the browser has us. Its Origin knows better than we do whether that is by https."""
    addresses = _addresses(kit, scope)
    origin = (_header(scope, b"origin") or b"").decode("latin-1")
    ours = next((one for one in addresses if one.owns(origin)), None)
    if ours is None:
        return addresses[0]
    return SeenUrl("https" if origin.lower().startswith("https:") else "http", ours.host, ours.prefix)


def _addresses(kit: Kit, scope: Scope) -> tuple[SeenUrl, SeenUrl]:
    """The one that is configured, and the one that was asked for, as in a house that reaches us also by its own net."""
    return seen_url(scope, peers=kit.site.peers, base_url=kit.site.base_url), seen_url(scope, peers=kit.site.peers)


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    found: bytes | None = next((value for name, value in scope["headers"] if name == wanted), None)
    return found
