from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from carillon.core.errors import BadInput, TooMany
from carillon.core.images import AT_ONCE, FORMATS, NO_IMAGE, PIXELS, WAITING, Picture, Pictures, read_picture

RED, BLUE = (200, 0, 0), (0, 0, 200)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def written(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def plain(size: tuple[int, int] = (8, 8), colour: tuple[int, ...] = RED) -> Image.Image:
    return Image.new("RGB" if len(colour) == 3 else "RGBA", size, colour)


def drawn(picture: Picture) -> Image.Image:
    with Image.open(BytesIO(picture.content)) as image:
        assert image.get_format_mimetype() == picture.media_type
        image.load()
        return image


def near(colour: Any, other: tuple[int, ...]) -> bool:
    return all(abs(one - two) <= 12 for one, two in zip(colour, other, strict=True))


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_is_read(kind: str) -> None:
    picture = read_picture(written(plain(), kind))
    assert (picture.media_type, picture.extension) == ("image/png", "png")
    assert drawn(picture).size == (8, 8)
    assert near(drawn(picture).convert("RGB").getpixel((4, 4)), RED)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_each_kind_of_pixel_is_read(mode: str) -> None:
    assert drawn(read_picture(written(Image.new(mode, (8, 8))))).mode in ("RGB", "RGBA")
    assert drawn(read_picture(written(Image.new("CMYK", (8, 8)), "JPEG"))).mode == "RGB"


def test_what_is_see_through_stays_so() -> None:
    assert near(drawn(read_picture(written(plain(colour=(1, 2, 3, 40))))).getpixel((4, 4)), (1, 2, 3, 40))
    palette = Image.new("P", (8, 8))
    image = drawn(read_picture(written(palette, "GIF", transparency=0)))
    assert (image.mode, image.getchannel("A").getextrema()) == ("RGBA", (0, 0))


@pytest.mark.parametrize(
    ("size", "fitted"),
    [((512, 512), (512, 512)), ((1024, 512), (512, 256)), ((3, 4000), (1, 512)), ((4096, 4096), (512, 512))],
)
def test_it_is_scaled_down_to_fit_and_never_up(size: tuple[int, int], fitted: tuple[int, int]) -> None:
    assert drawn(read_picture(written(plain(size)))).size == fitted


def test_an_animation_shows_its_first_picture() -> None:
    others = [plain(colour=BLUE)]
    for kind in ("GIF", "PNG", "WEBP"):
        picture = read_picture(written(plain(), kind, save_all=True, append_images=others))
        assert near(drawn(picture).convert("RGB").getpixel((4, 4)), RED)
        assert getattr(drawn(picture), "n_frames", 1) == 1


@pytest.mark.parametrize("size", [(40, 20), (2000, 1000)])
def test_a_photograph_stands_upright(size: tuple[int, int]) -> None:
    lying = plain(size)
    lying.paste(BLUE, (0, 0, size[0] // 2, size[1]))
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was turned: what lies at the left belongs at the top
    image = drawn(read_picture(written(lying, "JPEG", exif=turned)))
    assert image.height == 2 * image.width
    assert near(image.getpixel((image.width // 2, 2)), BLUE)
    assert near(image.getpixel((image.width // 2, image.height - 3)), RED)


def test_nothing_of_the_file_but_its_look_stays() -> None:
    about = Image.Exif()
    about[0x010E] = "where we live"
    photograph = written(plain(), "JPEG", exif=about, comment=b"where we live", icc_profile=b"where we live")
    for data in (photograph, written(plain()) + HTML, written(plain(), "GIF", comment=b"where we live")):
        picture = read_picture(data)
        assert b"where we live" not in picture.content
        assert b"<script>" not in picture.content
        assert set(drawn(picture).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_photograph_stays_a_photograph_where_that_is_much_smaller() -> None:
    noise = Image.merge("RGB", [Image.effect_noise((600, 600), 80)] * 3)
    picture = read_picture(written(noise, "JPEG"))
    assert (picture.media_type, picture.extension) == ("image/jpeg", "jpg")
    assert drawn(picture).size == (512, 512)
    noise.putalpha(9)
    assert read_picture(written(noise)).media_type == "image/png", "a JPEG is not see-through"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        SVG,
        b"<?xml version='1.0'?>" + SVG,
        HTML,
        b"\x89PNG\r\n\x1a\n" + HTML,
        b"\xff\xd8\xff\xe0" + HTML,
        b"GIF89a" + HTML,
        b"BM" + HTML,
        b"RIFF\x00\x00\x00\x00WEBPVP8 " + HTML,
        written(plain(), "TIFF"),
        written(plain(), "ICO"),
        written(plain(), "PPM"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n",
        b"%PDF-1.4\n",
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match=f"^{NO_IMAGE}$"):
        read_picture(data)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_is_cut_off_is_refused(kind: str) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((64, 64), 80)] * 3)
    whole = written(noise, kind)
    for share in (0.1, 0.5, 0.8):
        with pytest.raises(BadInput):
            read_picture(whole[: int(len(whole) * share)])


@pytest.mark.parametrize("size", [(4097, 4096), (9000, 9000), (30000, 30000), (65535, 65535)])
def test_a_picture_that_would_be_huge_is_refused_by_its_head(size: tuple[int, int]) -> None:
    head = written(plain())
    huge = head[:16] + size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big") + head[24:29]
    with pytest.raises(BadInput):
        read_picture(head[:8] + _chunk(b"IHDR", huge[16:29]) + head[33:])


def test_its_refusal_says_how_large_it_may_be() -> None:
    with pytest.raises(BadInput, match=f"^{NO_IMAGE} of at most {PIXELS} pixels$"):
        read_picture(written(Image.new("1", (4096, 4097))))


def test_a_picture_that_would_take_long_is_refused_by_the_number_of_its_scans() -> None:
    """Some bytes each, of which the decoder makes a walk over all pixels."""
    whole = written(Image.new("L", (4096, 4096), 128), "JPEG", progressive=True)
    end = len(whole) - 2
    scan = whole[whole.rindex(b"\xff\xc4") : end]
    assert read_picture(whole[:end] + 8 * scan + whole[end:]).extension == "png"
    began = time.monotonic()
    with pytest.raises(BadInput, match=f"^{NO_IMAGE}$"):
        read_picture(whole[:end] + 200 * scan + whole[end:])
    assert time.monotonic() - began < 0.5


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + crc32(kind + content).to_bytes(4, "big")


MANGLED = [written(plain(), kind) for kind in FORMATS]


@given(st.sampled_from(MANGLED), st.integers(0, 400), st.binary(min_size=1, max_size=12))
def test_a_file_that_was_tampered_with_is_read_or_refused(data: bytes, place: int, put: bytes) -> None:
    try:
        picture = read_picture(data[:place] + put + data[place + len(put) :])
    except BadInput:
        return
    assert max(drawn(picture).size) <= 512


async def test_pictures_are_read_beside_the_loop_and_not_too_many() -> None:
    pictures, data = Pictures(), written(plain())
    found = await asyncio.gather(*(pictures.read(data) for _ in range(40)), return_exceptions=True)
    assert [type(one) for one in found] == [Picture] * (AT_ONCE + WAITING) + [TooMany] * (40 - AT_ONCE - WAITING)
    assert (await pictures.read(data)).extension == "png"
    with pytest.raises(BadInput):
        await pictures.read(HTML)


def test_the_library_is_loaded_when_it_is_needed(tmp_path: Path) -> None:
    """It takes a tenth of the server's start."""
    asked = "import sys, carillon.app; sys.exit(any(name.partition('.')[0] == 'PIL' for name in sys.modules))"
    subprocess.run([sys.executable, "-c", asked], check=True, cwd=tmp_path)


def test_another_bound_may_be_given() -> None:
    for kind, media_type in (("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/jpeg")):
        picture = read_picture(written(plain((1200, 800)), kind), edge=1000)
        assert (picture.media_type, drawn(picture).size) == (media_type, (1000, 667))
    see_through = read_picture(written(plain((1200, 800), colour=(1, 2, 3, 40)), "WEBP"), edge=1000)
    assert see_through.media_type == "image/png"
