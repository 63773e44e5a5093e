"""The native API over a real store: called in place, or on a port for what needs a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop

from carillon.core.models import User
from carillon.core.ports import Sender
from carillon.dialects import native
from carillon.front import Front
from tests.builders import House, opened


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the server runs on: streams write to its transports."""
    return {"uvloop": uvloop.new_event_loop}


@dataclass(frozen=True)
class Api:
    """Ada, her phone's token, her application Backup and its token."""

    house: House
    front: Front
    client: httpx.AsyncClient
    ada: User
    token: str
    backup: Sender
    application_token: str

    async def call(self, method: str, path: str, *, token: str | None = None, **options: Any) -> httpx.Response:
        """With Ada's phone, unless another token is given; "" sends none."""
        token = self.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> Any:
        response = await self.call("GET", path, **options)
        assert response.status_code == 200, response.text
        return response.json()

    async def send(self, text: str = "done", **fields: Any) -> Any:
        """The message as it is answered."""
        response = await self.call(
            "POST", "/api/1/messages", token=self.application_token, json={"message": text, **fields}
        )
        assert response.status_code == 200, response.text
        return response.json()

    async def refused(self, method: str, path: str, *, status: int, **options: Any) -> Any:
        """The error, checked for its shape."""
        response = await self.call(method, path, **options)
        assert response.status_code == status, response.text
        error = response.json()["error"]
        assert error["status"] == status
        assert error["code"]
        assert error["message"]
        assert "www-authenticate" not in response.headers
        return error


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house


@pytest.fixture
async def api(house: House) -> AsyncIterator[Api]:
    front = Front({"native": native.mount(house.kit)})
    ada = await house.user("ada")
    _, token = await house.accounts.devices.add(ada.id, "phone")
    backup, application_token = await house.sender(ada, "Backup", default_priority=4)
    transport = httpx.ASGITransport(front, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://carillon.test") as client:
        yield Api(house, front, client, ada, token, backup, application_token)
