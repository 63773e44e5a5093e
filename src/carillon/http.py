"""The way out: HTTP to servers that messages and people name, within bounds, and not into this network.

Whoever may send a message may name an address, so it must not lead to what only this machine can reach. The address
that was checked is the one that is connected to: a name that resolves to another one a moment later does not help.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from carillon.core.errors import BadInput, Unreachable
from carillon.core.limits import KIB
from carillon.core.ports import Fetched

if TYPE_CHECKING:
    from httpx import URL, AsyncHTTPTransport, Request, Response

Ip = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

REDIRECTS = 4
LONGEST_URL = 8 * KIB
ADDRESSES = 4  # of a name that are tried
LOOK_UPS = 4  # of names at the same time
CONNECT = 5.0  # seconds for each of them
MOVED = frozenset({301, 302, 303, 307, 308})

NO_ADDRESS = "it has no address that begins with http:// or https://"

PROTOCOLS = ip_network("192.0.0.0/24")  # for the workings of networks; ipaddress takes some of it for global
GLOBAL = ip_network("2000::/3")  # all of IPv6 that is given out for the internet
TRANSLATED = ip_network("64:ff9b::/96")  # NAT64: the last 32 bits are an IPv4 address
TUNNELLED = ip_network("2002::/16")  # 6to4: the 32 bits behind it are


class Guard:
    """Which addresses may be connected to: those of the internet, and those of the networks `inside`."""

    def __init__(self, inside: Sequence[str] = ()) -> None:
        self._inside = [ip_network(each) for each in inside]

    def admits(self, address: str) -> bool:
        ip = _plain(ip_address(address))
        return is_public(ip) or any(ip in network for network in self._inside if network.version == ip.version)


def is_public(ip: Ip) -> bool:
    if isinstance(ip, IPv6Address):
        return ip in GLOBAL and ip.is_global and not ip.is_multicast
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip in PROTOCOLS)


def _plain(ip: Ip) -> Ip:
    """The IPv4 address that one of IPv6 stands for, if it does."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip in TRANSLATED:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip in TUNNELLED:
        return IPv4Address(int(ip) >> 80 & 0xFFFFFFFF)
    return ip


def resolved(host: str) -> list[str]:
    """The addresses of a name, the likeliest first. Raises OSError, UnicodeError; may take long."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Client:
    """No cookies, no proxies of the environment, no connection that outlives its request; HTTP/1.1 only."""

    def __init__(self, guard: Guard, *, agent: str, names: Callable[[str], list[str]] = resolved) -> None:
        self._guard = guard
        self._agent = agent
        self._names = names
        self._threads = ThreadPoolExecutor(LOOK_UPS, "names")  # of our own: a slow name server holds up nothing else
        self._transport: AsyncHTTPTransport | None = None

    async def fetch(self, url: str, *, accept: str, largest: int, seconds: float) -> Fetched:
        """What GET answers with 200, redirects followed, within so many bytes and seconds: see `ports.Web`."""
        headers = {"accept": accept, "accept-encoding": "identity", "user-agent": self._agent}
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(url, headers, largest=largest)
        except TimeoutError:
            raise Unreachable(f"it took longer than {seconds:g} seconds") from None

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._transport is not None:
            await self._transport.aclose()

    async def _follow(self, url: str, headers: dict[str, str], *, largest: int) -> Fetched:
        for _ in range(REDIRECTS + 1):
            response = await self._get(_parsed(url), headers)
            try:
                if response.status_code not in MOVED:
                    return await _read(response, largest)
                url = _joined(url, response.headers.get("location", ""))
            finally:
                await response.aclose()
        raise Unreachable(f"it is redirected more than {REDIRECTS} times")

    async def _get(self, url: URL, headers: dict[str, str]) -> Response:
        """By the first of the name's addresses that can be connected to."""
        import httpx

        failure = "there is no such name"
        for address in await self._addresses(url):
            try:
                return await self._connected(_request(url, address, headers))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = str(error) or "it cannot be connected to"
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
                failure = str(error) or type(error).__name__
                break
        raise Unreachable(f"{url.host}: {failure}")

    async def _addresses(self, url: URL) -> list[str]:
        """Those of the host that may be connected to. Raises Unreachable when there is none."""
        try:
            addresses = await asyncio.get_running_loop().run_in_executor(self._threads, self._names, url.host)
        except (OSError, UnicodeError):
            raise Unreachable(f"{url.host}: there is no such name") from None
        admitted = [each for each in addresses if self._guard.admits(each)]
        if not admitted:
            raise Unreachable(f"{url.host} is not an address of the internet")
        return admitted[:ADDRESSES]

    async def _connected(self, request: Request) -> Response:
        import httpx

        if self._transport is None:
            # A connection that is kept would be taken for another name at the same address, whose certificate
            # nobody would look at.
            limits = httpx.Limits(max_keepalive_connections=0)
            self._transport = httpx.AsyncHTTPTransport(http2=False, limits=limits, trust_env=False)
        return await self._transport.handle_async_request(request)


def _joined(url: str, location: str) -> str:
    """Raises BadInput."""
    try:
        return urljoin(url, location)
    except ValueError:
        raise BadInput(NO_ADDRESS) from None


def _parsed(url: str) -> URL:
    """Raises BadInput."""
    import httpx

    try:
        parsed = httpx.URL(url) if len(url) <= LONGEST_URL else None
    except (httpx.InvalidURL, UnicodeError, ValueError):
        parsed = None
    if parsed is None or parsed.scheme not in ("http", "https") or not parsed.host or parsed.port == 0:
        raise BadInput(NO_ADDRESS)
    return parsed


def _request(url: URL, address: str, headers: dict[str, str]) -> Request:
    """To the address itself; the name stands in the head, and is what the certificate must be for."""
    import httpx

    timeout = {"connect": CONNECT, "read": None, "write": None, "pool": None}
    extensions = {"timeout": timeout, "sni_hostname": url.raw_host.decode("ascii")}
    host = url.netloc.decode("ascii").rpartition("@")[2]
    pinned = url.copy_with(host=address, username=None, password=None)
    return httpx.Request("GET", pinned, headers={**headers, "host": host}, extensions=extensions)


async def _read(response: Response, largest: int) -> Fetched:
    import httpx

    if response.status_code != 200:
        raise Unreachable(f"it answered {response.status_code} {response.reason_phrase}".rstrip()[:200])
    body = bytearray()
    try:
        async for part in response.aiter_raw():
            body += part
            if len(body) > largest:
                raise Unreachable(f"it is larger than {largest} bytes")
    except httpx.HTTPError as error:
        raise Unreachable(f"it broke off: {str(error) or type(error).__name__}") from None
    kind = response.headers.get("content-type", "")
    return Fetched(kind.partition(";")[0].strip().lower(), bytes(body))
