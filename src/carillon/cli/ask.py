"""Asks an installation: through the socket of the server that runs on its data folder, else by opening the store."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar

import httpx
import msgspec
from msgspec import Struct

from carillon.app import composed, running
from carillon.cli.desk import desk_of
from carillon.cli.remote import error_text
from carillon.cli.terminal import CommandError
from carillon.core.decisions import followed
from carillon.core.errors import CarillonError
from carillon.core.limits import Limits
from carillon.ops.desk import DECIDED, Decided, Desk, Nothing, Operation
from carillon.ops.logs import configure
from carillon.ops.system import SystemClock
from carillon.settings import Settings
from carillon.storage import open_store
from carillon.storage.migrate import pending
from carillon.storage.refusals import Refusal

Q = TypeVar("Q", bound=Struct)
A = TypeVar("A", bound=Struct)

# Seconds. A look through a large database takes its time.
PATIENCE = httpx.Timeout(120.0, connect=2.0)

# A socket of this machine needs none, and without it httpx reads the certificates of the whole world each time.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class NoServer(Exception):
    """Nobody listens on the socket of the data folder."""


def ask(settings: Settings, operation: Operation[Q, A], question: Q) -> A:
    """Raises CommandError, an error of the core, or what storage raises when it cannot be opened."""
    with suppress(NoServer):
        return ask_server(settings, operation, question)
    return asyncio.run(_ask_store(settings, operation, question))


def ask_server(settings: Settings, operation: Operation[Q, A], question: Q) -> A:
    """Raises NoServer, and CommandError with what the server has against it."""
    with open_socket(settings) as client:
        try:
            response = client.post(f"/{operation.name}", content=msgspec.json.encode(question))
        except httpx.HTTPError as error:
            raise _silent(settings, error) from None
    return _answer(response, operation)


def looked_up(settings: Settings) -> Decided:
    """What admins have decided, as the running server or the database says. Nothing where there is no database of
    this version; that it cannot be looked at is the only thing that is `ignored` then.
    """
    try:
        with suppress(NoServer):
            return ask_server(settings, DECIDED, Nothing())
        if asyncio.run(pending(settings.database or None, settings.data)):
            return Decided({}, [])
        return asyncio.run(_look(settings))
    except (CarillonError, CommandError, Refusal, sqlite3.Error) as error:
        return Decided({}, [f"the database cannot be looked at: {error}"])


class Line(Protocol):
    """For questions that belong together. `shared`: a server is at the other end, with others to serve."""

    @property
    def shared(self) -> bool: ...

    async def ask(self, operation: Operation[Q, A], question: Q) -> A:
        """Raises what the function `ask` does."""


@asynccontextmanager
async def line(settings: Settings, *, looking: bool = False) -> AsyncIterator[Line]:
    """Stays with the running server, or keeps the store open. `looking`: nothing is done but what is asked."""
    try:
        _probe(settings)
    except NoServer:
        configure("error", "text")
        async with composed(settings) if looking else running(settings, delivering=False) as app:
            yield _OwnLine(desk_of(app))
    else:
        transport = httpx.AsyncHTTPTransport(uds=str(settings.socket), verify=NO_TLS)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://carillon", timeout=PATIENCE, trust_env=False
        ) as client:
            yield _ServerLine(settings, client)


class _OwnLine:
    shared = False

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ask(self, operation: Operation[Q, A], question: Q) -> A:
        return await operation.run(self._desk, question)


class _ServerLine:
    shared = True

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client

    async def ask(self, operation: Operation[Q, A], question: Q) -> A:
        try:
            response = await self._client.post(f"/{operation.name}", content=msgspec.json.encode(question))
        except httpx.HTTPError as error:
            raise _silent(self._settings, error) from None
        return _answer(response, operation)


def _silent(settings: Settings, error: httpx.HTTPError) -> CommandError:
    return CommandError(f"the running server does not answer on {settings.socket} ({type(error).__name__})")


def _answer(response: httpx.Response, operation: Operation[Q, A]) -> A:
    if response.is_error:
        raise CommandError(error_text(response))
    return msgspec.json.decode(response.content, type=operation.answer)


def open_socket(settings: Settings) -> httpx.Client:
    """A client for the running server. Raises NoServer, also when the socket is what a killed one has left."""
    _probe(settings)
    transport = httpx.HTTPTransport(uds=str(settings.socket), verify=NO_TLS)
    return httpx.Client(transport=transport, base_url="http://carillon", timeout=PATIENCE, trust_env=False)


def _probe(settings: Settings) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(settings.socket))
        except OSError:
            raise NoServer from None


async def _look(settings: Settings) -> Decided:
    """Opens no more than the store: nothing is made that is not there."""
    store = await open_store(
        settings.database or None, settings.data, announce=lambda _: None, limits=Limits(), clock=SystemClock()
    )
    try:
        return Decided(*followed(settings.decidable(), await store.settings()))
    finally:
        await store.close()


async def _ask_store(settings: Settings, operation: Operation[Q, A], question: Q) -> A:
    configure("error", "text")
    async with running(settings, delivering=False) as app:
        return await operation.run(desk_of(app), question)
