"""What keeps a second server out leaves the first alone, and is said in one line."""

from __future__ import annotations

from tests.walks.conftest import Serve
from tests.walks.server import Person, Server
from tests.walks.wire import Wire, message


def last_words(server: Server) -> str:
    assert "Traceback" not in server.said()
    return server.said().splitlines()[-1]


async def test_a_second_server_on_the_same_folder(server: Server, admin: Person, serve: Serve) -> None:
    token, _ = await admin.tokens()
    second = serve(data=server.data)
    second.spawn()
    assert await second.ended() == 1
    line = last_words(second)
    assert line.startswith("carillon: ")
    assert str(server.data) in line
    async with Wire.open(server) as wire:
        assert (await wire.ask(message(token, "still here"))).status == 200
    assert (server.data / "carillon.sock").is_socket()


async def test_a_folder_is_free_after_its_server_was_killed(server: Server) -> None:
    await server.kill()
    await server.start()
    assert await server.stop() == 0


async def test_a_port_that_is_taken(server: Server, serve: Serve) -> None:
    second = serve(env={"CARILLON_PORT": str(server.port)})
    second.spawn()
    assert await second.ended() == 1
    line = last_words(second)
    assert line.startswith("carillon: ")
    assert str(server.port) in line
    assert server.running
