"""Remote pictures of messages: fetched by the server, so that no sender learns who looks at what, and from where."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from msgspec import Meta, Struct
from starlette.types import Receive, Scope, Send

from carillon.core.errors import BadInput, CarillonError
from carillon.core.kit import Kit
from carillon.core.remote import SignedUrl
from carillon.dialects._http import respond
from carillon.dialects.native import asks, door, parse
from carillon.dialects.native.operation import Call, Front, Nothing, Operation, by

PATH = "/api/1/pictures"
MEDIA = ("image/png", "image/jpeg")

# Drawn anew, so nothing in it can act; if it could, it would be alone. The browser keeps it for as long as its address
# is the same, in the room that it has for that, so the server keeps none: what a user has seen lies with him alone.
HEADERS = (
    (b"cache-control", b"private, max-age=43200, immutable"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"x-content-type-options", b"nosniff"),
)


class PictureOf(Struct, forbid_unknown_fields=True):
    url: Annotated[str, Meta(min_length=1), asks.limited("url", "As it stands in the message")]


class PictureAddress(Struct):
    """For this user alone, for some hours."""

    address: Annotated[str, Meta(description="Relative to the server's root: where the picture is to be had")]
    host: Annotated[str, Meta(description="The server that has it")]


class PictureQuery(Struct, forbid_unknown_fields=True):
    """As `PictureAddress.address` has it."""

    url: Annotated[str, Meta(description="The picture")]
    until: Annotated[int, Meta(ge=0, le=asks.LARGEST, description="When the address ends, in seconds since 1970")]
    signature: Annotated[str, Meta(description="That the server gave the address, and to this user")]


async def address(kit: Kit, call: Call[Nothing, PictureOf]) -> PictureAddress:
    user_id = call.actor.user.id
    item = await kit.inbox.item(user_id, call.id)
    try:
        signed = kit.inbox.pictures.sign(user_id, item.message, call.body.url)
    except BadInput as error:
        raise parse.FieldError("url", error.text) from None
    query = urlencode({"url": signed.url, "until": signed.until, "signature": signed.signature})
    return PictureAddress(f"{PATH.removeprefix('/')}?{query}", signed.host)


class Picture:
    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            who = await door.caller(self._kit, scope)
            asked = parse.parse_query(PictureQuery, scope["query_string"])
            signed = SignedUrl(asked.url, asked.until, asked.signature)
            picture = await self._kit.inbox.pictures.fetch(who.user.id, signed)
        except CarillonError as error:
            await door.refuse(send, error)
        else:
            headers = ((b"content-type", picture.media_type.encode()), *HEADERS)
            await respond(send, 200, picture.content, headers=headers)


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/1/inbox/{id}/pictures",
        summary="Get an address for a remote picture",
        text="The picture must stand in the message: in its text, icon, url or extras. Nothing is fetched yet.",
        example={"url": "https://img.example.org/chart.png"},
        refusals=(404, 413, 415),
        **by(address, query=Nothing, body=PictureOf, answer=PictureAddress),
    ),
    Operation(
        method="GET",
        path=PATH,
        summary="Get a remote picture",
        text="At an address that the server gave to this user. It is fetched within bounds from a public address, and "
        "drawn anew.",
        query=PictureQuery,
        answer=bytes,
        media=MEDIA,
        refusals=(404, 502),
        served=Front(Picture),
    ),
)
