"""Calls the program in this process, as a shell would: arguments, environment, standard input."""

from __future__ import annotations

import os
from pathlib import Path

from typer.testing import CliRunner, Result

from carillon.cli import app


class Program:
    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        others = dict.fromkeys((name for name in os.environ if name.startswith("CARILLON_")), None)
        self.environment: dict[str, str | None] = {**others, "CARILLON_DATA": str(data), **settings}

    def __call__(self, *arguments: str, stdin: str | bytes = "", **settings: str) -> Result:
        """Whatever comes of it; an error that is not told in a line is raised."""
        result = CliRunner().invoke(
            app, arguments, input=stdin, env={**self.environment, **settings}, prog_name="carillon"
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def said(self, *arguments: str, stdin: str | bytes = "", **settings: str) -> str:
        """Standard output of a call that succeeds."""
        result = self(*arguments, stdin=stdin, **settings)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *arguments: str, stdin: str | bytes = "", status: int = 1, **settings: str) -> str:
        """Standard error of a call that fails, without a trace of where."""
        result = self(*arguments, stdin=stdin, **settings)
        assert result.exit_code == status, result.output
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        return result.stderr
