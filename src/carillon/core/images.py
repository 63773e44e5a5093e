"""Pictures from outside: read within bounds and drawn anew, so that nothing of a file but its look stays."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING

from msgspec import Struct

from carillon.core.errors import BadInput, TooMany
from carillon.core.reasons import because

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
LOSSY = ("JPEG", "WEBP")
PIXELS = 4096 * 4096  # by the file's head, before anything is decoded: 64 MiB
EDGE = 512  # pixels: more than any client shows of an application
SCANS = 64  # of a JPEG, each of which goes over all its pixels: a camera's has one, one for the web about ten
PHOTOGRAPH = 64 * 1024  # bytes of a PNG from which a JPEG is tried
AT_ONCE, WAITING = 1, 16  # one of PIXELS takes a quarter of a GiB and half a second

JPEG, SCAN = b"\xff\xd8", b"\xff\xda"  # what begins the file, and each scan; coded pixels never hold the latter

NO_IMAGE = because("no_picture")


class Picture(Struct, frozen=True):
    """A picture of ours. `extension` is "png" or "jpg"."""

    media_type: str
    extension: str
    content: bytes


class Pictures:
    """Reads pictures off the loop, AT_ONCE at the same time, for at most `edge` × `edge` pixels."""

    def __init__(self, edge: int = EDGE) -> None:
        self._edge = edge
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._here = 0

    async def read(self, data: bytes) -> Picture:
        """Raises BadInput, and TooMany when WAITING others wait."""
        if self._here >= AT_ONCE + WAITING:
            raise TooMany(because("too_many_pictures"))
        self._here += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(read_picture, data, self._edge)
        finally:
            self._here -= 1


def read_picture(data: bytes, edge: int = EDGE) -> Picture:
    """The picture in a file of any of FORMATS, of an animation the first one, upright and scaled down to `edge`.

    Raises BadInput for what is none, is cut off, or has more than PIXELS.
    """
    from PIL import Image  # slow to load, and few servers need it in an hour

    if data.startswith(JPEG) and data.count(SCAN) > SCANS:
        raise BadInput(NO_IMAGE)
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as found:
            if found.width * found.height <= PIXELS:
                photograph = found.format in LOSSY
                return _written(_upright(found, edge), photograph=photograph)
    # What decoders raise for a bad file is of every kind: OSError, SyntaxError, ValueError, struct.error, a warning.
    except Exception:
        raise BadInput(NO_IMAGE) from None
    raise BadInput(because("picture_too_large", pixels=PIXELS))


def _upright(found: Image, edge: int) -> Image:
    from PIL import ImageOps

    found.draft("RGB", (edge, edge))  # a JPEG can be decoded at a fraction of its size
    mode = "RGBA" if found.has_transparency_data else "RGB"
    drawn: Image = found if found.mode == mode else found.convert(mode)
    drawn.thumbnail((edge, edge))
    ImageOps.exif_transpose(drawn, in_place=True)
    drawn.info.clear()  # colour profile, comment and place are written from here
    return drawn


def _written(drawn: Image, *, photograph: bool) -> Picture:
    """Of a small one it is tried which form is shorter; a large one stays what it was: PNG may take seconds."""
    large = drawn.width * drawn.height > EDGE * EDGE
    if large and photograph and drawn.mode == "RGB":
        return Picture("image/jpeg", "jpg", _jpeg(drawn))
    buffer = BytesIO()
    drawn.save(buffer, "PNG", optimize=not large)
    png = buffer.getvalue()
    if drawn.mode == "RGB" and len(png) > PHOTOGRAPH and not large:
        jpeg = _jpeg(drawn)
        if len(jpeg) < len(png) // 2:
            return Picture("image/jpeg", "jpg", jpeg)
    return Picture("image/png", "png", png)


def _jpeg(drawn: Image) -> bytes:
    buffer = BytesIO()
    drawn.save(buffer, "JPEG", quality=88, optimize=True)
    return buffer.getvalue()
