"""What the commands ask of an installation: operations that run alike behind the socket and in the command itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from carillon.core.access import Access
from carillon.core.accounts import Accounts
from carillon.core.decisions import Decisions
from carillon.core.errors import BadInput, NotFound
from carillon.core.models import TokenKind, User
from carillon.core.moving import Moving
from carillon.core.ports import Ids, Store
from carillon.core.priority import Scale
from carillon.core.publish import Draft, Publisher
from carillon.core.ways_out import WaysOut

Q = TypeVar("Q", bound=Struct)
A = TypeVar("A", bound=Struct)

SCALE = Scale("native")


class Part(Struct, frozen=True):
    """A dialect or channel, the file it comes from, and the first path segments that it owns."""

    kind: Literal["dialect", "channel"]
    name: str
    origin: str
    prefixes: list[str]


class Desk(Struct, frozen=True, kw_only=True):
    """What the operations work with."""

    accounts: Accounts
    publisher: Publisher
    access: Access
    store: Store
    ids: Ids
    moving: Moving
    parts: list[Part]
    decisions: Decisions
    ways_out: WaysOut

    async def user(self, name: str | None) -> User:
        """The user of that name; None: the first admin. Raises NotFound."""
        if name is not None:
            return await self.accounts.users.named(name)
        admins = sorted((user for user in await self.accounts.users.all() if user.admin), key=lambda user: user.id)
        if not admins:
            raise NotFound("there is no admin")
        return admins[0]


@dataclass(frozen=True)
class Operation(Generic[Q, A]):
    """`run` answers a question or raises one of the core's errors."""

    name: str
    question: type[Q]
    answer: type[A]
    run: Callable[[Desk, Q], Awaitable[A]]


class Nothing(Struct, frozen=True):
    """A question without particulars; an answer that says only: done."""


class UserLine(Struct, frozen=True):
    """`created` as everywhere in microseconds; `published_password`: it is still the one the manual names."""

    id: int
    name: str
    admin: bool
    published_password: bool
    created: int


class UserLines(Struct, frozen=True):
    users: list[UserLine]


class NewUser(Struct, frozen=True):
    name: str
    password: str
    admin: bool


class NewPassword(Struct, frozen=True):
    name: str
    password: str


class Named(Struct, frozen=True):
    name: str


class TokenLine(Struct, frozen=True):
    """`subject` is the name of the application or device it acts as, `user` its owner's."""

    id: int
    kind: TokenKind
    subject: str
    user: str
    created: int
    last_used: int | None


class TokenLines(Struct, frozen=True):
    tokens: list[TokenLine]


class NewToken(Struct, frozen=True):
    """`name` of the application or device, which is made unless the user (None: the first admin) has it."""

    kind: TokenKind
    name: str
    user: str | None


class Owner(Struct, frozen=True):
    """None: the first admin."""

    user: str | None


class Secret(Struct, frozen=True):
    """`made`: the application or device is new too."""

    secret: str
    user: str
    made: bool


class Numbered(Struct, frozen=True):
    id: int


class Letter(Struct, frozen=True, kw_only=True):
    """A message from a user's application, which is made unless he has it; `user` None: the first admin."""

    message: str
    application: str
    user: str | None = None
    title: str | None = None
    priority: int | None = None
    url: str | None = None
    url_title: str | None = None
    tags: list[str] = []
    key: str | None = None
    ttl: int | None = None
    idempotency_key: str | None = None


class GroupLine(Struct, frozen=True):
    id: int
    name: str
    members: list[str]


class GroupLines(Struct, frozen=True):
    groups: list[GroupLine]


class Membership(Struct, frozen=True):
    """By names."""

    group: str
    user: str


class ApplicationLine(Struct, frozen=True):
    """`shared_with` are names; a group's begins with @."""

    id: int
    name: str
    shared_with: list[str]
    last_used: int | None


class ApplicationLines(Struct, frozen=True):
    applications: list[ApplicationLine]


class Sharing(Struct, frozen=True):
    """An application of `owner` (None: the first admin), by its name, and either a user or a group."""

    application: str
    owner: str | None
    user: str | None
    group: str | None


class Decided(Struct, frozen=True):
    """The settings that are in force because admins have decided so, and a line for each that is ignored."""

    settings: dict[str, bool | int | str]
    ignored: list[str]


class State(Struct, frozen=True):
    """`problems` of the database; `published_passwords`: the users who still have the one that the manual names."""

    engine: str
    version: str
    schema: int
    problems: list[str]
    published_passwords: list[str]
    parts: list[Part]
    decided: Decided


async def list_users(desk: Desk, _question: Nothing) -> UserLines:
    users = sorted(await desk.accounts.users.all(), key=lambda user: user.id)
    return UserLines([UserLine(user.id, user.name, user.admin, user.initial_password, user.created) for user in users])


async def add_user(desk: Desk, new: NewUser) -> Nothing:
    await desk.accounts.users.add(new.name, new.password, admin=new.admin)
    return Nothing()


async def set_password(desk: Desk, new: NewPassword) -> Nothing:
    await desk.accounts.users.set_password((await desk.user(new.name)).id, new.password)
    return Nothing()


async def delete_user(desk: Desk, gone: Named) -> Nothing:
    await desk.accounts.users.delete((await desk.user(gone.name)).id)
    return Nothing()


async def list_tokens(desk: Desk, _question: Nothing) -> TokenLines:
    lines = [
        TokenLine(
            info.token.id, info.token.kind, info.subject, info.user, info.token.created, last_used=info.token.last_used
        )
        for info in await desk.accounts.tokens.all()
    ]
    return TokenLines(sorted(lines, key=lambda line: line.id))


async def add_token(desk: Desk, new: NewToken) -> Secret:
    user = await desk.user(new.user)
    find = _application if new.kind == "application" else _device
    subject = await find(desk, user, new.name)
    if subject is not None:
        return Secret((await desk.accounts.tokens.add(new.kind, subject))[1], user.name, made=False)
    make = desk.accounts.applications.add if new.kind == "application" else desk.accounts.devices.add
    return Secret((await make(user.id, new.name))[1], user.name, made=True)


async def revoke_token(desk: Desk, token: Numbered) -> Nothing:
    await desk.accounts.tokens.revoke(token.id)
    return Nothing()


async def send(desk: Desk, letter: Letter) -> Numbered:
    user = await desk.user(letter.user)
    application = await _application(desk, user, letter.application)
    if application is None:
        subscription, _ = await desk.accounts.applications.add(user.id, letter.application)
        application = subscription.application.id
    draft = Draft(
        body=letter.message,
        title=letter.title,
        priority=letter.priority,
        url=letter.url,
        url_title=letter.url_title,
        tags=Raw(msgspec.json.encode(letter.tags)) if letter.tags else None,
        key=letter.key,
        ttl=letter.ttl,
    )
    sender = await desk.accounts.applications.sender(user.id, application)
    message = await desk.publisher.publish(sender, draft, scale=SCALE, idempotency_key=letter.idempotency_key)
    return Numbered(message.id)


async def list_groups(desk: Desk, _question: Nothing) -> GroupLines:
    groups = desk.accounts.groups
    return GroupLines(
        [
            GroupLine(group.id, group.name, [user.name for user in await groups.members(group.id)])
            for group in await groups.all()
        ]
    )


async def add_group(desk: Desk, new: Named) -> Nothing:
    await desk.accounts.groups.add(new.name)
    return Nothing()


async def delete_group(desk: Desk, gone: Named) -> Nothing:
    await desk.accounts.groups.delete((await desk.accounts.groups.named(gone.name)).id)
    return Nothing()


async def join_group(desk: Desk, who: Membership) -> Nothing:
    group = await desk.accounts.groups.named(who.group)
    await desk.accounts.groups.join(group.id, (await desk.user(who.user)).id)
    return Nothing()


async def leave_group(desk: Desk, who: Membership) -> Nothing:
    group = await desk.accounts.groups.named(who.group)
    await desk.accounts.groups.leave(group.id, (await desk.user(who.user)).id)
    return Nothing()


async def list_applications(desk: Desk, whose: Owner) -> ApplicationLines:
    user = await desk.user(whose.user)
    lines = []
    for tie in await desk.accounts.applications.of(user.id):
        if tie.role == "owner":
            application = tie.application
            shares = await desk.accounts.applications.shares(user.id, application.id)
            names = [share.name if share.group_id is None else f"@{share.name}" for share in shares]
            names.remove(user.name)
            lines.append(ApplicationLine(application.id, application.name, names, application.last_used))
    return ApplicationLines(lines)


async def share(desk: Desk, sharing: Sharing) -> Nothing:
    owner, application = await _own_application(desk, sharing)
    user_id, group_id = await _with(desk, sharing)
    await desk.accounts.applications.share(owner, application, with_user=user_id, with_group=group_id)
    return Nothing()


async def unshare(desk: Desk, sharing: Sharing) -> Nothing:
    owner, application = await _own_application(desk, sharing)
    user_id, group_id = await _with(desk, sharing)
    await desk.accounts.applications.unshare(owner, application, with_user=user_id, with_group=group_id)
    return Nothing()


async def _own_application(desk: Desk, sharing: Sharing) -> tuple[int, int]:
    """The ids of the owner and the application. Raises NotFound."""
    owner = await desk.user(sharing.owner)
    application = await _application(desk, owner, sharing.application)
    if application is None:
        raise NotFound(f"{owner.name} has no application {sharing.application!r}")
    return owner.id, application


async def _with(desk: Desk, sharing: Sharing) -> tuple[int | None, int | None]:
    """The id of a user, or that of a group. Raises BadInput, NotFound."""
    if sharing.user is not None and sharing.group is None:
        return (await desk.user(sharing.user)).id, None
    if sharing.group is not None and sharing.user is None:
        return None, (await desk.accounts.groups.named(sharing.group)).id
    raise BadInput("name either a user or a group")


async def state(desk: Desk, _question: Nothing) -> State:
    info = await desk.store.info()
    published = [user.name for user in await desk.accounts.users.all() if user.initial_password]
    return State(
        engine=info.engine,
        version=info.version,
        schema=info.schema,
        problems=await desk.store.check(),
        published_passwords=published,
        parts=desk.parts,
        decided=await decided(desk, Nothing()),
    )


async def decided(desk: Desk, _question: Nothing) -> Decided:
    return Decided(desk.decisions.decided(), desk.decisions.ignored)


async def _application(desk: Desk, user: User, name: str) -> int | None:
    for subscription in await desk.accounts.applications.of(user.id):
        if subscription.role == "owner" and subscription.application.name == name:
            return subscription.application.id
    return None


async def _device(desk: Desk, user: User, name: str) -> int | None:
    return next((device.id for device in await desk.accounts.devices.of(user.id) if device.name == name), None)


LIST_USERS = Operation("list_users", Nothing, UserLines, list_users)
ADD_USER = Operation("add_user", NewUser, Nothing, add_user)
SET_PASSWORD = Operation("set_password", NewPassword, Nothing, set_password)
DELETE_USER = Operation("delete_user", Named, Nothing, delete_user)
LIST_TOKENS = Operation("list_tokens", Nothing, TokenLines, list_tokens)
ADD_TOKEN = Operation("add_token", NewToken, Secret, add_token)
REVOKE_TOKEN = Operation("revoke_token", Numbered, Nothing, revoke_token)
SEND = Operation("send", Letter, Numbered, send)
LIST_GROUPS = Operation("list_groups", Nothing, GroupLines, list_groups)
ADD_GROUP = Operation("add_group", Named, Nothing, add_group)
DELETE_GROUP = Operation("delete_group", Named, Nothing, delete_group)
JOIN_GROUP = Operation("join_group", Membership, Nothing, join_group)
LEAVE_GROUP = Operation("leave_group", Membership, Nothing, leave_group)
LIST_APPLICATIONS = Operation("list_applications", Owner, ApplicationLines, list_applications)
SHARE = Operation("share", Sharing, Nothing, share)
UNSHARE = Operation("unshare", Sharing, Nothing, unshare)
STATE = Operation("state", Nothing, State, state)
DECIDED = Operation("decided", Nothing, Decided, decided)

OPERATIONS: dict[str, Operation[Any, Any]] = {
    operation.name: operation
    for operation in (
        LIST_USERS,
        ADD_USER,
        SET_PASSWORD,
        DELETE_USER,
        LIST_TOKENS,
        ADD_TOKEN,
        REVOKE_TOKEN,
        SEND,
        LIST_GROUPS,
        ADD_GROUP,
        DELETE_GROUP,
        JOIN_GROUP,
        LEAVE_GROUP,
        LIST_APPLICATIONS,
        SHARE,
        UNSHARE,
        STATE,
        DECIDED,
    )
}
