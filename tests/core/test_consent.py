from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from carillon.core.channels import Refused
from carillon.core.consent import AGAIN, LIFE, Agreed, Consent
from carillon.core.errors import Conflict, NotFound, TooMany, Unreachable
from carillon.core.models import User
from carillon.core.services import New
from tests.builders import House, opened

BOB = "bob@example.org"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house


@pytest.fixture
def consent(house: House) -> Consent:
    return house.kit.ways_out.consent


@pytest.fixture
async def ada(house: House) -> User:
    return await house.user()


@pytest.fixture
async def service(house: House, ada: User) -> int:
    new = New(kind="bell", name="Mail", options={"secret": "hush-hush", "to": [BOB]})
    return (await house.kit.ways_out.services.add(ada, new)).service.id


def code(house: House) -> str:
    return house.bell.parcels[-1].body.split("/#/confirm/")[1].split()[0]


async def test_a_recipient_is_asked_alone_and_agrees_by_the_code(
    house: House, consent: Consent, ada: User, service: int
) -> None:
    assert await consent.ask_new(ada, service) == []
    (parcel,) = house.bell.parcels
    assert parcel.only == BOB
    assert "ada" in parcel.body
    assert await consent.ask_new(ada, service) == [], "he is asked once"
    assert len(house.bell.parcels) == 1
    assert await consent.confirm(code(house)) == Agreed(BOB, "Mail")
    assert await consent.confirm(code(house)) == Agreed(BOB, "Mail"), "twice is no fault"
    (recipient,) = (await house.kit.ways_out.services.get(ada, service)).recipients
    assert recipient.confirmed
    with pytest.raises(Conflict):
        await consent.ask(ada, service, BOB)


async def test_a_code_that_nobody_was_sent_is_not_known(consent: Consent) -> None:
    with pytest.raises(NotFound):
        await consent.confirm("x" * 20)


async def test_a_code_is_good_for_a_week(house: House, consent: Consent, ada: User, service: int) -> None:
    await consent.ask(ada, service, BOB)
    house.clock.advance(LIFE + 1)
    with pytest.raises(NotFound):
        await consent.confirm(code(house))


async def test_the_same_one_is_not_asked_twice_a_minute(
    house: House, consent: Consent, ada: User, service: int
) -> None:
    await consent.ask(ada, service, BOB)
    with pytest.raises(TooMany):
        await consent.ask(ada, service, BOB)
    house.clock.advance(AGAIN)
    first = code(house)
    await consent.ask(ada, service, BOB)
    with pytest.raises(NotFound):
        await consent.confirm(first)


async def test_who_cannot_be_reached_was_not_asked(house: House, consent: Consent, ada: User, service: int) -> None:
    house.bell.outcomes = [Refused(code="rejected", text="550 no such user")] * 2
    assert await consent.ask_new(ada, service) == [f"{BOB}: 550 no such user"]
    with pytest.raises(Unreachable, match="550"):
        await consent.ask(ada, service, BOB)
    with pytest.raises(NotFound):
        await consent.ask(ada, service, "eve@example.org")
