from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from carillon import __version__
from carillon.cli import COMMANDS
from tests.cli.program import Program
from tests.walks.server import CARILLON, environment


def test_version(program: Program) -> None:
    assert program.said("--version") == f"carillon {__version__}\n"


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command(program: Program, option: str) -> None:
    text = program.said(option)
    assert [line.split()[0] for line in text.partition("Commands:\n")[2].splitlines()] == list(COMMANDS)
    assert "..." not in text.partition("Commands:\n")[2]


def test_without_a_command_it_shows_the_help(program: Program) -> None:
    assert "Commands:" in program().output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps(program: Program, name: str) -> None:
    assert f"carillon {name}" in program.said(name, "-h")


def test_a_misspelt_command(program: Program) -> None:
    assert "Did you mean 'send'?" in program.refused("sned", status=2)


def test_a_wrong_call(program: Program) -> None:
    assert "--priority" in program.refused("send", "x", "--priority", "11", status=2)
    assert not program.data.exists()


def test_settings_that_are_wrong_are_told_in_lines(program: Program) -> None:
    assert program.refused("users", "list", CARILLON_PROT="1", CARILLON_LOG_LEVEL="loud").splitlines() == [
        "carillon: environment: there is no setting CARILLON_PROT, did you mean CARILLON_PORT?",
        "carillon: CARILLON_LOG_LEVEL: 'loud' is not one of debug, info, warning, error",
    ]


def test_a_file_that_cannot_be_had_is_told_in_a_line(program: Program) -> None:
    program.data.mkdir()
    (program.data / "carillon.lock").mkdir()
    assert program.refused("users", "list") == f"carillon: {program.data / 'carillon.lock'}: Is a directory\n"


def test_a_broken_database_is_told_in_a_line(program: Program) -> None:
    program.data.mkdir()
    (program.data / "carillon.db").write_bytes(b"not a database, but longer than its head would be" * 100)
    assert program.refused("users", "list") == "carillon: the database: file is not a database\n"


def test_the_installed_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [CARILLON, "users", "list"],
        env=environment({"CARILLON_DATA": str(tmp_path / "file")}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "admin" in done.stdout
    assert done.stderr == ""


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{CARILLON} settings | head -n 1"],
        env=environment({"CARILLON_DATA": str(tmp_path)}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""


def test_the_server_waits_for_no_import_it_does_not_need() -> None:
    code = "import sys, carillon.cli, carillon.cli.serve; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"rich", "httpx", "asyncpg", "pygments", "carillon.cli.send"} & set(loaded)
