from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from carillon.core.ports import Fetched
from tests.builders import DAY, Elsewhere, House, opened
from tests.dialects.native.conftest import Api

URL = "https://img.example.org/chart.png?a=1&b=ü"


@pytest.fixture
def web() -> Elsewhere:
    buffer = BytesIO()
    Image.new("RGB", (3, 2)).save(buffer, "GIF")
    web = Elsewhere()
    web.there[URL] = Fetched("image/gif", buffer.getvalue())
    return web


@pytest.fixture
async def house(tmp_path: Path, web: Elsewhere) -> AsyncIterator[House]:
    async with opened(tmp_path, web=web) as house:
        yield house


async def signed(api: Api) -> str:
    sent = await api.send(f"look ![]({URL})")
    answer = await api.call("POST", f"/api/1/inbox/{sent['id']}/pictures", json={"url": URL})
    assert answer.status_code == 200, answer.text
    assert answer.json()["host"] == "img.example.org"
    address: str = answer.json()["address"]
    assert not address.startswith("/"), "relative to wherever the app is"
    return f"/{address}"


async def test_a_picture_is_had_at_a_signed_address(api: Api, web: Elsewhere) -> None:
    address = await signed(api)
    assert web.asked == []
    answer = await api.call("GET", address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["cache-control"].startswith("private, max-age=")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    with Image.open(BytesIO(answer.content)) as drawn:
        assert drawn.size == (3, 2)
    assert web.asked == [URL]


async def test_an_address_is_its_users_alone_and_ends(api: Api, web: Elsewhere) -> None:
    address = await signed(api)
    eve = await api.house.user("eve")
    _, token = await api.house.accounts.devices.add(eve.id, "tablet")
    await api.refused("GET", address, status=404, token=token)
    await api.refused("GET", address, status=401, token="")
    await api.refused("GET", address, status=401, token=api.application_token)
    assert (await api.call("GET", f"{address}&token={api.token}", token="")).status_code == 200
    for name, value in parse_qs(urlsplit(address).query).items():
        changed = await api.call("GET", "/api/1/pictures", params={**_query(address), name: value[0] + "0"})
        assert changed.status_code == 404
    assert web.asked == [URL]
    api.house.clock.advance(DAY)
    await api.refused("GET", address, status=404)


def _query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def test_a_server_that_does_not_answer_is_said(api: Api, web: Elsewhere) -> None:
    address = await signed(api)
    web.there.clear()
    error = await api.refused("GET", address, status=502)
    assert (error["code"], error["message"]) == ("unreachable", "it answered 404 Not Found")


@pytest.mark.parametrize("query", ["", "url=x", "url=x&until=y&signature=z", "url=x&until=1&signature=z&size=9"])
async def test_an_address_that_was_not_given_is_refused(api: Api, query: str) -> None:
    await api.refused("GET", f"/api/1/pictures?{query}", status=400)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"url": "https://img.example.org/other.png"}, "does not stand in this message"),
        ({"url": "javascript:alert(1)"}, "begins with http"),
        ({"url": ""}, "not empty"),
        ({}, "url is missing"),
    ],
)
async def test_only_pictures_of_the_message_get_an_address(api: Api, body: dict[str, str], said: str) -> None:
    sent = await api.send("javascript:alert(1)")
    error = await api.refused("POST", f"/api/1/inbox/{sent['id']}/pictures", status=400, json=body)
    assert said in error["message"]
    assert error["field"] == "url"


async def test_a_message_of_another_has_no_pictures(api: Api) -> None:
    sent = await api.send(URL)
    eve = await api.house.user("eve")
    _, token = await api.house.accounts.devices.add(eve.id, "tablet")
    path = f"/api/1/inbox/{sent['id']}/pictures"
    await api.refused("POST", path, status=404, token=token, json={"url": URL})
