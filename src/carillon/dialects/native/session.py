"""Signing in and out in a browser, and what this server tells before that."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from msgspec import Meta, Struct

from carillon.core.access import Actor
from carillon.core.errors import BadInput, Forbidden, NotFound, Unauthenticated
from carillon.core.kit import Kit
from carillon.core.reasons import because
from carillon.dialects._cookies import require_same_origin
from carillon.dialects.native import answers, render
from carillon.dialects.native.asks import limited
from carillon.dialects.native.door import session_cookie
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import FieldError

BROWSER = "Web app"
MINUTES, MOST_MINUTES = 15, 24 * 60  # of elevation

NO_DEVICE = "you ask by name and password: there is no session or device"

Name = Annotated[str, Meta(min_length=1), limited("name", "The user's name")]
Password = Annotated[str, Meta(min_length=1), limited("name", "The user's password")]


class SignIn(Struct, forbid_unknown_fields=True):
    name: Name
    password: Password
    device: Annotated[str, Meta(min_length=1), limited("name", "What people call this browser")] = BROWSER


class Elevate(Struct, forbid_unknown_fields=True):
    password: Password
    minutes: Annotated[int, Meta(ge=1, le=MOST_MINUTES, description="For how long")] = MINUTES


class Register(Struct, forbid_unknown_fields=True):
    name: Name
    password: Password


class About(Struct, kw_only=True):
    name: str
    version: str
    registration: Annotated[bool, Meta(description="Anybody may make himself an account")]
    base_url: Annotated[str, Meta(description="The address of this server as it is configured; empty: it is not")]
    first_run: Annotated[bool, Meta(description="A user still has the published password, and is to change it")]


async def sign_in(kit: Kit, call: Call[Nothing, SignIn]) -> answers.User:
    require_same_origin(kit, call.scope)
    asked = call.body
    who = await kit.access.password(asked.name, asked.password, call.peer)
    session, token = await kit.accounts.devices.open_session(who.user, asked.device)
    call.headers.append(session_cookie(kit, call.scope, token, seconds=session.expires_after))
    return render.user(Actor(who.user, session), now=kit.clock.now())


async def sign_out(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    device = call.actor.device
    if device is None:
        raise BadInput(NO_DEVICE)
    with suppress(NotFound):  # signed out twice at once
        await kit.accounts.devices.delete(call.actor.user.id, device.id)
    call.headers.append(session_cookie(kit, call.scope, ""))


async def elevate(kit: Kit, call: Call[Nothing, Elevate]) -> answers.User:
    device, user = call.actor.device, call.actor.user
    if device is None:
        raise BadInput(NO_DEVICE)
    await require_password(kit, call, call.body.password)
    raised = await kit.accounts.devices.elevate(user.id, device.id, call.body.minutes * 60)
    return render.user(Actor(user, raised), now=kit.clock.now())


async def require_password(kit: Kit, call: Call[Any, Any], password: str, *, field: str = "password") -> None:
    """That of the user who asks. Raises FieldError, and TooMany after many wrong ones.

    A wrong one is no 401, which would tell a program that its session has ended.
    """
    try:
        await kit.access.password(call.actor.user.name, password, call.peer)
    except Unauthenticated:
        raise FieldError(field, because("not_your_password", field=field)) from None


async def register(kit: Kit, call: Call[Nothing, Register]) -> answers.User:
    if not kit.site.registration:
        raise Forbidden(because("no_registration"))
    require_same_origin(kit, call.scope)
    user = await kit.accounts.users.register(call.body.name, call.body.password, call.peer)
    return render.user(Actor(user), now=kit.clock.now())


async def about(kit: Kit, _: Call[Nothing, Nothing]) -> About:
    site = kit.site
    return About(
        name="Carillon",
        version=site.build.version,
        registration=site.registration,
        base_url=site.base_url,
        first_run=await kit.accounts.users.first_run(),
    )


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/1/session",
        summary="Sign in",
        text="Gives a browser the cookie of a session, which pages of this server then ask with.",
        access="anyone",
        example={"name": "admin", "password": "secret"},
        refusals=(401, 403, 413, 415),
        **by(sign_in, query=Nothing, body=SignIn, answer=answers.User),
    ),
    Operation(
        method="DELETE",
        path="/api/1/session",
        summary="Sign out",
        text="The session, or the device, that asks has ended.",
        access="sign-in",
        refusals=(403,),
        **by(sign_out, query=Nothing, body=Nothing, answer=None),
    ),
    Operation(
        method="POST",
        path="/api/1/session/elevate",
        summary="Show the password again",
        text="For so many minutes the session, or the device, that asks may do what takes a password.",
        access="sign-in",
        example={"password": "secret"},
        refusals=(403, 413, 415),
        **by(elevate, query=Nothing, body=Elevate, answer=answers.User),
    ),
    Operation(
        method="POST",
        path="/api/1/registrations",
        summary="Register",
        text="Somebody makes himself an account, where the installation allows it.",
        access="anyone",
        example={"name": "eve", "password": "secret"},
        refusals=(403, 409, 413, 415),
        **by(register, query=Nothing, body=Register, answer=answers.User),
    ),
    Operation(
        method="GET",
        path="/api/1/server/about",
        summary="What is this server?",
        text="For anybody, also before he signs in.",
        access="anyone",
        **by(about, query=Nothing, body=Nothing, answer=About),
    ),
)
