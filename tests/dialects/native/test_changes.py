from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.builders import DAY
from tests.dialects.native.conftest import Api

CHANGES = "/api/1/changes"


async def waiting(api: Api) -> None:
    """Returns when somebody has joined the hub."""
    for _ in range(2000):
        if api.house.hub._users:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("nobody waits")


async def test_a_message_its_reading_and_its_end(api: Api) -> None:
    sent = await api.send(key="k")
    page = await api.get(CHANGES)
    (entry,) = page["changes"]
    assert entry == {
        "type": "entry",
        "changed": entry["changed"],
        "id": sent["id"],
        "application": sent["application"],
        "read": None,
        "dismissed": None,
        "pinned": None,
        "deleted": False,
        "message": sent,
    }
    assert page == {"changes": [entry], "cursor": entry["changed"], "more": False, "hole": False}

    await api.call("PATCH", f"/api/1/inbox/{sent['id']}", json={"read": True})
    (read,) = (await api.get(f"{CHANGES}?after={page['cursor']}"))["changes"]
    assert read == entry | {"changed": read["changed"], "read": "2026-09-01T12:00:00.000000Z"}
    assert read["changed"] > entry["changed"]

    await api.call("DELETE", f"/api/1/inbox/{sent['id']}")
    (gone,) = (await api.get(f"{CHANGES}?after={read['changed']}"))["changes"]
    assert gone == {name: value for name, value in read.items() if name != "message"} | {
        "changed": gone["changed"],
        "deleted": True,
    }


async def test_a_clearing_is_one_change(api: Api) -> None:
    await api.send("a")
    sent = await api.send("b")
    cursor = (await api.get(CHANGES))["cursor"]
    await api.call("DELETE", "/api/1/inbox?all=true")
    page = await api.get(f"{CHANGES}?after={cursor}")
    assert page["changes"] == [
        {"type": "cleared", "changed": page["cursor"], "application": sent["application"], "to": sent["id"]}
    ]


async def test_slices_add_up(api: Api) -> None:
    sent = [(await api.send(text))["id"] for text in "abcde"]
    found: list[int] = []
    page: dict[str, Any] = {"cursor": 0, "more": True}
    while page["more"]:
        page = await api.get(f"{CHANGES}?after={page['cursor']}&limit=2")
        found += [change["id"] for change in page["changes"]]
    assert found == sent


async def test_a_cursor_that_is_too_old_or_from_elsewhere_is_a_hole(api: Api) -> None:
    one = await api.send("a")
    await api.send("b")
    await api.call("DELETE", f"/api/1/inbox/{one['id']}")
    now = api.house.clock.now()
    while await api.house.store.forget(tombstones_before=now + DAY, now=now, limit=100):
        pass
    for after in (1, 10**6):
        page = await api.get(f"{CHANGES}?after={after}")
        assert page == {"changes": [], "cursor": 0, "more": False, "hole": True}
        assert await api.get(f"{CHANGES}?after={after}&wait=60") == page
    assert (await api.get(CHANGES))["hole"] is False


async def test_what_is_there_is_not_waited_for(api: Api) -> None:
    await api.send()
    async with asyncio.timeout(5):
        assert len((await api.get(f"{CHANGES}?wait=60"))["changes"]) == 1


async def test_waiting_ends_with_the_first_change(api: Api) -> None:
    poll = asyncio.create_task(api.get(f"{CHANGES}?wait=60"))
    await waiting(api)
    sent = await api.send("now")
    async with asyncio.timeout(5):
        page = await poll
    assert [change["message"] for change in page["changes"]] == [sent]
    assert not api.house.hub._users


async def test_waiting_ends_without_a_change(api: Api) -> None:
    cursor = await api.house.inbox.cursor(api.ada.id)
    page = await api.get(f"{CHANGES}?wait=1")
    assert page == {"changes": [], "cursor": cursor, "more": False, "hole": False}
    assert not api.house.hub._users


async def test_nothing_falls_between_the_look_and_the_wait(api: Api) -> None:
    """A change that comes at any moment of the request is in its answer."""
    cursor = 0
    for steps in range(0, 60, 3):
        poll = asyncio.create_task(api.get(f"{CHANGES}?after={cursor}&wait=60"))
        for _ in range(steps):
            await asyncio.sleep(0)
        sent = await api.send(str(steps))
        async with asyncio.timeout(5):
            page = await poll
        assert [change["id"] for change in page["changes"]] == [sent["id"]]
        cursor = page["cursor"]


async def test_who_hangs_up_waits_no_longer(api: Api) -> None:
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": CHANGES,
        "query_string": b"wait=60",
        "headers": [(b"authorization", b"Bearer " + api.token.encode())],
        "client": ("127.0.0.1", 1),
    }

    async def send(event: Any) -> None:
        sent.append(event)

    await messages.put({"type": "http.request"})
    request = asyncio.ensure_future(api.front(scope, messages.get, send))
    await waiting(api)
    await messages.put({"type": "http.disconnect"})
    async with asyncio.timeout(5):
        await request
    assert not sent
    assert not api.house.hub._users


async def test_a_revoked_token_ends_the_wait(api: Api) -> None:
    poll = asyncio.create_task(api.refused("GET", f"{CHANGES}?wait=60", status=401))
    await waiting(api)
    phone = next(info.token for info in await api.house.accounts.tokens.all() if info.subject == "phone")
    await api.house.accounts.tokens.revoke(phone.id)
    async with asyncio.timeout(5):
        assert (await poll)["code"] == "unauthenticated"


async def test_a_server_that_stops_answers_who_waits(api: Api) -> None:
    poll = asyncio.create_task(api.get(f"{CHANGES}?wait=60"))
    await waiting(api)
    api.house.hub.close()
    async with asyncio.timeout(5):
        assert (await poll)["changes"] == []
    await api.refused("GET", f"{CHANGES}?wait=60", status=503)


@pytest.mark.parametrize(
    ("query", "field"), [("limit=501", "limit"), ("limit=0", "limit"), ("wait=61", "wait"), ("after=-1", "after")]
)
async def test_bounds(api: Api, query: str, field: str) -> None:
    assert (await api.refused("GET", f"{CHANGES}?{query}", status=400))["field"] == field
