"""Joins what admins have of the server itself: what they decide takes effect, what they ask is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from carillon.core.applications import Defaults
from carillon.core.backstage import Backstage, LogBook
from carillon.core.decisions import Decisions, Policy, Value
from carillon.core.kit import Kit
from carillon.core.ports import Clock, Ids, Store
from carillon.core.rates import publishing
from carillon.core.secrets import Vault
from carillon.core.tokens import Minting
from carillon.http.guard import ServiceGuard
from carillon.hub.local import LocalHub
from carillon.ops.backups import Archive, Backups, Order
from carillon.ops.keys import KEY_BYTES, vault_key
from carillon.ops.report import Folder, Reporter
from carillon.ops.ring import Ring
from carillon.storage.backup import make
from carillon.storage.backup.make import Place
from carillon.storage.backup.snapshot import SNAPSHOT
from carillon.storage.migrate import DATABASE

DAY = 24 * 3600  # seconds
SHARE = 1.0  # beside a server the work rests half of the time: somebody waits for it, and publishing goes on


class Behind:
    """`shown` tells the settings in force to people, given what was decided of them. `stage` is for the dialects."""

    def __init__(
        self,
        place: Place,
        proxies: Sequence[str],
        *,
        store: Store,
        hub: LocalHub,
        clock: Clock,
        decisions: Decisions,
        shown: Callable[[Mapping[str, Value]], str],
        log: LogBook | None,
    ) -> None:
        folder = Folder(
            path=place.data,
            database=None if place.url else place.data / DATABASE,
            snapshot=place.data / SNAPSHOT,
            proxies=proxies,
        )
        self.reporter = Reporter(folder, store=store, decisions=decisions, streams=hub.count, clock=clock)
        self.backups = backups_of(place, lambda: shown(decisions.decided()), clock)
        self.stage = Backstage(
            decisions=decisions,
            report=self.reporter.report,
            log=log or Ring(),
            backup=lambda: self.backups(Order()),
        )


class Levers:
    """All that a decision moves. `data` is the folder with the key that shown tokens are sealed with."""

    def __init__(
        self,
        kit: Kit,
        *,
        hub: LocalHub,
        defaults: Defaults,
        minting: Minting,
        data: Path,
        ids: Ids,
        services: ServiceGuard,
    ) -> None:
        self._kit = kit
        self._hub = hub
        self._defaults = defaults
        self._minting = minting
        self._data = data
        self._ids = ids
        self._services = services
        self._rate: tuple[int, int] | None = None

    def follow(self, policy: Policy) -> None:
        """Raises KeyFileError, and has moved nothing then."""
        self._minting.vault = (self._minting.vault or self._open_vault()) if policy.show_tokens else None
        self._minting.length = policy.token_length
        limits, site = self._kit.limits, self._kit.site
        limits.request, limits.text = policy.request_limit, policy.message_limit
        limits.session = policy.session_days * DAY
        limits.streams_per_user = self._hub.streams_per_user = policy.streams_per_user
        site.registration, site.gotify_face = policy.registration, policy.gotify_face
        self._defaults.priority, self._defaults.content_type = policy.default_priority, policy.default_content_type
        self._services.reach = policy.service_addresses
        self._pace(policy.publish_rate, policy.publish_burst)

    def _open_vault(self) -> Vault:
        return Vault(vault_key(self._data, self._ids.entropy(KEY_BYTES)))

    def _pace(self, rate: int, burst: int) -> None:
        """What has been sent so far is forgotten only when this very rate changes."""
        if (rate, burst) != self._rate:
            self._kit.access.publishing = publishing(rate, burst)
            self._rate = rate, burst


def backups_of(place: Place, shown: Callable[[], str], clock: Clock, *, share: float = SHARE) -> Backups:
    """`shown` tells the settings in force to people; `share`: how many times as long as it works it rests.

    What a killed process has left is cleared away.
    """
    make.clear_away(place.data)

    def start(order: Order) -> AbstractAsyncContextManager[Archive]:
        whole = make.Order(settings=shown(), key=order.key, passphrase=order.passphrase, share=share)
        return make.backup(place, whole, clock)

    return start
