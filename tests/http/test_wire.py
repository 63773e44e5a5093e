"""Addresses and requests; what goes over the wire is in test_http.py and test_outgoing.py."""

from __future__ import annotations

import pytest

from carillon.core.errors import BadInput
from carillon.http.wire import parsed, pinned, resolved


@pytest.mark.parametrize("url", ["", "x", "ftp://host/", "http://", "http://a:0/", "http://h/" + 9000 * "x"])
def test_only_the_web_has_addresses(url: str) -> None:
    with pytest.raises(BadInput):
        parsed(url)


def test_a_request_goes_to_the_address_and_names_the_host() -> None:
    request = pinned(parsed("https://ada:secret@bell.test:8/a?b=c"), "192.0.2.1", {"x-title": "Größe"}, body=b"hello")
    assert str(request.url) == "https://192.0.2.1:8/a?b=c"
    assert dict(request.headers.raw) == {b"x-title": "Größe".encode(), b"host": b"bell.test:8", b"Content-Length": b"5"}
    assert request.extensions["sni_hostname"] == "bell.test"


def test_a_number_is_its_own_name() -> None:
    assert resolved("127.0.0.1") == ["127.0.0.1"]
