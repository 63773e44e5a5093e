"""The circuit breaker of a service: one that fails rests, is then tried with a single delivery, and rests longer."""

from __future__ import annotations

from msgspec.structs import replace

from carillon.core.channels import Broken, Outcome, Retry, Throttled
from carillon.core.outgoing import Health

MINUTE = 60_000_000  # µs
OPENS_AFTER = 5  # failures in a row that may pass
RESTS = tuple(minutes * MINUTE for minutes in (1, 5, 15, 30, 60, 180))  # each time it is tried in vain
LONGEST_THROTTLE = 24 * 60 * MINUTE


def after(health: Health, outcome: Outcome, *, now: int) -> Health:
    """How it is after an attempt that ended so. A message that was refused says nothing about the service but that it
    answers."""
    told = Health(code=outcome.code, text=outcome.text, field=outcome.field, failures=health.failures + 1)
    if isinstance(outcome, Broken):
        return replace(told, cause="broken", since=health.since if health.cause == "broken" else now)
    if isinstance(outcome, Throttled):
        rest = min(round(outcome.seconds * 1_000_000), LONGEST_THROTTLE)
        throttled = replace(told, cause="throttled", since=now, failures=health.failures, step=health.step)
        return replace(throttled, paused_until=now + max(rest, 0))
    if isinstance(outcome, Retry):
        told = replace(told, since=health.since or now)
        if told.failures < OPENS_AFTER:
            return told
        step = health.step + 1 if health.cause == "failing" else 0
        rest = RESTS[min(step, len(RESTS) - 1)]
        return replace(told, cause="failing", step=step, paused_until=now + rest)
    return Health()


def rests(health: Health, now: int) -> bool:
    """Whether nothing is to be tried now."""
    if health.cause == "broken":
        return True
    return health.cause != "" and health.paused_until is not None and health.paused_until > now


def probing(health: Health) -> bool:
    """Whether only one delivery is to be tried: it has failed, and has not been seen to work since."""
    return health.failures > 0 or health.cause != ""


def opened(before: Health, later: Health) -> bool:
    """Whether somebody has to be told: it works no more."""
    return later.cause in ("broken", "failing") and before.cause != later.cause
