from __future__ import annotations

import os

from tests.cli.program import Program


def lines(text: str, verdict: str) -> list[str]:
    return [line.removeprefix(verdict).strip() for line in text.splitlines() if line.startswith(verdict)]


def test_before_the_first_start(program: Program) -> None:
    text = program.said("doctor")
    assert lines(text, "ok") == ["uvloop is there", "httptools is there"]
    assert "not there yet" in lines(text, "warn")[0]
    assert "0001_" in text
    assert not program.data.exists()


def test_an_installation_at_rest(program: Program) -> None:
    program.said("users", "list", CARILLON_ADMIN_PASSWORD="better")
    text = program.said("doctor")
    assert lines(text, "fail") == []
    assert lines(text, "warn") == ["no server runs on this data folder (carillon serve)"]
    assert any(line.startswith("database SQLite 3.") and ", schema " in line for line in lines(text, "ok"))


def test_every_dialect_with_its_file_and_its_paths(either: Program) -> None:
    either.said("users", "list")
    found = either("doctor").stdout
    gotify, native = (
        next(line for line in found.splitlines() if f"dialect {name}:" in line) for name in ("gotify", "native")
    )
    assert " /message " in gotify
    assert gotify.endswith("/carillon/dialects/gotify/__init__.py)")
    assert " /api " in native


def test_a_server_is_seen(beside: Program) -> None:
    assert any(line.startswith("a server runs") for line in lines(beside("doctor").stdout, "ok"))


def test_the_published_password_is_a_failure(either: Program) -> None:
    either.said("users", "list")
    found = either("doctor")
    assert found.exit_code == 1
    assert any("carillon users password admin" in line for line in lines(found.stdout, "fail"))


def test_a_folder_that_others_can_look_into(program: Program) -> None:
    program.said("users", "list", CARILLON_ADMIN_PASSWORD="better")
    program.data.chmod(0o755)
    assert any("chmod 700" in line for line in lines(program.said("doctor"), "warn"))


def test_proxies_that_are_everybody(program: Program) -> None:
    program.said("users", "list", CARILLON_ADMIN_PASSWORD="better")
    found = program.said("doctor", CARILLON_TRUSTED_PROXIES="10.0.0.0/8,::/0")
    (warning,) = [line for line in lines(found, "warn") if "PROXIES" in line]
    assert warning.startswith("CARILLON_TRUSTED_PROXIES holds ::/0: ")


def test_a_database_that_is_none(program: Program) -> None:
    program.data.mkdir()
    (program.data / "carillon.db").write_bytes(b"not a database, but longer than its head would be" * 100)
    found = program("doctor")
    assert found.exit_code == 1
    assert lines(found.stdout, "fail") == ["the database cannot be looked at: file is not a database"]


def test_a_database_that_is_away(program: Program) -> None:
    found = program("doctor", CARILLON_DATABASE="postgresql://carillon:Hush@127.0.0.1:1/carillon")
    assert found.exit_code == 1
    assert "Hush" not in found.output
    assert lines(found.stdout, "fail")[-1].startswith("the database cannot be looked at")


def test_the_snapshot(program: Program) -> None:
    def found() -> list[str]:
        told = program("doctor", CARILLON_SNAPSHOT="true").stdout
        return [line for line in told.splitlines() if "snapshot is of" in line or "no snapshot" in line]

    program.said("users", "list", CARILLON_ADMIN_PASSWORD="better")
    assert "no snapshot" not in program.said("doctor")
    (missing,) = found()
    assert missing.startswith("warn  there is no snapshot")
    snapshot = program.data / "gotify.db"
    snapshot.touch()
    (fresh,) = found()
    assert fresh.startswith("ok    the newest snapshot is of 20")
    old = (program.data / "carillon.db").stat().st_mtime - 3 * 3600
    os.utime(snapshot, (old, old))
    (late,) = found()
    assert late.startswith("warn  the newest snapshot is of 20")
    assert "is not in it" in late
