from __future__ import annotations

from collections.abc import Callable

import pytest

from carillon.core.errors import LockedOut, TooMany
from carillon.core.peers import Peer
from carillon.core.rates import (
    ADDRESS_SIGN_INS,
    ADDRESS_TOKENS,
    NAME_SIGN_INS,
    WIDER,
    Buckets,
    Publishing,
    Rate,
    SignIns,
    block,
    publishing,
)
from tests.builders import LOCAL, REMOTE, Clock


def at(number: int) -> Peer:
    return Peer(f"198.51.{number // 256}.{number % 256}", local=False)


def how_many(act: Callable[[], object], most: int = 10_000) -> int:
    """How often it works until it is refused."""
    for count in range(most):
        try:
            act()
        except TooMany:
            return count
    return most


def sent(rates: Publishing, token: int | None, user: int | None, peer: Peer = LOCAL, *, now: float = 0.0) -> int:
    """How many messages are taken until one is refused."""
    return how_many(lambda: rates.take(token, user, peer, now=now))


# Buckets


def test_a_bucket_holds_its_burst_and_fills_one_by_one() -> None:
    buckets = Buckets(Rate(interval=0.1, burst=3))
    for _ in range(3):
        assert buckets.wait("a", 100.0) <= 0
        buckets.spend("a", 100.0)
    assert 0 < buckets.wait("a", 100.0) <= 0.1
    assert buckets.wait("b", 100.0) <= 0
    assert buckets.wait("a", 100.1) <= 0
    buckets.spend("a", 100.1)
    assert buckets.wait("a", 100.1) > 0
    for _ in range(3):
        assert buckets.wait("a", 200.0) <= 0
        buckets.spend("a", 200.0)
    assert buckets.wait("a", 200.0) > 0, "it never holds more than its burst"


def test_rounding_takes_none_away() -> None:
    buckets = Buckets(Rate(interval=0.02, burst=5000))
    for _ in range(5000):
        assert buckets.wait("a", 0.1) <= 0
        buckets.spend("a", 0.1)
    assert buckets.wait("a", 0.1) > 0


def test_what_is_spent_beyond_the_burst_makes_the_wait_longer() -> None:
    buckets = Buckets(Rate(interval=1.0, burst=2))
    buckets.spend("a", 100.0, 5)
    assert 3 <= buckets.wait("a", 100.0) <= 4
    assert buckets.wait("a", 104.0) <= 0


def test_the_emptiest_are_kept_when_there_are_too_many() -> None:
    buckets = Buckets(Rate(interval=1.0, burst=2), bound=10)
    buckets.spend("empty", 100.0, 5)
    for number in range(1000):
        buckets.spend(number, 100.0)
        assert len(buckets._full) <= 10
    assert buckets.wait("empty", 100.0) > 0


# Publishing


def test_one_token_is_bound_by_its_burst_and_told_how_long_to_wait() -> None:
    rates = publishing(10, 20)
    assert rates is not None
    assert sent(rates, 1, 1, LOCAL, now=0.0) == 20
    with pytest.raises(TooMany, match=r"this token sends too much; try again in 1 s\Z") as caught:
        rates.take(1, 1, LOCAL, now=0.0)
    assert caught.value.retry_after == 1
    assert sent(rates, 1, 1, LOCAL, now=1.0) == 10


def test_a_noisy_token_takes_nothing_from_the_others_of_its_user() -> None:
    rates = publishing(10, 20)
    assert rates is not None
    for _ in range(1000):
        how_many(lambda: rates.take(1, 1, REMOTE, now=0.0), most=1)
    assert sent(rates, 2, 1, REMOTE, now=0.0) == 20


def test_a_user_and_an_address_have_four_times_as_much() -> None:
    rates = publishing(10, 20)
    assert rates is not None
    by_user = sum(sent(rates, token, 1, at(token), now=0.0) for token in range(1, 10))
    assert by_user == WIDER * 20
    with pytest.raises(TooMany, match="this user"):
        rates.take(99, 1, at(99), now=0.0)
    by_address = sum(sent(rates, token, token, REMOTE, now=0.0) for token in range(10, 20))
    assert by_address == WIDER * 20
    with pytest.raises(TooMany, match="this address"):
        rates.take(98, 98, REMOTE, now=0.0)


def test_a_refusal_takes_nothing_from_any_bucket() -> None:
    rates = publishing(10, 20)
    assert rates is not None
    for token in range(4):  # the address is spent
        sent(rates, token, token, REMOTE, now=0.0)
    for _ in range(50):
        with pytest.raises(TooMany, match="this address"):
            rates.take(9, 9, REMOTE, now=0.0)
    assert sent(rates, 9, 9, at(1), now=0.0) == 20


def test_programs_on_this_machine_are_not_counted_by_address() -> None:
    rates = publishing(10, 20)
    assert rates is not None
    assert sum(sent(rates, token, token, LOCAL, now=0.0) for token in range(10)) == 200


def test_who_sends_by_password_is_bound_as_a_user() -> None:
    rates = publishing(10, 20)
    assert rates is not None
    assert sent(rates, None, 1, LOCAL, now=0.0) == WIDER * 20


def test_an_application_without_an_owner_is_bound_by_its_token() -> None:
    rates = publishing(10, 20)
    assert rates is not None
    assert sent(rates, 1, None, LOCAL, now=0.0) == 20


def test_bundles_change_nothing_in_the_long_run() -> None:
    rates = publishing(50, 5000)
    assert rates is not None
    assert not rates.prepaid(1)
    assert sent(rates, 1, 1, REMOTE, now=0.0) == 5000
    taken = sum(sent(rates, 1, 1, REMOTE, now=float(second)) for second in range(1, 101))
    assert 5000 - 50 <= taken <= 5000 + 50
    rates.take(2, 2, REMOTE, now=101.0)
    assert [rates.prepaid(2) for _ in range(50)] == [True] * 49 + [False]


def test_a_rate_of_0_is_no_limit() -> None:
    assert publishing(0, 5000) is None


# Sign-ins


@pytest.fixture
def clock() -> Clock:
    return Clock()


def guess(sign_ins: SignIns, name: str, peer: Peer) -> None:
    sign_ins.admit(name, peer)
    sign_ins.failed(name, peer)


def test_an_address_that_guesses_is_locked_out_for_all_names_and_let_in_again_later(clock: Clock) -> None:
    sign_ins = SignIns(clock)
    names = iter(range(1000))
    assert how_many(lambda: guess(sign_ins, f"user{next(names)}", REMOTE)) == ADDRESS_SIGN_INS.burst
    with pytest.raises(LockedOut, match=r"too many failed sign-ins; try again in \d+ s") as caught:
        sign_ins.admit("ada", REMOTE)
    sign_ins.admit("ada", at(1))
    clock.seconds += caught.value.retry_after
    sign_ins.admit("ada", REMOTE)


def test_right_passwords_count_for_nothing(clock: Clock) -> None:
    sign_ins = SignIns(clock)
    for _ in range(1000):
        sign_ins.admit("ada", REMOTE)
        sign_ins.let_in("ada", REMOTE)


def test_a_name_that_many_addresses_guess_at_is_closed_to_those_that_come_new(clock: Clock) -> None:
    sign_ins = SignIns(clock)
    addresses = iter(range(1000))
    assert how_many(lambda: guess(sign_ins, "ada", at(next(addresses)))) == NAME_SIGN_INS.burst
    with pytest.raises(LockedOut):
        sign_ins.admit("ada", at(2000))
    sign_ins.admit("bob", at(2000))


def test_nobody_locks_a_user_out_from_where_he_has_been_by_his_name(clock: Clock) -> None:
    sign_ins = SignIns(clock)
    home = Peer("2001:db8:1:2::7", local=False)
    sign_ins.let_in("ada", home)
    for number in range(500):
        sign_ins.failed("ada", at(number))
    sign_ins.admit("ada", home)
    sign_ins.admit("ada", Peer("2001:db8:1:2:ffff::1", local=False))
    with pytest.raises(LockedOut):
        sign_ins.admit("ada", Peer("2001:db8:1:3::7", local=False))


def test_guesses_that_were_under_way_make_the_wait_longer(clock: Clock) -> None:
    sign_ins = SignIns(clock)
    for _ in range(ADDRESS_SIGN_INS.burst + 20):
        sign_ins.failed("ada", REMOTE)
    clock.seconds += 15 * ADDRESS_SIGN_INS.interval
    with pytest.raises(LockedOut):
        sign_ins.admit("ada", REMOTE)


def test_names_of_any_length_are_told_apart_in_little_memory(clock: Clock) -> None:
    sign_ins = SignIns(clock)
    sign_ins.failed("x" * 60_000, REMOTE)
    assert all(len(str(key)) < 1000 for key in sign_ins._names._full)


def test_wrong_codes_count_for_their_address_and_for_no_name(clock: Clock) -> None:
    sign_ins = SignIns(clock)
    for number in range(NAME_SIGN_INS.burst):
        sign_ins.failed(None, at(number))
    sign_ins.admit("None", at(NAME_SIGN_INS.burst))
    for _ in range(ADDRESS_SIGN_INS.burst):
        sign_ins.admit(None, REMOTE)
        sign_ins.failed(None, REMOTE)
    for name in (None, "ada"):
        with pytest.raises(LockedOut):
            sign_ins.admit(name, REMOTE)


def test_unknown_tokens_are_bound_by_address_apart_from_passwords(clock: Clock) -> None:
    sign_ins = SignIns(clock)
    assert how_many(lambda: sign_ins.unknown_token(REMOTE)) == ADDRESS_TOKENS.burst
    sign_ins.unknown_token(at(1))
    sign_ins.admit("ada", REMOTE)
    clock.seconds += ADDRESS_TOKENS.interval
    sign_ins.unknown_token(REMOTE)


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("local", "local"),
        ("unknown, and more", "unknown, and more"),
    ],
)
def test_what_counts_as_one_address(address: str, counts_as: str) -> None:
    assert block(address) == counts_as
