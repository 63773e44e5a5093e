"""How the text of a setting is read: what it may be, in words and as code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


@dataclass(frozen=True)
class Kind(Generic[T]):
    """How the text of a setting is read. `read` raises ValueError for what is not as `expects` says.

    `bounds` of a number and `choices` say the same to programs.
    """

    expects: str
    read: Callable[[str], T]
    bounds: tuple[int, int] | None = None
    choices: tuple[T, ...] = ()


def _host(text: str) -> str:
    bare = text.removeprefix("[").removesuffix("]")
    if ":" in bare:
        return str(ip_address(bare))
    if not re.fullmatch(r"[\w.-]+", bare):
        raise ValueError(text)
    return bare


def whole(low: int, high: int) -> Kind[int]:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    return Kind(f"a whole number from {low} to {high}", read, (low, high))


def one_of(*words: str) -> Kind[str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(text)
        return text.lower()

    return Kind(f"one of {', '.join(words)}", read, choices=words)


def one_number_of(*numbers: int) -> Kind[int]:
    words = one_of(*map(str, numbers))
    return Kind(words.expects, lambda text: int(words.read(text)), choices=numbers)


def _switch(text: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


def list_of(one: Kind[str]) -> Kind[tuple[str, ...]]:
    return Kind(
        f"{one.expects}, several separated by commas",
        lambda text: tuple(one.read(part.strip()) for part in text.split(",") if part.strip()),
    )


def _network(text: str) -> str:
    return str(ip_network(text)) if "/" in text else str(ip_address(text))


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(text)
    if parts.query or parts.fragment or re.search(r"[\s\\]", text) or parts.port == 0:
        raise ValueError(text)
    return text.rstrip("/")


def _origin(text: str) -> str:
    if urlsplit(_url(text)).path or text.endswith("/"):
        raise ValueError(text)
    return text.lower()


def _database(text: str) -> str:
    if urlsplit(text).scheme not in ("postgresql", "postgres"):
        raise ValueError(text)
    return text


TEXT = Kind("any text", str)
FOLDER = Kind("a folder", Path)
HOST = Kind("an address or a host name, without a port", _host)
PORT = whole(0, 65_535)
URL = Kind("an address such as https://bell.example.org", _url)
NETWORK = Kind("an address or a network such as 10.0.0.0/8", _network)
ORIGIN = Kind("an origin such as https://app.example.org", _origin)
DATABASE = Kind("an address such as postgresql://user:password@host/name", _database)
LEVEL = one_of("debug", "info", "warning", "error")
FORMAT = one_of("auto", "text", "json")
SWITCH = Kind("true or false", _switch)
COUNT = whole(1, 1_000_000)
RATE = whole(0, 1_000_000)
TOKEN_LENGTH = one_number_of(15, 49)
FACE = one_number_of(2, 3)
REACH = one_of("internet", "private", "any")
PRIORITY = whole(0, 10)
CONTENT_TYPE = one_of("auto", "text/plain", "text/markdown")
DAYS = whole(1, 3650)
SIZE = whole(1024, 1024**3)
