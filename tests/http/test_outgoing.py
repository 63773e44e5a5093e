"""What channels send with, against real servers on the loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from carillon.core.channels import Failure, Picture, Reach
from carillon.http import Client, Guard
from carillon.http.guard import ServiceGuard
from carillon.http.outgoing import LARGEST_ANSWER, REDIRECTS, VIA, Outgoing, Ways, passed
from tests.channels.mailing import self_signed

OK = b"HTTP/1.1 200 OK\r\nX-Left: 7\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Clock:
    def now(self) -> int:
        return 17

    def monotonic(self) -> float:
        return 0.0


class Workers:
    async def ask(self, program: str, question: bytes, *, seconds: float) -> bytes:
        return f"{program} {question.decode()} {seconds:g}".encode()


class Server:
    """Answers each request, which it keeps, with `answer`."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answer: bytes | Serve = OK
        self.port = 0
        self.over = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
            )
            self.asked.append(head + await reader.readexactly(length))
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
                await writer.drain()
            else:
                await self.answer(self.asked[-1], writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has seen enough
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield server
        server.over.set()  # whoever keeps a client waiting


@asynccontextmanager
async def ways(
    reach: Reach = "any", *, names: Callable[[str], list[str]] | None = None, pictures: str = "127.0.0.1"
) -> AsyncIterator[Ways]:
    client = Client(Guard([pictures]), agent="Carillon/test")
    made = Ways(
        ServiceGuard(reach),
        pictures=client,
        workers=Workers(),
        clock=Clock(),
        agent="Carillon/test",
        host="bell.test",
        installation="ours",
        **({"names": names} if names else {}),
    )
    try:
        yield made
    finally:
        await made.close()
        await client.close()


@pytest.fixture
async def outside() -> AsyncIterator[Outgoing]:
    async with ways() as made:
        yield made.for_message("first,second")


async def test_a_request_is_answered_with_all_that_was_said(server: Server, outside: Outgoing) -> None:
    answer = await outside.request("POST", f"{server.url}/a?b=c", headers={"X-Title": "Größe"}, body=b"hello")
    assert (answer.status, answer.headers["x-left"], answer.body) == (200, "7", b"ok")
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"post /a?b=c http/1.1"
    for line in ("x-title: größe", "user-agent: carillon/test", "x-carillon-via: first,second,ours"):
        assert line.encode() in lines
    assert body == b"hello"


@pytest.mark.parametrize("status", [204, 304, 400, 401, 404, 429, 500, 503])
async def test_whatever_the_status_it_is_an_answer(server: Server, outside: Outgoing, status: int) -> None:
    server.answer = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
    assert (await outside.request("GET", server.url)).status == status


async def test_an_answer_is_bounded(server: Server, outside: Outgoing) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 3 * LARGEST_ANSWER
    assert len((await outside.request("GET", server.url)).body) == LARGEST_ANSWER


async def test_a_body_that_never_ends_does_not_hide_the_status(server: Server, outside: Outgoing) -> None:
    async def stall(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 201 OK\r\nContent-Length: 9\r\n\r\nab")
        await writer.drain()
        await server.over.wait()

    server.answer = stall
    answer = await outside.request("POST", server.url, seconds=1.0)
    assert (answer.status, answer.body) == (201, b"ab")
    server.answer = b"HTTP/1.1 202 OK\r\nContent-Length: 9\r\n\r\nab"
    assert (await outside.request("POST", server.url)).status == 202


async def test_silence_after_the_request_is_uncertain(server: Server, outside: Outgoing) -> None:
    async def silent(_: bytes, __: asyncio.StreamWriter) -> None:
        await server.over.wait()

    server.answer = silent
    with pytest.raises(Failure, match=r"127\.0\.0\.1 did not answer within 1 seconds") as caught:
        await outside.request("POST", server.url, body=b"x", seconds=1.0)
    assert (caught.value.code, caught.value.uncertain) == ("timeout", True)
    server.answer = b""
    with pytest.raises(Failure) as caught:
        await outside.request("POST", server.url, body=b"x")
    assert (caught.value.code, caught.value.uncertain) == ("connect", True)


async def test_who_cannot_be_connected_to_has_heard_nothing(outside: Outgoing) -> None:
    with pytest.raises(Failure) as caught:
        await outside.request("POST", "http://127.0.0.1:1/", body=b"x")
    assert (caught.value.code, caught.value.uncertain) == ("connect", False)


async def test_names_that_nobody_has() -> None:
    def nobody(host: str) -> list[str]:
        raise OSError(host)

    async with ways(names=nobody) as made:
        outside = made.for_message()
        for asking in (outside.request("GET", "http://nobody.test/"), outside.connect("nobody.test", 25)):
            with pytest.raises(Failure, match=r"nobody\.test: there is no such name") as caught:
                await asking
            assert (caught.value.code, caught.value.uncertain) == ("dns", False)


async def test_private_addresses_are_refused_until_an_admin_allows_them(server: Server) -> None:
    async with ways("private", names=lambda _: ["127.0.0.1"]) as made:
        outside = made.for_message()
        for asking in (outside.request("GET", f"http://bell.test:{server.port}"), outside.connect("bell.test", 25)):
            with pytest.raises(
                Failure, match=r"^bell\.test: 127\.0\.0\.1 is an address of this machine: an admin"
            ) as e:
                await asking
            assert e.value.code == "private"
        assert server.asked == []
        made.guard.reach = "any"
        assert (await outside.request("GET", f"http://bell.test:{server.port}")).status == 200


async def test_a_redirection_is_followed_within_the_origin_where_it_keeps_the_method(
    server: Server, outside: Outgoing
) -> None:
    async def once(request: bytes, writer: asyncio.StreamWriter) -> None:
        there = b"HTTP/1.1 307 X\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
        writer.write(OK if b" /there " in request else there)

    server.answer = once
    assert (await outside.request("PUT", server.url, body=b"hello")).status == 200
    assert [request[:4] + request[-5:] for request in server.asked] == [b"PUT hello"] * 2


@pytest.mark.parametrize(
    ("status", "location"),
    [(301, "/x"), (302, "/x"), (303, "/x"), (307, "http://127.0.0.2/"), (308, "https://127.0.0.1/"), (307, "ftp://x")],
)
async def test_any_other_redirection_is_refused(server: Server, outside: Outgoing, status: int, location: str) -> None:
    server.answer = f"HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(Failure, match="redirects to") as caught:
        await outside.request("POST", server.url)
    assert (caught.value.code, len(server.asked)) == ("redirect", 1)


async def test_redirections_end(server: Server, outside: Outgoing) -> None:
    server.answer = b"HTTP/1.1 308 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(Failure, match="redirects more than") as caught:
        await outside.request("POST", server.url)
    assert (caught.value.code, len(server.asked)) == ("redirect", REDIRECTS + 1)


@pytest.mark.parametrize("url", ["", "bell.test", "ftp://bell.test/", "http://"])
async def test_what_is_no_address_is_a_fault_of_the_options(outside: Outgoing, url: str) -> None:
    with pytest.raises(Failure, match="no address to send to") as caught:
        await outside.request("GET", url)
    assert caught.value.code == "options"


@pytest.mark.parametrize("value", ["a\r\nX-Admin: 1", "a\nb", "a\0b"])
async def test_no_header_is_smuggled_in(server: Server, outside: Outgoing, value: str) -> None:
    with pytest.raises(Failure) as caught:
        await outside.request("GET", server.url, headers={"X-Title": value})
    assert (caught.value.code, server.asked) == ("options", [])


async def test_a_certificate_that_nobody_vouches_for(outside: Outgoing) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without any certificate: the greeting is all it comes to
    async with await asyncio.start_server(Server().serve, "127.0.0.1", 0, ssl=context) as listener:
        with pytest.raises(Failure) as caught:
            await outside.request("POST", f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/")
    assert (caught.value.code, caught.value.uncertain) == ("tls", False)


async def test_an_authority_that_the_machine_trusts_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = self_signed(tmp_path)
    async with await asyncio.start_server(Server().serve, "127.0.0.1", 0, ssl=context) as listener:
        url = f"https://localhost:{listener.sockets[0].getsockname()[1]}/"
        async with ways() as doubting:
            with pytest.raises(Failure) as caught:
                await doubting.for_message("").request("GET", url)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        async with ways() as believing:
            assert (await believing.for_message("").request("GET", url)).status == 200
    assert caught.value.code == "tls"


async def test_credentials_of_the_address_go_out_as_such(server: Server, outside: Outgoing) -> None:
    await outside.request("GET", f"http://ada:s%20t@127.0.0.1:{server.port}/")
    assert b"\r\nauthorization: Basic YWRhOnMgdA==\r\n" in server.asked[0]
    await outside.request("GET", f"http://ada:s@127.0.0.1:{server.port}/", headers={"Authorization": "Bearer x"})
    assert server.asked[1].lower().count(b"authorization: ") == 1


async def test_a_connection_is_a_socket_that_does_not_block(server: Server, outside: Outgoing) -> None:
    with await outside.connect("127.0.0.1", server.port) as connection:
        assert connection.gettimeout() == 0
        assert connection.getpeername() == ("127.0.0.1", server.port)
    with pytest.raises(Failure, match=r"127\.0\.0\.1, port 1: ") as caught:
        await outside.connect("127.0.0.1", 1)
    assert caught.value.code == "connect"


async def test_a_slow_name_server_is_not_waited_for() -> None:
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_: str) -> list[str]:
        asyncio.run_coroutine_threadsafe(released.wait(), loop).result()
        return ["127.0.0.1"]

    async with ways(names=slow) as made:
        outside = made.for_message()
        for asking in (outside.request("GET", "http://a/", seconds=1.0), outside.connect("a", 25, seconds=0.05)):
            with pytest.raises(Failure) as caught:
                await asking
            assert (caught.value.code, caught.value.uncertain) == ("timeout", False)
        released.set()


async def test_pictures_are_what_the_rules_for_pictures_let_in(server: Server) -> None:
    async with ways() as made:
        outside = made.for_message()
        server.answer = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 3\r\n\r\npng"
        assert await outside.picture(f"{server.url}/a.png") == Picture("image/png", b"png")
        server.answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\npng"
        assert await outside.picture(f"{server.url}/a.png") is None
        assert await outside.picture("none") is None
    async with ways(pictures="192.0.2.1") as made:
        assert await made.for_message().picture(f"{server.url}/a.png") is None


async def test_the_rest_is_what_it_was_given(outside: Outgoing) -> None:
    assert (outside.agent, outside.reach, outside.host, outside.now()) == ("Carillon/test", "any", "bell.test", 17)
    assert outside.marks == {VIA: "first,second,ours"}
    assert await outside.ask("carillon.x", b"1", seconds=2) == b"carillon.x 1 2"


def test_only_ids_are_passed_on() -> None:
    assert passed("") == []
    assert passed("a, b,,c\r\nd,é") == ["a", "b"]
    assert len(passed(",".join(["x"] * 100))) == 32
