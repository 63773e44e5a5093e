"""What the server says of itself to anybody."""

from __future__ import annotations

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from carillon.core.kit import Kit
from carillon.dialects.gotify import door

SPOKEN = {2: "2.9.1", 3: "3.0.0"}  # the versions of gotify/server that we answer as, by the face that is set

_DEFAULT_IMAGE = files(__package__).joinpath("defaultapp.png").read_bytes()


async def version(kit: Kit, request: Request) -> Response:
    """Gotify's three fields, and ours."""
    build, spoken = kit.site.build, SPOKEN[kit.site.gotify_face]
    return door.answer({"version": spoken, "commit": build.commit, "buildDate": build.date, "carillon": build.version})


async def gotifyinfo(kit: Kit, request: Request) -> Response:
    spoken = SPOKEN[kit.site.gotify_face]
    return door.answer({"version": spoken, "register": kit.site.registration, "oidc": False})


async def health(kit: Kit, request: Request) -> Response:
    well = await kit.site.healthy()
    body = b'{"health":"green","database":"green"}' if well else b'{"health":"orange","database":"red"}'
    return Response(body, 200 if well else 500, {"content-type": "application/json; charset=utf-8"})


async def default_image(kit: Kit, request: Request) -> Response:
    """Clients fetch it without credentials and keep it."""
    return Response(_DEFAULT_IMAGE, headers={"content-type": "image/png", "cache-control": "public, max-age=86400"})
