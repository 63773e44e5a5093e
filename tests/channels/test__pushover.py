from __future__ import annotations

from typing import cast

from carillon.channels._pushover import outcome_of
from carillon.core.channels import Broken, Outside, Refused, Sent
from tests.channels.outside import Told, answer

OUTSIDE = cast(Outside, Told())


def test_only_status_1_is_a_success() -> None:
    assert outcome_of(answer(200, {"status": 1, "request": "r"}), OUTSIDE) == Sent(status=200, remote="r")
    assert isinstance(outcome_of(answer(200, {"status": 0, "errors": ["no"]}), OUTSIDE), Refused)
    assert outcome_of(answer(200, b"<html>"), OUTSIDE) == Refused(
        code="unexpected", status=200, text="this is no answer of Pushover's"
    )


def test_the_field_at_fault_is_an_option() -> None:
    found = outcome_of(answer(400, {"device": "invalid", "errors": ["device is invalid"], "status": 0}), OUTSIDE)
    assert found == Broken(code="auth", status=400, text="device is invalid", field="devices")
