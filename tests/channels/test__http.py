from __future__ import annotations

from typing import Any, cast

import pytest

from carillon.channels._http import LONGEST_WAIT, WAIT, fields, judged, multipart, words
from carillon.core.channels import Broken, Outcome, Outside, Picture, Refused, Retry, Throttled
from tests.builders import NOON, SECOND
from tests.channels.outside import Told, answer

OUTSIDE = cast(Outside, Told())


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, Refused, "rejected"),
        (401, Broken, "auth"),
        (403, Broken, "auth"),
        (404, Broken, "not_found"),
        (410, Broken, "gone"),
        (408, Retry, "server_error"),
        (413, Refused, "too_large"),
        (421, Throttled, "rate_limited"),
        (425, Retry, "server_error"),
        (429, Throttled, "rate_limited"),
        (302, Broken, "redirect"),
        (500, Retry, "server_error"),
        (503, Retry, "server_error"),
    ],
)
def test_each_status_has_its_class(status: int, kind: type[Outcome], code: str) -> None:
    found = judged(answer(status, b"no"), OUTSIDE)
    assert found is not None
    assert (type(found), found.code, found.status, found.text) == (kind, code, status, "no")


def test_a_success_is_the_channels_to_tell() -> None:
    assert judged(answer(204), OUTSIDE) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, WAIT),
        ({"retry_after": "7"}, 7),
        ({"retry_after": "9" * 20}, LONGEST_WAIT),
        ({"retry_after": "Tue, 01 Sep 2026 12:00:30 GMT"}, 30),
        ({"retry_after": "soon"}, WAIT),
        ({"x_reset": str(NOON // SECOND + 90)}, 90),
        ({"x_reset": "1"}, 1),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    found: Any = judged(answer(429, b"", **headers), OUTSIDE, resets="x-reset")
    assert found.seconds == seconds


def test_bodies_are_read_whatever_they_are() -> None:
    assert words(answer(500)) == "status 500"
    assert words(answer(500, b"\xff no ")) == "\ufffd no"
    assert fields(answer(200, {"a": 1})) == {"a": 1}
    for body in (b"", b"[1]", b"\xff", b"{"):
        assert fields(answer(200, body)) == {}


def test_a_form_with_a_file() -> None:
    headers, body = multipart({"a": "1"}, "file", Picture("image/png", b"PNG"))
    boundary = headers["content-type"].partition("boundary=")[2].encode()
    assert body.count(b"--" + boundary) == 3
    assert body.endswith(b"\r\n--" + boundary + b"--\r\n")
