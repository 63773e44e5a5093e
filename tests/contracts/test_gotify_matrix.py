"""Who may do what: every route, asked by everybody, with ids that are his, somebody else's and nobody's.

Expected is what `ROWS` declares; whatever is refused has changed nothing in the database.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from msgspec import Struct
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from carillon.core.models import Image
from carillon.core.ports import Sender
from carillon.core.publish import Draft
from carillon.dialects import gotify
from carillon.dialects.gotify import render
from carillon.dialects.gotify.door import Door
from carillon.front import Front
from carillon.storage.migrate import DATABASE
from tests.builders import LOCAL, SECOND, House, opened
from tests.contracts.watched import Watched
from tests.dialects.gotify.conftest import basic, key
from tests.dialects.gotify.test_images import png
from tests.hub.serving import serving

Access = Literal["none", "B", "C", "BC", "BC+E", "BC+E or itself", "BC+AE", "ABC", "sign-up"]
Name = Literal["ada", "bob", "eve", "root"]
About = Literal["", "application", "appid", "client", "message", "user", "plugin", "picture"]
Which = Literal["", "itself", "own", "shared", "foreign", "missing"]


class Row(Struct, frozen=True):
    """What a route answers.

    `access` has the letters of Gotify's own table: A an application's token, B a password, C a client's token, by
    header or cookie; +E elevated, +AE an admin and elevated. A password counts as elevated. `about` says what its id
    is one of, and the statuses what it answers to whom it lets in: `own` where the id is his, `shared` where it is
    of an application that he is a member of.
    """

    access: Access
    about: About = ""
    own: int = 200
    shared: int = 200
    foreign: int = 404
    missing: int = 404
    body: dict[str, Any] | None = None
    upload: bool = False


NAME = {"name": "new"}

ROWS: dict[tuple[str, str], Row] = {
    ("GET", "/version"): Row("none"),
    ("GET", "/gotifyinfo"): Row("none"),
    ("GET", "/health"): Row("none"),
    ("HEAD", "/health"): Row("none"),
    ("GET", "/swagger"): Row("none"),
    ("GET", "/docs"): Row("none"),
    ("GET", "/static/defaultapp.png"): Row("none"),
    ("GET", "/image/{file}"): Row("none", "picture"),
    ("HEAD", "/image/{file}"): Row("none", "picture"),
    ("POST", "/auth/local/login"): Row("B", body=NAME),
    ("POST", "/auth/logout"): Row("C"),
    ("GET", "/current/user"): Row("BC"),
    ("POST", "/current/user/password"): Row("BC+E", body={"pass": "new"}),
    ("GET", "/application"): Row("BC"),
    ("POST", "/application"): Row("BC", body=NAME),
    ("PUT", "/application/{id}"): Row("BC", "application", shared=403, body=NAME),
    ("PUT", "/application/{id}/security"): Row("BC+E", "application", shared=403, body={"regenerateToken": True}),
    ("DELETE", "/application/{id}"): Row("BC+E", "application"),
    ("POST", "/application/{id}/image"): Row("BC", "application", shared=403, upload=True),
    ("DELETE", "/application/{id}/image"): Row("BC", "application", shared=403),
    ("GET", "/application/{id}/message"): Row("BC", "application"),
    ("DELETE", "/application/{id}/message"): Row("BC", "application"),
    ("GET", "/client"): Row("BC"),
    ("POST", "/client"): Row("BC", body=NAME),
    ("PUT", "/client/{id}"): Row("BC", "client", body=NAME),
    ("DELETE", "/client/{id}"): Row("BC+E or itself", "client"),
    ("POST", "/client/{id}/elevate"): Row("BC+E", "client", own=204, body={"durationSeconds": 7200}),
    ("POST", "/message"): Row("ABC", "appid", shared=403, foreign=400, missing=400, body={"message": "new"}),
    ("GET", "/message"): Row("BC"),
    ("DELETE", "/message"): Row("BC"),
    ("DELETE", "/message/{id}"): Row("BC", "message"),
    ("GET", "/plugin"): Row("BC"),
    ("GET", "/plugin/{id}/config"): Row("BC", "plugin"),
    ("POST", "/plugin/{id}/config"): Row("BC", "plugin"),
    ("GET", "/plugin/{id}/display"): Row("BC", "plugin"),
    ("POST", "/plugin/{id}/enable"): Row("BC", "plugin"),
    ("POST", "/plugin/{id}/disable"): Row("BC", "plugin"),
    ("GET", "/stream"): Row("BC", own=400),  # not a handshake
    ("WEBSOCKET", "/stream"): Row("BC", own=101),
    ("GET", "/user"): Row("BC+AE"),
    ("POST", "/user"): Row("sign-up", body={"name": "new", "pass": "new"}),
    ("GET", "/user/{id}"): Row("BC+AE", "user", foreign=200),
    ("POST", "/user/{id}"): Row("BC+AE", "user", foreign=200, body={"name": "new", "admin": True}),
    ("DELETE", "/user/{id}"): Row("BC+AE", "user", own=400, foreign=200),  # the last admin
}

WHICH: dict[About, tuple[Which, ...]] = {
    "": ("",),
    "application": ("own", "shared", "foreign", "missing"),
    "appid": ("own", "shared", "foreign", "missing"),
    "client": ("itself", "own", "foreign", "missing"),
    "message": ("own", "shared", "foreign", "missing"),
    "user": ("own", "foreign", "missing"),
    "plugin": ("missing",),
    "picture": ("own", "missing"),
}

Way = Literal["nothing", "wrong", "application", "token", "cookie", "password"]


class Role(Struct, frozen=True):
    """Somebody, and how he shows who he is. Ada owns an application that Bob is a member of; Root is the admin."""

    way: Way
    user: Name | Literal[""] = ""
    elevated: bool = False

    def __str__(self) -> str:
        return " ".join(filter(None, [self.user, self.way, "elevated" if self.elevated else ""]))


USERS: tuple[Name, ...] = ("ada", "bob", "eve", "root")
CHANGING = ("POST", "PUT", "DELETE")
STRANGERS = [Role("nothing"), Role("wrong"), Role("application")]
TOKENS: tuple[tuple[Way, bool], ...] = (("token", False), ("token", True), ("cookie", False), ("cookie", True))
WAYS: tuple[tuple[Way, bool], ...] = (*TOKENS, ("password", True))
ROLES = [*STRANGERS, *(Role(way, user, elevated) for user in USERS for way, elevated in WAYS)]


def expected(row: Row, role: Role, which: Which) -> int:
    if (refused := refusal(row.access, role, which)) is not None:
        return refused
    if row.access == "ABC" and role.way == "application":
        return 200  # it sends for itself, whatever it names
    return {"": row.own, "itself": row.own}.get(which) or int(getattr(row, which))


def refusal(access: Access, role: Role, which: Which) -> int | None:
    """None for who is let in."""
    if access == "none" or (access == "ABC" and role.way == "application"):
        return None
    if role in STRANGERS or (access == "B" and role.way != "password"):
        return 401
    admin = role.user == "root"
    itself = access == "BC+E or itself" and which == "itself"
    refused = (
        (access == "C" and role.way == "password")
        or (access == "sign-up" and not admin)
        or (access == "BC+AE" and not admin)
        or ("E" in access and not role.elevated and not itself)
    )
    return 403 if refused else None


class Plan(Struct):
    """What stands in the template of the databases: how everybody shows who he is, and the ids of what is his.

    Of `headers` each is tried. `itself` is the id of the client that asks.
    """

    headers: dict[Role, list[dict[str, str]]] = {}
    itself: dict[Role, int] = {}
    ids: dict[tuple[About, str], int | str] = {}

    def cases(self, about: About, role: Role) -> list[tuple[Which, int | str | None]]:
        """Which ids he can ask for."""
        user = role.user or "ada"
        foreign = "root" if user == "eve" else "eve"
        ids: dict[Which, int | str | None] = {
            "itself": self.itself.get(role),
            "own": self.ids.get((about, user)),
            "shared": self.ids.get((about, "ada")) if user == "bob" else None,
            "foreign": self.ids.get((about, foreign)),
            "missing": "missing.png" if about == "picture" else 99,
        }
        return [(which, ids.get(which)) for which in WHICH[about] if not which or ids[which] is not None]


async def populate(house: House) -> Plan:
    plan = Plan(headers={Role("nothing"): [{}]})
    accounts = house.accounts
    house.clock.advance(-60 * SECOND)
    senders = {name: await populate_for(house, plan, name) for name in USERS}
    ada, bob = (int(plan.ids["user", name]) for name in ("ada", "bob"))
    await accounts.applications.share(ada, senders["ada"].application.id, with_user=bob)
    _, expired = await accounts.devices.add(ada, "lost", expires_after=1)
    plan.headers[Role("wrong")] = [key("Cunknown"), key(expired), basic("ada", "wrong"), basic("bill", "ada")]
    house.clock.advance(60 * SECOND)
    for name, sender in senders.items():
        current = await accounts.applications.sender(int(plan.ids["user", name]), sender.application.id)
        message = await house.publisher.publish(current, Draft(body=f"to {name}"), scale=render.SCALE)
        plan.ids["message", name] = message.id
    return plan


async def populate_for(house: House, plan: Plan, name: Name) -> Sender:
    """Each has two clients and two sessions, one of them elevated, and a client that is never used."""
    user = await house.user(name, admin=name == "root")
    sender, secret = await house.sender(user, f"of {name}")
    application_id = sender.application.id
    await house.store.set_image(application_id, Image(f"{name}.png", "image/png", b"a picture"))
    await house.access.sender(secret, LOCAL)
    plan.headers.setdefault(Role("application"), [key(secret)])
    devices = house.accounts.devices
    for way, elevated in TOKENS:
        role = Role(way, name, elevated)
        if way == "token":
            device, secret = await devices.add(user.id, str(role))
            plan.headers[role] = [key(secret)]
        else:
            device, secret = await devices.open_session(user, str(role))
            plan.headers[role] = [{"Cookie": f"gotify-client-token={secret}"}]
        await devices.elevate(user.id, device.id, 3600 if elevated else -1)
        await house.access.device(secret, LOCAL)
        plan.itself[role] = device.id
    spare, _ = await devices.add(user.id, "spare")
    plan.headers[Role("password", name, elevated=True)] = [basic(name, name)]
    plan.ids |= {
        ("user", name): user.id,
        ("application", name): application_id,
        ("appid", name): application_id,
        ("client", name): spare.id,
        ("picture", name): f"{name}.png",
    }
    return sender


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    folder = tmp_path_factory.mktemp("template")

    async def make() -> Plan:
        async with opened(folder) as house:
            return await populate(house)

    return folder, asyncio.run(make())


class World:
    """A copy of the template that is served, and watched from beside."""

    def __init__(self, house: House, plan: Plan, database: Watched) -> None:
        self.plan = plan
        self.front = Front({"gotify": gotify.mount(house.kit)})
        self.house = house
        self.changed = database.changed
        self._database = database

    def restore(self) -> None:
        self._database.restore()
        self.house.access.forget()


@pytest.fixture
async def world(template: tuple[Path, Plan], tmp_path: Path) -> AsyncIterator[World]:
    folder, plan = template
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    async with opened(tmp_path) as house:
        for _ in range(100):
            house.ids.secret(1)  # those of the template do not come again
        with closing(Watched(tmp_path / DATABASE)) as database:
            yield World(house, plan, database)


Answer = tuple[int, str]
Ask = Callable[[str, dict[str, str], int | str | None], Awaitable[Answer]]


@asynccontextmanager
async def asking(world: World, method: str, row: Row) -> AsyncIterator[Ask]:
    """`ask(path, headers, number)`: the number where it belongs in the body."""

    async def handshake(path: str, headers: dict[str, str], _: int | str | None) -> Answer:
        try:
            async with connect(f"{server.url}{path}", additional_headers=headers):
                return 101, ""
        except InvalidStatus as refused:
            return refused.response.status_code, (refused.response.body or b"").decode()

    async def request(path: str, headers: dict[str, str], number: int | str | None) -> Answer:
        body = row.body if row.about != "appid" else {**(row.body or {}), "appid": number}
        files = {"file": ("icon.png", png())} if row.upload else None
        answer = await client.request(method, path, headers=headers, json=body, files=files)
        return answer.status_code, answer.text

    if method == "WEBSOCKET":
        async with serving(world.front) as server:
            yield handshake
    else:
        transport = httpx.ASGITransport(world.front, client=("127.0.0.1", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://bell") as client:
            yield request


@pytest.mark.parametrize(("method", "path"), ROWS, ids=[" ".join(route) for route in ROWS])
async def test_who_may(world: World, method: str, path: str) -> None:
    row = ROWS[method, path]
    wrong: list[str] = []
    async with asking(world, method, row) as ask:
        for role in ROLES:
            answers: dict[Which, str] = {}
            for which, number in world.plan.cases(row.about, role):
                for headers in world.plan.headers[role]:
                    status, text = await ask(re.sub("{.*}", str(number), path), headers, number)
                    answers[which] = re.sub(rf"\b{number}\b", "N", text)
                    asked = f"{role} {which}".strip()
                    if status != (right := expected(row, role, which)):
                        wrong.append(f"{asked}: {status}, not {right}: {text}")
                    changed = world.changed()
                    if changed != (status < 400 and method in CHANGING):
                        wrong.append(f"{asked}: {'has changed something' if changed else 'has changed nothing'}")
                    if changed:
                        world.restore()
            if row.foreign >= 400 and answers.get("foreign", answers.get("missing")) != answers.get("missing"):
                wrong.append(f"{role} can tell what is foreign from what is not there: {answers}")
    assert wrong == []


def test_every_route_has_its_row(world: World) -> None:
    mount = gotify.mount(world.house.kit)
    routes = [route for route in mount.routes if isinstance(route, Door)]
    assert len(routes) == len(mount.routes)
    served = {(method, route.path) for route in routes for method in route.methods or ()}
    assert served | set(mount.front) == set(ROWS)
