"""What a dialect is handed, and all it is handed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct

from carillon.core.access import Access
from carillon.core.accounts import Accounts
from carillon.core.backstage import Backstage
from carillon.core.inbox import Inbox
from carillon.core.limits import Limits
from carillon.core.peers import Peers
from carillon.core.ports import Clock, Hub
from carillon.core.publish import Publisher
from carillon.core.search import Search
from carillon.core.statistics import Statistics
from carillon.core.ways_out import WaysOut


class Build(Struct, frozen=True):
    """Which Carillon this is. `commit` and `date` are empty when it does not know."""

    version: str
    commit: str = ""
    date: str = ""


class Site(Struct, kw_only=True):
    """This installation: which Carillon it is, where it is reached, through which proxies, and what its people
    have decided, as it is now.

    `base_url` is empty when only the requests say it. `registration`: anybody may make himself an account.
    `gotify_face` is the major version of gotify/server that the Gotify dialect answers as: 2 or 3. `backstage` is for
    admins only.
    """

    build: Build
    healthy: Callable[[], Awaitable[bool]]
    backstage: Backstage
    peers: Peers
    base_url: str = ""
    registration: bool = False
    gotify_face: int = 3


class History(Struct, frozen=True):
    """Looking back: what a user can ask of all that came."""

    search: Search
    statistics: Statistics


class Kit(Struct, frozen=True, kw_only=True):
    access: Access
    accounts: Accounts
    publisher: Publisher
    inbox: Inbox
    history: History
    hub: Hub
    limits: Limits
    clock: Clock
    site: Site
    ways_out: WaysOut
