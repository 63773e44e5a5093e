from __future__ import annotations

from carillon.storage.search_index import Sought


def test_nothing_may_be_sought() -> None:
    assert Sought().empty
    for sought in (Sought(("a",)), Sought(beginnings=("a",)), Sought(choices=((),))):
        assert not sought.empty
