from __future__ import annotations

import pytest

from carillon.core import errors
from carillon.core.errors import CarillonError, DiskFull, TooLarge, Unavailable

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CarillonError)]


def test_the_docstring_draws_the_whole_tree_with_its_status_codes() -> None:
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        words = line.replace("├──", "").replace("└──", "").replace("│", "").split()
        if len(words) > 2 and words[1].isdigit():
            drawn[words[0]] = int(words[1])
    assert drawn == {kind.__name__: kind.status for kind in KINDS if kind is not CarillonError}


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_a_sentence(kind: type[CarillonError]) -> None:
    assert str(kind("what happened")) == "what happened"


def test_whoever_catches_the_wider_kind_catches_the_narrower() -> None:
    assert issubclass(TooLarge, errors.BadInput)
    assert issubclass(DiskFull, Unavailable)


def test_unavailable_says_when_to_try_again() -> None:
    assert Unavailable("busy").retry_after == 5
    assert DiskFull("full", retry_after=60).retry_after == 60
