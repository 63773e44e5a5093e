from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon.core.peers import Peer, Peers

Headers = list[tuple[bytes, bytes]]

addresses = st.ip_addresses().map(str)
forged: st.SearchStrategy[Headers] = st.lists(
    st.tuples(
        st.sampled_from([b"x-forwarded-for", b"x-real-ip", b"forwarded", b"host", b"via", b"x-anything"]),
        st.one_of(st.binary(max_size=60), addresses.map(str.encode), st.just(b"127.0.0.1"), st.just(b"for=[::1]")),
    ),
    max_size=6,
)


def test_a_neighbour_on_the_same_machine_is_local() -> None:
    assert Peers().of(("127.0.0.1", 4711), []) == Peer("127.0.0.1", local=True)
    assert Peers().of(("::1", 4711), []) == Peer("::1", local=True)
    assert Peers().of(("::ffff:127.0.0.1", 4711), []) == Peer("127.0.0.1", local=True)


def test_our_own_socket_is_local() -> None:
    assert Peers().of(None, []) == Peer("local", local=True)


def test_another_machine_is_not_local() -> None:
    assert Peers().of(("192.0.2.7", 4711), []) == Peer("192.0.2.7", local=False)


def test_an_address_that_is_none_is_not_local() -> None:
    assert Peers(["10.0.0.0/8"]).of(("testclient", 1), [(b"x-forwarded-for", b"127.0.0.1")]) == Peer(
        "testclient", local=False
    )


@given(addresses, forged)
def test_headers_of_a_stranger_change_no_address_and_make_nobody_local(address: str, headers: Headers) -> None:
    bare = Peers(["203.0.113.0/24"]).of((address, 1), [])
    peer = Peers([]).of((address, 1), headers)
    assert peer.address == bare.address
    assert bare.local or not peer.local


@given(forged.filter(lambda headers: any(name == b"x-forwarded-for" for name, _ in headers)))
def test_what_a_proxy_on_this_machine_passes_on_is_never_local(headers: Headers) -> None:
    assert not Peers(["127.0.0.1"]).of(("127.0.0.1", 1), headers).local
    assert not Peers().of(("127.0.0.1", 1), headers).local


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ([b"198.51.100.4"], "198.51.100.4"),
        ([b"127.0.0.1, 198.51.100.4"], "198.51.100.4"),  # the left is what the client claims
        ([b"198.51.100.4, 10.0.0.9"], "198.51.100.4"),  # the right is the second proxy
        ([b"198.51.100.4", b"10.0.0.9"], "198.51.100.4"),
        ([b"2001:db8::5"], "2001:db8::5"),
        ([b" , ,"], "10.0.0.1"),
        ([b""], "10.0.0.1"),
        ([b"10.0.0.2, 10.0.0.3"], "10.0.0.1"),
    ],
)
def test_behind_trusted_proxies_the_address_is_the_last_one_they_did_not_make(chain: list[bytes], address: str) -> None:
    headers = [(b"x-forwarded-for", value) for value in chain]
    assert Peers(["10.0.0.0/8"]).of(("10.0.0.1", 1), headers) == Peer(address, local=False)


def test_a_dual_stack_socket_names_proxies_of_the_old_kind_in_the_new_way() -> None:
    peer = Peers(["10.0.0.1"]).of(("::ffff:10.0.0.1", 1), [(b"x-forwarded-for", b"198.51.100.4")])
    assert peer.address == "198.51.100.4"


@given(forged)
def test_an_address_stays_short_whatever_a_proxy_passes_on(headers: Headers) -> None:
    assert len(Peers(["10.0.0.1"]).of(("10.0.0.1", 1), headers).address) <= 64


@pytest.mark.parametrize(
    ("hop", "address"),
    [
        (b"198.51.100.4:50123", "198.51.100.4"),
        (b"[2001:db8::4]:50123", "2001:db8::4"),
        (b"[2001:db8::4]", "2001:db8::4"),
        (b"2001:DB8:0::4", "2001:db8::4"),
        (b"2001:db8::4:443", "2001:db8::4:443"),
        (b"::ffff:198.51.100.4", "198.51.100.4"),
        (b"198.51.100.4, 10.0.0.2:8080", "198.51.100.4"),
        (b"unknown", "unknown"),
        (b"unknown:99", "unknown:99"),
    ],
)
def test_a_client_has_one_address_however_its_proxy_writes_it(hop: bytes, address: str) -> None:
    peer = Peers(["10.0.0.0/24"]).of(("10.0.0.1", 1), [(b"x-forwarded-for", hop)])
    assert peer == Peer(address, local=False)


@pytest.mark.parametrize("name", ["proxy.example", "10.0.0.0/33", "10.0.0.1/8", ""])
def test_what_is_no_address_or_network_cannot_be_trusted(name: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Peers([name])
