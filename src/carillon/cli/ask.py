"""Asks an installation: through the socket of the server that runs on its data folder, else by opening the store."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TypeVar

import httpx
import msgspec
from msgspec import Struct

from carillon.app import running
from carillon.cli.desk import desk_of
from carillon.cli.remote import error_text
from carillon.cli.terminal import CommandError
from carillon.ops.desk import Operation
from carillon.ops.logs import configure
from carillon.settings import Settings

Q = TypeVar("Q", bound=Struct)
A = TypeVar("A", bound=Struct)

# Seconds. A look through a large database takes its time.
PATIENCE = httpx.Timeout(120.0, connect=2.0)


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
            raise CommandError(
                f"the running server does not answer on {settings.socket} ({type(error).__name__})"
            ) from None
    if response.is_error:
        raise CommandError(error_text(response))
    return msgspec.json.decode(response.content, type=operation.answer)


def open_socket(settings: Settings) -> httpx.Client:
    """A client for the running server. Raises NoServer, also when the socket is what a killed one has left."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(settings.socket))
        except OSError:
            raise NoServer from None
    transport = httpx.HTTPTransport(uds=str(settings.socket))
    return httpx.Client(transport=transport, base_url="http://carillon", timeout=PATIENCE, trust_env=False)


async def _ask_store(settings: Settings, operation: Operation[Q, A], question: Q) -> A:
    configure("error", "text")
    async with running(settings) as app:
        return await operation.run(desk_of(app), question)
