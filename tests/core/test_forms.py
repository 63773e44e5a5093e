from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Struct

from carillon.core.forms import BadOption, field, form, read, secrets


class Row(Struct, kw_only=True):
    sound: Annotated[str, field(("Sound", "Ton"))] = ""


class Options(Struct, kw_only=True):
    token: Annotated[str, field(("Token", "Token"), ("30 characters", "30 Zeichen"), kind="secret", pattern="^a{3}$")]
    kind: Annotated[
        Literal["a", "b"], field(("Kind", "Art"), kind="choice", choices=[("a", "First", "Erste"), ("b", "2nd", "2.")])
    ] = "a"
    every: Annotated[int, field(("Every", "Alle"), kind="number", ge=30, le=90, when=("kind", ("b",)))] = 60
    levels: Annotated[dict[str, Row], field(("Levels", "Stufen"), kind="levels", advanced=True)] = {}
    to: Annotated[list[str], field(("To", "An"), kind="list")] = []


def test_a_form_is_made_of_the_declaration() -> None:
    token, kind, every, levels, to = form(Options)
    assert (token.name, token.required, token.pattern, token.look.help[1]) == ("token", True, "^a{3}$", "30 Zeichen")
    assert token.max_length == 2048
    assert [(each.value, each.label) for each in kind.look.choices] == [("a", ("First", "Erste")), ("b", ("2nd", "2."))]
    assert (kind.required, kind.default) == (False, "a")
    assert (every.minimum, every.maximum, every.look.when) == (30, 90, ("kind", ("b",)))
    assert [each.name for each in levels.columns] == ["sound"]
    assert (levels.look.advanced, levels.default, to.default) == (True, {}, [])
    assert secrets(Options) == ["token"]


def test_options_are_read_with_their_defaults() -> None:
    found = read(Options, {"token": "aaa", "every": None, "kind": "", "levels": {"high": {"sound": "siren"}}})
    assert found == Options(token="aaa", levels={"high": Row(sound="siren")})


@pytest.mark.parametrize(
    ("given", "field_"),
    [
        ({}, "token"),
        ({"token": ""}, "token"),
        ({"token": "abc"}, "token"),
        ({"token": "aaa", "every": 5}, "every"),
        ({"token": "aaa", "every": "often"}, "every"),
        ({"token": "aaa", "kind": "c"}, "kind"),
        ({"token": "aaa", "levels": {"high": {"sound": 7}}}, "levels"),
        ({"token": "aaa", "to": [7]}, "to"),
        ({"token": "aaa", "tokn": 1}, "tokn"),
    ],
)
def test_the_option_at_fault_is_named(given: dict[str, Any], field_: str) -> None:
    with pytest.raises(BadOption) as caught:
        read(Options, given)
    assert caught.value.field == field_
    assert str(caught.value)


class Locked(Struct, kw_only=True):
    login: Annotated[
        Literal["none", "token"], field(("Login", "Anmeldung"), kind="choice", choices=[("token", "Token", "Token")])
    ] = "none"
    token: Annotated[str, field(("Token", "Token"), kind="secret", when=("login", ("token",)))] = ""
    place: Annotated[str, field(("Place", "Ort"), pattern="^[a-z]+$")] = "tower"


def test_a_text_that_another_option_asks_for_is_needed() -> None:
    assert read(Locked, {}).token == ""
    assert read(Locked, {"login": "token", "token": "t"}).token == "t"
    for missing in ({}, {"token": ""}, {"token": None}):
        with pytest.raises(BadOption, match="Token is missing") as caught:
            read(Locked, {"login": "token", **missing})
        assert caught.value.field == "token"


def test_a_form_that_is_not_kept_is_told_without_its_pattern() -> None:
    with pytest.raises(BadOption, match=r"^Place: it does not have the form that is expected$"):
        read(Locked, {"place": "X 1"})
