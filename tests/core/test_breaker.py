from __future__ import annotations

from carillon.core.breaker import LONGEST_THROTTLE, OPENS_AFTER, RESTS, after, opened, probing, rests
from carillon.core.channels import Broken, Outcome, Refused, Retry, Sent, Throttled
from carillon.core.outgoing import Health
from tests.builders import NOON, SECOND

AWAY = Retry(code="connect", text="connection refused")


def through(*outcomes: Outcome, health: Health | None = None, now: int = NOON) -> Health:
    found = health or Health()
    for outcome in outcomes:
        found = after(found, outcome, now=now)
    return found


def test_four_failures_in_a_row_may_pass_and_the_fifth_opens_it() -> None:
    four = through(*[AWAY] * (OPENS_AFTER - 1))
    assert (four.cause, four.failures, rests(four, NOON), probing(four)) == ("", 4, False, True)
    five = through(AWAY, health=four)
    assert (five.cause, five.paused_until, five.text) == ("failing", NOON + RESTS[0], "connection refused")
    assert rests(five, NOON)
    assert not rests(five, NOON + RESTS[0])
    assert opened(four, five)


def test_each_vain_try_makes_the_rest_longer_up_to_three_hours() -> None:
    health = through(*[AWAY] * OPENS_AFTER)
    found = [(health.paused_until or 0) - NOON]
    for _ in range(7):
        before, health = health, through(AWAY, health=health)
        assert not opened(before, health)
        found.append((health.paused_until or 0) - NOON)
    assert found == [*RESTS, RESTS[-1], RESTS[-1]]
    assert health.since == NOON


def test_what_arrives_or_is_refused_closes_it() -> None:
    failing = through(*[AWAY] * 7)
    assert through(Sent(), health=failing) == Health()
    assert through(Refused(code="too_large"), health=failing) == Health()


def test_a_fault_of_the_service_opens_it_until_somebody_mends_it() -> None:
    broken = through(Broken(code="auth", text="no", field="token"))
    assert (broken.cause, broken.paused_until, broken.field) == ("broken", None, "token")
    assert rests(broken, NOON + 10**15)
    again = through(Broken(code="auth"), health=broken, now=NOON + SECOND)
    assert again.since == NOON
    assert not opened(broken, again)


def test_a_throttled_service_rests_as_long_as_it_says_and_no_longer_than_a_day() -> None:
    two = through(AWAY, AWAY)
    throttled = through(Throttled(code="rate_limited", seconds=90), health=two)
    assert (throttled.cause, throttled.paused_until, throttled.failures) == ("throttled", NOON + 90 * SECOND, 2)
    assert not opened(two, throttled)
    assert through(Throttled(seconds=10**9)).paused_until == NOON + LONGEST_THROTTLE


def test_a_healthy_one_is_tried_with_several_at_a_time() -> None:
    assert not probing(Health())
    assert not rests(Health(), NOON)
