"""What people see: lines without control characters, columns, local times, and one way to complain."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import typer
from typer.core import TyperGroup

CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def commands(about: str | None = None, group: type[TyperGroup] = TyperGroup) -> typer.Typer:
    """A command, or with `about` a group of them, in our style: plain help, errors without traces."""
    return typer.Typer(
        help=about,
        cls=group,
        no_args_is_help=about is not None,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


class CommandError(Exception):
    """A command cannot do what it was asked; the text says why and what would help."""


def plain(text: str) -> str:
    """Text from outside, that cannot move the cursor, colour the terminal or do worse."""
    return text.translate(CONTROLS)


def say(text: str) -> None:
    """A line on standard output."""
    typer.echo(plain(text))


def note(text: str) -> None:
    """A line for people beside the output, on standard error."""
    typer.echo(plain(text), err=True)


def complain(text: str) -> None:
    """Why the command failed; several reasons are several lines."""
    for line in text.splitlines():
        note(f"carillon: {line}")


def secret(what: str, option: str, *, from_input: bool, twice: bool = True) -> str:
    """The first line of standard input, or asked for without being shown. Raises CommandError without a terminal."""
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    require_terminal(option)
    return str(typer.prompt(what, hide_input=True, confirmation_prompt="Once more" if twice else False, err=True))


def require_terminal(option: str) -> None:
    """Raises CommandError that names the option which does without."""
    if not sys.stdin.isatty():
        raise CommandError(f"there is no terminal to ask on: use {option}")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell."""
    cells = [head, *([plain(cell).replace("\n", " ") for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def moment(microseconds: int | None) -> str:
    """A stored time in the zone of this machine; none: never."""
    if microseconds is None:
        return "never"
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
