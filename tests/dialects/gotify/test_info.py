from __future__ import annotations

import httpx
import msgspec

from carillon.dialects import gotify
from carillon.front import Front
from tests.dialects.gotify.conftest import Served


async def test_anybody_may_ask_for_the_version(served: Served) -> None:
    response = await served.remote.get("/version")
    assert response.json() == {"version": "3.0.0", "commit": "", "buildDate": "", "carillon": "0.0.test"}
    assert response.headers["content-type"] == "application/json"


async def test_the_version_is_that_of_the_face(served: Served) -> None:
    kit = served.house.kit
    old = msgspec.structs.replace(kit, site=msgspec.structs.replace(kit.site, gotify_face=2))
    front = Front({"gotify": gotify.mount(old)})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://bell") as client:
        for path in ("/version", "/gotifyinfo"):
            assert (await client.get(path)).json()["version"] == "2.9.1"


async def test_anybody_may_ask_how_to_sign_in(served: Served) -> None:
    response = await served.remote.get("/gotifyinfo")
    assert response.json() == {"version": "3.0.0", "register": False, "oidc": False}


async def test_health_is_green(served: Served) -> None:
    response = await served.remote.get("/health")
    assert (response.status_code, response.content) == (200, b'{"health":"green","database":"green"}')
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    head = await served.remote.head("/health")
    assert (head.status_code, head.headers["content-type"]) == (200, "application/json; charset=utf-8")


async def test_health_is_red_when_storage_fails(served: Served) -> None:
    async def ill() -> bool:
        return False

    kit = served.house.kit
    sick = msgspec.structs.replace(kit, site=msgspec.structs.replace(kit.site, healthy=ill))
    front = Front({"gotify": gotify.mount(sick)})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://bell") as client:
        response = await client.get("/health")
        assert (response.status_code, response.content) == (500, b'{"health":"orange","database":"red"}')
        assert (await client.head("/health")).status_code == 500


async def test_the_image_of_applications_is_there_without_credentials_and_from_foreign_pages(served: Served) -> None:
    response = await served.remote.get("/static/defaultapp.png", headers={"Origin": "https://elsewhere.example"})
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    assert response.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert (await served.remote.get("/static/other.png")).status_code == 404
