from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from carillon.core.breaker import LONGEST_THROTTLE
from carillon.core.channels import WORDS, Broken, Outcome, Refused, Retry, Sent, Throttled
from carillon.core.judging import FOLLOW_FIRST, given_up, judged, put_off
from carillon.core.outgoing import Delivery, Rules, Service, Settlement
from tests.builders import NOON, SECOND

SERVICE = Service(id=3, name="Phone", kind="bell", scope="user", user_id=1, rules=Rules(fallback=4))
DELIVERY = Delivery(
    id=9, message_id=42, service_id=3, application_id=7, level=5, created=NOON, state="leased", lease=NOON + SECOND
)


def after(outcome: Outcome, delivery: Delivery = DELIVERY, **options: Any) -> Settlement:
    chosen: dict[str, Any] = {"idempotent": False, "follows": True} | options
    return judged(SERVICE, delivery, outcome, started=NOON, took=250_000, now=NOON + SECOND, dice=0.5, **chosen)


def test_what_was_sent_is_settled_with_what_the_remote_said() -> None:
    found = after(Sent(status=200, remote="r1"))
    assert (found.delivery.state, found.delivery.settled, found.delivery.attempts) == ("sent", NOON + SECOND, 1)
    assert (found.delivery.remote, found.delivery.follow, found.handed) == ("r1", None, None)
    assert found.attempt is not None
    assert (found.attempt.outcome, found.attempt.took, found.attempt.status) == ("sent", 250_000, 200)
    assert found.delivery.lease == DELIVERY.lease, "by which storage knows whether it is still ours"


def test_a_receipt_is_followed_where_it_can_be() -> None:
    assert after(Sent(receipt="x")).delivery.follow == NOON + SECOND + FOLLOW_FIRST
    assert after(Sent(receipt="x"), follows=False).delivery.follow is None


def test_a_throttled_one_waits_without_counting() -> None:
    found = after(Throttled(code="rate_limited", seconds=30)).delivery
    assert (found.state, found.due, found.attempts) == ("retry", NOON + 31 * SECOND, 0)
    month = after(Throttled(code="rate_limited", seconds=31 * 24 * 3600)).delivery
    assert month.due == NOON + SECOND + LONGEST_THROTTLE


def test_a_temporary_failure_is_due_again_and_keeps_its_progress() -> None:
    found = after(Retry(code="connect", text="refused", progress="2")).delivery
    assert (found.state, found.due, found.progress) == ("retry", NOON + 6 * SECOND, "2")


def test_after_the_last_try_it_is_handed_to_the_fallback() -> None:
    found = after(Retry(code="connect"), replace(DELIVERY, attempts=8))
    assert (found.delivery.state, found.handed) == ("failed", 4)


def test_what_may_have_arrived_is_tried_once_more_unless_the_remote_can_tell() -> None:
    first = after(Retry(code="timeout", uncertain=True)).delivery
    assert (first.state, first.duplicate) == ("retry", True)
    assert after(Retry(code="timeout", uncertain=True), first).delivery.state == "failed"
    assert after(Retry(code="connect"), first).delivery.state == "retry"
    once = after(Retry(code="timeout", uncertain=True), idempotent=True).delivery
    assert (once.state, once.duplicate) == ("retry", False)


def test_refused_and_broken_are_dead_letters_at_once() -> None:
    for outcome in (Refused(code="too_large", text="x" * 9999), Broken(code="auth")):
        found = after(outcome)
        assert (found.delivery.state, found.handed) == ("failed", 4)
        assert len(found.delivery.text) <= WORDS


def test_what_is_held_begins_its_life_when_it_is_let_go() -> None:
    found = put_off(DELIVERY, NOON + 5 * SECOND)
    assert (found.delivery.state, found.delivery.due, found.delivery.requeued) == (
        "held",
        NOON + 5 * SECOND,
        NOON + 5 * SECOND,
    )
    assert found.attempt is None


def test_what_is_given_up_untried_goes_to_the_fallback_unless_it_is_not_wanted() -> None:
    assert given_up(SERVICE, DELIVERY, "expired", code="expired", now=NOON).handed == 4
    assert given_up(SERVICE, DELIVERY, "failed", code="quota", now=NOON).handed == 4
    assert given_up(SERVICE, DELIVERY, "cancelled", code="deleted", now=NOON).handed is None
