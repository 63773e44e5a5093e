"""Who may do what: every operation of the native API, asked by everybody, with ids that are his, shared with him,
somebody else's and nobody's. What is expected follows from what each declares; whatever is refused has changed nothing.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from msgspec import Struct, structs

from carillon.core.access import Actor
from carillon.core.outgoing import LogQuery
from carillon.core.publish import Draft
from carillon.core.services import New
from carillon.dialects import native
from carillon.dialects.native.operation import Front as FrontDoor
from carillon.dialects.native.operation import Operation
from carillon.dialects.native.operations import OPERATIONS
from carillon.dialects.native.render import SCALE
from carillon.front import Front
from carillon.storage.migrate import DATABASE
from tests.builders import LOCAL, SECOND, House, opened
from tests.contracts.watched import Watched
from tests.dialects.native.test_applications import picture

Name = Literal["ada", "bob", "root"]
Way = Literal["nothing", "wrong", "application", "token", "cookie", "password"]
Which = Literal["own", "shared", "foreign", "missing"]
MISSING = 9999


class Role(Struct, frozen=True):
    """Somebody, and how he shows who he is. Ada owns an application that Bob is a member of; Root is the admin."""

    way: Way
    user: Name | Literal[""] = ""
    elevated: bool = False

    def __str__(self) -> str:
        return " ".join(filter(None, [self.user, self.way, "elevated" if self.elevated else ""]))


USERS: tuple[Name, ...] = ("ada", "bob", "root")
STRANGERS = [Role("nothing"), Role("wrong"), Role("application")]
DEVICES: tuple[tuple[Way, bool], ...] = (("token", False), ("token", True), ("cookie", False), ("cookie", True))
WAYS: tuple[tuple[Way, bool], ...] = (*DEVICES, ("password", True))
ROLES = [*STRANGERS, *(Role(way, user, elevated) for user in USERS for way, elevated in WAYS)]

# What members of an application may do with it, besides asking for it; the rest is for its owners.
MEMBERS = {"GET /applications/{id}", "DELETE /applications/{id}", "POST /applications/{id}/messages"}

# Bodies and queries instead of the examples, which name what is not there. {name} is the asking user's, as is his
# password.
ASKED: dict[str, Any] = {
    "POST /session/elevate": {"password": "{name}"},
    "PUT /user/password": {"current": "{name}", "new": "better"},
    "POST /session": {"name": "ada", "password": "ada"},
    "POST /registrations": {"name": "new", "password": "new"},
    "POST /users": {"name": "new", "password": "new"},
    "PATCH /users/{id}": {"password": "new"},
    "POST /applications/order": {"ids": []},
    "PATCH /applications/{id}": {"description": "new"},
    "POST /applications/{id}/shares": {"user": "root"},
    "POST /groups/{id}/members": {"user": "bob"},
    "POST /inbox/mark": {"ids": [1, 2, 3], "pinned": True},
    "POST /inbox/delete": {"ids": [1, 2, 3]},
    "POST /inbox/mark_all": {"up_to": 100},
    "PATCH /inbox/{id}": {"pinned": True},
    "POST /inbox/{id}/pictures": {"url": "https://img.example.org/chart.png"},
    "POST /services": {"kind": "bell", "name": "new", "options": {"secret": "hush"}},
    "POST /services/check": {"kind": "bell", "options": {"secret": "hush"}},
    "POST /services/test": {"kind": "bell", "options": {"secret": "hush"}},
    "POST /services/{id}/confirmations": {"address": "eve@example.org"},
    "POST /deliveries/resend": {"failed": {}},
    "POST /deliveries/cancel": {"ids": []},
}
QUERIES = {
    "DELETE /inbox": "?all=true",
    "DELETE /applications/{id}/shares": "?user=bob",
    "DELETE /groups/{id}/members": "?user=ada",
}

# These answer otherwise than 200 to whom they let in; by password there is no session to end or to elevate.
OTHERWISE = {
    ("DELETE /session", "password"): 400,
    ("POST /session/elevate", "password"): 400,
    ("DELETE /applications/{id}/shares", "own"): 404,  # not with Bob
    ("DELETE /users/{id}", "own"): 409,  # the last admin
}

# What changes nothing, or nothing that is stored, though it is no GET.
NOTHING = {
    "POST /inbox/{id}/pictures",
    "POST /applications/order",
    "POST /pairings",  # codes are in memory
    "DELETE /pairings/{public_id}",
    "POST /services/check",
    "POST /services/test",
    "POST /services/preview",
    "POST /services/{id}/resume",  # it runs
    "POST /deliveries/resend",  # none has failed
    "POST /deliveries/cancel",
}


def key(operation: Operation) -> str:
    return f"{operation.method} {operation.path.removeprefix('/api/1')}"


ASKABLE = [one for one in OPERATIONS if not isinstance(one.served, FrontDoor) and one.access != "anyone"]


class Plan(Struct):
    """What stands in the template of the database: how everybody shows who he is, and the ids of what is his."""

    headers: dict[Role, dict[str, str]] = {}
    ids: dict[tuple[str, str], int | str] = {}

    def cases(self, operation: Operation, role: Role) -> list[tuple[Which, dict[str, int | str]]]:
        """Which ids he can ask for, by the names they have in the path."""
        about = operation.path.split("/")[3]
        user = role.user or "ada"
        foreign = "ada" if user == "root" else "root"
        if "{" not in operation.path:
            return [("own", {})]
        found: list[tuple[Which, dict[str, int | str]]] = []
        whose: dict[Which, str] = {"own": user, "shared": "shared", "foreign": foreign, "missing": ""}
        for which, name in whose.items():
            if which == "shared" and (about != "applications" or user != "bob"):
                continue
            number = self.ids.get((about, name), MISSING)
            token = self.ids.get(("tokens", name), MISSING)
            public_id = self.ids.get(("pairings" if about == "pairings" else "messages", name), "nobodysid000")
            found.append((which, {"id": number, "token": token, "public_id": public_id}))
        return found


def expected(operation: Operation, role: Role, which: Which) -> int:
    name = key(operation)
    if operation.access == "application":
        return 200 if role.way == "application" else 401
    if role in STRANGERS:
        return 401
    if operation.access in ("admin", "admin-look") and role.user != "root":
        return 403
    if operation.access in ("admin", "elevated") and not role.elevated:
        return 403
    if which == "missing":
        return 200 if name in ("GET /groups/{id}/members",) else 404
    of_all = operation.path.split("/")[3] in ("users", "groups")
    if which == "foreign" and not of_all:
        return 404
    if which == "shared" and name not in MEMBERS and not name.startswith("GET /statistics"):
        return 403
    if (name, role.way) in OTHERWISE:
        return OTHERWISE[name, role.way]
    if name == "DELETE /applications/{id}/shares" and role.user == "ada":
        return 204
    return OTHERWISE.get((name, which), 204 if operation.answer is None else 200)


async def populate(house: House) -> Plan:
    """Each has two devices and two sessions, one of them elevated, and one more that is never used."""
    plan = Plan(headers={Role("nothing"): {}, Role("wrong"): {"Authorization": "Bearer Cwrong"}})
    house.clock.advance(-60 * SECOND)
    family = await house.accounts.groups.add("family")
    for name in USERS:
        user = await house.user(name, admin=name == "root")
        bell = New(kind="bell", name="Bell", options={"secret": "hush", "to": ["eve@example.org"]})
        service = (await house.kit.ways_out.services.add(user, bell)).service
        sender, secret = await house.sender(user, f"of {name}")
        plan.headers.setdefault(Role("application"), {"Authorization": f"Bearer {secret}"})
        await house.access.sender(secret, LOCAL)
        ((token, _),) = await house.accounts.tokens.of("application", sender.application.id)
        devices = house.accounts.devices
        for way, elevated in DEVICES:
            role = Role(way, name, elevated)
            if way == "token":
                device, secret = await devices.add(user.id, str(role))
                plan.headers[role] = {"Authorization": f"Bearer {secret}"}
            else:
                device, secret = await devices.open_session(user, str(role))
                plan.headers[role] = {"Cookie": f"carillon-session={secret}"}
            await devices.elevate(user.id, device.id, 3600 if elevated else -1)
            await house.access.device(secret, LOCAL)
        plan.headers[Role("password", name, elevated=True)] = {
            "Authorization": httpx.BasicAuth(name, name)._auth_header
        }
        spare, _ = await devices.add(user.id, "spare")
        session, _ = await devices.open_session(user, "spare")
        if name != "bob":
            await house.accounts.groups.join(family.id, user.id)
        draft = Draft(body=f"to {name}: https://img.example.org/chart.png")
        message = await house.publisher.publish(sender, draft, scale=SCALE)
        ((delivery,), _) = structs.astuple(await house.kit.ways_out.journal.page(user, LogQuery()))
        plan.ids |= {
            ("users", name): user.id,
            ("groups", name): family.id,
            ("applications", name): sender.application.id,
            ("tokens", name): token.id,
            ("devices", name): spare.id,
            ("sessions", name): session.id,
            ("inbox", name): message.id,
            ("messages", name): message.public_id,
            ("services", name): service.id,
            ("deliveries", name): delivery.delivery.id,
        }
    ada, bob, shared = plan.ids["users", "ada"], plan.ids["users", "bob"], plan.ids["applications", "ada"]
    await house.accounts.applications.share(int(ada), int(shared), with_user=int(bob))
    plan.ids |= {("applications", "shared"): shared, ("tokens", "shared"): plan.ids["tokens", "ada"]}
    house.clock.advance(60 * SECOND)
    return plan


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
        self.house = house
        self.plan = plan
        self.changed = database.changed
        self._database = database

    async def pair(self) -> None:
        """Everybody makes a code, of which nothing is stored."""
        for name in USERS:
            user = await self.house.accounts.users.named(name)
            pairing, _ = await self.house.accounts.pairings.make(Actor(user), "new")
            self.plan.ids["pairings", name] = pairing.id

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


def asked(operation: Operation, role: Role) -> dict[str, Any]:
    if operation.takes:
        return {"content": picture(size=(8, 8)), "headers": {"Content-Type": "image/png"}}
    body = ASKED.get(key(operation), operation.example)
    if body is None:
        return {}
    return {"json": {name: role.user if value == "{name}" else value for name, value in body.items()}}


@pytest.mark.parametrize("operation", ASKABLE, ids=key)
async def test_who_may(world: World, operation: Operation) -> None:
    front = Front({"native": native.mount(world.house.kit)})
    transport = httpx.ASGITransport(front, client=("127.0.0.1", 4711))
    wrong: list[str] = []
    async with httpx.AsyncClient(transport=transport, base_url="http://bell") as client:
        for role in ROLES:
            texts: dict[Which, str] = {}
            await world.pair()
            for which, names in world.plan.cases(operation, role):
                options = asked(operation, role)
                headers = world.plan.headers[role] | options.pop("headers", {})
                path = operation.path.format_map(names) + QUERIES.get(key(operation), "")
                answer = await client.request(operation.method, path, headers=headers, **options)
                client.cookies.clear()
                status, right = answer.status_code, expected(operation, role, which)
                if status != right:
                    wrong.append(f"{role} {which}: {status}, not {right}: {answer.text}")
                texts[which] = re.sub(r"\b\d+\b", "N", answer.text)
                if changed := world.changed():
                    world.restore()
                if changed and (status >= 400 or operation.method == "GET"):
                    wrong.append(f"{role} {which}: has changed something")
                if not changed and status < 400 and operation.method != "GET" and key(operation) not in NOTHING:
                    wrong.append(f"{role} {which}: has changed nothing")
            if expected(operation, role, "foreign") >= 400 and texts.get("foreign") != texts.get("missing"):
                wrong.append(f"{role} can tell what is foreign from what is not there: {texts}")
    assert wrong == []


def test_whoever_is_open_to_all_or_serves_by_itself_is_asked_elsewhere() -> None:
    others = {key(one) for one in OPERATIONS} - {key(one) for one in ASKABLE}
    assert others == {
        "POST /session",
        "POST /registrations",
        "POST /confirm",
        "POST /pairings/look",
        "POST /pairings/device",
        "POST /pairings/session",
        "GET /server/about",
        "POST /messages",
        "GET /stream",
        "GET /pictures",
        "GET /server/backup",
    }
