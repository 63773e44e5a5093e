from __future__ import annotations

from typing import Any

import pytest

from carillon.core.outgoing import LogQuery
from carillon.dialects.native.asks import LARGEST
from carillon.dialects.native.deliveries import FilterDeliveries, query_of
from carillon.dialects.native.parse import parse_query
from tests.builders import lost
from tests.dialects.native.conftest import Api
from tests.dialects.native.test_services import add, other

DELIVERIES = "/api/1/deliveries"


async def listed(api: Api, query: str = "") -> list[Any]:
    found: list[Any] = (await api.get(f"{DELIVERIES}{query}"))["deliveries"]
    return found


async def test_the_log_tells_what_became_of_a_message(api: Api) -> None:
    service = await add(api)
    sent = await api.send("done", title="Night", priority=8)
    (waiting,) = await listed(api)
    assert (waiting["state"], waiting["settled"], waiting["took_ms"]) == ("due", None, None)
    await lost(api.house.store, service["id"])
    (failed,) = await listed(api)
    assert failed["message"] == {"id": sent["id"], "public_id": sent["public_id"], "title": "Night"}
    assert failed["service"] == {"id": service["id"], "name": "Bell", "kind": "bell"}
    assert failed["application"] == {"id": api.backup.application.id, "name": "Backup"}
    told = (failed["state"], failed["level"], failed["took_ms"], failed["code"], failed["text"], failed["tries"])
    assert told == ("failed", 8, 1.5, "connect", "no way", [])
    whole = await api.get(f"{DELIVERIES}/{failed['id']}")
    assert whole["tries"] == [
        {
            "number": 1,
            "started": "2026-09-01T12:00:00.000000Z",
            "took_ms": 1.5,
            "outcome": "retry",
            "code": "connect",
            "text": "no way",
            "status": None,
        }
    ]
    assert (await api.get(f"/api/1/inbox/{sent['id']}/deliveries"))["deliveries"] == [whole]
    await api.refused("GET", f"{DELIVERIES}/99", status=404)
    await api.refused("GET", "/api/1/inbox/99/deliveries", status=404)


async def test_it_is_filtered_and_paged(api: Api) -> None:
    service = await add(api)
    for text, priority in (("one", 1), ("two", 5), ("three", 9)):
        await api.send(text, title=text, priority=priority)
    newest = await api.get(f"{DELIVERIES}?limit=2")
    assert [one["message"]["title"] for one in newest["deliveries"]] == ["three", "two"]
    (oldest,) = await listed(api, f"?limit=2&before={newest['next']}")
    assert oldest["message"]["title"] == "one"
    for query, count in (
        (f"service={service['id']},99", 3),
        ("service=99", 0),
        ("kind=horn", 0),
        ("state=due,retry", 3),
        ("state=sent", 0),
        ("min_level=5&max_level=8", 1),
        ("text=THREE", 1),
        ("since=2026-09-01T12:00:01Z", 0),
        ("until=2026-09-01T12:00:01Z", 3),
        (f"application={api.backup.application.id}", 3),
    ):
        assert (query, len(await listed(api, f"?{query}"))) == (query, count)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("service=x", "service"),
        (f"application={LARGEST}1", "application"),
        ("state=lost", "state"),
        ("code=none", "code"),
        ("limit=201", "limit"),
        ("min_level=11", "min_level"),
        ("since=yesterday", "since"),
        ("colour=red", "colour"),
    ],
)
async def test_a_filter_that_cannot_be(api: Api, query: str, field: str) -> None:
    assert (await api.refused("GET", f"{DELIVERIES}?{query}", status=400))["field"] == field


def test_an_empty_filter_finds_all() -> None:
    assert query_of(parse_query(FilterDeliveries, b"service=&state=%20,&text=")) == LogQuery()


async def test_what_failed_is_sent_again(api: Api) -> None:
    service = await add(api)
    await api.send("one")
    await api.send("two")
    await lost(api.house.store, service["id"])
    first, second = [one["id"] for one in await listed(api)]
    assert (await api.call("POST", f"{DELIVERIES}/resend", json={"ids": [first]})).json() == {"count": 1}
    assert [one["state"] for one in await listed(api)] == ["due", "failed"]
    other_code = {"failed": {"code": "timeout"}}
    assert (await api.call("POST", f"{DELIVERIES}/resend", json=other_code)).json() == {"count": 0}
    assert (await api.call("POST", f"{DELIVERIES}/resend", json={"failed": {}})).json() == {"count": 1}
    assert [one["state"] for one in await listed(api)] == ["due", "due"]
    assert (await api.call("POST", f"{DELIVERIES}/cancel", json={"ids": [first, second]})).json() == {"count": 2}
    assert [one["state"] for one in await listed(api)] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("body", [{}, {"ids": [1], "failed": {}}])
async def test_ids_or_a_filter(api: Api, body: Any) -> None:
    await api.refused("POST", f"{DELIVERIES}/resend", status=400, json=body)


async def test_no_more_at_once_than_a_batch(api: Api) -> None:
    ids = {"ids": list(range(api.house.kit.limits.batch + 1))}
    for door in ("resend", "cancel"):
        assert (await api.refused("POST", f"{DELIVERIES}/{door}", status=400, json=ids))["field"] == "ids"


async def test_those_of_others_do_not_exist(api: Api) -> None:
    await add(api)
    sent = await api.send("mine")
    (mine,) = await listed(api)
    _, root = await other(api)
    assert (await api.get(DELIVERIES, token=root))["deliveries"] == []
    await api.refused("GET", f"{DELIVERIES}/{mine['id']}", status=404, token=root)
    await api.refused("GET", f"/api/1/inbox/{sent['id']}/deliveries", status=404, token=root)
    for door in ("resend", "cancel"):
        await api.refused("POST", f"{DELIVERIES}/{door}", status=404, token=root, json={"ids": [mine["id"]]})
    assert [one["state"] for one in await listed(api)] == ["due"]
