from __future__ import annotations

from typing import Any

import pytest

from carillon import kinds
from carillon.kinds import Kind, list_of

DECLARED: dict[str, Kind[Any]] = {name: kind for name, kind in vars(kinds).items() if isinstance(kind, Kind)}


def takes(kind: Kind[Any], text: str) -> bool:
    try:
        kind.read(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", [name for name, kind in DECLARED.items() if kind.bounds])
def test_a_number_is_read_up_to_its_bounds(name: str) -> None:
    kind = DECLARED[name]
    low, high = kind.bounds or (0, 0)
    assert kind.expects == f"a whole number from {low} to {high}"
    assert (kind.read(str(low)), kind.read(f" {high} ")) == (low, high)
    for beyond in (low - 1, high + 1, 1.5, "", "one"):
        assert not takes(kind, str(beyond))


@pytest.mark.parametrize("name", [name for name, kind in DECLARED.items() if kind.choices])
def test_a_choice_is_one_of_its_words(name: str) -> None:
    kind = DECLARED[name]
    assert tuple(kind.read(str(choice).upper()) for choice in kind.choices) == kind.choices
    assert all(str(choice) in kind.expects for choice in kind.choices)
    assert not takes(kind, "none of them")


def test_a_list_leaves_out_what_is_empty() -> None:
    networks = list_of(kinds.NETWORK)
    assert networks.read("::1, 10.0.0.0/8,,1.2.3.4 ,") == ("::1", "10.0.0.0/8", "1.2.3.4")
    assert not takes(networks, "::1, x")
