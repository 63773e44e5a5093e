"""What services and deliveries look like in requests and answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from carillon.core import forms
from carillon.core.channels import Code
from carillon.core.outgoing import Cause, Logged, Quiet, RetryPlan, Rules, Scope, Service, State, Window
from carillon.core.services import View
from carillon.core.trials import Verdict
from carillon.dialects.native import render
from carillon.dialects.native.answers import Time
from carillon.dialects.native.asks import Id
from carillon.dialects.native.parse import FieldError

HOUR = 3_600_000_000  # µs
Outcomes = Literal["sent", "throttled", "retry", "refused", "broken"]
MINUTES = 24 * 60


class Texts(Struct):
    en: str
    de: str


class Choice(Struct):
    value: str
    label: Texts


class When(Struct):
    field: str
    values: list[str]


class FormField(Struct, kw_only=True):
    """One field of the form of a kind. `when`: only asked for if that other field has one of these values."""

    name: str
    type: forms.Kind
    label: Texts
    help: Texts
    placeholder: str
    required: bool
    default: Any
    choices: list[Choice]
    when: When | None
    advanced: bool
    minimum: int | None
    maximum: int | None
    min_length: int | None
    max_length: int | None
    pattern: str | None
    columns: Annotated[list[FormField], Meta(description="Of a table by priority")]


class QuietWindow(Struct, forbid_unknown_fields=True):
    days: Annotated[list[Annotated[int, Meta(ge=0, le=6)]], Meta(description="On which it begins; 0 is Monday")]
    start: Annotated[str, Meta(pattern=r"^\d\d:\d\d$")]
    end: Annotated[str, Meta(pattern=r"^\d\d:\d\d$", description="On the next day if it is not after the start")]


class QuietHours(Struct, forbid_unknown_fields=True, kw_only=True):
    zone: str
    windows: list[QuietWindow]
    passes: Annotated[int, Meta(ge=0, le=10, description="From which priority on messages pass all the same")] = 10
    policy: Literal["hold", "silent", "drop"] = "hold"


class ServiceRules(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Which messages a service takes, and what becomes of them."""

    applications: Annotated[list[Id] | None, Meta(description="null: all")] = None
    without: Annotated[list[Id], Meta(description="Not from these")] = []
    min_level: Annotated[int, Meta(ge=0, le=10)] = 0
    quiet: QuietHours | None = None
    fallback: Annotated[Id | None, Meta(description="The service that gets what this one could not deliver")] = None
    quota: Annotated[int, Meta(ge=0, description="Messages a month; 0: without a bound")] = 0
    retry: RetryPlan = "normal"
    title_template: str = ""
    body_template: str = ""


class ServiceHealth(Struct, kw_only=True):
    """`cause` empty: it runs. Without `paused_until` it waits for somebody to mend it."""

    cause: Cause
    since: Time | None
    paused_until: Time | None
    failures: int
    code: Code
    text: str
    field: str


class ServiceCounters(Struct, kw_only=True):
    sent: int
    failed: int
    retried: int
    waiting: int
    held: int
    used: Annotated[int, Meta(description="Sent this month")]
    quota_left: Annotated[int | None, Meta(description="What the remote last said")]
    p50_ms: float | None
    p95_ms: float | None
    last_sent: Time | None
    last_failed: Time | None
    last_code: Code
    last_text: str


class ServiceHour(Struct):
    hour: Time
    sent: int
    failed: int
    retried: int


class Recipient(Struct):
    address: str
    confirmed: bool
    asked: Time | None


class ShownService(Struct, kw_only=True):
    """In `options` a secret is shown as `{"set": true, "hint": "u4Qk…9dRt"}`."""

    id: int
    name: str
    kind: str
    scope: Scope
    user: str
    group: str | None
    enabled: bool
    manageable: bool
    rules: ServiceRules
    options: dict[str, Any]
    readable: Annotated[bool, Meta(description="false: the key of the installation does not open its options")]
    created: Time
    health: ServiceHealth
    counters: ServiceCounters
    strip: Annotated[list[ServiceHour], Meta(description="Of the last 48 hours those in which it did anything")]
    recipients: list[Recipient]


class TrialAnswer(Struct, kw_only=True):
    """How an attempt went; `text` are the remote's own words, `field` the option that is to be changed."""

    ok: bool
    outcome: Outcomes
    code: Code
    status: int | None
    text: str
    field: str
    took_ms: float
    quota_left: int | None


class DeliveryMessage(Struct):
    """Without title and public id: it is deleted."""

    id: int
    public_id: str | None
    title: str | None


class DeliveryService(Struct):
    id: int
    name: str
    kind: str


class DeliveryApplication(Struct):
    id: int
    name: str


class Try(Struct, kw_only=True):
    number: int
    started: Time
    took_ms: float
    outcome: Outcomes
    code: Code
    text: str
    status: int | None


class ShownDelivery(Struct, kw_only=True):
    id: int
    message: DeliveryMessage
    service: DeliveryService
    application: DeliveryApplication
    level: int
    created: Time
    state: State
    due: Time | None
    settled: Time | None
    attempts: int
    took_ms: float | None
    code: Code
    text: str
    status: int | None
    acknowledged: Time | None
    acknowledged_by: str
    duplicate: Annotated[bool, Meta(description="It may have arrived twice")]
    tries: list[Try]


def form_field(one: forms.FormField) -> FormField:
    look = one.look
    return FormField(
        name=one.name,
        type=look.kind,
        label=Texts(*look.label),
        help=Texts(*look.help),
        placeholder=look.placeholder,
        required=one.required,
        default=one.default,
        choices=[Choice(each.value, Texts(*each.label)) for each in look.choices],
        when=When(look.when[0], list(look.when[1])) if look.when else None,
        advanced=look.advanced,
        minimum=one.minimum,
        maximum=one.maximum,
        min_length=one.min_length,
        max_length=one.max_length,
        pattern=one.pattern,
        columns=[form_field(each) for each in one.columns],
    )


def rules_of(asked: ServiceRules) -> Rules:
    """Raises FieldError."""
    hours = asked.quiet
    windows = tuple(
        Window(tuple(sorted(set(each.days))), _minutes(each.start), _minutes(each.end))
        for each in (hours.windows if hours else [])
    )
    return Rules(
        applications=None if asked.applications is None else tuple(asked.applications),
        without=tuple(asked.without),
        min_level=asked.min_level,
        quiet=Quiet(zone=hours.zone, windows=windows, passes=hours.passes, policy=hours.policy) if hours else None,
        fallback=asked.fallback,
        quota=asked.quota,
        retry=asked.retry,
        title_template=asked.title_template,
        body_template=asked.body_template,
    )


def shown_rules(rules: Rules) -> ServiceRules:
    hours = rules.quiet
    return ServiceRules(
        applications=None if rules.applications is None else list(rules.applications),
        without=list(rules.without),
        min_level=rules.min_level,
        quiet=QuietHours(
            zone=hours.zone,
            windows=[QuietWindow(list(each.days), _clock(each.start), _clock(each.end)) for each in hours.windows],
            passes=hours.passes,
            policy=hours.policy,
        )
        if hours
        else None,
        fallback=rules.fallback,
        quota=rules.quota,
        retry=rules.retry,
        title_template=rules.title_template,
        body_template=rules.body_template,
    )


def service(view: View) -> ShownService:
    one = view.service
    return ShownService(
        id=one.id,
        name=one.name,
        kind=one.kind,
        scope=one.scope,
        user=view.user,
        group=view.group,
        enabled=one.enabled,
        manageable=view.manageable,
        rules=shown_rules(one.rules),
        options=view.options,
        readable=view.readable,
        created=render.time(one.created),
        health=_health(one),
        counters=_counters(view),
        strip=[ServiceHour(render.time(each.hour * HOUR), each.sent, each.failed, each.retried) for each in view.ticks],
        recipients=[Recipient(each.address, each.confirmed, _time(each.asked)) for each in view.recipients],
    )


def trial_answer(verdict: Verdict) -> TrialAnswer:
    outcome = verdict.outcome
    name: Any = type(outcome).__name__.lower()
    return TrialAnswer(
        ok=name == "sent",
        outcome=name,
        code=outcome.code,
        status=outcome.status,
        text=outcome.text,
        field=outcome.field,
        took_ms=verdict.took / 1000,
        quota_left=getattr(outcome, "quota_left", None),
    )


def delivery(logged: Logged) -> ShownDelivery:
    one = logged.delivery
    return ShownDelivery(
        id=one.id,
        message=DeliveryMessage(one.message_id, logged.public_id, logged.title),
        service=DeliveryService(one.service_id, logged.service, logged.kind),
        application=DeliveryApplication(one.application_id, logged.application),
        level=one.level,
        created=render.time(one.created),
        state=one.state,
        due=_time(one.due or None),
        settled=_time(one.settled),
        attempts=one.attempts,
        took_ms=_milliseconds(one.took),
        code=one.code,
        text=one.text,
        status=one.status,
        acknowledged=_time(one.acknowledged),
        acknowledged_by=one.acknowledged_by,
        duplicate=one.duplicate,
        tries=[
            Try(
                number=each.number,
                started=render.time(each.started),
                took_ms=each.took / 1000,
                outcome=each.outcome,
                code=each.code,
                text=each.text,
                status=each.status,
            )
            for each in logged.attempts
        ],
    )


def _health(one: Service) -> ServiceHealth:
    health = one.health
    return ServiceHealth(
        cause=health.cause,
        since=_time(health.since),
        paused_until=_time(health.paused_until),
        failures=health.failures,
        code=health.code,
        text=health.text,
        field=health.field,
    )


def _counters(view: View) -> ServiceCounters:
    counters, pace = view.service.counters, view.pace
    return ServiceCounters(
        sent=counters.sent,
        failed=counters.failed,
        retried=counters.retried,
        waiting=pace.waiting,
        held=pace.held,
        used=view.used,
        quota_left=counters.quota_left,
        p50_ms=_milliseconds(pace.p50),
        p95_ms=_milliseconds(pace.p95),
        last_sent=_time(counters.last_sent),
        last_failed=_time(counters.last_failed),
        last_code=counters.last_code,
        last_text=counters.last_text,
    )


def _time(moment: int | None) -> Time | None:
    return None if moment is None else render.time(moment)


def _milliseconds(took: int | None) -> float | None:
    return None if took is None else took / 1000


def _minutes(clock: str) -> int:
    """Raises FieldError."""
    hours, minutes = map(int, clock.split(":"))
    if hours > 24 or minutes > 59 or hours * 60 + minutes > MINUTES:
        raise FieldError("rules.quiet", f"{clock} is no time of day")
    return (hours * 60 + minutes) % MINUTES


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
