"""What the core asks of storage about services and deliveries: a part of the Store port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from carillon.core.outgoing import (
    Claimed,
    Confirmation,
    Delivery,
    Health,
    Logged,
    LogPage,
    LogQuery,
    Pace,
    Rules,
    Scope,
    Service,
    Settlement,
    Tick,
)


class NewService(Struct, frozen=True, kw_only=True):
    name: str
    kind: str
    scope: Scope
    user_id: int
    group_id: int | None
    enabled: bool
    rules: Rules
    options: bytes
    created: int


class ServiceChange(Struct, frozen=True, kw_only=True):
    """None leaves."""

    name: str | None = None
    enabled: bool | None = None
    rules: Rules | None = None
    options: bytes | None = None
    health: Health | None = None


class Outbox(Protocol):
    """Deliveries are made by `publish`, in the transaction of their message.

    Whoever sees a service in his list is told "services" when it changes; for deliveries the courier sees to that.
    """

    async def add_service(self, service: NewService) -> Service:
        """Raises NotFound for its user or group."""

    async def service(self, service_id: int) -> Service | None: ...
    async def services(self) -> list[Service]:
        """All of the installation, by id."""

    async def services_of(self, user_id: int) -> list[Service]:
        """His own, and those of the groups he is in; by id."""

    async def update_service(self, service_id: int, change: ServiceChange) -> Service | None: ...
    async def delete_service(self, service_id: int) -> bool:
        """With its deliveries, and as a fallback of others."""

    async def work(self, now: int) -> dict[int, int]:
        """For each enabled service with deliveries that wait: when the first is due (0: at once). What was left by
        a lease that has ended counts as due."""

    async def claim(self, service_id: int, *, now: int, lease: int, limit: int) -> list[Claimed]:
        """Up to `limit` deliveries that are due, the oldest first, ours until `lease`; nobody else gets them before.
        None of them is counted as an attempt yet."""

    async def settle(
        self, service_id: int, settlements: Sequence[Settlement], *, health: Health | None, quota_left: int | None
    ) -> list[int]:
        """In one transaction: the deliveries, their attempts, the counters of the service (and its hours), its health
        if it is not None, and the deliveries that are handed on, unless they exist already. Returns the ids of those
        that were still ours; nothing else has changed."""

    async def pick(self, ids: Sequence[int], visible: Sequence[int]) -> list[Delivery]:
        """Those deliveries that are of one of the services `visible`."""

    async def requeue(self, ids: Sequence[int], *, now: int) -> list[int]:
        """Makes deliveries that are settled or wait due at once, with no attempt counted and `requeued` now.

        Returns those that were; one whose message is deleted, or that is being tried right now, is left alone."""

    async def cancel(self, ids: Sequence[int], *, now: int) -> list[int]:
        """Ends deliveries that wait. Returns those that did."""

    async def log(self, visible: Sequence[int], query: LogQuery) -> LogPage:
        """Of the services `visible`. Looks through so many rows and no more: `next` says where it stopped."""

    async def failed(self, visible: Sequence[int], query: LogQuery, *, limit: int) -> list[int]:
        """The ids of up to `limit` failed or expired deliveries that the query finds and whose message is there."""

    async def delivery(self, delivery_id: int) -> Logged | None:
        """With its attempts, as in the next one."""

    async def deliveries_of(self, message_id: int, visible: Sequence[int]) -> list[Logged]: ...

    async def paces(self, visible: Sequence[int]) -> list[Pace]: ...
    async def ticks(self, visible: Sequence[int], *, since: int, until: int) -> list[Tick]:
        """Hours since 1970, from `since` to before `until`, those in which anything ended."""

    async def following(self, now: int, limit: int) -> list[Delivery]:
        """Sent ones whose `follow` has come."""

    async def next_follow(self) -> int | None: ...
    async def followed(
        self, delivery_id: int, *, follow: int | None, acknowledged: int | None = None, by: str = ""
    ) -> None:
        """When it is to be asked about again (None: never). With `acknowledged`: also the message is acknowledged at
        that time for those whom the service is for, where it was not yet, and they are told."""

    async def forget_deliveries(self, before: int, limit: int) -> int:
        """Removes up to `limit` deliveries settled before that time. Returns how many."""

    async def confirmations(self, service_id: int) -> list[Confirmation]: ...
    async def ask_confirmation(self, confirmation: Confirmation) -> None:
        """Instead of the one that was asked of this address for this service before."""

    async def confirm(self, digest: bytes, *, now: int) -> Confirmation | None:
        """The one that was asked with this code, confirmed now if it was not; None: there is none."""

    async def tell(self, user_ids: Sequence[int], lists: Sequence[str]) -> None:
        """That these lists of theirs are not as they were (`models.ListName`)."""

    async def audience(self, service_id: int) -> list[int]:
        """The users who see it: its own, its group's, all admins for one of the server or of a group."""
