from __future__ import annotations

from carillon.dialects.native import answers
from carillon.dialects.native.operation import Nothing
from carillon.dialects.native.operations import OPERATIONS
from carillon.dialects.native.parse import parse_body
from carillon.dialects.native.render import encode
from carillon.dialects.native.stream import STREAM


def test_each_door_is_there_once() -> None:
    doors = [(one.method, one.path) for one in OPERATIONS]
    assert len(doors) == len(set(doors))
    assert STREAM in OPERATIONS


def test_a_fixed_path_stands_before_one_with_an_id() -> None:
    paths = list(dict.fromkeys(one.path for one in OPERATIONS))
    assert paths.index("/api/1/inbox/mark") < paths.index("/api/1/inbox/{id}")
    assert paths.index("/api/1/inbox/delete") < paths.index("/api/1/inbox/{id}")


def test_only_sending_is_an_applications_and_only_groups_are_the_admins() -> None:
    by_access: dict[str, set[str]] = {}
    for one in OPERATIONS:
        by_access.setdefault(one.access, set()).add(one.path)
    assert by_access["application"] == {"/api/1/messages"}
    assert by_access["sign-in"] == {"/api/1/user"}
    assert by_access["elevated"] == {"/api/1/applications/{id}"}
    assert by_access["admin"] == {"/api/1/groups", "/api/1/groups/{id}", "/api/1/groups/{id}/members"}


def test_an_id_in_a_path_is_said_to_be_of_what_the_path_names() -> None:
    for one in OPERATIONS:
        if "{id}" in one.path:
            kind = one.path.split("/")[3].removesuffix("s").replace("inbox", "message")
            assert one.of.endswith(kind), one.path


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
