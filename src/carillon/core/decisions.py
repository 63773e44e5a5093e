"""What admins decide while the server runs: settings that are stored in the database and act at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from carillon.core.channels import Reach
from carillon.core.errors import BadInput, Conflict
from carillon.core.models import AUTO, User
from carillon.core.ports import Store
from carillon.core.reasons import because

Value = bool | int | str
Section = Literal["accounts", "sending", "applications", "clients", "server"]

log = logging.getLogger("carillon.settings")


class CannotAct(Exception):
    """What was decided cannot be done here; the text says why. Nothing has changed."""


class BadDecision(BadInput):
    """`name` is that of the setting at fault."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class Policy(Struct, frozen=True, kw_only=True):
    """Everything that can be decided, as it is in force; docs/settings.md says what each of it means."""

    registration: bool = False
    session_days: int = 30
    publish_rate: int = 50
    publish_burst: int = 5000
    message_limit: int = 64 * 1024
    request_limit: int = 1024 * 1024
    streams_per_user: int = 100
    default_priority: int = 0
    default_content_type: str = AUTO
    token_length: int = 15
    show_tokens: bool = False
    gotify_face: int = 3
    service_addresses: Reach = "internet"
    snapshot: bool = False
    log_level: str = "info"


class Decidable(Struct, frozen=True, kw_only=True):
    """The declaration of one such setting, and what holds as long as nobody has decided.

    `kind` integer has its bounds, choice its `choices`. `fixed_by` names what this installation was started with that
    decides it; nobody else may then.
    """

    name: str
    section: Section
    kind: Literal["boolean", "integer", "choice"]
    default: Value
    help: str
    value: Value
    choices: tuple[Value, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    unit: str | None = None
    fixed_by: str | None = None

    def check(self, value: object) -> Value:
        """The value, if it may be decided so. Raises BadDecision."""
        if self.kind == "boolean" and isinstance(value, bool):
            return value
        if self.kind == "choice" and any(value == choice and type(value) is type(choice) for choice in self.choices):
            return next(choice for choice in self.choices if choice == value)
        if self.kind == "integer" and type(value) is int and self._within(value):
            return value
        if self.kind == "integer" and self.minimum is not None and self.maximum is not None:
            bounds = because("setting_bounds", name=self.name, least=self.minimum, most=self.maximum)
            raise BadDecision(self.name, bounds)
        raise BadDecision(self.name, f"{self.name} must be {self._expected}")

    def _within(self, value: int) -> bool:
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)

    @property
    def _expected(self) -> str:
        if self.kind == "boolean":
            return "true or false"
        if self.kind == "choice":
            return f"one of {', '.join(map(str, self.choices))}"
        return f"a whole number from {self.minimum} to {self.maximum}"


class Decisions:
    """Holds the policy in force, and has it followed by whom it concerns.

    What is stored and cannot be followed (of another version, out of bounds, in contradiction to what is fixed) is
    left in the database, told in the log and ignored.
    """

    def __init__(self, store: Store, declared: Sequence[Decidable]) -> None:
        self._store = store
        self._declared = {each.name: each for each in declared}
        self._followers: list[Callable[[Policy], None]] = []
        self._decided: dict[str, Value] = {}
        self._changing = asyncio.Lock()
        self.ignored: list[str] = []
        self.policy = policy_of(declared)

    def let(self, follow: Callable[[Policy], None]) -> None:
        """This follows too, now and at each change. It must not raise."""
        self._followers.append(follow)
        follow(self.policy)

    async def load(self, follow: Callable[[Policy], None]) -> None:
        """To be called once, before anybody is served: what is stored takes effect, and from now on what is decided.

        `follow` makes a policy act, or raises CannotAct and has changed nothing.
        """
        self._decided, self.ignored = followed(list(self._declared.values()), await self._store.settings())
        for line in self.ignored:
            log.warning("a setting in the database is ignored: %s", line)
        self.policy = policy_of(self.standing())
        self.let(follow)

    def standing(self) -> list[Decidable]:
        """All of them, in the order of declaration, each with the value that is in force."""
        return _with(self._declared.values(), self._decided)

    def decided(self) -> dict[str, Value]:
        """What is in force because the database says so."""
        return dict(self._decided)

    async def change(self, wishes: Mapping[str, object], *, by: User) -> list[Decidable]:
        """Decides them all or none; None: back to what holds without a decision. They act when this returns.

        Raises BadDecision for a name that is none, for a value that may not be, and for what is fixed; Conflict for
        what cannot be done here.
        """
        async with self._changing:
            decided = dict(self._decided)
            for name, value in wishes.items():
                declared = self._free(name)
                if value is None:
                    decided.pop(name, None)
                else:
                    decided[name] = declared.check(value)
            standing = _with(self._declared.values(), decided)
            contradiction = contradicted(standing, set(wishes))
            if contradiction is not None:
                raise contradiction
            await self._follow(standing, decided, {name: decided.get(name) for name in wishes})
            log.info("%s has decided: %s", by.name, ", ".join(f"{name} = {_shown(wishes[name])}" for name in wishes))
            return standing

    async def _follow(
        self, standing: Sequence[Decidable], decided: dict[str, Value], new: Mapping[str, Value | None]
    ) -> None:
        """Acts first: what cannot act must not be stored. Back again when it cannot be stored."""
        policy = policy_of(standing)
        try:
            self._act(policy)
        except CannotAct as error:
            raise Conflict(str(error)) from None
        try:
            await self._store.decide(
                {name: None if value is None else msgspec.json.encode(value).decode() for name, value in new.items()}
            )
        except BaseException:
            self._act(self.policy)
            raise
        self.policy, self._decided = policy, decided

    def _act(self, policy: Policy) -> None:
        for follow in self._followers:
            follow(policy)

    def _free(self, name: str) -> Decidable:
        declared = self._declared.get(name)
        if declared is None:
            raise BadDecision(name, f"there is no setting {name!r} that can be decided here")
        if declared.fixed_by is not None:
            raise BadDecision(name, because("setting_fixed", name=name, by=declared.fixed_by))
        return declared


def policy_of(standing: Sequence[Decidable]) -> Policy:
    return msgspec.convert({each.name: each.value for each in standing}, Policy)


def followed(declared: Sequence[Decidable], stored: Mapping[str, str]) -> tuple[dict[str, Value], list[str]]:
    """Of what is stored (JSON by name) what can be followed, and a line for each of the rest."""
    known = {each.name: each for each in declared}
    decided: dict[str, Value] = {}
    ignored = []
    for name, text in sorted(stored.items()):
        if name not in known:
            ignored.append(f"{name}: this version has no such setting")
            continue
        if known[name].fixed_by is not None:
            continue
        try:
            decided[name] = known[name].check(msgspec.json.decode(text))
        except (BadDecision, msgspec.DecodeError) as error:
            ignored.append(str(error) if isinstance(error, BadDecision) else f"{name}: not JSON")
    contradiction = contradicted(_with(declared, decided), set(decided))
    if contradiction is not None:
        ignored.append(str(contradiction))
        for name in ("message_limit", "request_limit"):
            decided.pop(name, None)
    return decided, ignored


def contradicted(standing: Sequence[Decidable], names: Collection[str]) -> BadDecision | None:
    """A message that is too long for any request: the fault of the one of the two that is among the `names`."""
    policy = policy_of(standing)
    if policy.message_limit <= policy.request_limit:
        return None
    at_fault = "message_limit" if "message_limit" in names else "request_limit"
    return BadDecision(at_fault, because("message_above_request", limit=policy.request_limit))


def _with(declared: Iterable[Decidable], decided: Mapping[str, Value]) -> list[Decidable]:
    return [replace(each, value=decided.get(each.name, each.value)) for each in declared]


def _shown(value: object) -> str:
    return "as without a decision" if value is None else msgspec.json.encode(value).decode()
