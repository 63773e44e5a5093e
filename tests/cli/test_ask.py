from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from carillon.cli.ask import NoServer, ask, ask_server, line, open_socket
from carillon.cli.terminal import CommandError
from carillon.core.errors import NotFound
from carillon.ops.desk import DELETE_USER, LIST_USERS, STATE, Named, Nothing
from carillon.settings import Settings
from carillon.storage import StoreLocked
from tests.cli.program import Program


@contextmanager
def listening(path: Path, answer: bytes) -> Iterator[None]:
    """A program at the socket that gives every connection the same answer and closes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            for _ in range(2):  # the look whether somebody listens, and the question
                connection, _ = listener.accept()
                with connection:
                    if connection.recv(65536):
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


def test_no_server(program: Program) -> None:
    settings = Settings(data=program.data)
    with pytest.raises(NoServer):
        open_socket(settings)
    with pytest.raises(NoServer):
        ask_server(settings, LIST_USERS, Nothing())
    assert [user.name for user in ask(settings, LIST_USERS, Nothing()).users] == ["admin"]


def test_a_socket_that_a_killed_server_left(program: Program) -> None:
    settings = Settings(data=program.data)
    program.data.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(settings.socket))
    assert settings.socket.is_socket()
    assert [user.name for user in ask(settings, LIST_USERS, Nothing()).users] == ["admin"]


def test_a_data_folder_with_too_long_a_name_for_a_socket(tmp_path: Path) -> None:
    with pytest.raises(NoServer):
        open_socket(Settings(data=tmp_path / ("x" * 120)))


def test_a_running_server_is_asked(beside: Program) -> None:
    settings = Settings(data=beside.data)
    assert ask(settings, STATE, Nothing()).engine == ask_server(settings, STATE, Nothing()).engine


def test_the_store_is_not_opened_beside_a_server(beside: Program, tmp_path: Path) -> None:
    hidden = Settings(data=tmp_path / ("too-long-for-a-socket" * 6))
    hidden.data.symlink_to(beside.data)
    with pytest.raises(StoreLocked):
        ask(hidden, STATE, Nothing())


def test_a_server_that_hangs_up(program: Program) -> None:
    settings = Settings(data=program.data)
    with (
        listening(settings.socket, b""),
        pytest.raises(CommandError, match=r"does not answer on .*RemoteProtocolError"),
    ):
        ask(settings, LIST_USERS, Nothing())


def test_a_server_that_has_something_against_it(program: Program) -> None:
    settings = Settings(data=program.data)
    body = b'{"error": {"message": "not this time"}}'
    answer = b"HTTP/1.1 404 Not Found\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    with listening(settings.socket, answer), pytest.raises(CommandError, match="not this time"):
        ask(settings, LIST_USERS, Nothing())


async def test_a_line_to_the_store(program: Program) -> None:
    async with line(Settings(data=program.data)) as asking:
        assert not asking.shared
        for _ in range(2):
            assert [user.name for user in (await asking.ask(LIST_USERS, Nothing())).users] == ["admin"]
        with pytest.raises(NotFound):
            await asking.ask(DELETE_USER, Named("nobody"))
    async with line(Settings(data=program.data)) as asking:  # it has let go of the folder
        assert len((await asking.ask(LIST_USERS, Nothing())).users) == 1


async def test_a_line_that_only_looks_makes_nobody(program: Program) -> None:
    async with line(Settings(data=program.data), looking=True) as asking:
        assert (await asking.ask(LIST_USERS, Nothing())).users == []


async def test_a_line_to_a_server(beside: Program) -> None:
    async with line(Settings(data=beside.data)) as asking:
        assert asking.shared
        for _ in range(2):
            assert "admin" in [user.name for user in (await asking.ask(LIST_USERS, Nothing())).users]
        with pytest.raises(CommandError, match="there is no user 'nobody'"):
            await asking.ask(DELETE_USER, Named("nobody"))


async def test_a_line_to_a_server_that_hangs_up(program: Program) -> None:
    settings = Settings(data=program.data)
    with listening(settings.socket, b""):
        async with line(settings) as asking:
            with pytest.raises(CommandError, match="does not answer"):
                await asking.ask(LIST_USERS, Nothing())
