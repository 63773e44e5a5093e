from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carillon.core.peers import Peers
from carillon.core.seen import SeenUrl, seen_url

PROXY = ("10.0.0.1", 4711)
STRANGER = ("198.51.100.4", 4711)
PEERS = Peers(["10.0.0.1"])

TRAEFIK = {
    "host": "bell.example",
    "x-forwarded-for": "198.51.100.4",
    "x-forwarded-host": "bell.example",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
    "x-forwarded-server": "5a1bd7bb92a4",
    "x-real-ip": "198.51.100.4",
}
SAYING = [b"host", b"x-forwarded-proto", b"x-forwarded-host", b"x-host", b"x-forwarded-prefix"]


def scope(headers: dict[str, str], *, client: tuple[str, int] | None = PROXY, scheme: str = "http") -> dict[str, Any]:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "client": client, "scheme": scheme, "headers": raw}


def seen(headers: dict[str, str], *, client: tuple[str, int] | None = PROXY) -> SeenUrl:
    return seen_url(scope(headers, client=client), peers=PEERS)


def test_what_is_asked_for_directly_is_as_it_is_asked_for() -> None:
    assert seen({"host": "Bell.Example:8080"}, client=STRANGER) == SeenUrl("http", "bell.example:8080")
    assert seen({"host": "[2001:DB8::1]:8080"}, client=STRANGER) == SeenUrl("http", "[2001:db8::1]:8080")
    assert seen({"host": "bell.example:80"}, client=STRANGER) == SeenUrl("http", "bell.example")
    assert seen_url({"headers": [(b"host", b"bell")]}, peers=PEERS) == SeenUrl("http", "bell")
    assert seen_url(scope({"host": "bell"}, scheme="wss"), peers=PEERS) == SeenUrl("https", "bell")


def test_traefik_is_believed_when_it_is_trusted() -> None:
    assert seen(TRAEFIK) == SeenUrl("https", "bell.example")
    assert seen(TRAEFIK | {"x-forwarded-prefix": "/bell"}) == SeenUrl("https", "bell.example", "/bell")
    assert seen(TRAEFIK | {"x-forwarded-proto": "wss"}) == SeenUrl("https", "bell.example")
    assert seen(TRAEFIK | {"host": "10.0.0.2:8080"}) == SeenUrl("https", "bell.example")
    assert seen(TRAEFIK | {"host": "10.0.0.2:8080"}, client=STRANGER) == SeenUrl("http", "10.0.0.2:8080")
    assert seen(TRAEFIK | {"host": "10.0.0.2:8080"}, client=None) == SeenUrl("http", "10.0.0.2:8080")


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"x-host": "bell.example"}, "http://bell.example/x"),
        ({"x-host": "other.example", "x-forwarded-host": "bell.example"}, "http://bell.example/x"),
        ({"x-forwarded-host": "bell.example:443", "x-forwarded-proto": "https"}, "https://bell.example/x"),
        ({"x-forwarded-host": "bell.example:8443", "x-forwarded-proto": "HTTPS"}, "https://bell.example:8443/x"),
        ({"x-forwarded-host": "claimed.example, bell.example"}, "http://bell.example/x"),
        ({"x-forwarded-proto": "https, http"}, "http://inside/x"),
        ({"x-forwarded-prefix": "/bell/"}, "http://inside/bell/x"),
        ({"x-forwarded-prefix": "/a/b-1.2_~"}, "http://inside/a/b-1.2_~/x"),
        ({"x-forwarded-prefix": "/"}, "http://inside/x"),
        ({"x-forwarded-prefix": "/claimed,/bell"}, "http://inside/bell/x"),
        ({"x-forwarded-server": "elsewhere", "x-forwarded-port": "99"}, "http://inside/x"),
    ],
)
def test_what_other_proxies_say(headers: dict[str, str], address: str) -> None:
    assert seen({"host": "inside", **headers}).url("/x") == address


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-forwarded-prefix", value)
        for value in (
            "//evil.example",
            "/a//b",
            "bell",
            "/bell\r\nX: y",
            '/"',
            "/a;b",
            "/a b",
            "/../x",
            "/.",
            "/é",
            "/a?b",
        )
    ]
    + [("x-forwarded-prefix", "/a" * 9), ("x-forwarded-prefix", "/" + "a" * 65)]
    + [("x-forwarded-proto", value) for value in ("javascript", "https:", "ftp", "", "https\r\n")]
    + [
        ("x-forwarded-host", value)
        for value in (
            "evil/x",
            "a@b",
            "evil\r\n",
            '"',
            "a b",
            "",
            ":80",
            "a" * 300,
            "a:123456",
            "[::1",
            "é",
            "http://x",
        )
    ],
)
def test_what_cannot_stand_in_an_address_is_as_good_as_none(header: str, value: str) -> None:
    assert seen({"host": "bell", header: value}) == SeenUrl("http", "bell")


def test_without_a_host_an_address_is_only_a_path() -> None:
    for headers in ({}, {"host": ""}, {"host": "a b"}, {"host": "é"}):
        assert seen(headers).url("/x") == "/x"
        assert not seen(headers).owns("http://")
    assert seen({"x-forwarded-prefix": "/bell"}).url("/x") == "/bell/x"


def test_the_address_that_is_set_is_the_truth() -> None:
    about = seen_url(scope(TRAEFIK), peers=PEERS, base_url="https://Ring.example:443/bell")
    assert about == SeenUrl("https", "ring.example", "/bell")
    assert (about.secure, about.cookie_path) == (True, "/bell")
    plain = seen_url(scope(TRAEFIK), peers=PEERS, base_url="http://ring.example:8080")
    assert plain == SeenUrl("http", "ring.example:8080")
    assert (plain.secure, plain.cookie_path) == (False, "/")


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        ("https://bell.example", True),
        ("HTTPS://Bell.Example", True),
        ("https://bell.example:443", True),
        ("http://bell.example", True),
        ("http://bell.example:443", False),
        ("https://bell.example:8443", False),
        ("https://evil.bell.example", False),
        ("ftp://bell.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_whose_page_it_is(origin: str, ours: bool) -> None:
    assert SeenUrl("https", "bell.example", "/bell").owns(origin) == ours


headers = st.lists(
    st.tuples(
        st.sampled_from(SAYING), st.one_of(st.binary(max_size=400), st.from_regex(rb"/?[a-z./:,@\"\r\n-]{0,40}"))
    ),
    max_size=6,
)


@given(headers)
@example([(b"x-forwarded-prefix", b"/bell\n")])
def test_whatever_is_said_an_address_is_harmless(headers: list[tuple[bytes, bytes]]) -> None:
    about = seen_url({"client": PROXY, "headers": headers}, peers=PEERS)
    assert re.fullmatch(
        r"(https?://[a-z0-9._\[\]:-]{1,270})?(/[A-Za-z0-9._~-]{1,64}){0,8}/message", about.url("/message")
    )
    assert not about.url("/message").startswith("//")
    assert re.fullmatch(r"/[A-Za-z0-9._~/-]*", about.cookie_path)


@given(headers.filter(lambda said: all(name != b"host" for name, _ in said)))
def test_a_stranger_says_nothing_of_our_address(headers: list[tuple[bytes, bytes]]) -> None:
    about = seen_url({"client": STRANGER, "headers": [(b"host", b"bell"), *headers]}, peers=PEERS)
    assert about == SeenUrl("http", "bell")
