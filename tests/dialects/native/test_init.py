from __future__ import annotations

import re
from typing import Any

from starlette.routing import Route

from carillon.core.limits import Limits
from carillon.dialects import native
from carillon.dialects.native.operations import OPERATIONS
from carillon.plugins import discover
from tests.builders import House
from tests.dialects.native.conftest import Api


def test_it_is_found_as_a_dialect() -> None:
    assert "native" in {plugin.name for plugin in discover("dialects")}


async def test_what_is_mounted_is_what_is_described_and_nothing_else(api: Api) -> None:
    described = {
        (method.upper(), path)
        for path, methods in (await api.get("/api/openapi.json"))["paths"].items()
        for method in methods
    }
    assert described == {(one.method, one.path) for one in OPERATIONS}
    paths = {route.path for route in native.mount(api.house.kit).routes if isinstance(route, Route)}
    assert paths - {"/api", "/api/{rest:path}", "/api/docs", "/api/openapi.json"} == {path for _, path in described}
    open_to_all = {(one.method, one.path) for one in OPERATIONS if one.access == "anyone"}
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE"}
    for path in {path for _, path in described}:
        for method in methods - {one for one, place in described if place == path}:
            await api.refused(method, re.sub(r"\{\w+\}", "1", path), status=405)
        for method in {one for one, place in described if place == path}:
            answered = await api.call(method, re.sub(r"\{\w+\}", "1", path), token="")
            assert (answered.status_code == 401) is ((method, path) not in open_to_all), (method, path)


async def test_what_must_be_fast_and_what_stays_open_stand_in_front(house: House) -> None:
    mount = native.mount(house.kit)
    assert mount.prefixes == ("/api",)
    assert set(mount.front) == {
        ("POST", "/api/1/messages"),
        ("GET", "/api/1/stream"),
        ("WEBSOCKET", "/api/1/stream"),
        ("GET", "/api/1/pictures"),
        ("GET", "/api/1/server/backup"),
    }
    assert mount.front["GET", "/api/1/stream"] is mount.front["WEBSOCKET", "/api/1/stream"]
    assert mount.fallback is None
    assert house.kit.limits == Limits()


def test_paths_are_versioned() -> None:
    assert all(re.match(r"/api/1/[a-z]+", one.path) for one in OPERATIONS)


async def test_the_description_has_the_bounds_that_are_in_force(api: Api) -> None:
    def longest(described: Any) -> Any:
        return described["components"]["schemas"]["NewMessage"]["properties"]["message"]["maxLength"]

    assert longest(await api.get("/api/openapi.json")) == 64 * 1024
    api.house.kit.limits.text = 2048
    assert longest(await api.get("/api/openapi.json")) == 2048
    assert "At most 2048 bytes" in (await api.client.get("/api/docs")).text
