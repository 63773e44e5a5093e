"""The tokens of an application, by which it sends: for its owners."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from carillon.core.kit import Kit
from carillon.core.models import Token as StoredToken
from carillon.dialects.native import render
from carillon.dialects.native.answers import Time
from carillon.dialects.native.asks import limited
from carillon.dialects.native.operation import Call, Nothing, Operation, by

NAME = limited("name", "Where it is used")


class CreateToken(Struct, forbid_unknown_fields=True):
    name: Annotated[str, NAME] = ""


class NameToken(Struct, forbid_unknown_fields=True):
    name: Annotated[str, NAME]


class Token(Struct, kw_only=True):
    id: int
    name: Annotated[str, Meta(description="Where it is used, in a person's words")]
    created: Time
    last_used: Time | None
    secret: Annotated[str | UnsetType, Meta(description="Only where the installation lets lists show tokens")] = UNSET


class NewToken(Token, kw_only=True):
    """The secret is shown this once."""

    secret: str


class Tokens(Struct):
    tokens: list[Token]


async def tokens(kit: Kit, call: Call[Nothing, Nothing]) -> Tokens:
    await kit.accounts.applications.own(call.actor.user.id, call.id)
    found = await kit.accounts.tokens.of("application", call.id)
    return Tokens([_token(token, secret) for token, secret in found])


async def add(kit: Kit, call: Call[Nothing, CreateToken]) -> NewToken:
    await kit.accounts.applications.own(call.actor.user.id, call.id)
    return _new(*await kit.accounts.tokens.add("application", call.id, name=call.body.name))


async def rename(kit: Kit, call: Call[Nothing, NameToken]) -> Token:
    await kit.accounts.applications.own(call.actor.user.id, call.id)
    return _token(await kit.accounts.tokens.rename("application", call.id, call.token, name=call.body.name))


async def rotate(kit: Kit, call: Call[Nothing, Nothing]) -> NewToken:
    await kit.accounts.applications.own(call.actor.user.id, call.id)
    return _new(*await kit.accounts.tokens.rotate("application", call.id, call.token))


async def revoke(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    await kit.accounts.applications.own(call.actor.user.id, call.id)
    await kit.accounts.tokens.remove("application", call.id, call.token)


def _token(stored: StoredToken, secret: str | None = None) -> Token:
    return Token(
        id=stored.id,
        name=stored.name,
        created=render.time(stored.created),
        last_used=render.time_or_null(stored.last_used),
        secret=UNSET if secret is None else secret,
    )


def _new(stored: StoredToken, secret: str) -> NewToken:
    return NewToken(**asdict(_token(stored, secret)))


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/applications/{id}/tokens",
        summary="List the tokens of an application",
        of="Of an application",
        refusals=(404,),
        **by(tokens, query=Nothing, body=Nothing, answer=Tokens),
    ),
    Operation(
        method="POST",
        path="/api/1/applications/{id}/tokens",
        summary="Add a token to an application",
        text="It is shown this once.",
        of="Of an application",
        example={"name": "on the NAS"},
        refusals=(404, 413, 415),
        **by(add, query=Nothing, body=CreateToken, answer=NewToken),
    ),
    Operation(
        method="PATCH",
        path="/api/1/applications/{id}/tokens/{token}",
        summary="Rename a token",
        of="Of an application",
        example={"name": "on the old NAS"},
        refusals=(404, 413, 415),
        **by(rename, query=Nothing, body=NameToken, answer=Token),
    ),
    Operation(
        method="POST",
        path="/api/1/applications/{id}/tokens/{token}/rotate",
        summary="Rotate a token",
        text="Another secret in its place, shown this once; the old one is dead at once.",
        access="elevated",
        of="Of an application",
        refusals=(404,),
        **by(rotate, query=Nothing, body=Nothing, answer=NewToken),
    ),
    Operation(
        method="DELETE",
        path="/api/1/applications/{id}/tokens/{token}",
        summary="Revoke a token",
        text="It is dead at once.",
        access="elevated",
        of="Of an application",
        refusals=(404,),
        **by(revoke, query=Nothing, body=Nothing, answer=None),
    ),
)
