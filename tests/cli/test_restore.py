from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.program import Program

KEY = bytes(range(32))


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Of an installation with a key, which is locked with the passphrase "horse"."""
    old = Program(tmp_path / "old")
    assert old.said("send", "hello") == "1\n"
    (old.data / "carillon.key").write_bytes(KEY)
    target = tmp_path / "backup.tar"
    assert old("backup", str(target), "--passphrase-stdin", stdin="horse\n").exit_code == 0
    return target


def test_into_an_empty_folder(program: Program, backup: Path) -> None:
    told = program("restore", str(backup), "--passphrase-stdin", stdin="horse\n")
    assert (told.exit_code, told.stdout) == (0, "")
    lines = told.stderr.splitlines()
    assert lines[0].startswith("restored the backup of 20")
    assert "messages 1, entries 1" in lines[0]
    assert lines[1:] == [
        "the key is in place: carillon.key",
        "the next message gets the id 1048578; start the server: carillon serve",
    ]
    assert (program.data / "carillon.key").read_bytes() == KEY
    assert program.said("send", "again") == "1048578\n"
    assert "fail  database" not in program("doctor").stdout


def test_passphrases(program: Program, backup: Path) -> None:
    assert "not the passphrase" in program.refused("restore", str(backup), "--passphrase-stdin", stdin="donkey\n")
    assert "--passphrase-stdin or --without-key" in program.refused("restore", str(backup))
    assert not (program.data / "carillon.db").exists()
    told = program("restore", str(backup), "--without-key")
    assert told.exit_code == 0
    assert "the key of the installation is not here" in told.stderr


def test_over_an_installation(program: Program, backup: Path) -> None:
    program.said("send", "newer")
    assert "--force sets its database aside" in program.refused("restore", str(backup), "--without-key")
    told = program("restore", str(backup), "--without-key", "--force")
    assert "carillon.db.before-restore-" in told.stderr


def test_a_copy_of_the_snapshot(program: Program, backup: Path, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "old" / "carillon.db", tmp_path / "gotify.db")
    told = program("restore", str(tmp_path / "gotify.db"))
    assert told.stderr.startswith("restored the database: users 1,")


def test_not_beside_a_server(beside: Program, backup: Path) -> None:
    assert "stop it first" in beside.refused("restore", str(backup), "--force")


def test_what_is_no_backup(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    assert "the backup is not whole" in program.refused("restore", str(tmp_path / "file"))
    assert "No such file" in program.refused("restore", str(tmp_path / "nowhere"))
    assert not (program.data / "carillon.db").exists()


def test_into_another_engine(program: Program, backup: Path) -> None:
    url = "postgresql://carillon:Hush@127.0.0.1:1/carillon"
    told = program.refused("restore", str(backup), "--without-key", CARILLON_DATABASE=url)
    assert "this is a backup of SQLite, and the installation stores in PostgreSQL" in told
    assert "Hush" not in told
