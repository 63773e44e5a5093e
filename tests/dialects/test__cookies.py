from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from carillon.core.errors import Forbidden
from carillon.core.kit import Kit
from carillon.core.peers import Peers
from carillon.dialects._cookies import LONGEST, Cookie, require_same_origin
from tests.builders import House, opened

COOKIE = Cookie("bell")


def scope(method: str = "POST", host: str = "bell.example", **headers: str) -> dict[str, Any]:
    named = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {
        "type": "http",
        "method": method,
        "scheme": "http",
        "client": ("127.0.0.1", 4711),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }


@pytest.fixture
async def kit(tmp_path: Path) -> Any:
    async with opened(tmp_path, peers=Peers(["127.0.0.1"])) as house:
        yield house.kit


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("bell=C1", "C1"),
        ("other=1; bell=C1; bell=C2", "C1"),
        (" bell = C1", None),
        ("bell=; bell=C2", "C2"),
        ("bells=C1; abell=C2", None),
        ("bell", None),
        ("", None),
    ],
)
def test_the_cookie_that_was_sent(header: str, token: str | None) -> None:
    assert COOKIE.sent([(b"accept", b"bell=C9"), (b"cookie", header.encode())]) == token


async def test_a_cookie_as_no_script_reads_it(kit: Kit) -> None:
    assert COOKIE.set(kit, scope(), "C1", seconds=60) == "bell=C1; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"
    assert COOKIE.set(kit, scope(), "") == "bell=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"


@pytest.mark.parametrize("seconds", [0, LONGEST + 1, 2**31 - 1])
async def test_a_session_that_never_ends_is_kept_as_long_as_browsers_keep_any(kit: Kit, seconds: int) -> None:
    assert f"; Max-Age={LONGEST};" in COOKIE.set(kit, scope(), "C1", seconds=seconds)


@pytest.mark.parametrize(
    ("base_url", "asked", "path", "secure"),
    [
        ("", {}, "/", False),
        ("", {"x_forwarded_proto": "https"}, "/", True),
        ("", {"x_forwarded_prefix": "/bell", "x_forwarded_proto": "https"}, "/bell", True),
        ("", {"origin": "https://bell.example"}, "/", True),
        ("https://bell.example", {}, "/", True),
        ("https://bell.example/sub", {"origin": "https://bell.example"}, "/sub", True),
        ("https://bell.example", {"origin": "http://bell.example"}, "/", False),
        ("https://bell.example/sub", {"host": "10.0.0.5:8080", "origin": "http://10.0.0.5:8080"}, "/", False),
        ("https://bell.example/sub", {"host": "127.0.0.1:8080"}, "/sub", True),
        ("https://bell.example", {"host": "10.0.0.5", "origin": "http://evil.example"}, "/", True),
    ],
)
async def test_where_the_browser_has_us(
    kit: Kit, base_url: str, asked: dict[str, str], path: str, secure: bool
) -> None:
    kit.site.base_url = base_url
    told = COOKIE.set(kit, scope(**asked), "C1", seconds=1)
    assert f"; Path={path};" in told
    assert told.endswith("; Secure") is secure


OWN: list[dict[str, str]] = [
    {},
    {"sec_fetch_site": "same-origin"},
    {"sec_fetch_site": "none"},
    {"origin": "http://bell.example"},
    {"origin": "https://BELL.example:443"},
    {"origin": "https://proxied.example", "x_forwarded_host": "proxied.example"},
    {"origin": "https://public.example"},
]
FOREIGN: list[dict[str, str]] = [
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site", "origin": "http://bell.example"},
    {"sec_fetch_site": ""},
    {"origin": "https://evil.example"},
    {"origin": "http://bell.example.evil.example"},
    {"origin": "http://bell.example:8080"},
    {"origin": "null"},
    {"origin": ""},
]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_only_our_own_pages_change_anything_with_it(kit: Kit, method: str) -> None:
    kit.site.base_url = "https://public.example"
    for headers in OWN:
        require_same_origin(kit, scope(method, **headers))
    for headers in FOREIGN:
        with pytest.raises(Forbidden, match="page of another origin"):
            require_same_origin(kit, scope(method, **headers))
    for safe in ("GET", "HEAD", "OPTIONS"):
        for headers in FOREIGN:
            require_same_origin(kit, scope(safe, **headers))


async def test_a_stream_is_the_fronts_to_refuse(house: House) -> None:
    require_same_origin(house.kit, {**scope(sec_fetch_site="cross-site"), "type": "websocket"})


@pytest.fixture
async def house(tmp_path: Path) -> Any:
    async with opened(tmp_path) as house:
        yield house
