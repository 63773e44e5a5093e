"""What is raised, what the manual lists, and what the web app says in each of its languages, are the same."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from string import Formatter

import pytest

from carillon.core.errors import CarillonError, Conflict
from carillon.core.reasons import REASONS, because

ROOT = Path(__file__).parents[2]
LANGUAGES = sorted(path.name for path in (ROOT / "web/src/i18n").iterdir() if path.is_dir())


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def given() -> list[tuple[str, set[str]]]:
    """Each call of `because` in the source, with the names of the values it gives."""
    calls = []
    for path in sorted((ROOT / "src/carillon").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "because":
                (reason,) = node.args
                assert isinstance(reason, ast.Constant), path
                calls.append((str(reason.value), {str(word.arg) for word in node.keywords}))
    return calls


def test_each_is_given_somewhere_with_what_stands_in_its_gaps() -> None:
    assert {reason for reason, _ in given()} == set(REASONS)
    for reason, values in given():
        assert values == gaps(REASONS[reason]), reason


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_web_app_has_a_text_for_each(language: str) -> None:
    texts = json.loads((ROOT / "web/src/i18n" / language / "reasons.json").read_text())
    assert set(texts) == set(REASONS)
    for reason, text in texts.items():
        assert set(re.findall(r"\{(\w+)[,}]", text)) <= gaps(REASONS[reason]), reason


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_web_app_has_a_text_for_each_kind(language: str) -> None:
    """For what has no reason: it is told by its kind, in whose text the server's sentence stands."""
    texts = json.loads((ROOT / "web/src/i18n" / language / "kinds.json").read_text())
    kinds = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower() for kind in _all(CarillonError)}
    assert {"bad_input", "not_found", "disk_full", "wrong_media"} <= set(texts)
    assert set(texts) <= kinds
    assert all("{message}" in text for text in texts.values())


def _all(kind: type[CarillonError]) -> set[type[CarillonError]]:
    return {kind}.union(*map(_all, kind.__subclasses__()))


def test_it_is_a_sentence_that_knows_its_name() -> None:
    said = because("too_long", field="name", limit=7)
    assert (said, said.reason, said.values) == (
        "name is longer than 7 bytes",
        "too_long",
        {"field": "name", "limit": 7},
    )
    error = Conflict(said)
    assert (str(error), error.text) == (said, said)
    assert error.text is said
    with pytest.raises(KeyError):
        because("nothing of the kind")
