from __future__ import annotations

from urllib.parse import quote

from carillon.core.priority import Scale
from carillon.core.publish import Draft
from tests.builders import DAY
from tests.dialects.native.conftest import Api


def at(path: str, text: str, **more: str) -> str:
    return f"/api/1/{path}?q={quote(text)}" + "".join(f"&{name}={quote(value)}" for name, value in more.items())


async def test_a_search_pages_through_the_inbox(api: Api) -> None:
    sent = [await api.send(f"disk {number}") for number in range(3)]
    await api.send("nothing")
    page = await api.get(at("search", "DISK", limit="2"))
    assert page["took_ms"] == 0
    assert page["words"] == ["disk*"]
    assert page["messages"] == [await api.get(f"/api/1/inbox/{one['id']}") for one in (sent[2], sent[1])]
    page = await api.get(at("search", "disk", limit="2", before=str(page["next"])))
    assert ([one["id"] for one in page["messages"]], page["next"]) == ([sent[0]["id"]], None)
    assert len((await api.get("/api/1/search"))["messages"]) == 4


async def test_applications_are_named_as_people_write_them(api: Api) -> None:
    door, _ = await api.house.sender(api.ada, "Front  Door")
    ring = await api.house.publisher.publish(door, Draft(body="ring"), scale=Scale("native"))
    done = await api.send()

    async def ids(text: str) -> list[int]:
        return [one["id"] for one in (await api.get(at("search", text)))["messages"]]

    assert await ids('app:"front  DOOR"') == [ring.id] == await ids("-app:Backup")
    assert await ids('app:Backup app:"front  door"') == [done["id"], ring.id]
    assert await ids("app:Backup -app:Backup") == []
    error = await api.refused("GET", at("search", "app:Bockup"), status=400)
    assert error["field"] == "q"
    assert error["message"] == 'there is no application "Bockup"; the nearest is "Backup"'


async def test_days_are_those_of_the_zone(api: Api) -> None:
    await api.send()  # at noon in Greenwich
    for zone, day, count in (
        ("UTC", "2026-09-01", 1),
        ("Pacific/Kiritimati", "2026-09-01", 0),
        ("Pacific/Kiritimati", "2026-09-02", 1),
    ):
        assert (await api.get(at("search/facets", f"on:{day}", zone=zone)))["total"] == count, zone
    for zone in ("Mars/Base", "../../etc/passwd", "", "x" * 1000, "Europe"):
        assert (await api.refused("GET", at("search", "", zone=zone), status=400))["field"] == "zone"


async def test_what_cannot_be_read_is_said(api: Api) -> None:
    for text, said in (
        ("prio:8", 'the nearest is "priority:"'),
        ("priority:loud", "priority:high"),
        ("-since:7d", "takes no minus"),
        ("x" * 1001, "at most 1000 characters"),
        ("x " * 31, "at most 30"),
    ):
        error = await api.refused("GET", at("search", text), status=400)
        assert (error["field"], error["code"]) == ("q", "bad_input")
        assert said in error["message"]
    assert (await api.refused("GET", at("search", "", limit="201"), status=400))["field"] == "limit"
    assert (await api.refused("GET", at("search/facets", "", limit="1"), status=400))["field"] == "limit"
    await api.refused("GET", at("search", ""), status=401, token="")


async def test_facets_count(api: Api) -> None:
    await api.send("old", priority=2)
    api.house.clock.advance(DAY)
    for priority in (8, 10):
        await api.send("new", priority=priority)
    facets = await api.get(at("search/facets", ""))
    assert (facets["total"], facets["capped"]) == (3, False)
    assert facets["applications"] == [{"id": api.backup.application.id, "count": 3}]
    assert [(one["band"], one["count"]) for one in facets["priorities"]] == [
        ("silent", 0),
        ("low", 1),
        ("normal", 0),
        ("high", 1),
        ("urgent", 1),
    ]
    assert len(facets["time"]) == 49
    assert facets["time"][0] == {"from": "2026-09-01T12:00:00.000000Z", "to": "2026-09-01T12:30:00.000000Z", "count": 1}
    assert facets["time"][-1]["count"] == 2
    api.house.clock.advance(31 * DAY)
    await api.send("later")
    days = (await api.get(at("search/facets", "", zone="Asia/Kolkata")))["time"]
    assert {day["from"][10:] for day in days} == {"T18:30:00.000000Z"}
