"""The world as channels see it (`core.channels.Outside`): where a person's service leads, and not into this network.

Unlike pictures, which anybody who sends may name, the address of a service was set by whoever it belongs to; so
admins may let it reach private networks. The address that was checked is the one that is connected to.
"""

from __future__ import annotations

import asyncio
import re
import socket
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin

from carillon.core.channels import Answer, Failure, Picture, Reach
from carillon.core.errors import BadInput, Unreachable
from carillon.core.limits import KIB
from carillon.core.ports import Clock, Web
from carillon.http.guard import ServiceGuard
from carillon.http.wire import ADDRESSES, CONNECT, Wire, parsed, pinned, resolved

if TYPE_CHECKING:
    from httpx import URL, Response

VIA = "X-Carillon-Via"  # ids of the installations that a message has been through, the first one first
LONGEST_VIA = 32  # ids: no honest way is longer
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

LARGEST_ANSWER = 64 * KIB
LARGEST_PICTURE = 5 * 1024 * KIB  # more is taken by no service that takes pictures at all
PICTURE_SECONDS = 15.0
REDIRECTS = 4
MOVED = frozenset({301, 302, 303, 307, 308})
KEEPS_THE_METHOD = frozenset({307, 308})


class Workers(Protocol):
    """The programs of ours that run beside the server: see `Outside.ask`."""

    async def ask(self, program: str, question: bytes, *, seconds: float) -> bytes: ...


class Ways:
    """What all services go out by. `installation` is our id in the headers against loops, `host` our name outside;
    `pictures` fetches what messages name, by the rules for that.
    """

    def __init__(
        self,
        guard: ServiceGuard,
        *,
        pictures: Web,
        workers: Workers,
        clock: Clock,
        agent: str,
        host: str,
        installation: str,
        names: Callable[[str], list[str]] = resolved,
    ) -> None:
        self.guard = guard
        self.pictures = pictures
        self.workers = workers
        self.clock = clock
        self.agent = agent
        self.host = host
        self.installation = installation
        self.wire = Wire(names)

    def for_message(self, via: str = "") -> Outgoing:
        """For one that has been through these installations: ids with commas between, the first one first."""
        return Outgoing(self, via)

    async def close(self) -> None:
        await self.wire.close()

    async def admitted(self, host: str) -> list[str]:
        """The addresses of a host that services may reach. Raises Failure when there is none."""
        try:
            addresses = await self.wire.addresses(host)
        except (OSError, UnicodeError):
            addresses = []
        if not addresses:
            raise Failure("dns", f"{host}: there is no such name")
        admitted = [each for each in addresses if self.guard.admits(each)]
        if not admitted:
            reason = self.guard.refusal(addresses[0])
            raise Failure("private", reason if host == addresses[0] else f"{host}: {reason}")
        return admitted[:ADDRESSES]


class Outgoing:
    """`Outside`, for one message."""

    def __init__(self, ways: Ways, via: str) -> None:
        self._ways = ways
        self._via = via

    @property
    def agent(self) -> str:
        return self._ways.agent

    @property
    def reach(self) -> Reach:
        return self._ways.guard.reach

    @property
    def host(self) -> str:
        return self._ways.host

    @property
    def marks(self) -> Mapping[str, str]:
        return {VIA: ",".join([*passed(self._via), self._ways.installation])}

    def now(self) -> int:
        return self._ways.clock.now()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        seconds: float = 10.0,
    ) -> Answer:
        given = {name.lower(): value for name, value in (headers or {}).items()}
        marks = {name.lower(): value for name, value in self.marks.items()}
        heads = {"user-agent": self.agent, "accept-encoding": "identity", **given, **marks}
        exchange = _Exchange(self._ways, method, headers=heads, body=body)
        try:
            async with asyncio.timeout(seconds):
                await exchange.run(_target(url))
        except TimeoutError:
            if exchange.answer is None:
                text = f"{exchange.host} did not answer within {seconds:g} seconds"
                raise Failure("timeout", text, uncertain=exchange.sent) from None
        if exchange.answer is None:
            raise Failure("connect", "nothing was answered", uncertain=exchange.sent)
        return exchange.answer

    async def connect(self, host: str, port: int, *, seconds: float = 10.0) -> socket.socket:
        failure = "it cannot be connected to"
        try:
            async with asyncio.timeout(seconds):
                for address in await self._ways.admitted(host):
                    try:
                        return await _connected(address, port)
                    except OSError as error:
                        failure = error.strerror or "it did not answer"
        except TimeoutError:
            raise Failure("timeout", f"{host} did not answer within {seconds:g} seconds") from None
        raise Failure("connect", f"{host}, port {port}: {failure}")

    async def picture(self, url: str) -> Picture | None:
        try:
            found = await self._ways.pictures.fetch(
                url, accept="image/*", largest=LARGEST_PICTURE, seconds=PICTURE_SECONDS
            )
        except (BadInput, Unreachable):
            return None
        return Picture(found.media_type, found.body) if found.media_type.startswith("image/") else None

    async def ask(self, program: str, question: bytes, *, seconds: float) -> bytes:
        return await self._ways.workers.ask(program, question, seconds=seconds)


def passed(via: str) -> list[str]:
    """The ids in the header; what is none is left out, and of too many the latest stay."""
    return [each for each in map(str.strip, via.split(",")) if ID.fullmatch(each)][-LONGEST_VIA:]


class _Exchange:
    """One request until its answer. `sent`: all of it has left, so that it may have been heard.

    `answer` is there as soon as the server has said how it went; its body may be cut where the connection broke.
    """

    def __init__(self, ways: Ways, method: str, *, headers: Mapping[str, str], body: bytes) -> None:
        self._ways = ways
        self._method = method
        self._headers = headers
        self._body = body
        self._securing = False
        self.sent = False
        self.host = ""
        self.answer: Answer | None = None

    async def run(self, url: URL) -> None:
        for _ in range(REDIRECTS + 1):
            response = await self._reach(url)
            try:
                onward = _redirected(url, response)
                if onward is None:
                    return await self._read(response)
            finally:
                await response.aclose()
            url = onward
        raise Failure("redirect", f"{self.host} redirects more than {REDIRECTS} times")

    async def _reach(self, url: URL) -> Response:
        """By the first of the name's addresses that can be connected to."""
        import httpx

        self.host = url.host
        trouble: Failure | None = None
        for address in await self._ways.admitted(url.host):
            self.sent = self._securing = False
            try:
                request = pinned(
                    url,
                    address,
                    {**_credentials(url), **self._headers},
                    method=self._method,
                    body=self._body,
                    trace=self._trace,
                )
                return await self._ways.wire.send(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                trouble = self._failure(error)
            except (httpx.LocalProtocolError, httpx.InvalidURL, UnicodeError) as error:
                raise Failure("options", f"this cannot be sent: {error}") from None
            except (httpx.HTTPError, httpx.StreamError) as error:
                raise self._failure(error) from None
        raise trouble or Failure("dns", f"{url.host}: there is no such name")

    def _failure(self, error: Exception) -> Failure:
        text = f"{self.host}: {str(error) or 'it cannot be connected to'}"
        return Failure("tls" if self._securing else "connect", text, uncertain=self.sent)

    async def _trace(self, event: str, _: object) -> None:
        """As httpcore tells what it does."""
        if event == "connection.start_tls.started":
            self._securing = True
        elif event == "connection.start_tls.complete":
            self._securing = False
        elif event == "http11.send_request_body.complete":
            self.sent = True

    async def _read(self, response: Response) -> None:
        import httpx

        headers = {name.lower(): value for name, value in response.headers.items()}
        self.answer = Answer(response.status_code, headers, b"")
        body = bytearray()
        try:
            async for part in response.aiter_raw():
                body += part[: LARGEST_ANSWER - len(body)]
                self.answer = Answer(response.status_code, headers, bytes(body))
                if len(body) >= LARGEST_ANSWER:
                    return
        except httpx.HTTPError:
            return  # how it went is known


def _target(url: str) -> URL:
    try:
        return parsed(url)
    except BadInput as error:
        raise Failure("options", f"this is no address to send to: {error}") from None


def _redirected(url: URL, response: Response) -> URL | None:
    """Where to ask again, if anywhere. Raises Failure: what was meant for one server is not told to another."""
    location = response.headers.get("location", "")
    if response.status_code not in MOVED or not location:
        return None
    try:
        onward = parsed(urljoin(str(url), location))
    except (BadInput, ValueError):
        raise Failure("redirect", f"{url.host} redirects to what is no address") from None
    if response.status_code in KEEPS_THE_METHOD and _origin(onward) == _origin(url):
        return onward.copy_with(username=url.username or None, password=url.password or None)
    there = onward.copy_with(username=None, password=None, query=None, fragment=None)
    raise Failure("redirect", f"{url.host} redirects to {there}: the options have to name that address")


def _origin(url: URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _credentials(url: URL) -> dict[str, str]:
    """Those that stand in the address itself."""
    if not url.userinfo:
        return {}
    return {"authorization": f"Basic {b64encode(f'{url.username}:{url.password}'.encode()).decode()}"}


async def _connected(address: str, port: int) -> socket.socket:
    """Raises OSError."""
    connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)  # noqa: FBT003  # that is its name
        async with asyncio.timeout(CONNECT):
            await asyncio.get_running_loop().sock_connect(connection, (address, port))
    except BaseException:
        connection.close()
        raise
    return connection
