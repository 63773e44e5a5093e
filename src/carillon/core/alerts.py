"""What Carillon itself has to say to a person, as messages in his inbox: of an application of his that is called so."""

from __future__ import annotations

from msgspec.structs import replace

from carillon.core.applications import Applications
from carillon.core.outgoing import Health, Service
from carillon.core.ports import Sender, Store
from carillon.core.priority import Scale
from carillon.core.publish import Draft, Publisher

NAME, TYPE = "Carillon", "carillon"
SCALE = Scale("native")
HIGH = 8


class Alerts:
    def __init__(self, *, store: Store, applications: Applications, publisher: Publisher) -> None:
        self._store = store
        self._applications = applications
        self._publisher = publisher

    async def paused(self, service: Service, health: Health) -> None:
        """Tells the owner that a service works no more, by all his other ways; all admins, where he is gone and it is
        one of the server or a group. A later alert replaces it."""
        why = health.text or health.code
        until = (
            "Nothing is sent until somebody mends it: what comes meanwhile waits."
            if health.cause == "broken"
            else "It is tried again from time to time: what comes meanwhile waits."
        )
        draft = Draft(
            title=f"{service.name} is paused",
            body=f"The service {service.name} ({service.kind}) does not deliver: {why}\n\n{until}",
            content_type="text/plain",
            priority=HIGH,
            key=f"service-{service.id}",
        )
        for user_id in await self._owners(service):
            sender = await self._sender(user_id)
            if sender is not None:
                others = tuple(route for route in sender.routes if route.service_id != service.id)
                await self._publisher.publish(replace(sender, routes=others), draft, scale=SCALE)

    async def _owners(self, service: Service) -> list[int]:
        if await self._store.user(service.user_id) is not None:
            return [service.user_id]
        return [user.id for user in await self._store.users() if user.admin and service.scope != "user"]

    async def _sender(self, user_id: int) -> Sender | None:
        """His application for such messages, made when it is first needed."""
        own = [each for each in await self._store.subscriptions(user_id) if each.role == "owner"]
        found = next((each.application.id for each in own if each.application.type == TYPE), None)
        if found is None:
            made, _ = await self._applications.add(
                user_id, NAME, kind=TYPE, description="What this server has to say itself"
            )
            found = made.application.id
        return await self._store.sender(found)
