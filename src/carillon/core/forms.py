"""Options of a service as declared data: check, form, API schema and stored JSON are all made from the declaration.

A channel's `Options` is a msgspec Struct whose fields are `Annotated[type, field(…)]`. Types may be str, int, bool,
Literal of strings (`choices` gives their labels), list[str], dict[str, str], and for a table by priority a
dict[Band, Row] where Row is such a Struct again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo, fields

from carillon.core.errors import BadInput
from carillon.core.reasons import because

Texts = tuple[str, str]  # English, German
Filled = Any  # the record that a channel's `Options` is
Kind = Literal["text", "secret", "address", "number", "switch", "choice", "list", "lines", "pairs", "levels"]

NO_TEXTS: Texts = ("", "")


class BadOption(BadInput):
    """`field` names the option at fault."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class Choice(Struct, frozen=True):
    value: str
    label: Texts


class Look(Struct, frozen=True, kw_only=True):
    """What people see of an option. `when`: it is only asked for if another option has one of these values; a text then
    has to be given.

    `advanced`: most people leave it alone.
    """

    label: Texts
    help: Texts = NO_TEXTS
    kind: Kind = "text"
    placeholder: str = ""
    choices: tuple[Choice, ...] = ()
    when: tuple[str, tuple[str, ...]] | None = None
    advanced: bool = False


class FormField(Struct, frozen=True, kw_only=True):
    """One field of a form, for whoever draws it. `columns`: of a table by priority."""

    name: str
    look: Look
    required: bool
    default: Any = None
    minimum: int | None = None
    maximum: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    columns: tuple[FormField, ...] = ()


def field(
    label: Texts,
    help: Texts = NO_TEXTS,  # noqa: A002  # as in a form
    *,
    kind: Kind = "text",
    placeholder: str = "",
    choices: Sequence[tuple[str, str, str]] = (),
    when: tuple[str, tuple[str, ...]] | None = None,
    advanced: bool = False,
    **bounds: int | str,
) -> Meta:
    """`choices` are (value, English, German); `bounds` those of msgspec.Meta: min_length, max_length, pattern, ge, le.

    Longest text, if nothing else is said: 2048 characters.
    """
    look = Look(
        label=label,
        help=help,
        kind=kind,
        placeholder=placeholder,
        choices=tuple(Choice(value, (english, german)) for value, english, german in choices),
        when=when,
        advanced=advanced,
    )
    if kind in ("text", "secret", "address", "lines"):
        bounds.setdefault("max_length", 2048)
    meta: Meta = Meta(extra={"look": look}, **bounds)  # type: ignore[call-overload]  # each of its own type
    return meta


@cache
def form(options: type[Struct]) -> tuple[FormField, ...]:
    """The fields in the order of declaration."""
    hints = get_type_hints(options, include_extras=True)
    return tuple(_form_field(each, hints[each.name]) for each in fields(options))


def secrets(options: type[Struct]) -> list[str]:
    """The names of the options that are written and never read."""
    return [each.name for each in form(options) if each.look.kind == "secret"]


def read(options: type[Struct], values: Mapping[str, Any]) -> Filled:
    """The options, checked. An option that is empty and not required is as if it had not been given.

    Raises BadOption.
    """
    declared = {each.name: each for each in form(options)}
    given = {name: value for name, value in values.items() if not (value in ("", None) and _optional(declared, name))}
    for name in given:
        if name not in declared:
            raise BadOption(name, f"there is no option {name!r}")
    for name, each in declared.items():
        if (each.required or _asked_for(each, declared, given)) and given.get(name) in (None, "", []):
            raise BadOption(name, because("option_missing", option=each.look.label[0]))
    try:
        return msgspec.convert(given, options)
    except msgspec.ValidationError as error:
        raise _bad(declared, str(error)) from None


def _asked_for(text: FormField, declared: Mapping[str, FormField], given: Mapping[str, Any]) -> bool:
    """A text is, by the value that another option has."""
    if text.look.when is None or text.look.kind not in ("text", "secret"):
        return False
    other, values = text.look.when
    return given.get(other, declared[other].default) in values


def _optional(declared: Mapping[str, FormField], name: str) -> bool:
    return name in declared and not declared[name].required


def _bad(declared: Mapping[str, FormField], text: str) -> BadOption:
    """msgspec says "… - at `$.name`"."""
    said, _, place = text.partition(" - at `$.")
    name = place.split("`")[0].split("[")[0].split(".")[0]
    label = declared[name].look.label[0] if name in declared else ""
    if label and "matching regex" in said:
        return BadOption(name, because("option_form", option=label))
    return BadOption(name, f"{label}: {said}" if label else said)


def _form_field(info: FieldInfo, hint: object) -> FormField:
    kind, meta = hint, Meta()
    if get_origin(hint) is Annotated:
        kind, *metas = get_args(hint)
        meta = next(each for each in metas if isinstance(each, Meta))
    look: Look = (meta.extra or {})["look"]
    columns: tuple[FormField, ...] = ()
    if look.kind == "levels":
        columns = form(get_args(kind)[1])
    default = info.default
    if info.default_factory is not msgspec.NODEFAULT:
        default = info.default_factory()
    return FormField(
        name=info.name,
        look=look,
        required=info.required,
        default=None if default is msgspec.NODEFAULT else msgspec.to_builtins(default),
        minimum=meta.ge if isinstance(meta.ge, int) else None,
        maximum=meta.le if isinstance(meta.le, int) else None,
        min_length=meta.min_length,
        max_length=meta.max_length,
        pattern=meta.pattern,
        columns=columns,
    )
