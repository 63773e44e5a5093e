from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from carillon.core.priority import Scale
from carillon.core.publish import Draft
from carillon.core.rates import Publishing, Rate
from tests.builders import SECOND, House, opened
from tests.dialects.native.conftest import Api

INBOX = "/api/1/inbox"
BURST = 5


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, publishing=Publishing(Rate(interval=60.0, burst=BURST))) as house:
        yield house


def messages(api: Api) -> str:
    return f"/api/1/applications/{api.backup.application.id}/messages"


async def person(api: Api, name: str) -> tuple[int, str]:
    user = await api.house.user(name)
    return user.id, (await api.house.accounts.devices.add(user.id, "tablet"))[1]


async def test_an_owner_sends_to_his_application(api: Api) -> None:
    body = {"message": "in ten minutes", "title": "Dinner", "priority": 7, "tags": ["food"]}
    answer = await api.call("POST", messages(api), json=body)
    assert answer.status_code == 200
    sent = answer.json()
    assert {name: sent[name] for name in body} == body
    assert sent["application"] == api.backup.application.id
    shown = await api.get(f"{INBOX}/{sent['id']}")
    assert {name: shown[name] for name in sent} == sent


async def test_a_member_sends_and_one_who_was_does_not(api: Api) -> None:
    number = api.backup.application.id
    eve, token = await person(api, "eve")
    assert (await api.refused("POST", messages(api), status=404, token=token, json={"message": "x"}))["code"]
    await api.house.store.share(number, user_id=eve)
    sent = (await api.call("POST", messages(api), token=token, json={"message": "x"})).json()
    assert (await api.get(f"{INBOX}/{sent['id']}"))["message"] == "x"
    await api.house.store.unshare(number, user_id=eve, now=0)
    error = await api.refused("POST", messages(api), status=403, token=token, json={"message": "x"})
    assert "reach you no more" in error["message"]
    await api.refused("POST", f"{INBOX}/{sent['id']}/resend", status=403, token=token)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": "x", "priority": 11}, "priority"),
        ({"message": "x", "tags": [1]}, "tags"),
        ({"message": "x", "extras": []}, "extras"),
        ({"message": "x", "prioritty": 1}, "prioritty"),
    ],
)
async def test_a_wrong_message_is_refused_as_any(api: Api, body: dict[str, Any], field: str) -> None:
    error = await api.refused("POST", messages(api), status=400, json=body)
    assert error["field"] == field
    assert (await api.get(INBOX))["messages"] == []


async def test_an_applications_token_does_not_open_it(api: Api) -> None:
    await api.refused("POST", messages(api), status=401, token=api.application_token, json={"message": "x"})


async def test_a_message_is_sent_again(api: Api) -> None:
    draft = Draft(body="copied", title="Copy", priority=-3, key="copy", ttl=60)
    first = await api.house.publisher.publish(api.backup, draft, scale=Scale("gotify"))
    await api.call("PATCH", f"{INBOX}/{first.id}", json={"read": True})
    api.house.clock.advance(SECOND)
    sent = (await api.call("POST", f"{INBOX}/{first.id}/resend")).json()
    assert (sent["message"], sent["title"], sent["priority"]) == ("copied", "Copy", 0)
    assert "key" not in sent
    assert sent["expires"] == "2026-09-01T12:01:01.000000Z"
    new, old = await api.house.inbox.page(api.ada.id, limit=2)
    assert (new.message.dialect, new.message.priority, new.entry.read) == ("gotify", -3, None)
    assert (old.message, new.message.id) == (first, sent["id"])
    await api.refused("POST", f"{INBOX}/99/resend", status=404)


async def test_who_sends_too_much_is_stopped(api: Api) -> None:
    sent = [await api.call("POST", messages(api), json={"message": "x"}) for _ in range(BURST)]
    assert {answer.status_code for answer in sent} == {200}
    refused = await api.call("POST", f"{INBOX}/1/resend")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
