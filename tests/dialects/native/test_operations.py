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


def test_what_is_open_to_whom() -> None:
    by_access: dict[str, set[str]] = {}
    for one in OPERATIONS:
        by_access.setdefault(one.access, set()).add(f"{one.method} {one.path.removeprefix('/api/1/')}")
    assert by_access["anyone"] == {
        "POST session",
        "POST registrations",
        "POST confirm",
        "GET server/about",
        "POST pairings/look",
        "POST pairings/device",
        "POST pairings/session",
    }
    assert by_access["application"] == {"POST messages"}
    assert by_access["sign-in"] == {
        "DELETE session",
        "POST session/elevate",
        "GET user",
        "PUT user/password",
    }
    assert by_access["elevated"] == {
        "DELETE applications/{id}",
        "DELETE applications/{id}/tokens/{token}",
        "POST applications/{id}/tokens/{token}/rotate",
        "DELETE devices/{id}",
    }


def test_whatever_an_admin_changes_takes_his_password() -> None:
    for one in OPERATIONS:
        if one.path.split("/")[3] in ("users", "groups", "settings") or one.access in ("admin", "admin-look"):
            looks = one.method == "GET" and one.path not in ("/api/1/groups", "/api/1/server/backup")
            if one.path != "/api/1/groups" or one.method != "GET":
                assert one.access == ("admin-look" if looks else "admin"), (one.method, one.path)


def test_an_id_in_a_path_is_said_to_be_of_what_the_path_names() -> None:
    for one in OPERATIONS:
        if "{id}" in one.path:
            kind = one.path.split("/")[3].removesuffix("s").replace("inbox", "message").replace("deliverie", "delivery")
            assert one.of.endswith(kind), one.path


def test_who_takes_a_body_shows_one_that_fits() -> None:
    for one in OPERATIONS:
        assert (one.body is Nothing) == (one.example is None), one.path
        if one.body is not Nothing:
            parse_body(one.body, encode(one.example))
            assert {413, 415} <= set(one.refusals)


def test_every_reading_says_what_it_answers() -> None:
    for one in OPERATIONS:
        silent = one.path in ("/api/1/user/password", "/api/1/services/{id}/confirmations")
        assert one.method == "DELETE" or one.answer is not None or silent
    frames = answers.EntryChange | answers.Cleared | answers.Lists | answers.Hole | answers.Live | answers.Alive
    assert STREAM.answer == frames
