from __future__ import annotations

import httpx
import pytest

from carillon.cli.remote import error_text, open_server, token_for
from carillon.cli.terminal import CommandError
from carillon.settings import Settings


def response(content: bytes, status: int = 404) -> httpx.Response:
    return httpx.Response(status, content=content, request=httpx.Request("GET", "http://bell/x?token=Cabc"))


def test_the_servers_own_words() -> None:
    assert error_text(response(b'{"error": {"status": 404, "message": "no such thing"}}')) == "no such thing"


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"error": "text"}', b"\xff"])
def test_the_words_of_another(content: bytes) -> None:
    assert error_text(response(content, 502)) == "http://bell/x answered 502 Bad Gateway"


def test_which_server_and_with_what_right() -> None:
    settings = Settings(url="https://bell.example.org/under")
    with open_server(settings, server=None, token="Cabc") as client:
        assert str(client.base_url) == "https://bell.example.org/under/"
        assert client.headers["Authorization"] == "Bearer Cabc"
    with open_server(settings, server="http://other:81", token="Cabc") as client:
        assert str(client.base_url) == "http://other:81"
    with open_server(Settings(port=81), server=None, token="Cabc") as client:
        assert str(client.base_url) == "http://127.0.0.1:81"


def test_which_token() -> None:
    settings = Settings(token="Cset")
    assert token_for(settings, None, server=None, alone={"--user": None}) == "Cset"
    assert token_for(settings, "Cgiven", server="http://x", alone={}) == "Cgiven"
    assert token_for(Settings(), None, server=None, alone={"--user": "anna"}) == ""
    with pytest.raises(CommandError, match="--server needs a token"):
        token_for(Settings(), None, server="http://x", alone={})
    with pytest.raises(CommandError, match="--user works"):
        token_for(settings, None, server=None, alone={"--user": "anna"})
