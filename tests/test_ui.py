from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.routing import Router

from carillon import ui
from carillon.front import Front


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Router(ui.mount().routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://carillon.test") as client:
        yield client


async def test_the_page_runs_nothing_of_others(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_its_assets_are_kept_for_good_and_the_page_is_asked_for_each_time(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    script = page.text.partition('src="./')[2].partition('"')[0]
    asset = await client.get(f"/{script}")
    assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in asset.headers["cache-control"]
    assert page.headers["cache-control"] == "no-cache"
    again = await client.get("/", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_texts_come_packed_to_who_can_unpack_them(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    script = page.text.partition('src="./')[2].partition('"')[0]
    async with client.stream("GET", f"/{script}", headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join([part async for part in packed.aiter_raw()])
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) == len(raw)
    plain = await client.get(f"/{script}", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content


async def test_a_page_of_another_origin_gets_it_and_cannot_read_it(client: httpx.AsyncClient) -> None:
    front = Front({"ui": ui.mount()})
    foreign = {"Origin": "https://elsewhere.example"}
    script = (await client.get("/")).text.partition('src="./')[2].partition('"')[0]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://carillon.test") as page:
        for path in ("/", f"/{script}"):
            answer = await page.get(path, headers=foreign)
            assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (200, False)
        assert (await page.get("/api/1/user", headers=foreign)).status_code == 403


async def test_only_reading(client: httpx.AsyncClient) -> None:
    head = await client.head("/")
    assert (head.status_code, head.content) == (200, b"")
    assert (await client.post("/")).status_code == 405
    assert (await client.get("/assets/none.js")).status_code == 404
