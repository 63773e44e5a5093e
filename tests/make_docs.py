"""Writes the pages of the manual that are made from the code: `make docs`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from typer import Context
from typer.core import TyperGroup
from typer.main import get_command

from carillon.cli import app
from carillon.core.reasons import REASONS
from carillon.settings import declared_settings

DOCS = Path(__file__).parent.parent / "docs"
WIDTH = 100  # columns of a help text

SETTINGS = """\
# Settings

Made from the code by `make docs`; do not edit.

A setting is a variable of the process environment, or a line `NAME=value` of `carillon.env` in the data folder. The
environment wins. An empty value is as good as none. `carillon settings` shows what is in force and where it comes
from. A name that is none of these, or a value that cannot be read, stops the start, with a line for each.

In `carillon.env` quotes around a value and `export ` before a name are allowed, and `#` begins a comment, after a
value with a space before it. `CARILLON_DATA` cannot stand there, since it says where the file is.

A secret can also be the content of a file: `CARILLON_TOKEN_FILE=/run/secrets/token` instead of `CARILLON_TOKEN`. Line
ends at the end of the file do not count.

Those that say "live" can also be changed while the server runs, by admins in the web app (or by
`PATCH /api/1/settings`): they act at once, are kept in the database, and hold until somebody changes them again. The
environment and the file go before them: what stands there is fixed, and can be changed there only. What the database
holds goes before the default.
"""

COMMANDS = """\
# Commands

Made from the code by `make docs`; do not edit.

Commands that look at users, tokens or messages ask the server that runs on the data folder, through the socket
`carillon.sock` in it, which only the system user of the server can open. When none runs they open the database
themselves. So they need no password, but the right system user and the same `CARILLON_DATA`:
`sudo -u carillon CARILLON_DATA=/var/lib/carillon carillon users list`.

Exit status: 0 done, 1 it could not be done (standard error says why), 2 wrongly called, 130 interrupted.
"""


REASONS_HEAD = """\
# Reasons

Made from the code by `make docs`; do not edit.

An error of the [native API](native.md) that people meet has a `reason`, which stays the same when the wording of its
`message` changes. `values` has what stands in the gaps of the message, by the names below. An error without a reason
is told by its `code`.

| reason | message |
|---|---|
"""


def reasons_page() -> str:
    return REASONS_HEAD + "".join(f"| `{reason}` | {text} |\n" for reason, text in REASONS.items())


def settings_page() -> str:
    return SETTINGS + "".join(
        f"\n## {declared.name}\n\n{declared.setting.meaning}\n\n"
        f"- is {declared.setting.kind.expects}\n"
        f"- default: {f'`{declared.default}`' if declared.default else 'empty'}\n"
        + ("- live\n" if declared.setting.live else "")
        + (f"- secret: never shown, may come from `{declared.name}_FILE`\n" if declared.setting.secret else "")
        for declared in declared_settings()
    )


def commands_page() -> str:
    root = get_command(app)
    if not isinstance(root, TyperGroup):
        raise TypeError("the program is not a group of commands")
    return COMMANDS + "".join(
        _sections(
            root, Context(root, info_name="carillon", terminal_width=WIDTH, help_option_names=["-h", "--help"]), level=2
        )
    )


def _sections(group: TyperGroup, context: Context, *, level: int) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            raise KeyError(name)
        inner = Context(command, parent=context, info_name=name, terminal_width=WIDTH)
        heading = inner.command_path.removeprefix("carillon ")
        yield f"\n{'#' * level} {heading}\n\n```\n{command.get_help(inner).strip()}\n```\n"
        if isinstance(command, TyperGroup):
            yield from _sections(command, inner, level=level + 1)


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "cli.md": commands_page,
    "reasons.md": reasons_page,
}


if __name__ == "__main__":
    for page, make in PAGES.items():
        (DOCS / page).write_text(make())
