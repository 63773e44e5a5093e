from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.walks.server import Server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """Not started yet."""
    server = Server(tmp_path / "data", tmp_path / "log")
    yield server
    server.end()


async def test_from_start_to_end(own: Server) -> None:
    await own.start()
    socket = own.data / "carillon.sock"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(own.data.stat().st_mode) == 0o700
    assert await own.stop() == 0
    assert not socket.exists()
    events = [json.loads(line) for line in own.said().splitlines()]
    assert any(f"port {own.port}" in event["event"] for event in events)
    assert events[-1]["event"] == "stopped"


async def test_a_killed_server_starts_again(own: Server) -> None:
    await own.start()
    await own.kill()
    assert (own.data / "carillon.sock").is_socket()
    await own.start()
    assert await own.stop() == 0


async def test_only_one_on_a_data_folder(own: Server, tmp_path: Path) -> None:
    await own.start()
    second = Server(own.data, tmp_path / "second")
    second.spawn()
    assert await second.ended() == 1
    assert second.said().startswith("carillon: the data folder")
    assert second.said().count("\n") == 1


async def test_only_one_on_a_port(own: Server, tmp_path: Path) -> None:
    await own.start()
    second = Server(tmp_path / "other", tmp_path / "second", env={"CARILLON_PORT": str(own.port)})
    second.spawn()
    assert await second.ended() == 1
    assert "Address already in use" in second.said()
    assert "Traceback" not in second.said()


async def test_a_misspelt_setting_stops_the_start(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", tmp_path / "log", env={"CARILLON_LOGLEVEL": "debug"})
    server.spawn()
    assert await server.ended() == 1
    assert server.said() == (
        "carillon: environment: there is no setting CARILLON_LOGLEVEL, did you mean CARILLON_LOG_LEVEL?\n"
    )
    assert not server.data.exists()


async def test_any_free_port(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", tmp_path / "log", env={"CARILLON_PORT": "0", "CARILLON_LOG_FORMAT": "text"})
    try:
        server.spawn()
        while ", port " not in server.said():
            assert server.running, server.said()
            await asyncio.sleep(0.02)
        port = server.said().partition(", port ")[2].split()[0]
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"http://127.0.0.1:{port}/health")).status_code == 200
        assert await server.stop() == 0
    finally:
        server.end()


async def test_what_admins_decide_and_see_while_it_serves(own: Server) -> None:
    await own.start()
    transport = httpx.AsyncHTTPTransport(uds=str(own.data / "carillon.sock"))
    async with httpx.AsyncClient(transport=transport, base_url="http://carillon/api/1") as client:
        shown = (await client.get("/server")).json()
        assert [one["kind"] for one in shown["listeners"]] == ["http", "commands"]
        assert shown["listeners"][0]["address"].endswith(f":{own.port}")
        lines = (await client.get("/server/logs", params={"text": "listens on"})).json()["lines"]
        assert [line["component"] for line in lines] == ["carillon"]
        assert f"port {own.port}" in lines[0]["text"]
        copy = own.data / "gotify.db"
        assert not copy.exists()
        decided = await client.patch("/settings", json={"snapshot": True, "log_level": "error"})
        assert decided.status_code == 200, decided.text
        while not copy.exists():
            assert own.running
            await asyncio.sleep(0.02)
        backup = await client.get("/server/backup")
        assert (backup.status_code, backup.content[:13]) == (200, b"manifest.json")
    assert await own.stop() == 0
    assert "stopped" not in own.said()
