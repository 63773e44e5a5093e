from __future__ import annotations

import pytest

from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem

ROUTES = [
    ("GET", "/plugin/1/config"),
    ("POST", "/plugin/1/config"),
    ("GET", "/plugin/1/display"),
    ("POST", "/plugin/1/enable"),
    ("POST", "/plugin/1/disable"),
]


async def test_nobody_has_plugins(served: Served) -> None:
    for headers in (key(served.client), basic("ada", "ada")):
        response = await served.here.get("/plugin", headers=headers)
        assert (response.status_code, response.content) == (200, b"[]")
        assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_no_plugin_is_known(served: Served, method: str, path: str) -> None:
    headers = key(served.client)
    assert problem(await served.here.request(method, path, headers=headers)) == (404, "unknown plugin")
    other = path.replace("1", "x")
    assert problem(await served.here.request(method, other, headers=headers)) == (400, "invalid id")


@pytest.mark.parametrize(("method", "path"), [("GET", "/plugin"), *ROUTES])
async def test_plugins_are_for_clients(served: Served, method: str, path: str) -> None:
    for headers in ({}, key(served.application)):
        assert problem(await served.here.request(method, path, headers=headers)) == (401, UNAUTHENTICATED)


async def test_the_pages_of_plugins_are_not_there(served: Served) -> None:
    response = await served.here.get("/plugin/1/custom/P123/page", headers=key(served.client))
    assert problem(response) == (404, "page not found")
