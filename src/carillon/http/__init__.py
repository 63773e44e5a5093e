"""The way out: HTTP to servers that messages and people name, within bounds, and not into this network.

Whoever may send a message may name an address, so it must not lead to what only this machine can reach. The address
that was checked is the one that is connected to: a name that resolves to another one a moment later does not help.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from carillon.core.errors import BadInput, Unreachable
from carillon.core.ports import Fetched
from carillon.http.guard import Door, Guard, ServiceGuard, is_public
from carillon.http.wire import ADDRESSES, NO_ADDRESS, Wire, parsed, pinned, resolved

if TYPE_CHECKING:
    from httpx import URL, Response

__all__ = ["REDIRECTS", "Client", "Guard", "ServiceGuard", "is_public"]

REDIRECTS = 4
MOVED = frozenset({301, 302, 303, 307, 308})


class Client:
    """No cookies, no proxies of the environment, no connection that outlives its request; HTTP/1.1 only."""

    def __init__(self, guard: Door, *, agent: str, names: Callable[[str], list[str]] = resolved) -> None:
        self._guard = guard
        self._agent = agent
        self._wire = Wire(names)

    async def fetch(self, url: str, *, accept: str, largest: int, seconds: float) -> Fetched:
        """What GET answers with 200, redirects followed, within so many bytes and seconds: see `ports.Web`."""
        headers = {"accept": accept, "accept-encoding": "identity", "user-agent": self._agent}
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(url, headers, largest=largest)
        except TimeoutError:
            raise Unreachable(f"it took longer than {seconds:g} seconds") from None

    async def close(self) -> None:
        await self._wire.close()

    async def _follow(self, url: str, headers: dict[str, str], *, largest: int) -> Fetched:
        for _ in range(REDIRECTS + 1):
            response = await self._get(parsed(url), headers)
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
                return await self._wire.send(pinned(url, address, headers))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = str(error) or "it cannot be connected to"
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
                failure = str(error) or type(error).__name__
                break
        raise Unreachable(f"{url.host}: {failure}")

    async def _addresses(self, url: URL) -> list[str]:
        """Those of the host that may be connected to. Raises Unreachable when there is none."""
        try:
            addresses = await self._wire.addresses(url.host)
        except (OSError, UnicodeError):
            raise Unreachable(f"{url.host}: there is no such name") from None
        admitted = [each for each in addresses if self._guard.admits(each)]
        if not admitted:
            raise Unreachable(f"{url.host} is not an address of the internet")
        return admitted[:ADDRESSES]


def _joined(url: str, location: str) -> str:
    """Raises BadInput."""
    try:
        return urljoin(url, location)
    except ValueError:
        raise BadInput(NO_ADDRESS) from None


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
