from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from msgspec import Struct

from carillon.dialects.native import answers
from carillon.dialects.native.stream import STREAM

FRAMES = get_args(STREAM.answer)


def test_every_frame_says_what_it_is() -> None:
    assert {frame.__struct_config__.tag for frame in FRAMES} == {"entry", "cleared", "lists", "hole", "live", "alive"}
    assert {frame.__struct_config__.tag_field for frame in FRAMES} == {"type"}


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (answers.Hole(), b'{"type":"hole"}'),
        (answers.Live(9), b'{"type":"live","cursor":9}'),
        (
            answers.Lists(1, ["applications", "people"]),
            b'{"type":"lists","changed":1,"lists":["applications","people"]}',
        ),
        (answers.Cleared(1, 2, 3), b'{"type":"cleared","changed":1,"application":2,"to":3}'),
        (answers.Ids([1]), b'{"ids":[1]}'),
        (
            answers.Error(answers.Problem(status=404, code="not_found", message="no")),
            b'{"error":{"status":404,"code":"not_found","message":"no"}}',
        ),
    ],
)
def test_the_wire(shape: Struct, body: bytes) -> None:
    assert msgspec.json.encode(shape) == body


def test_an_inbox_message_has_all_of_a_message() -> None:
    assert set(answers.InboxMessage.__struct_fields__) == {*answers.Message.__struct_fields__, "state"}
    assert set(answers.NewDevice.__struct_fields__) == {*answers.Device.__struct_fields__, "token"}
    assert set(answers.NewApplication.__struct_fields__) == {*answers.Application.__struct_fields__, "token"}
