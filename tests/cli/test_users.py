from __future__ import annotations

import httpx

from tests.cli.program import Program
from tests.walks.server import Server


def test_a_fresh_installation_has_its_admin(program: Program) -> None:
    text = program.said("users", "list")
    assert text.splitlines()[0].split() == ["NAME", "ROLE", "SINCE"]
    assert text.splitlines()[1].split()[:2] == ["admin", "admin"]
    assert "published password: change it" in text


def test_the_first_password_may_be_given(program: Program) -> None:
    assert "published" not in program.said("users", "list", CARILLON_ADMIN_PASSWORD="better")


def test_add_list_and_delete(either: Program) -> None:
    added = either("users", "add", "anna", "--admin", "--password-stdin", stdin="secret\n")
    assert (added.exit_code, added.stdout, added.stderr) == (0, "", "added anna\n")
    assert ["anna", "admin"] in [line.split()[:2] for line in either.said("users", "list").splitlines()]
    assert either("users", "delete", "anna", "--yes").stderr == "deleted anna\n"
    assert "anna" not in either.said("users", "list")


def test_what_cannot_be(either: Program) -> None:
    assert "there is no user 'nobody'" in either.refused("users", "delete", "nobody", "-y")
    assert "there is no user 'nobody'" in either.refused("users", "password", "nobody", "--password-stdin", stdin="x")
    assert "last admin" in either.refused("users", "delete", "admin", "--yes")
    assert "password must not be empty" in either.refused("users", "add", "bob", "--password-stdin", stdin="\n")
    assert either.refused("users", "add", "admin", "--password-stdin", stdin="x").startswith("carillon: ")


def test_nothing_is_asked_where_nobody_can_answer(program: Program) -> None:
    assert "use --password-stdin" in program.refused("users", "add", "bob", stdin="secret\n")
    assert "use --yes" in program.refused("users", "delete", "admin", stdin="y\n")


def test_the_password_is_the_new_one_at_once(beside: Program, server: Server) -> None:
    def signs_in(password: str) -> bool:
        answer = httpx.get(f"{server.url}/current/user", auth=("carl", password), trust_env=False)
        return answer.status_code == 200

    beside.said("users", "add", "carl", "--password-stdin", stdin="first\n")
    assert signs_in("first")
    assert beside("users", "password", "carl", "--password-stdin", stdin="second").stderr == (
        "changed the password of carl\n"
    )
    assert signs_in("second")
    assert not signs_in("first")
