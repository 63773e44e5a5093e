from __future__ import annotations

import httpx

from tests.cli.program import Program
from tests.walks.server import Server


def rows(program: Program) -> dict[str, list[str]]:
    """By the name of the application or device, which is one word here."""
    return {line.split()[2]: line.split() for line in program.said("tokens", "list").splitlines()[1:]}


def test_add_list_and_revoke(either: Program) -> None:
    made = either("tokens", "add", "application", "backup")
    assert made.stderr == "made the application backup of admin; keep the secret\n"
    assert len(made.stdout.strip()) == 15
    again = either("tokens", "add", "application", "backup")
    assert again.stderr.startswith("one more token for the application backup of admin")
    assert again.stdout != made.stdout
    row = rows(either)["backup"]
    assert row[1:4] == ["application", "backup", "admin"]
    assert row[-1] == "never"
    assert made.stdout.strip() not in either.said("tokens", "list")
    assert either("tokens", "revoke", row[0]).stderr == f"revoked token {row[0]}\n"
    assert rows(either).get("backup", [""])[0] != row[0]


def test_devices_and_other_users(either: Program) -> None:
    either.said("users", "add", "dora", "--password-stdin", stdin="secret")
    assert "made the device phone of dora" in either("tokens", "add", "device", "phone", "--user", "dora").stderr
    assert "one more token for the device phone" in either("tokens", "add", "device", "phone", "--user", "dora").stderr
    assert "made the device phone of admin" in either("tokens", "add", "device", "phone").stderr


def test_what_cannot_be(either: Program) -> None:
    assert either.refused("tokens", "revoke", "9999") == "carillon: there is no token 9999\n"
    assert "nobody" in either.refused("tokens", "add", "device", "phone", "--user", "nobody")
    assert "name must not be empty" in either.refused("tokens", "add", "application", "")
    assert "KIND" in either.refused("tokens", "add", "user", "anna", status=2)


def test_a_revoked_token_is_dead_at_once(beside: Program, server: Server) -> None:
    secret = beside.said("tokens", "add", "application", "short-lived").strip()

    def status() -> int:
        return httpx.post(
            f"{server.url}/api/1/messages",
            json={"message": "x"},
            headers={"Authorization": f"Bearer {secret}"},
            trust_env=False,
        ).status_code

    assert status() == 200
    beside.said("tokens", "revoke", rows(beside)["short-lived"][0])
    assert status() == 401
