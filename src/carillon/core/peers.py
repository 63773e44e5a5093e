"""Who is at the other end of a connection, behind proxies that are trusted and only those."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


class Peer(Struct, frozen=True):
    """`address` is the client's as far as it can be believed. `local`: this very machine, not forwarded by anyone."""

    address: str
    local: bool


class Peers:
    """`trusted` are addresses or networks of reverse proxies. None are by default: a forged header changes nothing.

    Raises ValueError for what is neither.
    """

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._trusted: list[IPv4Network | IPv6Network] = [ip_network(name) for name in trusted]

    def of(self, client: tuple[str, int] | None, headers: Iterable[tuple[bytes, bytes]]) -> Peer:
        """`client` and `headers` as ASGI gives them; without a client it is our own socket in the data folder."""
        if client is None:
            return Peer("local", local=True)
        ip = _ip(client[0])
        address = str(ip or client[0])
        forwarded = [(name, value) for name, value in headers if name in FORWARDING]
        if not forwarded:
            return Peer(address, local=ip is not None and ip.is_loopback)
        if self._trusts(ip):
            address = self._before_proxies(forwarded) or address
        return Peer(address, local=False)

    def trusts(self, client: tuple[str, int] | None) -> bool:
        """Whether what this neighbour says of the address he was asked under is believed; `client` as ASGI's."""
        return client is not None and self._trusts(_ip(client[0]))

    def _trusts(self, ip: IPv4Address | IPv6Address | None) -> bool:
        return ip is not None and any(ip in network for network in self._trusted)

    def _before_proxies(self, forwarded: list[tuple[bytes, bytes]]) -> str | None:
        """The right-most address of X-Forwarded-For that is not one of our proxies: what is left of it is hearsay."""
        chain = b",".join(value for name, value in forwarded if name == b"x-forwarded-for").decode("latin-1")
        for hop in reversed([part.strip() for part in chain.split(",")]):
            if hop and not self._trusts(_ip(hop)):
                return hop[:64]
        return None


def _ip(address: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address. A socket that serves both kinds names the old ones ::ffff:1.2.3.4."""
    try:
        ip = ip_address(address)
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip
