from __future__ import annotations

from tests.cli.program import Program


def rows(text: str) -> list[list[str]]:
    return [line.split(maxsplit=1) for line in text.splitlines()[1:]]


def test_a_group_and_who_is_in_it(either: Program) -> None:
    either.said("users", "add", "eve", "--password-stdin", stdin="secret")
    assert either("groups", "add", "family").stderr == "added the group family\n"
    assert either("groups", "join", "family", "eve").stderr == "eve is in the group family\n"
    either.said("groups", "join", "family", "admin")
    assert rows(either.said("groups", "list")) == [["family", "admin, eve"]]
    assert either("groups", "leave", "family", "admin").stderr == "admin is no more in the group family\n"
    assert rows(either.said("groups", "list")) == [["family", "eve"]]
    assert either("groups", "delete", "family").stderr == "deleted the group family\n"
    assert rows(either.said("groups", "list")) == []


def test_what_cannot_be(either: Program) -> None:
    either.said("groups", "add", "team")
    assert "this group name is taken" in either.refused("groups", "add", "team")
    assert "there is no group 'crew'" in either.refused("groups", "delete", "crew")
    assert "there is no user 'nobody'" in either.refused("groups", "join", "team", "nobody")
    assert "not a member" in either.refused("groups", "leave", "team", "admin")
