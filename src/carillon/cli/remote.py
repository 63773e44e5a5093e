"""Our own API over HTTP, as the commands use it."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import msgspec
from msgspec import Struct

from carillon import __version__
from carillon.cli.terminal import CommandError
from carillon.settings import Settings

# Seconds. A stream shows a sign of life every 30.
PATIENCE = httpx.Timeout(75.0, connect=10.0)


class Problem(Struct):
    message: str


class Refusal(Struct):
    error: Problem


def token_for(settings: Settings, token: str | None, *, server: str | None, alone: Mapping[str, str | None]) -> str:
    """The token of a command, empty for none. Raises CommandError for options (`alone`) that only work without one."""
    secret = token or settings.token
    if server and not secret:
        raise CommandError("--server needs a token: --token or CARILLON_TOKEN")
    for option, value in alone.items():
        if secret and value is not None:
            raise CommandError(f"{option} works on this machine's installation only: leave out the token")
    return secret


def open_server(settings: Settings, *, server: str | None, token: str) -> httpx.Client:
    """A client that speaks with a token's rights to `server`, by default the one that the settings name."""
    return httpx.Client(
        base_url=server or settings.server_url,
        headers={"Authorization": f"Bearer {token}", "User-Agent": f"carillon/{__version__}"},
        timeout=PATIENCE,
        trust_env=bool(server or settings.url),
    )


def error_text(response: httpx.Response) -> str:
    """The server's own words, if it is one of ours."""
    try:
        return msgspec.json.decode(response.content, type=Refusal).error.message
    except msgspec.DecodeError:
        return f"{response.url.copy_with(query=None)} answered {response.status_code} {response.reason_phrase}"
