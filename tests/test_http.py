"""The way out, against real servers on the loopback, which stands for the networks that are let in or not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest

from carillon.core.errors import BadInput, Unreachable
from carillon.core.ports import Fetched
from carillon.http import REDIRECTS, Client, Guard, is_public

PICTURE = b"HTTP/1.1 200 OK\r\nContent-Type: Image/PNG; x=1\r\nContent-Length: 3\r\n\r\npng"

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers each request, of which it keeps the head, with `answer`."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.answer: bytes | Answer = PICTURE
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
                await writer.drain()
            else:
                await self.answer(head, writer)
        except OSError:
            pass  # the client has seen enough
        finally:
            writer.close()


@asynccontextmanager
async def listening(address: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Server]:
    server = Server()
    listener = await asyncio.start_server(server.serve, address, port)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with listening() as server:
        yield server


class Names:
    """A name server: for each look-up of a name the next of its answers, the last one again and again."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): list(lists) for name, lists in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        if host not in self.answers:
            raise OSError(host)
        lists = self.answers[host]
        return lists.pop(0) if len(lists) > 1 else lists[0]


async def fetch(
    url: str,
    *inside: str,
    names: Callable[[str], list[str]] | None = None,
    largest: int = 1000,
    seconds: float = 5.0,
) -> Fetched:
    guard = Guard(inside)
    client = Client(guard, agent="Carillon/test", names=names) if names else Client(guard, agent="Carillon/test")
    try:
        return await client.fetch(url, accept="image/*", largest=largest, seconds=seconds)
    finally:
        await client.close()


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.1.2.3", "169.254.169.254", "172.16.0.1"),
        *("192.0.0.8", "192.168.1.1", "198.18.0.1", "198.51.100.7", "224.0.0.251", "239.1.1.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::"),
        *("2002:a00:1::1", "2001::1", "4000::1"),
    ],
)
async def test_what_is_not_the_internet_is_refused(address: str) -> None:
    assert not Guard().admits(address)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(Unreachable, match="is not an address of the internet"):
        await fetch(f"http://{host}/")


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::"],
)
def test_the_internet_is_let_in(address: str) -> None:
    assert Guard().admits(address)


def test_a_mapped_address_by_itself_is_no_public_one() -> None:
    assert not is_public(ip_address("::ffff:1.1.1.1"))


def test_networks_that_are_named_are_let_in_and_no_others() -> None:
    guard = Guard(["192.168.1.0/24", "fd00::/8", "10.1.2.3"])
    admitted = [guard.admits(each) for each in ("192.168.1.9", "fd12::1", "10.1.2.3", "::ffff:192.168.1.9", "1.1.1.1")]
    assert all(admitted)
    refused = [guard.admits(each) for each in ("192.168.2.1", "10.1.2.4", "127.0.0.1", "fe80::1", "::1")]
    assert not any(refused)


async def test_what_is_there_is_fetched(server: Server) -> None:
    found = await fetch(f"http://127.0.0.1:{server.port}/a%20b/c.png?d=e&f#part", "127.0.0.1")
    assert found == Fetched("image/png", b"png")
    head = server.heads[0].decode().lower()
    assert head.startswith("get /a%20b/c.png?d=e&f http/1.1\r\n")
    for line in ("accept: image/*", "accept-encoding: identity", "user-agent: carillon/test"):
        assert f"\r\n{line}\r\n" in head
    assert f"\r\nhost: 127.0.0.1:{server.port}\r\n" in head
    assert "cookie" not in head


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "[::ffff:7f00:1]"])
async def test_no_spelling_of_a_private_address_gets_through(server: Server, host: str) -> None:
    with pytest.raises((BadInput, Unreachable)):
        await fetch(f"http://{host}:{server.port}/")
    assert server.heads == []


async def test_a_name_with_a_private_address_is_refused(server: Server) -> None:
    names = Names(camera_test=[["127.0.0.1", "::1"]])
    with pytest.raises(Unreachable, match=r"camera\.test is not an address of the internet"):
        await fetch(f"http://camera.test:{server.port}/", names=names)
    assert server.heads == []


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to(server: Server) -> None:
    names = Names(rebound_test=[["127.0.0.2"], ["127.0.0.1"]])
    async with listening("127.0.0.2", server.port) as public:
        found = await fetch(f"http://rebound.test:{server.port}/", "127.0.0.2", names=names)
    assert found.body == b"png"
    assert names.asked == ["rebound.test"]
    assert f"\r\nhost: rebound.test:{server.port}\r\n".encode() in public.heads[0].lower()
    assert server.heads == []


async def test_of_a_names_addresses_the_private_ones_are_left_out(server: Server) -> None:
    names = Names(both_test=[["127.0.0.1", "127.0.0.2"]])
    async with listening("127.0.0.2", server.port) as public:
        await fetch(f"http://both.test:{server.port}/", "127.0.0.2", names=names)
    assert (len(server.heads), len(public.heads)) == (0, 1)


async def test_the_next_address_is_tried_where_nobody_answers(server: Server) -> None:
    names = Names(two_test=[["127.0.0.3", "127.0.0.1"]])
    found = await fetch(f"http://two.test:{server.port}/", "127.0.0.0/8", names=names)
    assert found.body == b"png"
    with pytest.raises(Unreachable, match=r"two\.test"):
        await fetch("http://two.test:1/", "127.0.0.0/8", names=names)


async def test_a_redirect_is_followed_without_cookies_and_checked_like_the_first(server: Server) -> None:
    async with listening("127.0.0.2") as private:
        moved = "HTTP/1.1 302 Found\r\nSet-Cookie: a=b\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n"

        async def once(head: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(PICTURE if b"/there" in head else moved.format("/there").encode())

        server.answer = once
        assert (await fetch(f"http://127.0.0.1:{server.port}/", "127.0.0.1")).body == b"png"
        assert [b"cookie" in head.lower() for head in server.heads] == [False, False]
        server.answer = moved.format(f"http://127.0.0.2:{private.port}/").encode()
        with pytest.raises(Unreachable, match=r"127\.0\.0\.2 is not an address of the internet"):
            await fetch(f"http://127.0.0.1:{server.port}/", "127.0.0.1")
        assert private.heads == []


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://", "http://[", "gopher:x"])
async def test_a_redirect_elsewhere_than_to_the_web_is_refused(server: Server, location: str) -> None:
    server.answer = f"HTTP/1.1 301 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises((BadInput, Unreachable)):
        await fetch(f"http://127.0.0.1:{server.port}/", "127.0.0.1")


async def test_redirects_end(server: Server) -> None:
    server.answer = b"HTTP/1.1 307 Again\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(Unreachable, match="redirected more than"):
        await fetch(f"http://127.0.0.1:{server.port}/", "127.0.0.1")
    assert len(server.heads) == REDIRECTS + 1


@pytest.mark.parametrize(
    "url", ["", "x", "//host/", "file:///etc/passwd", "ftp://host/", "http://", "http:///x", "http://a:0/"]
)
async def test_only_the_web_is_fetched(url: str) -> None:
    with pytest.raises(BadInput, match="begins with http"):
        await fetch(url)


async def test_an_address_is_bounded() -> None:
    with pytest.raises(BadInput):
        await fetch("http://host/" + "x" * 10_000)


async def test_a_password_in_an_address_is_not_sent(server: Server) -> None:
    await fetch(f"http://ada:secret@127.0.0.1:{server.port}/", "127.0.0.1")
    head = server.heads[0].lower()
    assert b"secret" not in head
    assert b"authorization" not in head
    assert b"ada" not in head


async def test_what_is_too_large_is_given_up(server: Server) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + 1000 * b"x"
    assert len((await fetch(f"http://127.0.0.1:{server.port}/", "127.0.0.1")).body) == 1000

    async def endless(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(10_000 * b"x")
            await writer.drain()

    server.answer = endless
    with pytest.raises(Unreachable, match="larger than 1000 bytes"):
        await fetch(f"http://127.0.0.1:{server.port}/", "127.0.0.1")


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_what_comes_a_byte_at_a_time_is_given_up(server: Server, start: bytes) -> None:
    async def drip(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    server.answer = drip
    with pytest.raises(Unreachable, match=r"longer than 0\.1 seconds"):
        await fetch(f"http://127.0.0.1:{server.port}/", "127.0.0.1", seconds=0.1)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "it answered 404 Not Found"),
        (b"HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n", "it answered 500"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "it answered 204"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npng", "it broke off"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, "127.0.0.1: "),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "127.0.0.1: "),
        (b"", "127.0.0.1: "),
    ],
)
async def test_whatever_is_wrong_is_said(server: Server, answer: bytes, said: str) -> None:
    server.answer = answer
    with pytest.raises(Unreachable) as caught:
        await fetch(f"http://127.0.0.1:{server.port}/", "127.0.0.1")
    assert str(caught.value).startswith(said)


async def test_a_slow_name_server_is_not_waited_for() -> None:
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_: str) -> list[str]:
        asyncio.run_coroutine_threadsafe(released.wait(), loop).result()
        return ["127.0.0.1"]

    with pytest.raises(Unreachable, match="longer than"):
        await fetch("http://slow.test/", names=slow, seconds=0.05)
    released.set()


async def test_a_name_that_nobody_has_is_said() -> None:
    with pytest.raises(Unreachable, match=r"^nobody\.test: there is no such name$"):
        await fetch("http://nobody.test/", names=Names())


async def test_a_certificate_has_to_be_for_the_name_and_not_for_the_address() -> None:
    asked: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without any certificate: the greeting is all it comes to
    context.sni_callback = lambda _, name, __: asked.append(name)
    listener = await asyncio.start_server(Server().serve, "127.0.0.1", 0, ssl=context)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match=r"^cam\.test: "):
            await fetch(f"https://cam.test:{port}/", "127.0.0.1", names=Names(cam_test=[["127.0.0.1"]]))
    assert asked == ["cam.test"]
