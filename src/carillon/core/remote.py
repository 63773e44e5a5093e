"""Pictures that messages name and others have: shown from here, so that nobody there learns who looks at them."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from hashlib import sha256
from html import unescape
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Raw, Struct

from carillon.core.errors import BadInput, NotFound, TooMany, Unreachable
from carillon.core.images import Picture, Pictures
from carillon.core.limits import MIB, Limits, clean
from carillon.core.models import Message
from carillon.core.ports import Clock, Web
from carillon.core.reasons import because

LARGEST = 5 * MIB  # of the file, as it comes
SECONDS = 10.0  # for all of it
EDGE = 2048  # pixels that are shown
AT_ONCE = 16  # that are fetched or wait for being read; each holds up to LARGEST
OF_A_USER = 6  # of these, as many as a browser asks one server for

# An address lives for one to two periods, and is the same for one: so a browser need not ask twice.
PERIOD = 12 * 3600  # seconds

ACCEPT = "image/avif;q=0,image/png,image/jpeg,image/gif,image/webp,image/*;q=0.5"
UNKNOWN = ("", "application/octet-stream", "binary/octet-stream")  # as some cameras say


class SignedUrl(Struct, frozen=True):
    """`until` in seconds since 1970."""

    url: str
    until: int
    signature: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


class RemotePictures:
    """`key` are random bytes; what was signed with another one is not known here."""

    def __init__(self, *, web: Web, clock: Clock, limits: Limits, key: bytes) -> None:
        self._web = web
        self._clock = clock
        self._limits = limits
        self._key = key
        self._pictures = Pictures(EDGE)
        self._fetching: dict[int, int] = {}  # user → how many

    def sign(self, user_id: int, message: Message, url: str) -> SignedUrl:
        """For a user who has the message. Raises BadInput for what is no address or stands nowhere in the message."""
        clean("url", url, self._limits.url)
        if not _is_web(url):
            raise BadInput("url must be an address that begins with http:// or https://")
        if not _stands_in(url, message):
            raise BadInput("url does not stand in this message")
        until = (self._seconds() // PERIOD + 2) * PERIOD
        return SignedUrl(url, until, self._signature(user_id, url, until))

    async def fetch(self, user_id: int, signed: SignedUrl) -> Picture:
        """Raises NotFound for what was not signed for this user or is over, TooMany, Unreachable."""
        right = self._signature(user_id, signed.url, signed.until)
        given = signed.signature.encode(errors="replace")
        if not hmac.compare_digest(right.encode(), given) or signed.until <= self._seconds():
            raise NotFound("this address is over: ask for a new one")
        mine = self._fetching.get(user_id, 0)
        if mine >= OF_A_USER or sum(self._fetching.values()) >= AT_ONCE:
            raise TooMany(because("too_many_pictures"), 1)
        self._fetching[user_id] = mine + 1
        try:
            return await self._fetch(signed.url)
        finally:
            self._fetching[user_id] -= 1
            if not self._fetching[user_id]:
                del self._fetching[user_id]

    async def _fetch(self, url: str) -> Picture:
        try:
            found = await self._web.fetch(url, accept=ACCEPT, largest=LARGEST, seconds=SECONDS)
            if found.media_type not in UNKNOWN and not found.media_type.startswith("image/"):
                raise Unreachable(f"it is no picture but {found.media_type[:100]}")
            return await self._pictures.read(found.body)
        except BadInput as error:
            raise Unreachable(f"it cannot be shown: {error}") from None

    def _seconds(self) -> int:
        return self._clock.now() // 1_000_000

    def _signature(self, user_id: int, url: str, until: int) -> str:
        return hmac.new(self._key, f"{user_id} {until} {url}".encode(errors="surrogatepass"), sha256).hexdigest()


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _stands_in(url: str, message: Message) -> bool:
    """Also if it is written there with other escapes than a Markdown reader gives it."""
    wanted = unquote(url)
    return any(wanted in unquote(reading) for text in _texts(message) for reading in _readings(text))


def _readings(text: str) -> Iterator[str]:
    yield text
    yield unescape(text).replace("\\", "")


def _texts(message: Message) -> Iterator[str]:
    yield message.body
    yield message.icon or ""
    yield message.url or ""
    if message.extras is not None:
        yield from _strings(message.extras)


def _strings(extras: Raw) -> Iterator[str]:
    """All that stand in it, but for what is nested without end."""
    try:
        nodes: list[object] = [msgspec.json.decode(extras)]
    except RecursionError:
        return
    while nodes:
        match nodes.pop():
            case str(text):
                yield text
            case dict(fields):
                nodes += fields.values()
            case list(items):
                nodes += items
