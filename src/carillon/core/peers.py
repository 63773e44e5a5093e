"""Who is at the other end of a connection, behind proxies that are trusted and only those."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from msgspec import Struct

# Any of them tells that somebody passed the request on. Only X-Forwarded-For is asked for whom.
FORWARDING = frozenset(
    {
        b"forwarded",
        b"via",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-server",
        b"x-real-ip",
    }
)

WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+")

NEIGHBOURS = 10_000  # addresses that are kept read, since reading one takes longer than all else about a message


class Peer(Struct, frozen=True):
    """`address` is the client's as far as it can be believed. `local`: this very machine, not forwarded by anyone."""

    address: str
    local: bool


SOCKET = Peer("local", local=True)


class Peers:
    """`trusted` are addresses or networks of reverse proxies. None are by default: a forged header changes nothing.

    Raises ValueError for what is neither.
    """

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._trusted: list[IPv4Network | IPv6Network] = [ip_network(name) for name in trusted]
        self._neighbours: dict[str, Peer] = {}

    def of(self, client: tuple[str, int] | None, headers: Collection[tuple[bytes, bytes]]) -> Peer:
        """`client` and `headers` as ASGI gives them; without a client it is our own socket in the data folder."""
        if client is None:
            return SOCKET
        for name, _ in headers:
            if name in FORWARDING:
                return self._forwarded(client[0], headers)
        return self._neighbours.get(client[0]) or self._neighbour(client[0])

    def _neighbour(self, client: str) -> Peer:
        ip = _ip(client)
        peer = Peer(str(ip or client), local=ip is not None and ip.is_loopback)
        if len(self._neighbours) >= NEIGHBOURS:
            self._neighbours.clear()
        self._neighbours[client] = peer
        return peer

    def _forwarded(self, client: str, headers: Collection[tuple[bytes, bytes]]) -> Peer:
        ip = _ip(client)
        address = self._before_proxies(headers) if self._trusts(ip) else None
        return Peer(address or str(ip or client), local=False)

    def trusts(self, client: tuple[str, int] | None) -> bool:
        """Whether what this neighbour says of the address he was asked under is believed; `client` as ASGI's."""
        return client is not None and self._trusts(_ip(client[0]))

    def _trusts(self, ip: IPv4Address | IPv6Address | None) -> bool:
        return ip is not None and any(ip in network for network in self._trusted)

    def _before_proxies(self, headers: Collection[tuple[bytes, bytes]]) -> str | None:
        """The right-most address of X-Forwarded-For that is not one of our proxies: what is left of it is hearsay."""
        chain = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        for hop in reversed([part.strip() for part in chain.split(",")]):
            ip = _ip(_bare(hop))
            if hop and not self._trusts(ip):
                return str(ip or hop[:64])
        return None


def _bare(hop: str) -> str:
    """Without the port that some proxies write: each connection of a client has another."""
    match = WITH_PORT.fullmatch(hop)
    return match[1] or match[2] if match else hop


def _ip(address: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address. A socket that serves both kinds names the old ones ::ffff:1.2.3.4."""
    try:
        ip = ip_address(address)
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip
