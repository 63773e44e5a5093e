"""Recipients other than the account's own address agree before the first message: they are sent a code."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from msgspec import Struct

from carillon.core.channels import Outcome, Parcel, Sent, Ways
from carillon.core.deliver import sent
from carillon.core.errors import BadInput, Conflict, NotFound, TooMany, Unreachable
from carillon.core.models import User
from carillon.core.outgoing import Confirmation, Service
from carillon.core.parcels import Safe
from carillon.core.ports import Clock, Ids, Store
from carillon.core.reasons import because
from carillon.core.services import Services

CODE = 20  # characters
AGAIN = 60_000_000  # µs before the same address is asked again
LIFE = 7 * 24 * 3600 * 1_000_000  # µs for which a code is good

TEXT = """{user} wants to send you notifications of the Carillon at {place} by the service "{service}".

{how}

If you do not know of this, do nothing: nothing will be sent to you."""


class Agreed(Struct, frozen=True):
    address: str
    service: str


class Consent:
    """`page` is the address at which a code is confirmed, made of it; empty where nobody knows ours."""

    def __init__(
        self,
        services: Services,
        *,
        store: Store,
        safe: Safe,
        ways: Ways,
        clock: Clock,
        ids: Ids,
        page: Callable[[str], str],
        wake: Callable[[list[int]], None],
    ) -> None:
        self._services = services
        self._store = store
        self._safe = safe
        self._ways = ways
        self._clock = clock
        self._ids = ids
        self._page = page
        self._wake = wake

    async def ask_new(self, user: User, service_id: int) -> list[str]:
        """Asks those recipients who were never asked, and returns for each that could not be asked the reason."""
        service = await self._services.managed(user, service_id)
        faults = []
        for each in await self._services.recipients(service):
            if each.asked is None:
                outcome = await self._ask(user, service, each.address)
                if not isinstance(outcome, Sent):
                    faults.append(f"{each.address}: {outcome.text or outcome.code}")
        return faults

    async def ask(self, user: User, service_id: int, address: str) -> None:
        """Raises NotFound, Forbidden, Conflict for one who has agreed, TooMany, and Unreachable with the reason why he
        could not be asked."""
        service = await self._services.managed(user, service_id)
        known = {each.address: each for each in await self._services.recipients(service)}
        if address not in known:
            raise NotFound(because("no_recipient"))
        if known[address].confirmed:
            raise Conflict(because("agreed_already"))
        asked = known[address].asked
        if asked is not None and self._clock.now() - asked < AGAIN:
            raise TooMany(because("asked_just_now"), retry_after=60)
        outcome = await self._ask(user, service, address)
        if not isinstance(outcome, Sent):
            raise Unreachable(because("not_asked", detail=outcome.text or outcome.code))

    async def confirm(self, code: str) -> Agreed:
        """Raises NotFound for a code that was never sent, or is too old."""
        now = self._clock.now()
        found = await self._store.confirm(_digest(code), now=now)
        service = await self._store.service(found.service_id) if found else None
        if found is None or service is None or (found.confirmed or now) - found.asked > LIFE:
            raise NotFound(because("no_code"))
        self._wake([service.id])
        return Agreed(found.address, service.name)

    async def _ask(self, user: User, service: Service, address: str) -> Outcome:
        channel = self._services.channel(service.kind)
        opened = self._safe.open(service.options, channel)
        if opened is None:
            raise BadInput(because("options_locked"))
        code, now, outside = self._ids.secret(CODE), self._clock.now(), self._ways("")
        page = self._page(code)
        how = f"To agree, open {page}" if page else f"To agree, give {user.name} this code: {code}"
        parcel = Parcel(
            id=f"consent-{self._ids.public_id()}",
            application="Carillon",
            title="Confirm that you want notifications",
            body=TEXT.format(user=user.name, place=outside.host, service=service.name, how=how),
            created=now,
            only=address,
        )
        outcome = await sent(channel, opened.options, lambda: channel.send(opened.options, parcel, outside))
        if isinstance(outcome, Sent):
            await self._store.ask_confirmation(
                Confirmation(service_id=service.id, address=address, digest=_digest(code), asked=now)
            )
        return outcome


def _digest(code: str) -> bytes:
    return sha256(code.encode("utf-8", "surrogatepass")).digest()
