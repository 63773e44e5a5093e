"""Messages: post, list, delete."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from carillon.core.access import Actor
from carillon.core.errors import BadInput, CarillonError, Forbidden, LockedOut, NotFound, Unauthenticated
from carillon.core.kit import Kit
from carillon.core.ports import Sender
from carillon.dialects._http import JSON, Disconnected, answer, read_body
from carillon.dialects.gotify import door, parse, render


class Post:
    """POST /message as plain ASGI, before any router: what the product is measured by."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """In one coroutine, since each one more costs every message."""
        kit = self._kit
        headers, query = scope["headers"], scope["query_string"]
        generation = kit.access.generation
        try:
            token = door.secret(headers, query)
            caller: Sender | Actor | None = None if token is None else kit.access.known_sender(token)
            if caller is None:
                caller = await self._caller(scope)
            body = await read_body(scope, receive, kit.limits.request)
            if generation != kit.access.generation:
                caller = await self._same(scope, caller)
            content_type, idempotency_key, via = "", None, ""
            for name, value in headers:
                if name == b"content-type":
                    content_type = value.decode("latin-1")
                elif name == b"idempotency-key":
                    idempotency_key = value.decode("latin-1")
                elif name == b"x-carillon-via":
                    via = value.decode("latin-1")
            posted = parse.parse_message(content_type, body, query, limits=kit.limits)
            sender = caller if isinstance(caller, Sender) else await self._named(caller, posted.application_id)
            message = await kit.publisher.publish(
                sender, posted.draft, scale=render.SCALE, idempotency_key=idempotency_key or None, via=via
            )
            headers = (JSON,) if sender is caller else _with_cookie(scope)
            start, end = answer(200, render.message(message), headers)
            await send(start)
            await send(end)
        except CarillonError as error:
            await door.refuse(send, error)
        except Disconnected:
            return

    async def _caller(self, scope: Scope) -> Sender | Actor:
        """An application by its token; or a user, who names his application in the body, by token, else by password."""
        access = self._kit.access
        peer = self._kit.site.peers.of(scope["client"], scope["headers"])
        token, from_cookie = door.credential(self._kit, scope)
        refused: CarillonError = Unauthenticated("no credentials")
        who: Actor | None = None
        if token is not None:
            try:
                caller = await access.either(token, peer)
                if isinstance(caller, Sender):
                    return caller
                who = caller
                if from_cookie:
                    door.renew(self._kit, scope, token, who=who)
            except (Unauthenticated, LockedOut) as error:
                refused = error
        if who is None:
            pair = door.basic(scope["headers"])
            if pair is None:
                raise refused
            who = await access.password(*pair, peer)
        access.admit(who, peer)
        access.count(who, peer)
        return who

    async def _same(self, scope: Scope, caller: Sender | Actor) -> Sender | Actor:
        """Who asked, as he is now: a body may take its time, and his token be dead by then. Raises Unauthenticated."""
        token, _ = door.credential(self._kit, scope)
        peer = self._kit.site.peers.of(scope["client"], scope["headers"])
        if token is not None and isinstance(caller, Sender):
            return await self._kit.access.same_sender(token, peer)
        if token is not None and isinstance(caller, Actor) and caller.device is not None:
            return await self._kit.access.device(token, peer)
        return caller

    async def _named(self, who: Actor, application_id: int | None) -> Sender:
        if not application_id:
            raise BadInput("appid is required when not authenticating with an application token")
        try:
            return await self._kit.accounts.applications.sender(who.user.id, application_id)
        except NotFound:
            raise BadInput("appid not found") from None
        except Forbidden:  # he is a member of it
            raise Forbidden(door.NOT_ALLOWED) from None


def _with_cookie(scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
    renewed = scope.get(door.RENEWED)
    return (JSON, (b"set-cookie", renewed.encode())) if renewed else (JSON,)


async def index(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    return await _page(kit, request, user_id=who.user.id)


async def index_of_application(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    return await _page(kit, request, user_id=who.user.id, application_id=door.path_id(request))


async def delete_all(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    await kit.inbox.clear(who.user.id)
    return door.answer()


async def delete_of_application(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    try:
        await kit.inbox.clear(who.user.id, door.path_id(request))
    except NotFound:
        raise NotFound("application does not exists") from None  # Gotify's own spelling, which clients match
    return door.answer()


async def delete_one(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    await kit.inbox.delete_one(who.user.id, door.path_id(request))
    return door.answer()


async def _page(kit: Kit, request: Request, *, user_id: int, application_id: int | None = None) -> Response:
    query = request.scope["query_string"]
    limit, since = parse.paging(query)
    after = parse.after(query)
    if since and after is not None:
        raise BadInput("since and after exclude each other")
    items = await kit.inbox.page(
        user_id, limit=limit + 1, before=since or None, after=after, application_id=application_id
    )
    found = [item.message for item in items]
    path = request.scope["path"]
    if kit.site.gotify_face == 2:
        path = door.seen(kit, request.scope).url(path)
    return door.answer(render.page(found, path=path, limit=limit, forward=after is not None))
