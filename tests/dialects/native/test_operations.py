from __future__ import annotations

from carillon.dialects.native import answers
from carillon.dialects.native.operation import Nothing
from carillon.dialects.native.operations import OPERATIONS, STREAM
from carillon.dialects.native.parse import parse_body
from carillon.dialects.native.render import encode


def test_each_door_is_there_once() -> None:
    doors = [(one.method, one.path) for one in OPERATIONS]
    assert len(doors) == len(set(doors))
    assert STREAM in OPERATIONS


def test_a_fixed_path_stands_before_one_with_an_id() -> None:
    paths = list(dict.fromkeys(one.path for one in OPERATIONS))
    assert paths.index("/api/1/inbox/mark") < paths.index("/api/1/inbox/{id}")
    assert paths.index("/api/1/inbox/delete") < paths.index("/api/1/inbox/{id}")


def test_only_the_inbox_is_the_users_and_only_sending_an_applications() -> None:
    by_access = {one.access: one.path for one in OPERATIONS if one.access != "device"}
    assert by_access == {"application": "/api/1/messages", "sign-in": "/api/1/user"}


def test_who_takes_a_body_shows_one_that_fits() -> None:
    for one in OPERATIONS:
        assert (one.body is Nothing) == (one.example is None), one.path
        if one.body is not Nothing:
            parse_body(one.body, encode(one.example))
            assert {413, 415} <= set(one.refusals)


def test_every_reading_says_what_it_answers() -> None:
    for one in OPERATIONS:
        assert one.method == "DELETE" or one.answer is not None
    assert STREAM.answer == answers.EntryChange | answers.Cleared | answers.Hole | answers.Live
