from __future__ import annotations

import re

import httpx
import pytest

from carillon.dialects.gotify import ROUTES
from tests.dialects.gotify.conftest import Served

DOORS = {("POST", "/message"), *((method, path) for method, path, _ in ROUTES)}
PROXIED = {"X-Forwarded-Host": "bell.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/ring"}


async def test_it_is_there_for_programs_of_any_page(served: Served) -> None:
    response = await served.remote.get("/swagger", headers={"Origin": "https://elsewhere.example"})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    about = response.json()
    assert (about["host"], about["basePath"], about["schemes"]) == ("bell", "/", ["http"])
    assert (await served.remote.get("/swagger")).json() == about


async def test_it_names_the_place_under_which_it_was_asked(served: Served) -> None:
    transport = httpx.ASGITransport(served.front, client=("192.0.2.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://inside") as proxy:
        about = (await proxy.get("/swagger", headers=PROXIED)).json()
    assert (about["host"], about["basePath"], about["schemes"]) == ("bell.example", "/ring", ["https"])


@pytest.mark.parametrize(
    ("base", "host", "path"),
    [
        ("other.example:8080", "other.example:8080", "/"),
        ("other.example/ring/", "other.example", "/ring"),
        ("", "bell", "/"),
        ('"><script>', "bell", "/"),
        ("other.example/../x", "bell", "/"),
        ("https://other.example", "bell", "/"),
    ],
)
async def test_the_query_may_name_another_place(served: Served, base: str, host: str, path: str) -> None:
    response = await served.remote.get("/swagger", params={"base": base})
    assert (response.json()["host"], response.json()["basePath"]) == (host, path)


async def test_the_page_lists_every_operation_and_needs_nothing_from_elsewhere(served: Served) -> None:
    response = await served.remote.get("/docs")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for method, path in DOORS:
        assert f"<code>{method} {path}</code>" in response.text
    assert not re.search(r"//|<script|<img|<link|@import|url\(", response.text)
    assert '<a href="swagger">' in response.text, "relative: it stays below the prefix of a proxy"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_it_tells_who_may_and_is_for_phones_and_for_the_dark(served: Served) -> None:
    page = (await served.remote.get("/docs")).text
    logout, users = (
        re.search(rf"<code>{door}</code></dt><dd>(.*?)</dd>", page) for door in ("POST /auth/logout", "GET /user")
    )
    assert logout is not None
    assert users is not None
    assert "password" not in logout[1]
    assert "an admin’s elevated client" in users[1]
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in page
    assert ":root{color-scheme:light dark" in page
    assert "prefers-color-scheme:dark" in page
