"""Turns what schemathesis makes up towards what is there: ids that exist, and never the ones it lives by.

The user 1 and the client 1 are those that it asks as. Of everything else the first few ids exist. A text that must be
there must not be empty, which the description does not say.
"""

from __future__ import annotations

from typing import Any

import schemathesis  # type: ignore[import-not-found] # it lives in an environment of its own

FIRST, COUNT = 2, 6
NEEDED = ("message", "name", "pass")


def near(number: Any) -> Any:
    """An id that may exist, for any that there could be; everything else stays as wrong as it is."""
    return FIRST + number % COUNT if type(number) is int and number >= 0 else number


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if "id" in (case.path_parameters or {}):
        found = near(case.path_parameters["id"])
        case.path_parameters["id"] = FIRST if str(found).strip() == "1" else found
    if isinstance(case.body, dict):
        if case.operation.path == "/message":
            case.body["appid"] = near(case.body.get("appid", 0))
        case.body.update({name: "text" for name in NEEDED if case.body.get(name) == ""})
