"""Which addresses may be connected to, so that nobody is led to what only this machine can reach."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Protocol

from carillon.core.channels import Reach

Ip = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
WHERE = "Settings → Limits → Services may reach"

PROTOCOLS = ip_network("192.0.0.0/24")  # for the workings of networks; ipaddress takes some of it for global
GLOBAL = ip_network("2000::/3")  # all of IPv6 that is given out for the internet
TRANSLATED = ip_network("64:ff9b::/96")  # NAT64: the last 32 bits are an IPv4 address
TUNNELLED = ip_network("2002::/16")  # 6to4: the 32 bits behind it are
PRIVATE = [ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")]
LOOPBACK = [ip_network(each) for each in ("127.0.0.0/8", "::1/128")]
# Where clouds tell their machines secrets; others of them are link-local, and refused as such.
METADATA = [ip_network(each) for each in ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")]


class Door(Protocol):
    """Who says which addresses may be connected to."""

    def admits(self, address: str) -> bool: ...


class Guard:
    """Which addresses may be connected to: those of the internet, and those of the networks `inside`."""

    def __init__(self, inside: Sequence[str] = ()) -> None:
        self._inside = [ip_network(each) for each in inside]

    def admits(self, address: str) -> bool:
        ip = _plain(ip_address(address))
        return is_public(ip) or _within(ip, self._inside)


class ServiceGuard:
    """Which addresses services may reach. `reach` may change at any time; what is link-local, a group of machines or
    holds the secrets of a cloud is never reached.
    """

    def __init__(self, reach: Reach = "internet") -> None:
        self.reach = reach

    def admits(self, address: str) -> bool:
        kind = _kind(address)
        return kind == "internet" or (kind == "private" and self.reach != "internet") or kind == self.reach == "any"

    def refusal(self, address: str) -> str:
        """Why it is not admitted, and who can change that."""
        place = {"private": "a private network", "any": "this machine"}.get(_kind(address) or "")
        if place is None:
            return f"{address} is an address that no service may reach"
        return f"{address} is an address of {place}: an administrator can allow it under {WHERE}"


def _kind(address: str) -> Reach | None:
    """The narrowest reach that has it."""
    ip = _plain(ip_address(address))
    if _within(ip, METADATA):
        return None
    if _within(ip, PRIVATE):
        return "private"
    if _within(ip, LOOPBACK):
        return "any"
    return "internet" if is_public(ip) else None


def _within(ip: Ip, networks: Sequence[Network]) -> bool:
    return any(ip in network for network in networks if network.version == ip.version)


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
