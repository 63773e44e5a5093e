"""Services: the ways out of a user, of a group, and of the server."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from carillon.core.errors import BadInput
from carillon.core.forms import BadOption, Texts
from carillon.core.kit import Kit
from carillon.core.outgoing import Rules, Scope
from carillon.core.services import BadRule, Change, New, View
from carillon.core.trials import Sample, Trial
from carillon.dialects.native import service_shapes as shapes
from carillon.dialects.native.asks import Id, limited
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import FieldError
from carillon.dialects.native.service_shapes import ServiceRules, ShownService, TrialAnswer

Options = Annotated[dict[str, Any], Meta(description="By name, as `GET /api/1/channels` declares them")]
Level = Annotated[int, Meta(ge=0, le=10)]
OF = "Of a service"


class Channel(Struct, kw_only=True):
    """A kind of service. `checks`: it can be checked without a message."""

    kind: str
    title: shapes.Texts
    about: shapes.Texts
    icon: str
    available: bool
    checks: bool
    fields: list[shapes.FormField]


class Channels(Struct):
    channels: list[Channel]


class ShownServices(Struct):
    services: list[ShownService]


class CreateService(Struct, forbid_unknown_fields=True, kw_only=True):
    kind: Annotated[str, limited("name", "One of `GET /api/1/channels`")]
    name: Annotated[str, Meta(min_length=1), limited("name", "What people call it")]
    options: Options
    scope: Annotated[Scope, Meta(description="Of whose messages; group and server are for admins")] = "user"
    group: Annotated[str | None, limited("name", "The name of the group, for that scope")] = None
    enabled: bool = True
    rules: ServiceRules = ServiceRules()


class PatchService(Struct, forbid_unknown_fields=True, kw_only=True):
    """Left out: stays as it is. So does a secret that is left out of the options, or sent as it was shown."""

    name: Annotated[Annotated[str, Meta(min_length=1)] | None, limited("name", "What people call it")] = None
    enabled: bool | None = None
    rules: ServiceRules | None = None
    options: Annotated[dict[str, Any] | None, Meta(description="All of them, but for secrets")] = None


class TryService(Struct, forbid_unknown_fields=True, kw_only=True):
    kind: str
    options: Options
    service: Annotated[Id | None, Meta(description="Whose secrets are taken where none are sent")] = None


class TestService(TryService, forbid_unknown_fields=True, kw_only=True):
    rules: Annotated[ServiceRules | None, Meta(description="Its templates are applied")] = None
    title: Annotated[str, limited("title", "Empty: something suitable")] = ""
    message: Annotated[str, limited("text", "Empty: something suitable")] = ""
    priority: Level = 5
    url: Annotated[str, limited("url", "Opened by a tap")] = ""
    url_title: Annotated[str, limited("title", "Shown for the url")] = ""
    sound: Annotated[str, limited("short", "Name of a sound")] = ""


class PreviewTexts(Struct, forbid_unknown_fields=True, kw_only=True):
    title_template: str = ""
    body_template: str = ""
    message: Annotated[str | None, Meta(description="Public id of a message; null: the newest")] = None


class PreviewedMessage(Struct):
    public_id: str
    title: str


class Preview(Struct):
    title: str
    body: str
    error: Annotated[str | None, Meta(description="What is wrong with a template")]
    message: PreviewedMessage | None


class AskRecipient(Struct, forbid_unknown_fields=True):
    address: Annotated[str, limited("name", "The recipient's")]


class Code(Struct, forbid_unknown_fields=True):
    code: Annotated[str, limited("short", "As it stands in the mail")]


class Confirmed(Struct):
    address: str
    service: str


def texts(pair: Texts) -> shapes.Texts:
    return shapes.Texts(*pair)


async def channels(kit: Kit, _: Call[Nothing, Nothing]) -> Channels:
    return Channels(
        [
            Channel(
                kind=each.kind,
                title=texts(each.title),
                about=texts(each.about),
                icon=each.icon,
                available=each.available,
                checks=each.checks,
                fields=[shapes.form_field(one) for one in each.fields],
            )
            for each in kit.ways_out.services.kinds()
        ]
    )


async def every(kit: Kit, call: Call[Nothing, Nothing]) -> ShownServices:
    return ShownServices([shapes.service(each) for each in await kit.ways_out.services.of(call.actor.user)])


async def add(kit: Kit, call: Call[Nothing, CreateService]) -> ShownService:
    asked, user = call.body, call.actor.user
    new = New(
        kind=asked.kind,
        name=asked.name,
        options=asked.options,
        scope=asked.scope,
        group=asked.group,
        enabled=asked.enabled,
        rules=shapes.rules_of(asked.rules),
    )
    try:
        view = await kit.ways_out.services.add(user, new)
    except BadInput as error:
        raise _told(error) from None
    return await _asked(kit, call, view)


async def show(kit: Kit, call: Call[Nothing, Nothing]) -> ShownService:
    return shapes.service(await kit.ways_out.services.get(call.actor.user, call.id))


async def patch(kit: Kit, call: Call[Nothing, PatchService]) -> ShownService:
    asked = call.body
    if asked == PatchService():
        raise BadInput(f"say what to change: {', '.join(PatchService.__struct_fields__)}")
    rules = None if asked.rules is None else shapes.rules_of(asked.rules)
    change = Change(name=asked.name, enabled=asked.enabled, rules=rules, options=asked.options)
    try:
        view = await kit.ways_out.services.update(call.actor.user, call.id, change)
    except BadInput as error:
        raise _told(error) from None
    return await _asked(kit, call, view)


async def delete(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    await kit.ways_out.services.delete(call.actor.user, call.id)


async def resume(kit: Kit, call: Call[Nothing, Nothing]) -> ShownService:
    return shapes.service(await kit.ways_out.services.resume(call.actor.user, call.id))


async def check(kit: Kit, call: Call[Nothing, TryService]) -> TrialAnswer:
    kit.access.count(call.actor, call.peer)
    try:
        return shapes.trial_answer(await kit.ways_out.trials.check(call.actor.user, _trial(call.body)))
    except BadInput as error:
        raise _told(error) from None


async def test(kit: Kit, call: Call[Nothing, TestService]) -> TrialAnswer:
    kit.access.count(call.actor, call.peer)
    asked = call.body
    sample = Sample(
        title=asked.title,
        body=asked.message,
        level=asked.priority,
        url=asked.url,
        url_title=asked.url_title,
        sound=asked.sound,
        rules=Rules() if asked.rules is None else shapes.rules_of(asked.rules),
    )
    try:
        return shapes.trial_answer(await kit.ways_out.trials.test(call.actor.user, _trial(asked), sample))
    except BadInput as error:
        raise _told(error) from None


async def preview(kit: Kit, call: Call[Nothing, PreviewTexts]) -> Preview:
    asked = call.body
    rules = Rules(title_template=asked.title_template, body_template=asked.body_template)
    found = await kit.ways_out.trials.preview(call.actor.user, rules, asked.message)
    message = PreviewedMessage(found.public_id, found.message_title or "") if found.public_id is not None else None
    return Preview(found.title, found.body, found.error, message)


async def ask(kit: Kit, call: Call[Nothing, AskRecipient]) -> None:
    await kit.ways_out.consent.ask(call.actor.user, call.id, call.body.address)


async def confirm(kit: Kit, call: Call[Nothing, Code]) -> Confirmed:
    agreed = await kit.ways_out.consent.confirm(call.body.code)
    return Confirmed(agreed.address, agreed.service)


async def _asked(
    kit: Kit, call: Call[Nothing, CreateService] | Call[Nothing, PatchService], view: View
) -> ShownService:
    """Recipients who were never asked are asked now; who could not be reached is seen to in the answer."""
    if any(each.asked is None for each in view.recipients):
        await kit.ways_out.consent.ask_new(call.actor.user, view.service.id)
        view = await kit.ways_out.services.get(call.actor.user, view.service.id)
    return shapes.service(view)


def _trial(asked: TryService) -> Trial:
    return Trial(kind=asked.kind, options=asked.options, service_id=asked.service)


def _told(error: BadInput) -> BadInput:
    """With the name of the field of the request that is at fault."""
    if isinstance(error, BadOption):
        return FieldError(error.field if error.field in ("kind", "group") else f"options.{error.field}", error.text)
    if isinstance(error, BadRule):
        return FieldError(f"rules.{error.field}", error.text)
    return error


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/channels",
        summary="List the kinds of services",
        text="With the options of each, from which a form can be drawn.",
        **by(channels, query=Nothing, body=Nothing, answer=Channels),
    ),
    Operation(
        method="GET",
        path="/api/1/services",
        summary="List the services",
        text="One's own and those of one's groups; for admins also all others of groups and of the server.",
        **by(every, query=Nothing, body=Nothing, answer=ShownServices),
    ),
    Operation(
        method="POST",
        path="/api/1/services",
        summary="Add a service",
        text="From now on messages are passed on to it. Recipients who have to agree are asked.",
        example={"kind": "webhook", "name": "Rack", "options": {"url": "https://hook.example.org/in"}},
        refusals=(404, 409, 413, 415),
        **by(add, query=Nothing, body=CreateService, answer=ShownService),
    ),
    Operation(
        method="POST",
        path="/api/1/services/check",
        summary="Check a service",
        text="With values that need not be saved. Nobody gets a message.",
        example={"kind": "webhook", "options": {"url": "https://hook.example.org/in"}},
        refusals=(404, 413, 415),
        **by(check, query=Nothing, body=TryService, answer=TrialAnswer),
    ),
    Operation(
        method="POST",
        path="/api/1/services/test",
        summary="Send a test notification",
        text="With values that need not be saved, at once, and once.",
        example={"kind": "webhook", "options": {"url": "https://hook.example.org/in"}, "title": "Hello"},
        refusals=(404, 413, 415),
        **by(test, query=Nothing, body=TestService, answer=TrialAnswer),
    ),
    Operation(
        method="POST",
        path="/api/1/services/preview",
        summary="Show what templates make of a message",
        example={"title_template": "{{ application }}: {{ title }}"},
        refusals=(404, 413, 415),
        **by(preview, query=Nothing, body=PreviewTexts, answer=Preview),
    ),
    Operation(
        method="GET",
        path="/api/1/services/{id}",
        summary="Show a service",
        of=OF,
        refusals=(404,),
        **by(show, query=Nothing, body=Nothing, answer=ShownService),
    ),
    Operation(
        method="PATCH",
        path="/api/1/services/{id}",
        summary="Change a service",
        text="New options let one that is paused be tried again.",
        of=OF,
        example={"enabled": False},
        refusals=(404, 409, 413, 415),
        **by(patch, query=Nothing, body=PatchService, answer=ShownService),
    ),
    Operation(
        method="DELETE",
        path="/api/1/services/{id}",
        summary="Delete a service",
        text="With the log of its deliveries; what waits is not sent.",
        of=OF,
        refusals=(404,),
        **by(delete, query=Nothing, body=Nothing, answer=None),
    ),
    Operation(
        method="POST",
        path="/api/1/services/{id}/resume",
        summary="Try a paused service now",
        of=OF,
        refusals=(404,),
        **by(resume, query=Nothing, body=Nothing, answer=ShownService),
    ),
    Operation(
        method="POST",
        path="/api/1/services/{id}/confirmations",
        summary="Ask a recipient once more",
        text="Whether he agrees to get messages of the service.",
        of=OF,
        example={"address": "ada@example.org"},
        refusals=(404, 409, 413, 415, 502),
        **by(ask, query=Nothing, body=AskRecipient, answer=None),
    ),
    Operation(
        method="POST",
        path="/api/1/confirm",
        summary="Agree to get messages",
        text="By the code that a recipient was sent.",
        access="anyone",
        example={"code": "3kT9…"},
        refusals=(404, 413, 415),
        **by(confirm, query=Nothing, body=Code, answer=Confirmed),
    ),
)
