"""What the commands ask about services and deliveries: as a user, by default the first admin. See `desk`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from carillon.core.channels import Code, Sent
from carillon.core.errors import BadInput
from carillon.core.outgoing import Health, Logged, LogQuery, Rules, Scope, State
from carillon.core.services import Change, New, View
from carillon.core.trials import Sample, Trial
from carillon.ops.desk import Desk, Nothing, Operation, Owner

MOST = 200  # lines of the log at once


class ServiceLine(Struct, frozen=True, kw_only=True):
    """`paused` says why nothing is sent; empty: it runs."""

    id: int
    name: str
    kind: str
    scope: Scope
    enabled: bool
    paused: str
    sent: int
    failed: int
    waiting: int
    last_sent: int | None


class ServiceLines(Struct, frozen=True):
    services: list[ServiceLine]


class NewService(Struct, frozen=True, kw_only=True):
    """`options` as the kind declares them; what is left out has its default."""

    user: str | None
    kind: str
    name: str
    options: dict[str, Any]
    min_level: int
    server: bool


class Made(Struct, frozen=True):
    """`unconfirmed` are the recipients that get nothing before they agree; `faults` says why some were not asked."""

    id: int
    unconfirmed: list[str]
    faults: list[str]


class ServiceOf(Struct, frozen=True):
    """A service by its id, as `user` sees it."""

    id: int
    user: str | None


class Tried(Struct, frozen=True):
    """`took` microseconds; `text` in the remote's words."""

    ok: bool
    code: Code
    text: str
    took: int


class Switch(Struct, frozen=True):
    id: int
    user: str | None
    enabled: bool


class LogOf(Struct, frozen=True, kw_only=True):
    """Empty: any."""

    user: str | None = None
    services: list[int] = []
    states: list[State] = []
    text: str = ""
    limit: int = 50


class DeliveryLine(Struct, frozen=True, kw_only=True):
    id: int
    created: int
    service: str
    title: str | None
    state: State
    attempts: int
    reason: str


class DeliveryLines(Struct, frozen=True):
    deliveries: list[DeliveryLine]


class Deliveries(Struct, frozen=True):
    ids: list[int]
    user: str | None


class Count(Struct, frozen=True):
    count: int


async def list_services(desk: Desk, whose: Owner) -> ServiceLines:
    user = await desk.user(whose.user)
    return ServiceLines([_line(view) for view in await desk.ways_out.services.of(user)])


async def add_service(desk: Desk, asked: NewService) -> Made:
    new = New(
        kind=asked.kind,
        name=asked.name,
        options=asked.options,
        scope="server" if asked.server else "user",
        rules=Rules(min_level=asked.min_level),
    )
    user = await desk.user(asked.user)
    view = await desk.ways_out.services.add(user, new)
    faults = await desk.ways_out.consent.ask_new(user, view.service.id)
    return Made(view.service.id, [each.address for each in view.recipients if not each.confirmed], faults)


async def try_service(desk: Desk, asked: ServiceOf) -> Tried:
    """With what is saved: the secrets, which are not shown, are taken from the service."""
    user = await desk.user(asked.user)
    view = await desk.ways_out.services.get(user, asked.id)
    trial = Trial(kind=view.service.kind, options=view.options, service_id=asked.id)
    verdict = await desk.ways_out.trials.test(user, trial, Sample(rules=view.service.rules))
    outcome = verdict.outcome
    return Tried(isinstance(outcome, Sent), outcome.code, outcome.text, verdict.took)


async def switch_service(desk: Desk, asked: Switch) -> Nothing:
    await desk.ways_out.services.update(await desk.user(asked.user), asked.id, Change(enabled=asked.enabled))
    return Nothing()


async def resume_service(desk: Desk, asked: ServiceOf) -> Nothing:
    await desk.ways_out.services.resume(await desk.user(asked.user), asked.id)
    return Nothing()


async def remove_service(desk: Desk, asked: ServiceOf) -> Nothing:
    await desk.ways_out.services.delete(await desk.user(asked.user), asked.id)
    return Nothing()


async def list_deliveries(desk: Desk, asked: LogOf) -> DeliveryLines:
    user, journal = await desk.user(asked.user), desk.ways_out.journal
    if not 0 < asked.limit <= MOST:
        raise BadInput(f"the limit is from 1 to {MOST}")
    found: list[DeliveryLine] = []
    before: int | None = None
    while len(found) < asked.limit:
        query = replace(_query(asked), before=before, limit=asked.limit - len(found))
        page = await journal.page(user, query)
        found += [_delivery(each) for each in page.deliveries]
        before = page.next
        if before is None:
            break
    return DeliveryLines(found)


async def resend_deliveries(desk: Desk, asked: Deliveries) -> Count:
    return Count(await desk.ways_out.journal.resend(await desk.user(asked.user), asked.ids))


async def resend_failed(desk: Desk, asked: LogOf) -> Count:
    return Count(await desk.ways_out.journal.resend_failed(await desk.user(asked.user), _query(asked)))


async def cancel_deliveries(desk: Desk, asked: Deliveries) -> Count:
    return Count(await desk.ways_out.journal.cancel(await desk.user(asked.user), asked.ids))


def _query(asked: LogOf) -> LogQuery:
    return LogQuery(services=tuple(asked.services), states=tuple(asked.states), text=asked.text)


def _line(view: View) -> ServiceLine:
    one = view.service
    return ServiceLine(
        id=one.id,
        name=one.name,
        kind=one.kind,
        scope=one.scope,
        enabled=one.enabled,
        paused=_paused(one.health),
        sent=one.counters.sent,
        failed=one.counters.failed,
        waiting=view.pace.waiting + view.pace.held,
        last_sent=one.counters.last_sent,
    )


def _delivery(logged: Logged) -> DeliveryLine:
    one = logged.delivery
    return DeliveryLine(
        id=one.id,
        created=one.created,
        service=logged.service,
        title=logged.title,
        state=one.state,
        attempts=one.attempts,
        reason=_reason(one.code, one.text),
    )


def _paused(health: Health) -> str:
    return f"{health.cause}: {_reason(health.code, health.text)}" if health.cause else ""


def _reason(code: Code, text: str) -> str:
    return ": ".join(filter(None, ("" if code == "ok" else code, text)))


LIST_SERVICES = Operation("list_services", Owner, ServiceLines, list_services)
ADD_SERVICE = Operation("add_service", NewService, Made, add_service)
TRY_SERVICE = Operation("try_service", ServiceOf, Tried, try_service)
SWITCH_SERVICE = Operation("switch_service", Switch, Nothing, switch_service)
RESUME_SERVICE = Operation("resume_service", ServiceOf, Nothing, resume_service)
REMOVE_SERVICE = Operation("remove_service", ServiceOf, Nothing, remove_service)
LIST_DELIVERIES = Operation("list_deliveries", LogOf, DeliveryLines, list_deliveries)
RESEND_DELIVERIES = Operation("resend_deliveries", Deliveries, Count, resend_deliveries)
RESEND_FAILED = Operation("resend_failed", LogOf, Count, resend_failed)
CANCEL_DELIVERIES = Operation("cancel_deliveries", Deliveries, Count, cancel_deliveries)

OPERATIONS: dict[str, Operation[Any, Any]] = {
    operation.name: operation
    for operation in (
        LIST_SERVICES,
        ADD_SERVICE,
        TRY_SERVICE,
        SWITCH_SERVICE,
        RESUME_SERVICE,
        REMOVE_SERVICE,
        LIST_DELIVERIES,
        RESEND_DELIVERIES,
        RESEND_FAILED,
        CANCEL_DELIVERIES,
    )
}
