from __future__ import annotations

from tests.cli.program import Program


def shared_with(program: Program, name: str) -> str:
    text = program.said("applications", "list")
    head, *lines = text.splitlines()
    (line,) = [line for line in lines if line.split()[1] == name]
    return line[head.index("SHARED") : head.index("LAST")].strip()


def test_shared_with_a_user_and_a_group(either: Program) -> None:
    either.said("users", "add", "bob", "--password-stdin", stdin="secret")
    either.said("groups", "add", "crew")
    either.said("tokens", "add", "application", "doorbell")
    assert shared_with(either, "doorbell") == ""
    assert either("applications", "share", "doorbell", "--with-user", "bob").stderr == "doorbell is shared with bob\n"
    either.said("applications", "share", "doorbell", "--with-group", "crew")
    assert shared_with(either, "doorbell") == "bob, @crew"
    gone = either("applications", "unshare", "doorbell", "--with-user", "bob")
    assert gone.stderr == "doorbell is no more shared with bob\n"
    assert shared_with(either, "doorbell") == "@crew"


def test_what_cannot_be(either: Program) -> None:
    either.said("tokens", "add", "application", "camera")
    either.said("users", "add", "cem", "--password-stdin", stdin="secret")
    assert "either a user or a group" in either.refused("applications", "share", "camera")
    assert "has no application 'nothing'" in either.refused("applications", "share", "nothing", "--with-user", "cem")
    assert "cem has no application" in either.refused(
        "applications", "share", "camera", "--user", "cem", "--with-user", "admin"
    )
    assert "there is no user 'nobody'" in either.refused("applications", "share", "camera", "--with-user", "nobody")
    assert "not shared" in either.refused("applications", "unshare", "camera", "--with-user", "cem")
