"""Names and connections, for all that goes out: each request to an address that was looked up before."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import certifi

from carillon.core.errors import BadInput
from carillon.core.limits import KIB

if TYPE_CHECKING:
    from httpx import URL, AsyncHTTPTransport, Request, Response

LONGEST_URL = 8 * KIB
ADDRESSES = 4  # of a name that are tried
LOOK_UPS = 4  # of names at the same time
CONNECT = 5.0  # seconds for each address

NO_ADDRESS = "it has no address that begins with http:// or https://"

Trace = Callable[[str, Any], Awaitable[None]]


def resolved(host: str) -> list[str]:
    """The addresses of a name, the likeliest first. Raises OSError, UnicodeError; may take long."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def trust() -> ssl.SSLContext:
    """Whom we believe who a server is: whoever the machine does (also by SSL_CERT_FILE and SSL_CERT_DIR), so that an
    authority of one's own is put there, and Mozilla's list."""
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context


class Wire:
    """No cookies, no proxies of the environment, no connection that outlives its request; HTTP/1.1 only."""

    def __init__(self, names: Callable[[str], list[str]] = resolved) -> None:
        self._names = names
        self._threads = ThreadPoolExecutor(LOOK_UPS, "names")  # of our own: a slow name server holds up nothing else
        self._transport: AsyncHTTPTransport | None = None

    async def addresses(self, host: str) -> list[str]:
        """All of a name. Raises OSError, UnicodeError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._names, host)

    async def send(self, request: Request) -> Response:
        """Its body is not read yet. Raises what httpx raises."""
        import httpx

        if self._transport is None:
            # A connection that is kept would be taken for another name at the same address, whose certificate
            # nobody would look at.
            limits = httpx.Limits(max_keepalive_connections=0)
            self._transport = httpx.AsyncHTTPTransport(verify=trust(), http2=False, limits=limits, trust_env=False)
        return await self._transport.handle_async_request(request)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._transport is not None:
            await self._transport.aclose()


def parsed(url: str) -> URL:
    """Raises BadInput."""
    import httpx

    try:
        found = httpx.URL(url) if len(url) <= LONGEST_URL else None
    except (httpx.InvalidURL, UnicodeError, ValueError):
        found = None
    if found is None or found.scheme not in ("http", "https") or not found.host or found.port == 0:
        raise BadInput(NO_ADDRESS)
    return found


def pinned(
    url: URL,
    address: str,
    headers: Mapping[str, str],
    *,
    method: str = "GET",
    body: bytes | None = None,
    trace: Trace | None = None,
) -> Request:
    """To the address itself; the name stands in the head, and is what the certificate must be for.

    Header values go out in UTF-8. `trace` is told what happens, as httpcore does.
    """
    import httpx

    timeout = {"connect": CONNECT, "read": None, "write": None, "pool": None}
    extensions: dict[str, Any] = {"timeout": timeout, "sni_hostname": url.raw_host.decode("ascii")}
    if trace is not None:
        extensions["trace"] = trace
    host = url.netloc.decode("ascii").rpartition("@")[2]
    there = url.copy_with(host=address, username=None, password=None)
    heads = [(name.encode(), value.encode()) for name, value in {**headers, "host": host}.items()]
    return httpx.Request(method, there, headers=heads, content=body, extensions=extensions)
