from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import fields, replace

from carillon.core.decisions import (
    BadDecision,
    CannotAct,
    Decidable,
    Decisions,
    Policy,
    Value,
    contradicted,
    followed,
    policy_of,
)
from carillon.core.errors import Conflict, Unavailable
from carillon.core.models import User
from carillon.settings import Settings
from tests.builders import House, opened, user

DECLARED = Settings().decidable()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house


@pytest.fixture
def ada() -> User:
    return user(admin=True)


class Follower:
    """Remembers every policy; `trouble` is raised."""

    def __init__(self) -> None:
        self.policies: list[Policy] = []
        self.trouble: Exception | None = None

    def __call__(self, policy: Policy) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.policies.append(policy)


def fixed(*names: str) -> list[Decidable]:
    return [
        replace(each, fixed_by=f"CARILLON_{each.name.upper()}") if each.name in names else each for each in DECLARED
    ]


async def decisions_of(house: House, declared: list[Decidable] = DECLARED) -> tuple[Decisions, Follower]:
    decisions, follower = Decisions(house.store, declared), Follower()
    await decisions.load(follower)
    return decisions, follower


def standing(decisions: Decisions) -> dict[str, Value]:
    return {each.name: each.value for each in decisions.standing()}


def test_a_policy_has_every_live_setting_and_its_default() -> None:
    assert [field.name for field in fields(Policy)] == sorted(
        (each.name for each in DECLARED), key=[field.name for field in fields(Policy)].index
    )
    assert policy_of(DECLARED) == Policy()


async def test_without_decisions_the_defaults_are_in_force(house: House) -> None:
    decisions, follower = await decisions_of(house)
    assert follower.policies == [Policy()] == [decisions.policy]
    assert decisions.decided() == {}
    assert decisions.ignored == []


async def test_a_decision_acts_at_once_and_after_a_restart(house: House, ada: User) -> None:
    decisions, follower = await decisions_of(house)
    told = await decisions.change({"registration": True, "publish_rate": 7, "log_level": "debug"}, by=ada)
    assert {each.name: each.value for each in told} == standing(decisions)
    assert follower.policies[-1] == Policy(registration=True, publish_rate=7, log_level="debug") == decisions.policy
    again, follower = await decisions_of(house)
    assert follower.policies == [decisions.policy]
    assert again.decided() == {"log_level": "debug", "publish_rate": 7, "registration": True}


async def test_null_is_back_to_the_default(house: House, ada: User) -> None:
    decisions, _ = await decisions_of(house)
    await decisions.change({"publish_rate": 7, "publish_burst": 8}, by=ada)
    await decisions.change({"publish_rate": None, "registration": None}, by=ada)
    assert decisions.policy == Policy(publish_burst=8)
    assert await house.store.settings() == {"publish_burst": "8"}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("registration", 1, "registration must be true or false"),
        ("registration", "true", "registration must be true or false"),
        ("publish_rate", -1, "publish_rate must be a whole number from 0 to 1000000"),
        ("publish_rate", True, "publish_rate must be a whole number from 0 to 1000000"),
        ("publish_rate", 1.5, "publish_rate must be a whole number from 0 to 1000000"),
        ("token_length", 16, "token_length must be one of 15, 49"),
        ("token_length", "15", "token_length must be one of 15, 49"),
        ("gotify_face", True, "gotify_face must be one of 2, 3"),
        ("log_level", "loud", "log_level must be one of debug, info, warning, error"),
        ("default_content_type", ["auto"], "default_content_type must be one of auto, text/plain, text/markdown"),
        ("port", 80, "there is no setting 'port' that can be decided here"),
        ("message_limit", 2**21, "message_limit must not be above request_limit, which is 1048576"),
        ("request_limit", 1024, "message_limit must not be above request_limit, which is 1024"),
    ],
)
async def test_what_may_not_be_is_refused_and_changes_nothing(
    house: House, ada: User, name: str, value: object, expected: str
) -> None:
    decisions, follower = await decisions_of(house)
    with pytest.raises(BadDecision) as caught:
        await decisions.change({"session_days": 3, name: value}, by=ada)
    assert (caught.value.name, str(caught.value)) == (name, expected)
    assert follower.policies == [Policy()]
    assert await house.store.settings() == {}


async def test_what_is_fixed_stays_whatever_is_stored(house: House, ada: User) -> None:
    await house.store.decide({"registration": "true"})
    declared = [replace(each, value=False) if each.name == "registration" else each for each in fixed("registration")]
    decisions, follower = await decisions_of(house, declared)
    assert not decisions.policy.registration
    for value in (True, None):
        with pytest.raises(BadDecision, match="registration is fixed by CARILLON_REGISTRATION: it can be changed"):
            await decisions.change({"registration": value}, by=ada)
    assert decisions.ignored == []
    assert len(follower.policies) == 1


async def test_what_cannot_be_followed_is_told_and_left(house: House, caplog: pytest.LogCaptureFixture) -> None:
    stored = {
        "of_tomorrow": '{"a": 1}',
        "publish_rate": "-1",
        "publish_burst": "not JSON",
        "registration": "true",
        "message_limit": "2048",
        "request_limit": "1024",
    }
    await house.store.decide(stored)
    decisions, _ = await decisions_of(house)
    assert decisions.policy == Policy(registration=True)
    assert decisions.ignored == [
        "of_tomorrow: this version has no such setting",
        "publish_burst: not JSON",
        "publish_rate must be a whole number from 0 to 1000000",
        "message_limit must not be above request_limit, which is 1024",
    ]
    for line in decisions.ignored:
        assert line in caplog.text
    assert await house.store.settings() == stored


async def test_a_decision_leaves_what_nobody_knows(house: House, ada: User) -> None:
    await house.store.decide({"of_tomorrow": "1"})
    decisions, _ = await decisions_of(house)
    await decisions.change({"registration": True}, by=ada)
    assert await house.store.settings() == {"of_tomorrow": "1", "registration": "true"}


def test_limits_that_are_fixed_go_before_those_that_are_stored() -> None:
    declared = [replace(each, value=2048) if each.name == "request_limit" else each for each in fixed("request_limit")]
    declared = [replace(each, value=1024) if each.name == "message_limit" else each for each in declared]
    decided, ignored = followed(declared, {"message_limit": "4096", "request_limit": "1048576"})
    assert decided == {}
    assert ignored == ["message_limit must not be above request_limit, which is 2048"]
    assert contradicted(declared, set()) is None


async def test_what_cannot_be_done_is_not_stored(house: House, ada: User) -> None:
    decisions, follower = await decisions_of(house)
    follower.trouble = CannotAct("the key is damaged")
    with pytest.raises(Conflict, match="the key is damaged"):
        await decisions.change({"show_tokens": True}, by=ada)
    assert decisions.policy == Policy()
    assert await house.store.settings() == {}


async def test_what_cannot_be_stored_does_not_act(house: House, ada: User) -> None:
    decisions, follower = await decisions_of(house)
    await house.store.close()
    with pytest.raises(Unavailable):
        await decisions.change({"registration": True}, by=ada)
    assert decisions.policy == Policy() == follower.policies[-1]
    assert decisions.decided() == {}


async def test_two_admins_at_the_same_time(house: House, ada: User) -> None:
    decisions, follower = await decisions_of(house)
    eve = user(id=2, name="eve", admin=True)
    await asyncio.gather(
        *(decisions.change({"publish_rate": 10 + n}, by=ada) for n in range(5)),
        *(decisions.change({"publish_burst": 20 + n}, by=eve) for n in range(5)),
    )
    assert decisions.policy == Policy(publish_rate=14, publish_burst=24) == follower.policies[-1]
    assert await house.store.settings() == {"publish_burst": "24", "publish_rate": "14"}
    with pytest.raises(BadDecision):
        # Both are right alone.
        await asyncio.gather(
            decisions.change({"message_limit": 512 * 1024}, by=ada),
            decisions.change({"request_limit": 256 * 1024}, by=eve),
        )
    assert decisions.policy.message_limit <= decisions.policy.request_limit


async def test_who_comes_later_follows_too(house: House, ada: User) -> None:
    decisions, _ = await decisions_of(house)
    late = Follower()
    decisions.let(late)
    await decisions.change({"snapshot": True}, by=ada)
    assert late.policies == [Policy(), Policy(snapshot=True)]


async def test_who_has_decided_what_is_in_the_log(house: House, ada: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    decisions, _ = await decisions_of(house)
    await decisions.change({"registration": True, "publish_rate": None}, by=ada)
    assert "ada has decided: registration = true, publish_rate = as without a decision" in caplog.text
