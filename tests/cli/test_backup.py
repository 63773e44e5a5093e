from __future__ import annotations

import io
import sqlite3
import stat
import tarfile
from contextlib import closing
from pathlib import Path

from tests.cli.program import Program

KEY = bytes(range(32))


def members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {name: file.read() for name in tar.getnames() if (file := tar.extractfile(name)) is not None}


def test_a_file_of_everything(either: Program, tmp_path: Path) -> None:
    either.said("send", "hello", "--title", "in the backup")
    target = tmp_path / "backup.tar"
    told = either("backup", str(target))
    assert (told.exit_code, told.stdout) == (0, "")
    assert told.stderr.startswith(f"{target}: 0.")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    (tmp_path / "database").write_bytes(members(target.read_bytes())["carillon.db"])
    with closing(sqlite3.connect(tmp_path / "database")) as db:
        assert db.execute("SELECT count(*) FROM messages WHERE title = 'in the backup'").fetchone()[0] >= 1
    assert [path.name for path in tmp_path.glob("*.part*")] == []
    assert not (either.data / "carillon.backup.part").exists()


def test_on_standard_output(either: Program) -> None:
    either.said("users", "list")
    told = either("backup", "-")
    assert told.exit_code == 0
    assert "carillon.db" in members(told.stdout_bytes)
    assert "checked" in told.stderr


def test_a_file_that_is_there(either: Program, tmp_path: Path) -> None:
    either.said("users", "list")
    target = tmp_path / "backup.tar"
    target.write_text("precious")
    assert "--force replaces it" in either.refused("backup", str(target))
    assert target.read_text() == "precious"
    assert either("backup", "--force", str(target)).exit_code == 0
    assert "carillon.db" in members(target.read_bytes())


def test_a_folder_that_is_not_there(either: Program, tmp_path: Path) -> None:
    assert "No such file or directory" in either.refused("backup", str(tmp_path / "nowhere" / "backup.tar"))


def test_the_key(program: Program, tmp_path: Path) -> None:
    program.said("users", "list")
    (program.data / "carillon.key").write_bytes(KEY)
    told = program("backup", str(tmp_path / "out"))
    assert "carillon.key is not in it" in told.stderr
    assert "carillon.key" not in members((tmp_path / "out").read_bytes())
    told = program("backup", str(tmp_path / "plain"), "--with-key")
    assert "is not in it" not in told.stderr
    assert members((tmp_path / "plain").read_bytes())["carillon.key"] == KEY
    told = program("backup", str(tmp_path / "sealed"), "--passphrase-stdin", stdin="horse\n")
    assert told.exit_code == 0
    assert "carillon.key.sealed" in members((tmp_path / "sealed").read_bytes())


def test_passphrases_that_are_none(program: Program, tmp_path: Path) -> None:
    program.said("users", "list")
    target = str(tmp_path / "backup")
    assert "must not be empty" in program.refused("backup", target, "--passphrase-stdin", stdin="\n")
    assert "use --passphrase-stdin" in program.refused("backup", target, "--passphrase")
    assert "only one of" in program.refused("backup", target, "--with-key", "--passphrase-stdin", status=2)
    assert not Path(target).exists()


def test_nothing_to_back_up(program: Program, tmp_path: Path) -> None:
    assert "there is no database" in program.refused("backup", str(tmp_path / "backup"))
    assert not program.data.exists()
    assert list(tmp_path.iterdir()) == []


def test_the_database_is_not_touched_for_it(program: Program, tmp_path: Path) -> None:
    """A backup before an update is of the old version, though the new one is installed already."""
    program.said("users", "list")
    with closing(sqlite3.connect(program.data / "carillon.db")) as db, db:
        db.execute("DELETE FROM migrations WHERE number > 1")
    assert program("backup", str(tmp_path / "backup")).exit_code == 0
    with closing(sqlite3.connect(program.data / "carillon.db")) as db:
        assert db.execute("SELECT max(number) FROM migrations").fetchone() == (1,)


def test_what_is_wrong_in_it_is_told(program: Program, tmp_path: Path) -> None:
    program.said("send", "hello")
    with closing(sqlite3.connect(program.data / "carillon.db")) as db, db:
        db.execute("UPDATE counters SET message = 0")
    told = program("backup", str(tmp_path / "backup"))
    assert told.exit_code == 0
    assert "1 messages above the counter (carillon doctor)" in told.stderr
