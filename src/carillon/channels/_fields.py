"""Options that several channels have."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Meta

from carillon.core.forms import Texts, field


def server(placeholder: str = "", *, advanced: bool = False) -> Meta:
    label = ("Server", "Server")
    return field(label, kind="address", placeholder=placeholder, pattern="^https?://", advanced=advanced)


def secret(english: str, german: str, *, help: Texts = ("", ""), when: tuple[str, str] | None = None) -> Meta:  # noqa: A002  # as in a form
    return field((english, german), help, kind="secret", when=only(when))


def text(english: str, german: str, *, when: tuple[str, str] | None = None) -> Meta:
    return field((english, german), when=only(when))


def switch(english: str, german: str, *, help: Texts = ("", "")) -> Meta:  # noqa: A002  # as in a form
    return field((english, german), help, kind="switch", advanced=True)


def choice(english: str, german: str, choices: Sequence[tuple[str, str, str]], *, advanced: bool = False) -> Meta:
    return field((english, german), kind="choice", choices=choices, advanced=advanced)


def listed(english: str, german: str, *, help: Texts = ("", ""), advanced: bool = False) -> Meta:  # noqa: A002  # as in a form
    return field((english, german), help, kind="list", advanced=advanced)


def only(when: tuple[str, str] | None) -> tuple[str, tuple[str, ...]] | None:
    """Asked for where the option has one of the values, which stand with spaces between."""
    return None if when is None else (when[0], tuple(when[1].split()))
