"""Everything about services, joined: what dialects are handed, and what runs beside the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from msgspec import Struct

from carillon.core.access import Access
from carillon.core.alerts import Alerts
from carillon.core.channels import Channel, Ways
from carillon.core.consent import Consent
from carillon.core.deliver import Courier, Tools
from carillon.core.follow import Follower
from carillon.core.journal import Journal
from carillon.core.limits import Limits
from carillon.core.parcels import Packing, Safe
from carillon.core.ports import Clock, Ids, Store
from carillon.core.secrets import Vault
from carillon.core.services import Services
from carillon.core.telling import Telling
from carillon.core.trials import Trials


class WaysOut(Struct, frozen=True):
    services: Services
    trials: Trials
    consent: Consent
    journal: Journal
    courier: Courier
    follower: Follower
    telling: Telling

    @staticmethod
    def over(
        *,
        store: Store,
        access: Access,
        channels: Mapping[str, Channel],
        ways: Ways,
        vault: Callable[[], Vault],
        alerts: Alerts,
        base_url: str,
        clock: Clock,
        ids: Ids,
        limits: Limits,
    ) -> WaysOut:
        """`base_url` is empty where only requests say it: then messages carry no link."""

        def page(path: str) -> Callable[[str], str]:
            return lambda last: f"{base_url}/#/{path}/{last}" if base_url else ""

        safe = Safe(vault)
        packing = Packing(link=page("m"), monotonic=clock.monotonic)
        telling = Telling(store)
        courier = Courier(
            Tools(
                store=store,
                channels=channels,
                ways=ways,
                safe=safe,
                packing=packing,
                clock=clock,
                ids=ids,
                announce=telling.changed,
                report=alerts.paused,
            )
        )
        services = Services(
            store=store, access=access, channels=channels, safe=safe, clock=clock, limits=limits, wake=courier.wake
        )
        return WaysOut(
            services,
            Trials(services, store=store, ways=ways, packing=packing, clock=clock, ids=ids, limits=limits),
            Consent(
                services,
                store=store,
                safe=safe,
                ways=ways,
                clock=clock,
                ids=ids,
                page=page("confirm"),
                wake=courier.wake,
            ),
            Journal(services, store=store, clock=clock, wake=courier.wake),
            courier,
            Follower(store, channels, ways=ways, safe=safe, clock=clock, announce=telling.changed),
            telling,
        )

    async def run(self) -> None:
        """Delivers until cancelled."""
        async with asyncio.TaskGroup() as group:
            for work in (self.courier, self.follower, self.telling):
                group.create_task(work.run())
