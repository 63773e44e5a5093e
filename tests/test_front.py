from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carillon.core.peers import Peers
from carillon.dialects import Mount
from carillon.front import COMPLAINTS, Front, MountError

OWN = "http://bell.example"
FRIEND = "https://friend.example"


def says(text: str) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(text)(scope, receive, send)

    return app


async def thing(request: Request) -> Response:
    return PlainTextResponse("routed")


def house(*, peers: Peers | None = None, base_url: str = "", public: frozenset[str] = frozenset({"/open"})) -> Front:
    rooms = Mount(
        prefixes=("/thing", "/open"),
        routes=[Route("/thing/{id}", thing), Route("/open/{id}", thing)],
        front={("POST", "/thing"): says("fast")},
        fallback=says("nobody's"),
        public=public,
    )
    return Front(
        {"rooms": rooms, "annex": Mount(prefixes=("/annex",))},
        origins=frozenset({FRIEND}),
        peers=peers,
        base_url=base_url,
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(house()), base_url=OWN) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("POST", "/thing", "fast"),
        ("GET", "/thing", "nobody's"),
        ("GET", "/thing/7", "routed"),
        ("POST", "/thing/", "nobody's"),
        ("GET", "/annex", "nobody's"),
    ],
)
async def test_the_fast_lane_comes_first_then_the_router_then_the_fallback(
    client: httpx.AsyncClient, method: str, path: str, answer: str
) -> None:
    assert (await client.request(method, path)).text == answer


@pytest.mark.parametrize("origin", [OWN, OWN.upper(), OWN.replace("http", "https"), ""])
async def test_a_page_of_our_own_origin_may_ask(client: httpx.AsyncClient, origin: str) -> None:
    answer = await client.get("/thing/7", headers={"Origin": origin})
    assert (answer.status_code, answer.text) == (200, "routed")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://bell.example:81", "https://friend.example.evil"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_a_page_of_another_origin_is_refused_without_a_word(
    client: httpx.AsyncClient, origin: str, method: str
) -> None:
    answer = await client.request(method, "/thing/7", headers={"Origin": origin})
    assert (answer.status_code, answer.content) == (403, b"")


async def test_a_configured_origin_may_ask_and_is_told_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/thing/7", headers={"Origin": FRIEND})
    assert (answer.status_code, answer.text) == (200, "routed")
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_configured_origin_may_ask_whether_it_may_ask(client: httpx.AsyncClient) -> None:
    answer = await client.options("/thing/7", headers={"Origin": FRIEND, "Access-Control-Request-Method": "DELETE"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "DELETE" in answer.headers["access-control-allow-methods"]
    assert "x-gotify-key" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-max-age"] == "43200"


async def test_any_page_may_read_what_is_public() -> None:
    transport = httpx.ASGITransport(house(public=frozenset({"/", "/open"})))
    evil = {"Origin": "http://evil.example"}
    async with httpx.AsyncClient(transport=transport, base_url=OWN, headers=evil) as page:
        assert (await page.get("/open/7")).text == "routed"
        assert (await page.get("/")).text == "nobody's"
        for path in ("//thing/7", "///thing", "/thing/7"):
            assert (await page.get(f"{OWN}{path}")).status_code == 403


PROXY = ("10.0.0.1", 4711)
FORWARDED = {"Host": "10.0.0.2:8080", "X-Forwarded-Host": "bell.example", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("client", "origin", "status"),
    [
        (PROXY, "https://bell.example", 200),
        (PROXY, "http://bell.example", 200),
        (PROXY, "https://bell.example:8443", 403),
        (PROXY, "https://evil.example", 403),
        (("192.0.2.7", 4711), "https://bell.example", 403),
    ],
)
async def test_our_own_origin_is_what_a_trusted_proxy_says(client: tuple[str, int], origin: str, status: int) -> None:
    transport = httpx.ASGITransport(house(peers=Peers(["10.0.0.1"])), client=client)
    async with httpx.AsyncClient(transport=transport, base_url=OWN) as asking:
        answer = await asking.get("/thing/7", headers={**FORWARDED, "Origin": origin})
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


async def test_an_origin_with_the_port_that_its_scheme_has_anyway_is_our_own(client: httpx.AsyncClient) -> None:
    assert (await client.get("/thing/7", headers={"Origin": f"{OWN}:80"})).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("POST", "/thing", "fast"),
        ("POST", "/bell/thing", "fast"),
        ("GET", "/thing/7", "routed"),
        ("GET", "/bell/thing/7", "routed"),
        ("GET", "/bell/bell/thing/7", "nobody's"),
        ("GET", "/bells/thing/7", "nobody's"),
        ("POST", "/bell", "nobody's"),
    ],
)
async def test_a_prefix_that_the_proxy_leaves_on_is_taken_off(method: str, path: str, answer: str) -> None:
    transport = httpx.ASGITransport(house(base_url="https://bell.example/bell/"))
    async with httpx.AsyncClient(transport=transport, base_url=OWN) as asking:
        assert (await asking.request(method, path)).text == answer
        foreign = await asking.request(method, path, headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
        public = await asking.get("/bell/open/7", headers={"Origin": "https://evil.example"})
        assert public.text == "routed"


async def test_a_prefix_without_its_slash_leads_to_the_page() -> None:
    transport = httpx.ASGITransport(house(base_url="https://bell.example/b%C3%A4ll/"))
    async with httpx.AsyncClient(transport=transport, base_url=OWN) as asking:
        answer = await asking.get("/bäll?a=%20b")
        assert (answer.status_code, answer.headers["location"]) == (307, "/b%C3%A4ll/?a=%20b")
        assert (await asking.head("/bäll")).headers["location"] == "/b%C3%A4ll/"
        assert (await asking.get("/")).text == "nobody's"


async def test_a_prefix_with_other_letters_is_taken_off_too() -> None:
    transport = httpx.ASGITransport(house(base_url="https://bell.example/gl%C3%B6ckchen"))
    async with httpx.AsyncClient(transport=transport, base_url=OWN) as asking:
        assert (await asking.get("/glöckchen/thing/7")).text == "routed"


async def test_a_prefix_that_is_a_name_of_ours_is_never_taken_off() -> None:
    transport = httpx.ASGITransport(house(base_url="https://bell.example/thing"))
    async with httpx.AsyncClient(transport=transport, base_url=OWN) as asking:
        assert (await asking.get("/thing/7")).text == "routed"
        assert (await asking.get("/thing/thing/7")).text == "nobody's"


async def test_a_foreign_page_gets_no_websocket() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(event: Message) -> None:
        sent.append(event)

    headers = [(b"host", b"bell.example"), (b"origin", b"http://evil.example")]
    scope = {"type": "websocket", "path": "/thing", "headers": headers}
    await house()(scope, receive, send)
    assert sent == [{"type": "websocket.close"}]


def test_two_dialects_that_want_the_same_prefix_stop_the_start() -> None:
    with pytest.raises(MountError, match="'one' and 'two' both want /push"):
        Front({"one": Mount(prefixes=("/push",)), "two": Mount(prefixes=("/other", "/push"))})


def test_two_dialects_that_want_what_nobody_owns_stop_the_start() -> None:
    with pytest.raises(MountError, match="'one' and 'two' both want what nobody owns"):
        Front({"one": Mount(prefixes=(), fallback=says("1")), "two": Mount(prefixes=(), fallback=says("2"))})


async def test_foreign_origins_are_told_in_the_log_but_cannot_fill_it(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="carillon.front")
    for number in (1, 1, *range(2 * COMPLAINTS)):
        origin = f"https://evil{number}.example/{'x' * 1000}"
        assert (await client.get("/thing/1", headers={"Origin": origin})).status_code == 403
    assert len(caplog.messages) == COMPLAINTS
    assert caplog.messages[0].startswith("refused a page of another origin: https://evil1.example/x")
    assert max(map(len, caplog.messages)) < 300
