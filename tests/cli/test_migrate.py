from __future__ import annotations

from tests.cli.program import Program


def test_the_plan_changes_nothing(program: Program) -> None:
    plan = program("migrate", "--plan")
    assert plan.stdout.startswith("0001_")
    assert plan.stderr == "not done yet: carillon migrate\n"
    assert not program.data.exists()


def test_migrate_once(program: Program) -> None:
    planned = program.said("migrate", "--plan")
    assert program.said("migrate") == planned
    again = program("migrate")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "nothing to do\n")
    assert "admin" in program.said("users", "list")


def test_not_while_a_server_runs(beside: Program) -> None:
    assert "in use by another process" in beside.refused("migrate")
