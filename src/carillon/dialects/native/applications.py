"""The applications of a user: what they are, how they look, their order, and how much of them he wants to hear."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from carillon.core.errors import BadInput
from carillon.core.kit import Kit
from carillon.core.models import Subscription
from carillon.core.ports import ApplicationChange
from carillon.dialects._http import read_body
from carillon.dialects.native import answers, render
from carillon.dialects.native.answers import ContentType
from carillon.dialects.native.asks import Id, limited
from carillon.dialects.native.door import WrongMedia
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import microseconds

PICTURE = re.compile(rb"\s*image/", re.IGNORECASE)

Name = Annotated[str, Meta(min_length=1)]
Priority = Annotated[int, Meta(ge=0, le=10)]
NAME = limited("name", "What people call it")
DESCRIPTION = limited("description", "What it is for")
KIND = limited("name", "What it is, in a person's words")
URL = limited("url", "Where it is looked after")
PRIORITY = Meta(description="Of a message whose sender does not say")
CONTENT_TYPE = Meta(description="Of a message whose sender does not say")


class CreateApplication(Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[Name, NAME]
    description: Annotated[str, DESCRIPTION] = ""
    type: Annotated[str, KIND] = ""
    url: Annotated[str, URL] = ""
    default_priority: Annotated[Priority | None, PRIORITY] = None
    content_type: Annotated[ContentType | None, CONTENT_TYPE] = None
    token_name: Annotated[str, limited("name", "Where its first token is used")] = ""


class PatchApplication(Struct, forbid_unknown_fields=True, kw_only=True):
    """Left out: stays as it is. The last two are the user's own; the rest is for its owners to change."""

    name: Annotated[Name | None, NAME] = None
    description: Annotated[str | None, DESCRIPTION] = None
    type: Annotated[str | None, KIND] = None
    url: Annotated[str | None, URL] = None
    default_priority: Annotated[Priority | None, PRIORITY] = None
    content_type: Annotated[ContentType | None, CONTENT_TYPE] = None
    muted_until: Annotated[
        Annotated[datetime, Meta(tz=True)] | UnsetType | None,
        Meta(description="Not rung before that time; null: at any time"),
    ] = UNSET
    min_level: Annotated[Priority | None, Meta(description="From which priority on the user is rung")] = None


class OrderApplications(Struct, forbid_unknown_fields=True):
    ids: Annotated[list[Id], limited("applications_per_user", "Ids of applications; what is not there stays, behind")]


async def applications(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Applications:
    user_id = call.actor.user.id
    return await _all(kit, user_id)


async def add(kit: Kit, call: Call[Nothing, CreateApplication]) -> answers.NewApplication:
    asked = call.body
    made, secret = await kit.accounts.applications.add(
        call.actor.user.id,
        asked.name,
        description=asked.description,
        kind=asked.type,
        url=asked.url,
        default_priority=asked.default_priority,
        content_type=asked.content_type,
        token_name=asked.token_name,
    )
    return answers.NewApplication(**asdict(render.application(made)), token=secret)


async def show(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Application:
    return await _one(kit, await kit.accounts.applications.get(call.actor.user.id, call.id))


async def patch(kit: Kit, call: Call[Nothing, PatchApplication]) -> answers.Application:
    asked = asdict(call.body)
    muted_until = asked.pop("muted_until")
    change = ApplicationChange(**asked, muted_until=None if muted_until is UNSET else _until(muted_until))
    if change == ApplicationChange():
        raise BadInput(f"say what to change: {', '.join(PatchApplication.__struct_fields__)}")
    return await _one(kit, await kit.accounts.applications.update(call.actor.user.id, call.id, change))


async def delete(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    await kit.accounts.applications.delete(call.actor.user.id, call.id)


async def set_image(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Application:
    await kit.accounts.applications.own(call.actor.user.id, call.id)
    for name, value in call.scope["headers"]:
        if name == b"content-type" and not PICTURE.match(value):
            raise WrongMedia("send the bytes of a picture, with its Content-Type, such as image/png")
    data = await read_body(call.scope, call.receive, kit.limits.request)
    return await _one(kit, await kit.accounts.applications.set_image(call.actor.user.id, call.id, data))


async def delete_image(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Application:
    return await _one(kit, await kit.accounts.applications.set_image(call.actor.user.id, call.id, None))


async def order(kit: Kit, call: Call[Nothing, OrderApplications]) -> answers.Applications:
    await kit.accounts.applications.order(call.actor.user.id, call.body.ids)
    return await _all(kit, call.actor.user.id)


async def _all(kit: Kit, user_id: int) -> answers.Applications:
    unread = await _unread(kit, user_id)
    found = await kit.accounts.applications.of(user_id)
    return answers.Applications([render.application(one, unread=unread.get(one.application.id, 0)) for one in found])


async def _one(kit: Kit, subscription: Subscription) -> answers.Application:
    unread = await _unread(kit, subscription.user_id)
    return render.application(subscription, unread=unread.get(subscription.application.id, 0))


async def _unread(kit: Kit, user_id: int) -> dict[int, int]:
    """By application, where there is anything."""
    counts = await kit.inbox.counts(user_id)
    return {one.application_id: one.unread for one in counts.applications}


def _until(moment: datetime | None) -> int:
    return 0 if moment is None else max(0, microseconds(moment))


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/applications",
        summary="List the applications",
        text="Those that the user owns, has joined or has ever received from, in his order.",
        **by(applications, query=Nothing, body=Nothing, answer=answers.Applications),
    ),
    Operation(
        method="POST",
        path="/api/1/applications",
        summary="Add an application",
        text="Its first token is in the answer, and shown this once.",
        example={"name": "Backup", "description": "every night", "default_priority": 4},
        refusals=(413, 415),
        **by(add, query=Nothing, body=CreateApplication, answer=answers.NewApplication),
    ),
    Operation(
        method="POST",
        path="/api/1/applications/order",
        summary="Put the applications in order",
        text="For the user who asks; others have their own order.",
        example={"ids": [42, 41]},
        refusals=(404, 413, 415),
        **by(order, query=Nothing, body=OrderApplications, answer=answers.Applications),
    ),
    Operation(
        method="GET",
        path="/api/1/applications/{id}",
        summary="Get an application",
        of="Of an application",
        refusals=(404,),
        **by(show, query=Nothing, body=Nothing, answer=answers.Application),
    ),
    Operation(
        method="PATCH",
        path="/api/1/applications/{id}",
        summary="Change an application",
        of="Of an application",
        example={"description": "every hour", "default_priority": 2},
        refusals=(404, 413, 415),
        **by(patch, query=Nothing, body=PatchApplication, answer=answers.Application),
    ),
    Operation(
        method="DELETE",
        path="/api/1/applications/{id}",
        summary="Delete or leave an application",
        access="elevated",
        text="Its owner deletes it, for everybody; what others have of it stays with them. Anybody else leaves it: its "
        "messages are gone from his inbox, and no more come.",
        of="Of an application",
        refusals=(404,),
        **by(delete, query=Nothing, body=Nothing, answer=None),
    ),
    Operation(
        method="PUT",
        path="/api/1/applications/{id}/image",
        summary="Give an application a picture",
        text="PNG, JPEG, GIF, WebP or BMP. It is drawn anew, at most 512 pixels wide and high.",
        of="Of an application",
        takes="image/*",
        refusals=(404, 413, 415),
        **by(set_image, query=Nothing, body=Nothing, answer=answers.Application),
    ),
    Operation(
        method="DELETE",
        path="/api/1/applications/{id}/image",
        summary="Take the picture of an application away",
        of="Of an application",
        refusals=(404,),
        **by(delete_image, query=Nothing, body=Nothing, answer=answers.Application),
    ),
)
