"""What becomes of a delivery after an attempt, or without one. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from carillon.core.breaker import LONGEST_THROTTLE
from carillon.core.channels import WORDS, Code, Outcome, Retry, Sent, Throttled
from carillon.core.outgoing import Attempt, Delivery, Service, Settlement, State
from carillon.core.plans import next_try

FOLLOW_FIRST = 5_000_000  # µs: Pushover asks for no more than a question every 5 s (pushover.net/api/receipts)


def judged(
    service: Service,
    delivery: Delivery,
    outcome: Outcome,
    *,
    started: int,
    took: int,
    now: int,
    dice: float,
    idempotent: bool,
    follows: bool,
) -> Settlement:
    """After an attempt. Times in µs; `dice` is from 0 to 1; `follows`: a receipt can be asked about."""
    outcome = replace(outcome, text=outcome.text[:WORDS])
    told = replace(
        delivery,
        attempts=delivery.attempts + (not isinstance(outcome, Throttled)),
        took=took,
        code=outcome.code,
        text=outcome.text,
        status=outcome.status,
    )
    attempt = Attempt(
        delivery_id=delivery.id,
        number=0,  # storage counts on
        started=started,
        took=took,
        outcome=type(outcome).__name__.lower(),  # type: ignore[arg-type]  # the five classes, by name
        code=outcome.code,
        text=outcome.text,
        status=outcome.status,
    )
    if isinstance(outcome, Sent):
        follow = now + FOLLOW_FIRST if outcome.receipt and follows else None
        told = replace(told, remote=outcome.remote, receipt=outcome.receipt, follow=follow, progress="")
        return Settlement(_ended(told, "sent", now), attempt)
    if isinstance(outcome, Throttled):
        # No longer than the service rests, whatever it said: then it may have come too late, and be handed on.
        rest = min(round(outcome.seconds * 1_000_000), LONGEST_THROTTLE)
        return Settlement(replace(told, state="retry", due=now + rest), attempt)
    if isinstance(outcome, Retry):
        told = replace(
            told, progress=outcome.progress, duplicate=told.duplicate or (outcome.uncertain and not idempotent)
        )
        due = next_try(service.rules.retry, told.attempts, now=now, dice=dice)
        if due is not None and not (delivery.duplicate and outcome.uncertain and not idempotent):
            return Settlement(replace(told, state="retry", due=due), attempt)
    return Settlement(_ended(told, "failed", now), attempt, service.rules.fallback)


def put_off(delivery: Delivery, until: int) -> Settlement:
    """It is held for the quiet hours."""
    return Settlement(replace(delivery, state="held", due=until, code="quiet_hours", requeued=until))


def given_up(service: Service, delivery: Delivery, state: State, *, code: Code, text: str = "", now: int) -> Settlement:
    """Without an attempt. What failed or came too late is handed to the fallback; what is not wanted is not."""
    told = _ended(replace(delivery, code=code, text=text), state, now)
    return Settlement(told, handed=service.rules.fallback if state in ("failed", "expired") else None)


def _ended(delivery: Delivery, state: State, now: int) -> Delivery:
    return replace(delivery, state=state, settled=now, due=0)
