"""The APIs spoken to us, one module or folder each. To add one, write one file.

It has `API = 1` and `mount(kit: Kit) -> Mount`. Its handlers parse what came into a `Draft` or into calls of the
kit, and render the answer; `parse` and `render` are pure functions, tested without a server. It imports the core
and, for open streams, `_streams`; never a sibling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

API = 1


class Mount(Struct, frozen=True, kw_only=True):
    """What a dialect serves.

    `prefixes` are the first path segments that are its own ("/message", "/api"); two dialects that name the same
    stop the start. `front` answers before the router, by method ("WEBSOCKET" for streams) and whole path: for
    what must be fast. `fallback` answers what nobody owns; one dialect at most has it. A browser may call from our
    own origin and the configured ones, and gets 403 from any other before its request is looked at; `public` are
    the prefixes that any page may read.
    """

    prefixes: tuple[str, ...]
    routes: Sequence[BaseRoute] = ()
    front: Mapping[tuple[str, str], ASGIApp] = {}
    fallback: ASGIApp | None = None
    public: frozenset[str] = frozenset()
