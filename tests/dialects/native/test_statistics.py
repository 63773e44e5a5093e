from __future__ import annotations

from msgspec.structs import replace

from carillon.core.outgoing import Settlement
from carillon.core.services import New
from tests.builders import DAY, HOUR
from tests.dialects.native.conftest import Api

STATISTICS = "/api/1/statistics"


async def test_messages_are_counted_by_the_users_days(api: Api) -> None:
    await api.send("long ago", priority=10)
    api.house.clock.advance(2 * DAY + 11 * HOUR)  # an hour before midnight in Greenwich
    old = await api.send("read", priority=0)
    await api.call("PATCH", f"/api/1/inbox/{old['id']}", json={"read": True})
    api.house.clock.advance(HOUR // 2)
    await api.send("new", priority=8)
    await api.house.store.fill(100)
    found = await api.get(f"{STATISTICS}?days=2&zone=Europe/Berlin")
    assert (found["from"], found["to"]) == ("2026-09-02T22:00:00.000000Z", "2026-09-03T23:30:00.000000Z")
    assert (found["total"], found["previous_total"], found["unread"]) == (2, 1, 2)
    assert (found["unit"], found["spans"]) == (
        "day",
        [
            {"at": "2026-09-03", "levels": [0, 0, 0, 0, 0]},
            {"at": "2026-09-04", "levels": [1, 0, 0, 1, 0]},
        ],
    )
    assert found["hours"][4][1] == 2 == sum(map(sum, found["hours"]))
    (backup,) = found["applications"]
    assert backup == {
        "id": api.backup.application.id,
        "name": "Backup",
        "count": 2,
        "levels": [1, 0, 0, 1, 0],
        "last": "2026-09-03T23:30:00.000000Z",
    }
    assert found["storage"]["messages"] == 3
    assert found["storage"]["database_bytes"] > 0
    assert len((await api.get(STATISTICS))["spans"]) == 14
    assert len((await api.get(f"{STATISTICS}?days=366&zone=Asia/Kolkata"))["spans"]) == 366


async def test_one_day_is_counted_by_the_last_24_hours(api: Api) -> None:
    await api.send("yesterday")
    api.house.clock.advance(23 * HOUR)
    await api.send("now", priority=10)
    found = await api.get(f"{STATISTICS}?days=1&zone=Europe/Berlin")
    assert (found["unit"], found["from"], found["total"]) == ("hour", "2026-09-01T12:00:00.000000Z", 2)
    assert [span["at"][11:13] for span in found["spans"]] == [f"{(12 + at) % 24:02}" for at in range(24)]
    assert found["spans"][0]["levels"] == [0, 0, 1, 0, 0]
    assert found["spans"][-1] == {"at": "2026-09-02T11:00:00.000000Z", "levels": [0, 0, 0, 0, 1]}
    api.house.clock.advance(HOUR)
    later = await api.get(f"{STATISTICS}?days=1")
    assert (later["total"], later["previous_total"]) == (1, 1)


async def test_applications_have_courses_for_small_charts(api: Api) -> None:
    await api.send("old")
    api.house.clock.advance(2 * DAY)
    for _ in range(2):
        await api.send("new")
    (one,) = (await api.get(f"{STATISTICS}/applications?days=4&zone=Europe/Berlin"))["applications"]
    assert one == {"id": api.backup.application.id, "days": [0, 1, 0, 2]}
    assert len((await api.get(f"{STATISTICS}/applications"))["applications"][0]["days"]) == 22
    refused = await api.refused("GET", f"{STATISTICS}/applications?zone=Berlin", status=400)
    assert refused["field"] == "zone"


async def test_what_cannot_be_counted_is_said(api: Api) -> None:
    for query, field in (("days=0", "days"), ("days=367", "days"), ("zone=Berlin", "zone")):
        assert (await api.refused("GET", f"{STATISTICS}?{query}", status=400))["field"] == field


async def test_deliveries_are_counted_by_day_by_hour_and_by_service(api: Api) -> None:
    assert ((found := await api.get(STATISTICS))["deliveries"], found["services"]) == ([], [])
    bell = New(kind="bell", name="Bell", options={"secret": "hush"})
    service = (await api.house.kit.ways_out.services.add(api.ada, bell)).service
    await api.send("one")
    now = api.house.clock.now()
    (claimed,) = await api.house.store.claim(service.id, now=now, lease=now + HOUR, limit=9)
    lost = replace(claimed.delivery, state="failed", settled=now, code="connect")
    await api.house.store.settle(service.id, [Settlement(lost)], health=None, quota_left=None)
    api.house.clock.advance(HOUR)
    found = await api.get(f"{STATISTICS}?days=2")
    assert found["deliveries"] == [
        {"at": "2026-08-31", "sent": 0, "failed": 0, "retried": 0},
        {"at": "2026-09-01", "sent": 0, "failed": 1, "retried": 0},
    ]
    assert found["services"] == [
        {"id": service.id, "name": "Bell", "kind": "bell", "sent": 0, "failed": 1, "retried": 0}
    ]
    hourly = (await api.get(f"{STATISTICS}?days=1"))["deliveries"]
    assert [one["at"] for one in hourly if one["failed"]] == ["2026-09-01T12:00:00.000000Z"]
    assert len(hourly) == 24
