"""The settings that admins may change while the server runs."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from carillon.core.decisions import BadDecision, Decidable, Section, Value
from carillon.core.kit import Kit
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import FieldError


class Setting(Struct, kw_only=True):
    """A setting that may be changed while the server runs. `value` is what is in force."""

    name: str
    section: Section
    type: Literal["boolean", "integer", "choice"]
    value: Value
    default: Annotated[Value, Meta(description="What holds as long as nobody has decided")]
    fixed_by: Annotated[str | None, Meta(description="What fixes it; null: it may be changed here")]
    help: Annotated[str, Meta(description="What it does, and what follows from it")]
    choices: Annotated[list[Value] | UnsetType, Meta(description="Of a choice: what it may be")] = UNSET
    minimum: Annotated[int | UnsetType, Meta(description="Of an integer")] = UNSET
    maximum: Annotated[int | UnsetType, Meta(description="Of an integer")] = UNSET
    unit: Annotated[str | UnsetType, Meta(description="Of an integer: what is counted, such as bytes or days")] = UNSET


class Settings(Struct):
    settings: list[Setting]


class PatchSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """Left out: stays as it is. Null: back to the default."""

    registration: bool | UnsetType | None = UNSET
    session_days: int | UnsetType | None = UNSET
    publish_rate: int | UnsetType | None = UNSET
    publish_burst: int | UnsetType | None = UNSET
    message_limit: int | UnsetType | None = UNSET
    request_limit: int | UnsetType | None = UNSET
    streams_per_user: int | UnsetType | None = UNSET
    default_priority: int | UnsetType | None = UNSET
    default_content_type: str | UnsetType | None = UNSET
    token_length: int | UnsetType | None = UNSET
    show_tokens: bool | UnsetType | None = UNSET
    gotify_face: int | UnsetType | None = UNSET
    service_addresses: str | UnsetType | None = UNSET
    snapshot: bool | UnsetType | None = UNSET
    log_level: str | UnsetType | None = UNSET


def setting(stood: Decidable) -> Setting:
    return Setting(
        name=stood.name,
        section=stood.section,
        type=stood.kind,
        value=stood.value,
        default=stood.default,
        fixed_by=stood.fixed_by,
        help=stood.help,
        choices=list(stood.choices) or UNSET,
        minimum=UNSET if stood.minimum is None else stood.minimum,
        maximum=UNSET if stood.maximum is None else stood.maximum,
        unit=UNSET if stood.unit is None else stood.unit,
    )


async def settings(kit: Kit, _: Call[Nothing, Nothing]) -> Settings:
    return Settings([setting(each) for each in kit.site.backstage.decisions.standing()])


async def change(kit: Kit, call: Call[Nothing, PatchSettings]) -> Settings:
    wishes = {name: value for name, value in asdict(call.body).items() if value is not UNSET}
    try:
        standing = await kit.site.backstage.decisions.change(wishes, by=call.actor.user)
    except BadDecision as error:
        raise FieldError(error.name, error.text) from None
    return Settings([setting(each) for each in standing])


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/settings",
        summary="List the settings",
        text="Those that may be changed while the server runs, with what is in force.",
        access="admin-look",
        **by(settings, query=Nothing, body=Nothing, answer=Settings),
    ),
    Operation(
        method="PATCH",
        path="/api/1/settings",
        summary="Change settings",
        text="All of them or none, at once and for as long as nobody changes them again. What the server was started "
        "with fixes a setting, and `fixed_by` says so.",
        access="admin",
        example={"registration": True, "publish_rate": None},
        refusals=(413, 415),
        **by(change, query=Nothing, body=PatchSettings, answer=Settings),
    ),
)
