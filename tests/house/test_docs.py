"""The manual says what the code does, and the web app's types what the API takes and gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from carillon.cli import COMMANDS
from carillon.settings import declared_settings
from tests import make_types
from tests.make_docs import DOCS, PAGES


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_as_the_code_makes_it(page: str) -> None:
    assert (DOCS / page).read_text() == PAGES[page](), "make docs"


def test_every_command_is_a_section() -> None:
    headings = [line for line in (DOCS / "cli.md").read_text().splitlines() if line.startswith("## ")]
    assert headings == [f"## {name}" for name in COMMANDS]


def test_every_setting_is_a_section() -> None:
    headings = [line for line in (DOCS / "settings.md").read_text().splitlines() if line.startswith("## ")]
    assert headings == [f"## {declared.name}" for declared in declared_settings()]


def test_the_types_are_as_the_api_makes_them(tmp_path: Path) -> None:
    made = tmp_path / "schema.d.ts"
    make_types.write(made)
    assert made.read_text() == make_types.TYPES.read_text(), "make types"
