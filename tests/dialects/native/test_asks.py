from __future__ import annotations

from msgspec import Struct, inspect

from carillon.core.limits import Limits
from carillon.dialects.native import asks
from carillon.dialects.native.operation import Nothing
from carillon.dialects.native.operations import OPERATIONS

ASKED: list[type[Struct]] = [kind for one in OPERATIONS for kind in (one.query, one.body) if kind is not Nothing]


def fields(kind: type[Struct]) -> tuple[inspect.Field, ...]:
    declared = inspect.type_info(kind)
    assert isinstance(declared, inspect.StructType)
    return declared.fields


def test_unknown_fields_are_refused_everywhere() -> None:
    kinds: list[type[Struct]] = [*ASKED, Nothing]
    for kind in kinds:
        assert kind.__struct_config__.forbid_unknown_fields, kind


def test_limits_are_named_as_the_installation_names_them() -> None:
    named = set()
    for kind in ASKED:
        for field in fields(kind):
            if isinstance(field.type, inspect.Metadata) and field.type.extra_json_schema:
                named.add(field.type.extra_json_schema.get("x-limit"))
    texts = {"text", "title", "url", "short", "json", "name", "description"}
    assert named - {None} == texts | {"page", "changes", "batch", "applications_per_user"}
    assert named - {None} <= set(Limits.__struct_fields__)


def test_every_parameter_is_explained() -> None:
    for query in {one.query for one in OPERATIONS} - {Nothing}:
        for field in fields(query):
            assert isinstance(field.type, inspect.Metadata)
            assert (field.type.extra_json_schema or {}).get("description"), field.name


def test_a_page_is_within_its_limit() -> None:
    assert asks.PageQuery().limit <= Limits().page
