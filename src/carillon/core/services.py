"""Services: what people configure as ways out. Whoever must not see one, for him it does not exist (NotFound).

A user has his own; those of a group and of the server are the admins', and members of a group see its.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from carillon.core import quiet, templates
from carillon.core.access import Access
from carillon.core.channels import Channel
from carillon.core.deliver import used
from carillon.core.errors import BadInput, Forbidden, NotFound, TooMany
from carillon.core.forms import BadOption, FormField, Texts, form, read, secrets
from carillon.core.limits import Limits, require
from carillon.core.models import User
from carillon.core.outbox import NewService, ServiceChange
from carillon.core.outgoing import Health, Pace, Rules, Scope, Service, Tick
from carillon.core.parcels import Safe
from carillon.core.ports import Clock, Store
from carillon.core.reasons import because
from carillon.core.template_filters import TemplateError

SHOWN = 4  # characters at either end of a secret that are shown of a long one
LONG = 16
PER_USER = 100
HOUR = 3_600_000_000  # µs
STRIP = 48  # hours
GONE = because("no_service")
NOT_YOURS = because("not_your_service")


HIGHEST_QUOTA = 10_000_000  # messages a month


class BadRule(BadInput):
    """`field` names the rule at fault."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class KindInfo(Struct, frozen=True):
    """A kind of service, for whoever draws a gallery and forms. `checks`: it can be checked without a message."""

    kind: str
    title: Texts
    about: Texts
    icon: str
    available: bool
    checks: bool
    fields: tuple[FormField, ...]


class Recipient(Struct, frozen=True):
    address: str
    confirmed: bool
    asked: int | None


class View(Struct, frozen=True, kw_only=True):
    """A service as people see it. In `options` a secret is `{"set": true, "hint": …}`; `readable`: the key of this
    installation opens them. `used`: messages it has sent this month. `ticks` are the hours of the last two days in
    which it did anything.
    """

    service: Service
    options: dict[str, Any]
    readable: bool
    manageable: bool
    user: str
    group: str | None
    used: int
    pace: Pace
    ticks: list[Tick]
    recipients: list[Recipient]


class New(Struct, frozen=True, kw_only=True):
    """`group` is the name of one, where the scope is group."""

    kind: str
    name: str
    options: Mapping[str, Any]
    scope: Scope = "user"
    group: str | None = None
    enabled: bool = True
    rules: Rules = Rules()


class Change(Struct, frozen=True, kw_only=True):
    """None leaves; so does a secret that is not among the options."""

    name: str | None = None
    enabled: bool | None = None
    rules: Rules | None = None
    options: Mapping[str, Any] | None = None


class Services:
    """`wake` tells the courier that there may be something for a service."""

    def __init__(
        self,
        *,
        store: Store,
        access: Access,
        channels: Mapping[str, Channel],
        safe: Safe,
        clock: Clock,
        limits: Limits,
        wake: Callable[[Sequence[int]], None],
    ) -> None:
        self._store = store
        self._access = access
        self._channels = channels
        self._safe = safe
        self._clock = clock
        self._limits = limits
        self._wake = wake

    def kinds(self) -> list[KindInfo]:
        """In the order of the gallery: as discovered."""
        return [
            KindInfo(
                kind=kind,
                title=channel.TITLE,
                about=channel.ABOUT,
                icon=channel.ICON,
                available=getattr(channel, "AVAILABLE", True),
                checks=hasattr(channel, "check"),
                fields=form(channel.Options),
            )
            for kind, channel in self._channels.items()
        ]

    def channel(self, kind: str) -> Channel:
        """Raises BadOption."""
        channel = self._channels.get(kind)
        if channel is None:
            raise BadOption("kind", f"there is no kind of service {kind!r}; there are {', '.join(self._channels)}")
        return channel

    async def visible(self, user: User) -> list[Service]:
        """What the user may see, by id: his own, those of his groups; an admin also all of groups and the server."""
        if not user.admin:
            return await self._store.services_of(user.id)
        return [each for each in await self._store.services() if each.scope != "user" or each.user_id == user.id]

    async def of(self, user: User) -> list[View]:
        return await self._views(user, await self.visible(user))

    async def get(self, user: User, service_id: int) -> View:
        """Raises NotFound."""
        (view,) = await self._views(user, [await self.seen(user, service_id)])
        return view

    async def seen(self, user: User, service_id: int) -> Service:
        """Raises NotFound."""
        for service in await self.visible(user):
            if service.id == service_id:
                return service
        raise NotFound(GONE)

    async def managed(self, user: User, service_id: int) -> Service:
        """Raises NotFound, Forbidden."""
        service = await self.seen(user, service_id)
        if not manages(user, service):
            raise Forbidden(NOT_YOURS)
        return service

    async def add(self, user: User, new: New) -> View:
        """Raises BadOption, BadRule, BadInput, Forbidden, NotFound for the group, TooMany, CannotAct for the key."""
        channel = self.channel(new.kind)
        require("name", new.name, self._limits.name)
        if new.scope != "user" and not user.admin:
            raise Forbidden(NOT_YOURS)
        group_id = await self._group(new)
        options = read(channel.Options, new.options)
        await self._check_rules(user, new.rules)
        if sum(each.user_id == user.id for each in await self.visible(user)) >= PER_USER:
            raise TooMany(because("too_many_services", most=PER_USER))
        service = await self._store.add_service(
            NewService(
                name=new.name,
                kind=new.kind,
                scope=new.scope,
                user_id=user.id,
                group_id=group_id,
                enabled=new.enabled,
                rules=new.rules,
                options=self._safe.seal(values_of(options)),
                created=self._clock.now(),
            )
        )
        self._access.forget()
        return await self.get(user, service.id)

    async def update(self, user: User, service_id: int, change: Change) -> View:
        """New options let a paused service be tried again. Raises as `add`."""
        service = await self.managed(user, service_id)
        if change.name is not None:
            require("name", change.name, self._limits.name)
        if change.rules is not None:
            await self._check_rules(user, change.rules, but=service_id)
        sealed = None
        if change.options is not None:
            options = self.filled(self.channel(service.kind), change.options, service)
            sealed = self._safe.seal(values_of(options))
        await self._store.update_service(
            service_id,
            ServiceChange(
                name=change.name,
                enabled=change.enabled,
                rules=change.rules,
                options=sealed,
                health=Health() if sealed is not None or change.enabled else None,
            ),
        )
        self._access.forget()
        self._wake([service_id])
        return await self.get(user, service_id)

    async def delete(self, user: User, service_id: int) -> None:
        await self.managed(user, service_id)
        await self._store.delete_service(service_id)
        self._access.forget()

    async def resume(self, user: User, service_id: int) -> View:
        """A paused service is tried again at once: with one delivery, if it has failed before."""
        service = await self.managed(user, service_id)
        tried = replace(service.health, cause="", paused_until=None)
        await self._store.update_service(service_id, ServiceChange(health=tried))
        self._wake([service_id])
        return await self.get(user, service_id)

    def filled(self, channel: Channel, values: Mapping[str, Any], service: Service | None) -> Any:  # noqa: ANN401  # each channel has a record of its own
        """The options, with the secrets that are not said taken from the service. Raises BadOption."""
        kept = self._safe.values(service.options) if service is not None else None
        secret = secrets(channel.Options)
        given = {name: value for name, value in values.items() if not (name in secret and isinstance(value, dict))}
        stored = {name: (kept or {}).get(name) for name in secret if name not in given}
        return read(channel.Options, {**given, **{name: value for name, value in stored.items() if value is not None}})

    async def _group(self, new: New) -> int | None:
        if new.scope != "group":
            return None
        found = next((each.id for each in await self._store.groups() if each.name == new.group), None)
        if found is None:
            raise BadOption("group", because("choose_group"))
        return found

    async def _check_rules(self, user: User, rules: Rules, *, but: int | None = None) -> None:
        """Raises BadRule."""
        if rules.min_level not in range(11):
            raise BadRule("min_level", because("out_of_bounds", field="min_level", least=0, most=10))
        if not 0 <= rules.quota <= HIGHEST_QUOTA:
            raise BadRule("quota", because("out_of_bounds", field="quota", least=0, most=HIGHEST_QUOTA))
        if rules.fallback is not None and (
            rules.fallback == but or rules.fallback not in {each.id for each in await self.visible(user)}
        ):
            raise BadRule("fallback", because("choose_fallback"))
        checks: list[tuple[str, Callable[[], object]]] = [
            ("title_template", lambda: templates.check(rules.title_template)),
            ("body_template", lambda: templates.check(rules.body_template)),
        ]
        if rules.quiet is not None:
            hours = rules.quiet
            checks.append(("quiet", lambda: quiet.check(hours)))
        for name, check in checks:
            try:
                check()
            except BadInput as error:
                told = because("bad_template", detail=error.text) if isinstance(error, TemplateError) else error.text
                raise BadRule(name, told) from None

    async def _views(self, user: User, services: Sequence[Service]) -> list[View]:
        ids = [each.id for each in services]
        hour = self._clock.now() // HOUR
        paces = {each.service_id: each for each in await self._store.paces(ids)}
        ticks = await self._store.ticks(ids, since=hour - STRIP + 1, until=hour + 1)
        users = {each.id: each.name for each in await self._store.users()}
        groups = {each.id: each.name for each in await self._store.groups()}
        return [
            View(
                service=each,
                options=self._masked(each)[0],
                readable=self._masked(each)[1],
                manageable=manages(user, each),
                user=users.get(each.user_id, ""),
                group=groups.get(each.group_id or 0),
                used=used(each, self._clock.now()),
                pace=paces.get(each.id, Pace(each.id, None, None, 0, 0)),
                ticks=[tick for tick in ticks if tick.service_id == each.id],
                recipients=await self.recipients(each),
            )
            for each in services
        ]

    async def recipients(self, service: Service) -> list[Recipient]:
        """Who has to agree, and whether he has."""
        channel = self._channels.get(service.kind)
        if channel is None or not hasattr(channel, "recipients"):
            return []
        try:
            opened = self._safe.open(service.options, channel)
        except BadOption:
            return []
        if opened is None:
            return []
        known = {each.address: each for each in await self._store.confirmations(service.id)}
        found = []
        for address in channel.recipients(opened.options):
            asked = known.get(address)
            confirmed = asked is not None and asked.confirmed is not None
            found.append(Recipient(address, confirmed, asked.asked if asked else None))
        return found

    def _masked(self, service: Service) -> tuple[dict[str, Any], bool]:
        """The options without their secrets, and whether they could be opened."""
        values = self._safe.values(service.options)
        channel = self._channels.get(service.kind)
        if values is None or channel is None:
            return {}, values is not None
        hidden = secrets(channel.Options)
        return {name: _hidden(value) if name in hidden else value for name, value in values.items()}, True


def manages(user: User, service: Service) -> bool:
    return user.admin if service.scope != "user" else service.user_id == user.id


def values_of(options: Struct) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(options)
    return values


def _hidden(secret: object) -> dict[str, object]:
    text = str(secret or "")
    hint = f"{text[:SHOWN]}…{text[-SHOWN:]}" if len(text) >= LONG else ""
    return {"set": bool(text), "hint": hint}
