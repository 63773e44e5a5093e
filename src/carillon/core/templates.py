"""Templates of titles and bodies: Jinja2 in a sandbox, for people who are not trusted with the server.

A template may do what is on the lists here and nothing else. Loops, what filters make, and the output are bounded;
time is looked at in every turn of a loop, after every filter and between the pieces of the output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

import jinja2
import msgspec
from jinja2 import nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from carillon.core.models import Message
from carillon.core.query import BANDS
from carillon.core.template_filters import (
    ALLOWED,
    CHECKS,
    HEAVIEST,
    ITEM,
    METHODS,
    TemplateError,
    Value,
    numbers,
    weigh,
)

__all__ = ["TemplateError", "check", "render", "values_of"]

SOURCE = 4096  # characters of a template
OUTPUT = 64 * 1024  # characters
DEPTH = 20  # of the tree of a template
TURNS = 10_000  # of all loops together
SECONDS = 0.05
BITS = 1024  # of a product or power
EXPONENT = 64

VARIABLES = (
    "title",
    "body",
    "message",
    "application",
    "service",
    "priority",
    "band",
    "url",
    "url_title",
    "link",
    "created",
    "tags",
    "extras",
    "id",
)

# Names that no template can spell, so none can change what is behind them.
BUDGET, COUNTED, WEIGHED, JOINED = "the budget", "counted", "weighed", "joined"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KNOWN = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.With),
    *(nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword),
    *(nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Call, nodes.Filter, nodes.Test, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.Concat, nodes.BinExpr, nodes.UnaryExpr),
)


def render(template: str, values: Mapping[str, Any], *, monotonic: Callable[[], float]) -> str:
    """What the template makes of the values. Raises TemplateError."""
    compiled = _compiled(template)
    budget = _Budget(monotonic)
    pieces = []
    try:
        for piece in compiled.generate({**values, BUDGET: budget}):
            budget.write(piece)
            pieces.append(piece)
    except TemplateError:
        raise
    except Exception as error:
        raise TemplateError(f"the template cannot be filled in: {_sentence(error)}") from None
    return "".join(pieces)


def check(template: str) -> None:
    """Raises TemplateError for what is no template, or does what none may do."""
    _compiled(template)


def values_of(message: Message, *, application: str, service: str, link: str) -> dict[str, Any]:
    """What a template can name: `VARIABLES`."""
    return {
        "title": message.title,
        "body": message.body,
        "message": message.body,
        "application": application,
        "service": service,
        "priority": message.level,
        "band": next((band for band, (low, high) in BANDS.items() if low <= message.level <= high), "normal"),
        "url": message.url or "",
        "url_title": message.url_title or "",
        "link": link,
        "created": EPOCH + timedelta(seconds=message.created // 1_000_000),
        "tags": _decoded(message.tags, []),
        "extras": _decoded(message.extras, {}),
        "id": message.public_id,
    }


def _decoded(raw: msgspec.Raw | None, empty: Value) -> Value:
    """Empty if it is too large for a template."""
    if raw is None or len(bytes(raw)) > HEAVIEST:
        return empty
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return empty
    return value if isinstance(value, type(empty)) else empty


class _Budget:
    """What one rendering may still use."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + SECONDS
        self._turns = TURNS
        self._room = OUTPUT

    def look(self) -> None:
        if self._monotonic() > self._end:
            raise TemplateError("the template takes too long")

    def write(self, piece: str) -> None:
        self._room -= len(piece)
        if self._room < 0:
            raise TemplateError(f"what the template makes is longer than {OUTPUT} characters")
        self.look()

    def turn(self) -> None:
        self._turns -= 1
        if self._turns < 0:
            raise TemplateError(f"the loops of the template turn more than {TURNS} times")
        self.look()


def _budget(context: Context) -> _Budget:
    budget: _Budget = context.parent[BUDGET]
    return budget


@jinja2.pass_context
def _counted(context: Context, values: Value) -> Value:
    budget = _budget(context)
    for each in values:
        budget.turn()
        yield each


@jinja2.pass_context
def _weighed(context: Context, value: Value) -> Value:
    _budget(context).look()
    return weigh(value)


@jinja2.pass_context
def _joined(context: Context, values: list[Any]) -> str:
    """As `~` does it; the values are weighed already."""
    _budget(context).look()
    return "".join(map(_shown, values))


def _shown(value: Value) -> str:
    """As it stands in the output."""
    if value is None or isinstance(value, jinja2.Undefined):
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, str | int | float | list | tuple | dict):
        return str(weigh(value))
    raise TemplateError("the template shows what is no text, number or list")


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=jinja2.ChainableUndefined, finalize=_shown, cache_size=0, optimized=False)
        self.globals = {"range": numbers}
        self.filters = {**ALLOWED, COUNTED: _counted, WEIGHED: _weighed, JOINED: _joined}
        self.tests = dict(CHECKS)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _vet(tree)
        _Bounding().visit(tree)
        return tree

    def call_binop(self, context: Context, operator: str, *operands: Value) -> Value:
        _budget(context).look()
        if operator in _BOUNDS:
            _BOUNDS[operator](*operands)
        return weigh(super().call_binop(context, operator, *operands))

    def call(__self, __context: Context, __obj: Value, *arguments: Value, **named: Value) -> Value:  # noqa: N805  # as jinja2 has it
        _budget(__context).look()
        return weigh(super().call(__context, __obj, *arguments, **named))

    def unsafe_undefined(self, obj: Value, attribute: str) -> jinja2.Undefined:
        raise TemplateError(f"{attribute!r} is not for templates")


def _bound_product(left: Value, right: Value) -> None:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str | list | tuple):
            size = len(one) * (1 if isinstance(one, str) else ITEM)
            if not isinstance(other, int) or size * other > HEAVIEST:
                raise TemplateError("the template repeats something too often")
        elif isinstance(one, int) and one.bit_length() > BITS // 2:
            raise TemplateError("the template multiplies numbers that are too large")


def _bound_power(left: Value, right: Value) -> None:
    if abs(right) > EXPONENT or (isinstance(left, int) and left.bit_length() * abs(right) > BITS):
        raise TemplateError("the template calculates a power that is too large")


def _bound_remainder(left: Value, _right: Value) -> None:
    if not isinstance(left, int | float):
        raise TemplateError("in templates % divides numbers only")


_BOUNDS: dict[str, Callable[[Any, Any], None]] = {"*": _bound_product, "**": _bound_power, "%": _bound_remainder}


def _vet(tree: nodes.Template) -> None:
    """Raises TemplateError for whatever is not on the lists. Without recursion: a tree may be thousands deep."""
    waiting: list[tuple[nodes.Node, int]] = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEPTH:
            raise TemplateError(f"line {node.lineno}: the template is nested too deeply")
        if fault := _fault(node):
            raise TemplateError(f"line {node.lineno}: {fault}")
        waiting += [(child, depth + 1) for child in node.iter_child_nodes()]


def _fault(node: nodes.Node) -> str:
    match node:
        case nodes.For(recursive=True):
            return "a loop must not call itself"
        case nodes.Name(name=name) | nodes.Getattr(attr=name) if name.startswith("_"):
            return f"{name!r} is not for templates"
        case nodes.Filter() | nodes.Test() | nodes.Call() if node.dyn_args or node.dyn_kwargs:
            return "arguments are given one by one"
        case nodes.Filter(name=name) if name not in ALLOWED:
            return f"there is no filter {name!r}"
        case nodes.Test(name=name) if name not in CHECKS:
            return f"there is no test {name!r}"
        case nodes.Call(node=nodes.Name(name="range")):
            return ""
        case nodes.Call(node=nodes.Getattr(attr=name)) if name in METHODS:
            return ""
        case nodes.Call():
            return "this cannot be called"
    return "" if isinstance(node, KNOWN) else f"{type(node).__name__.lower()} is not for templates"


class _Bounding(NodeTransformer):
    """Has everything weighed that a template makes, and every turn of a loop counted."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  # as jinja2 looks for it
        self.generic_visit(node)
        node.iter = _through(COUNTED, cast("nodes.Expr", node.iter))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  # as jinja2 looks for it
        self.generic_visit(node)
        parts = _through(WEIGHED, nodes.List(node.nodes, lineno=node.lineno))
        return _through(JOINED, parts)

    def _weighed(self, node: nodes.Expr) -> nodes.Expr:
        self.generic_visit(node)
        return node if getattr(node, "ctx", "load") != "load" else _through(WEIGHED, node)

    visit_Filter = visit_List = visit_Tuple = visit_Dict = _weighed  # noqa: N815  # as jinja2 looks for it


def _through(name: str, node: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


_ENVIRONMENT = _Environment()


@lru_cache(maxsize=256)
def _compiled(template: str) -> jinja2.Template:
    """Raises TemplateError."""
    if len(template) > SOURCE:
        raise TemplateError(f"a template is at most {SOURCE} characters long")
    try:
        return _ENVIRONMENT.from_string(template)
    except TemplateError:
        raise
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"line {error.lineno}: {_sentence(error)}") from None
    except RecursionError:
        raise TemplateError("the template is nested too deeply") from None
    except Exception as error:
        raise TemplateError(f"this is no template: {_sentence(error)}") from None


def _sentence(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]
