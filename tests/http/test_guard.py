"""Which addresses services may reach. What pictures may is in test_http.py."""

from __future__ import annotations

import pytest

from carillon.core.channels import Reach
from carillon.http.guard import ServiceGuard

INTERNET = ("1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1")
PRIVATE = ("10.0.0.4", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12:3456::1", "::ffff:10.0.0.1", "64:ff9b::a00:1")
OURS = ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "2002:7f00:1::")
NEVER = (
    *("169.254.169.254", "169.254.0.1", "fe80::1", "::ffff:169.254.169.254", "fd00:ec2::254", "fd20:ce::254"),
    *("100.100.100.200", "168.63.129.16", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1", "192.0.0.192"),
)


@pytest.mark.parametrize(
    ("reach", "admitted"),
    [("internet", INTERNET), ("private", INTERNET + PRIVATE), ("any", INTERNET + PRIVATE + OURS)],
)
def test_what_is_reached(reach: Reach, admitted: tuple[str, ...]) -> None:
    guard = ServiceGuard(reach)
    assert [each for each in INTERNET + PRIVATE + OURS + NEVER if guard.admits(each)] == list(admitted)


def test_it_changes_while_it_runs() -> None:
    guard = ServiceGuard()
    assert not guard.admits("10.0.0.4")
    guard.reach = "private"
    assert guard.admits("10.0.0.4")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "10.0.0.4",
            "10.0.0.4 is an address of a private network: an administrator can allow it under "
            "Settings → Limits → Services may reach",
        ),
        (
            "127.0.0.1",
            "127.0.0.1 is an address of this machine: an administrator can allow it under "
            "Settings → Limits → Services may reach",
        ),
        ("169.254.169.254", "169.254.169.254 is an address that no service may reach"),
    ],
)
def test_a_refusal_says_who_can_change_it(address: str, said: str) -> None:
    assert ServiceGuard().refusal(address) == said
