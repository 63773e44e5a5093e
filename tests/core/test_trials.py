from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from carillon.core.channels import Broken, Sent
from carillon.core.errors import NotFound
from carillon.core.forms import BadOption
from carillon.core.outgoing import Rules
from carillon.core.priority import Scale
from carillon.core.publish import Draft
from carillon.core.services import New
from carillon.core.trials import Sample, Trial, Trials
from tests.builders import House, opened

SECRET = "hush-hush-hush-hush"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house


@pytest.fixture
def trials(house: House) -> Trials:
    return house.kit.ways_out.trials


def trial(**given: Any) -> Trial:
    return Trial(**{"kind": "bell", "options": {"secret": SECRET}} | given)


async def test_a_check_says_what_was_found_and_stores_nothing(house: House, trials: Trials) -> None:
    ada = await house.user()
    verdict = await trials.check(ada, trial())
    assert verdict.outcome == Sent(text="the tower is there")
    assert await house.store.services() == []
    assert house.bell.parcels == []


async def test_a_test_goes_the_way_of_all_messages_once(house: House, trials: Trials) -> None:
    ada = await house.user()
    house.bell.outcomes = [Broken(code="auth", text=f"{SECRET} is not known", field="secret")]
    sample = Sample(title="Hello", body="there", level=8, url="https://a.example", sound="siren")
    verdict = await trials.test(ada, trial(), sample)
    assert verdict.outcome == Broken(code="auth", text="••• is not known", field="secret")
    (parcel,) = house.bell.parcels
    assert (parcel.title, parcel.body, parcel.level) == ("Hello", "there", 8)
    assert parcel.test
    assert (parcel.url, parcel.sound) == ("https://a.example", "siren")


async def test_templates_that_are_not_saved_are_applied(house: House, trials: Trials) -> None:
    await trials.test(await house.user(), trial(), Sample(rules=Rules(title_template="{{ title }}!")))
    assert house.bell.parcels[0].title == "Test notification!"


async def test_secrets_that_are_not_said_are_those_that_are_stored(house: House, trials: Trials) -> None:
    ada, bob = await house.user(), await house.user("bob")
    made = await house.kit.ways_out.services.add(ada, New(kind="bell", name="Phone", options={"secret": SECRET}))
    number = made.service.id
    assert (await trials.check(ada, trial(options={}, service_id=number))).outcome == Sent(text="the tower is there")
    with pytest.raises(BadOption):
        await trials.check(ada, trial(options={}))
    with pytest.raises(NotFound):
        await trials.check(bob, trial(options={}, service_id=number))


async def test_a_preview_is_made_of_a_real_message(house: House, trials: Trials) -> None:
    ada = await house.user()
    sender, _ = await house.sender(ada)
    message = await house.publisher.publish(sender, Draft(body="done", title="Night"), scale=Scale("native"))
    rules = Rules(title_template="{{ application }}: {{ title }}", body_template="{{ body }}")
    for public_id in (None, message.public_id):
        found = await trials.preview(ada, rules, public_id)
        assert (found.title, found.body, found.error) == ("Backup: Night", "done", None)
        assert (found.public_id, found.message_title) == (message.public_id, "Night")
    with pytest.raises(NotFound):
        await trials.preview(ada, rules, "000000000000")


async def test_without_a_message_there_is_one_to_look_at(house: House, trials: Trials) -> None:
    found = await trials.preview(await house.user(), Rules(title_template="{{ title }}?"))
    assert (found.title, found.public_id) == ("Test notification?", None)


async def test_what_is_wrong_with_a_template_is_said(house: House, trials: Trials) -> None:
    found = await trials.preview(await house.user(), Rules(title_template="{{"))
    assert found.title == "Test notification"
    assert found.error
