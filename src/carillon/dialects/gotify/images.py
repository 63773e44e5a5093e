"""The pictures of applications: set, take away, show."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from carillon.core.errors import BadInput, NotFound
from carillon.core.kit import Kit
from carillon.core.models import Subscription
from carillon.dialects._http import multipart_file, read_body
from carillon.dialects.gotify import door
from carillon.dialects.gotify.applications import in_gotifys_words, shown

NAME = re.compile(r"[0-9A-Za-z]{1,64}\.[a-z]{3,4}")

# As gotify/server, which refuses a picture under the name of something else; WebP and BMP are new.
EXTENSION = re.compile(r"\.(?:png|jpe?g|jfif|gif|webp|bmp)", re.IGNORECASE)

# A name is never used for another picture. What is shown here came from outside, though it was drawn anew.
HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
}


async def upload(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    application = (await _own(kit, request, who.user.id)).application
    body = await read_body(request.scope, request.receive, kit.limits.request)
    form = request.headers.get("content-type", "")
    found = multipart_file(form, body, "file") if form.startswith("multipart/form-data") else None
    if found is None:
        raise BadInput("file with key 'file' must be present")
    _, dot, extension = found.filename.rpartition(".")
    if dot and not EXTENSION.fullmatch(dot + extension):
        raise BadInput("invalid file extension")
    changed = await kit.accounts.applications.set_image(who.user.id, application.id, found.content)
    return door.answer(*await shown(kit, [changed]))


async def delete(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    application = (await _own(kit, request, who.user.id)).application
    if application.image is None:
        raise BadInput(f"app with id {application.id} does not have a customized image")
    changed = await kit.accounts.applications.set_image(who.user.id, application.id, None)
    return door.answer(*await shown(kit, [changed]))


async def show(kit: Kit, request: Request) -> Response:
    """To anybody: clients fetch it without credentials, and its name cannot be guessed."""
    name = request.path_params["file"]
    image = await kit.accounts.applications.image(name) if NAME.fullmatch(name) else None
    if image is None:
        raise NotFound("page not found")
    etag = f'"{image.name}"'
    headers = HEADERS | {"etag": etag}
    if {etag, f"W/{etag}", "*"}.intersection(re.split(r"\s*,\s*", request.headers.get("if-none-match", ""))):
        return Response(status_code=304, headers=headers)
    return Response(image.content, headers=headers | {"content-type": image.media_type})


async def _own(kit: Kit, request: Request, user_id: int) -> Subscription:
    number = door.path_id(request)
    with in_gotifys_words(number):
        return await kit.accounts.applications.own(user_id, number)
