from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from carillon.core.limits import Limits
from carillon.core.models import User
from carillon.core.peers import Peers
from carillon.core.rates import Publishing
from carillon.core.tokens import Minting
from carillon.dialects import gotify
from carillon.front import Front
from tests.builders import House, opened

UNAUTHENTICATED = "you need to provide a valid access token or user credentials to access this api"


@dataclass(frozen=True)
class Served:
    """The dialect behind the front, over a real store: `here` asks from this machine, `remote` from another.

    Ada owns the application 1, Backup, whose priority is 4, and has the device 1. Her password is "ada".
    """

    house: House
    front: Front
    here: httpx.AsyncClient
    remote: httpx.AsyncClient
    ada: User
    application: str
    client: str

    async def post(self, path: str = "/message", **options: Any) -> httpx.Response:
        """As the application, unless headers say otherwise."""
        return await self.here.post(path, **{"headers": key(self.application), **options})

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """As the client, unless headers say otherwise."""
        return await self.here.get(path, **{"headers": key(self.client), **options})

    async def put(self, path: str, **options: Any) -> httpx.Response:
        return await self.here.put(path, **{"headers": key(self.client), **options})

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.here.delete(path, **{"headers": key(self.client), **options})

    async def listed(self) -> list[str]:
        return [message["message"] for message in (await self.get("/message")).json()["messages"]]


def key(token: str) -> dict[str, str]:
    return {"X-Gotify-Key": token}


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def problem(response: httpx.Response) -> tuple[int, str]:
    """The status and the description of an error, whose form is checked on the way."""
    body = response.json()
    assert response.headers["content-type"] == "application/json"
    assert list(body) == ["error", "errorCode", "errorDescription"]
    assert body["errorCode"] == response.status_code
    return response.status_code, body["errorDescription"]


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def minting() -> Minting | None:
    return None


@pytest.fixture
def rates() -> Publishing | None:
    return None


@pytest.fixture
async def served(
    tmp_path: Path, limits: Limits, minting: Minting | None, rates: Publishing | None
) -> AsyncIterator[Served]:
    parts = {"peers": Peers(["192.0.2.1"]), "minting": minting, "publishing": rates}
    async with opened(tmp_path, limits=limits, **parts) as house:
        ada = await house.user("ada")
        _, application = await house.sender(ada, "Backup", default_priority=4)
        _, client = await house.accounts.devices.add(ada.id, "phone")
        front = Front({"gotify": gotify.mount(house.kit)})
        near = httpx.ASGITransport(front, client=("127.0.0.1", 4711))
        far = httpx.ASGITransport(front, client=("192.0.2.7", 4711))
        async with (
            httpx.AsyncClient(transport=near, base_url="http://bell") as here,
            httpx.AsyncClient(transport=far, base_url="http://bell") as remote,
        ):
            yield Served(house, front, here, remote, ada, application, client)
