from __future__ import annotations

from carillon.core.channels import Failure, Parcel
from tests.builders import NOON


def test_a_failure_says_whether_it_may_have_been_heard() -> None:
    failure = Failure("timeout", "too late", uncertain=True)
    assert (failure.code, str(failure), failure.uncertain) == ("timeout", "too late", True)
    assert not Failure("dns", "no such name").uncertain


def test_a_parcel_knows_whether_it_is_markdown() -> None:
    parcel = Parcel(id="1", application="Backup", title="t", body="b", created=NOON)
    assert not parcel.markdown
    assert Parcel(
        id="1", application="Backup", title="t", body="b", created=NOON, content_type="text/markdown"
    ).markdown
