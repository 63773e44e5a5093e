from __future__ import annotations

import asyncio
from io import BytesIO

import pytest
from msgspec import Raw
from msgspec.structs import replace
from PIL import Image

from carillon.core.errors import BadInput, NotFound, TooMany, Unreachable
from carillon.core.limits import Limits
from carillon.core.ports import Fetched
from carillon.core.remote import AT_ONCE, EDGE, LARGEST, OF_A_USER, PERIOD, RemotePictures, SignedUrl
from tests.builders import SECOND, Clock, Elsewhere, message

URL = "https://img.example.org/a/chart.png?x=1&y=2"
MESSAGE = message(body=f"see ![the chart]({URL})")


def png(size: tuple[int, int] = (3, 2)) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, (1, 2, 3)).save(buffer, "PNG")
    return buffer.getvalue()


class Gallery:
    """Pictures of one server, and who asks for them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.web = Elsewhere()
        self.web.there[URL] = Fetched("image/png", png())
        self.pictures = self.of(b"key")

    def of(self, key: bytes) -> RemotePictures:
        return RemotePictures(web=self.web, clock=self.clock, limits=Limits(), key=key)


@pytest.fixture
def gallery() -> Gallery:
    return Gallery()


async def test_a_signed_picture_is_drawn_anew(gallery: Gallery) -> None:
    signed = gallery.pictures.sign(1, MESSAGE, URL)
    assert (signed.url, signed.host) == (URL, "img.example.org")
    picture = await gallery.pictures.fetch(1, signed)
    assert picture.media_type == "image/png"
    with Image.open(BytesIO(picture.content)) as drawn:
        assert (drawn.size, drawn.convert("RGB").getpixel((0, 0))) == ((3, 2), (1, 2, 3))
    assert gallery.web.asked == [URL]


async def test_a_large_one_is_scaled_down(gallery: Gallery) -> None:
    gallery.web.there[URL] = Fetched("", png((EDGE + 100, 20)))
    picture = await gallery.pictures.fetch(1, gallery.pictures.sign(1, MESSAGE, URL))
    with Image.open(BytesIO(picture.content)) as drawn:
        assert drawn.size == (EDGE, 19)


async def test_an_address_is_for_one_user_one_picture_one_server_and_some_hours(gallery: Gallery) -> None:
    signed = gallery.pictures.sign(1, MESSAGE, URL)
    gallery.web.there["https://b.example/"] = gallery.web.there[URL]
    forged = [
        (2, signed),
        (1, replace(signed, url="https://b.example/")),
        (1, replace(signed, until=signed.until + 1)),
        (1, replace(signed, signature="")),
        (1, replace(signed, signature="ü\ud800")),
        (1, SignedUrl("\ud800", signed.until, signed.signature)),
    ]
    for user_id, one in forged:
        with pytest.raises(NotFound):
            await gallery.pictures.fetch(user_id, one)
    with pytest.raises(NotFound):
        await gallery.of(b"other").fetch(1, signed)
    assert gallery.web.asked == []
    gallery.clock.advance(PERIOD * SECOND)
    await gallery.pictures.fetch(1, signed)
    gallery.clock.advance(PERIOD * SECOND)
    with pytest.raises(NotFound, match="over"):
        await gallery.pictures.fetch(1, signed)


def test_an_address_stays_the_same_for_a_while(gallery: Gallery) -> None:
    gallery.clock.microseconds = 5 * PERIOD * SECOND
    first = gallery.pictures.sign(1, MESSAGE, URL)
    gallery.clock.advance(PERIOD * SECOND - 1)
    assert gallery.pictures.sign(1, MESSAGE, URL) == first
    gallery.clock.advance(1)
    assert gallery.pictures.sign(1, MESSAGE, URL) != first


@pytest.mark.parametrize(
    "found",
    [
        message(body="", icon=URL),
        message(body="", url=URL),
        message(body="", extras=Raw(b'{"client::notification":{"bigImageUrl":"https://img.example.org/a/chart.png?x=1\\u0026y=2"}}')),
        message(body="", extras=Raw(b'{"a":[1,null,{"b":["https://img.example.org/a/chart.png?x=1&y=2"]}]}')),
        message(body="![](https://img.example.org/a/chart.png?x=1&amp;y=2)"),
        message(body=r"![](https://img.example.org/a/chart\.png?x=1&y=2)"),
        message(body="![](https://img.example.org/a/ch%61rt.png?x=1&y=2)"),
    ],
)  # fmt: skip
def test_it_may_stand_anywhere_in_the_message(gallery: Gallery, found: object) -> None:
    assert gallery.pictures.sign(1, found, URL).url == URL  # type: ignore[arg-type]  # parameters have no type


@pytest.mark.parametrize("depth", [500, 900, 20_000])
def test_extras_may_be_nested_without_end(gallery: Gallery, depth: int) -> None:
    nested = Raw(b'{"a":' + depth * b"[" + f'"{URL}"'.encode() + depth * b"]" + b"}")
    for body in ("", URL):
        try:
            assert gallery.pictures.sign(1, message(body=body, extras=nested), URL).url == URL
        except BadInput:
            assert (body, depth) == ("", 20_000)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://img.example.org/other.png", "does not stand"),
        ("javascript:alert(1)", "begins with http"),
        ("file:///etc/passwd", "begins with http"),
        ("//img.example.org/a", "begins with http"),
        ("https://", "begins with http"),
        ("https://[", "begins with http"),
        ("https://a:99999/", "begins with http"),
        ("https://a\0b/", "zero byte"),
        ("https://" + "a" * 3000, "longer than"),
        ("", "begins with http"),
    ],
)
def test_what_is_no_picture_of_the_message_is_refused(gallery: Gallery, url: str, said: str) -> None:
    found = MESSAGE if "other" in url else message(body=url)
    with pytest.raises(BadInput, match=said):
        gallery.pictures.sign(1, found, url)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Fetched("text/html", png()), "it is no picture but text/html"),
        (Fetched("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "it cannot be shown"),
        (Fetched("image/png", b"<html>"), "it cannot be shown"),
        (Fetched("", png()[:-30]), "it cannot be shown"),
        (Fetched("image/png", b""), "it cannot be shown"),
    ],
)
async def test_only_pictures_are_shown(gallery: Gallery, found: Fetched, said: str) -> None:
    gallery.web.there[URL] = found
    with pytest.raises(Unreachable, match=said):
        await gallery.pictures.fetch(1, gallery.pictures.sign(1, MESSAGE, URL))


async def test_what_the_other_server_says_is_passed_on(gallery: Gallery) -> None:
    gallery.web.there.clear()
    with pytest.raises(Unreachable, match="it answered 404 Not Found"):
        await gallery.pictures.fetch(1, gallery.pictures.sign(1, MESSAGE, URL))


class Slow:
    """A server that answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.let = asyncio.Event()

    async def fetch(self, url: str, *, accept: str, largest: int, seconds: float) -> Fetched:
        assert (largest, seconds) == (LARGEST, 10.0)
        self.asked += 1
        await self.let.wait()
        return Fetched("image/png", png())


async def test_one_user_holds_up_no_other_and_all_are_bounded() -> None:
    web = Slow()
    pictures = RemotePictures(web=web, clock=Clock(), limits=Limits(), key=b"key")

    def ask(user_id: int) -> asyncio.Task[object]:
        return asyncio.create_task(pictures.fetch(user_id, pictures.sign(user_id, MESSAGE, URL)))

    mine = [ask(1) for _ in range(OF_A_USER)]
    others = [ask(2 + number // OF_A_USER) for number in range(AT_ONCE - OF_A_USER)]
    await asyncio.sleep(0)
    for user_id in (1, 9):
        with pytest.raises(TooMany):
            await ask(user_id)
    assert web.asked == AT_ONCE
    web.let.set()
    await asyncio.gather(*mine, *others)
    await ask(1)
