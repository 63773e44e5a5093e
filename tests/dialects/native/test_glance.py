from __future__ import annotations

import pytest

from carillon.core.priority import Scale
from carillon.core.publish import Draft
from tests.builders import HOUR, SECOND
from tests.dialects.native.conftest import Api

COUNTS, ROLL, INBOX = "/api/1/inbox/counts", "/api/1/roll", "/api/1/inbox"


async def test_the_inbox_is_counted(api: Api) -> None:
    backup = str(api.backup.application.id)
    door, _ = await api.house.sender(api.ada, "Door")
    bounds = {"capped": 1000, "total_capped": 10_000}
    assert await api.get(COUNTS) == {"unread": 0, "pinned": 0, "total": 0, "applications": {}, **bounds}
    sent = [(await api.send(text))["id"] for text in "abc"]
    await api.house.publisher.publish(door, Draft(body="d"), scale=Scale("native"))
    await api.call("POST", f"{INBOX}/mark", json={"ids": sent[:2], "read": True, "pinned": True})
    assert await api.get(COUNTS) == {
        "unread": 2,
        "pinned": 2,
        "total": 4,
        "applications": {backup: {"unread": 1, "total": 3}, str(door.application.id): {"unread": 1, "total": 1}},
        **bounds,
    }


async def test_the_roll_holds_a_note_for_each_message_of_its_hours(api: Api) -> None:
    await api.send("old")
    api.house.clock.advance(24 * HOUR + 1500)
    read = await api.send("read", title="Read", priority=8)
    api.house.clock.advance(SECOND)
    foreign = await api.house.publisher.publish(api.backup, Draft(body="x", priority=99), scale=Scale("gotify"))
    await api.call("PATCH", f"{INBOX}/{read['id']}", json={"read": True})
    roll = await api.get(ROLL)
    number = api.backup.application.id
    assert roll == {
        "since": "2026-09-01T12:00:01.001500Z",
        "notes": [
            [foreign.id, foreign.public_id, number, 10, 1788350401001, 0, "Backup"],
            [read["id"], read["public_id"], number, 8, 1788350400001, 1, "Read"],
        ],
        "more": 0,
    }
    assert len((await api.get(f"{ROLL}?hours=48"))["notes"]) == 3


@pytest.mark.parametrize("query", ["hours=0", "hours=169", "hours=x", "days=1"])
async def test_a_wrong_roll_is_refused(api: Api, query: str) -> None:
    error = await api.refused("GET", f"{ROLL}?{query}", status=400)
    assert error["field"] == query.partition("=")[0]
