"""Tries a service with values that nobody has saved: a check, a test notification, a preview of its templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from carillon.core import templates
from carillon.core.channels import Channel, Outcome, Ways
from carillon.core.deliver import sent
from carillon.core.errors import BadInput, NotFound
from carillon.core.limits import Limits, bounded
from carillon.core.models import PLAIN, Message, User
from carillon.core.outgoing import Rules, Service
from carillon.core.parcels import Packing, masked
from carillon.core.ports import Clock, Ids, Store
from carillon.core.reasons import because
from carillon.core.services import Services, values_of

SAMPLE = "This is what a message of Carillon looks like here."


class Trial(Struct, frozen=True, kw_only=True):
    """Values of a form. Secrets that are not among them are those of the service, if there is one."""

    kind: str
    options: Mapping[str, Any]
    service_id: int | None = None


class Sample(Struct, frozen=True, kw_only=True):
    """What a test notification says; empty: something suitable."""

    title: str = ""
    body: str = ""
    level: int = 5
    url: str = ""
    url_title: str = ""
    sound: str = ""
    rules: Rules = Rules()


class Verdict(Struct, frozen=True):
    """How it went, and how many µs it took."""

    outcome: Outcome
    took: int


class Preview(Struct, frozen=True, kw_only=True):
    """`error` says what is wrong with a template; the texts are then as without it."""

    title: str
    body: str
    error: str | None = None
    public_id: str | None = None
    message_title: str | None = None


class Trials:
    def __init__(
        self,
        services: Services,
        *,
        store: Store,
        ways: Ways,
        packing: Packing,
        clock: Clock,
        ids: Ids,
        limits: Limits,
    ) -> None:
        self._services = services
        self._store = store
        self._ways = ways
        self._packing = packing
        self._clock = clock
        self._ids = ids
        self._limits = limits

    async def check(self, user: User, trial: Trial) -> Verdict:
        """Whether it would work; nobody gets a message. Raises BadOption, BadInput, NotFound, Forbidden."""
        channel, options = await self._filled(user, trial)
        if not hasattr(channel, "check"):
            raise BadInput(because("no_check"))
        return await self._timed(channel, options, lambda: channel.check(options, self._ways("")))

    async def test(self, user: User, trial: Trial, sample: Sample) -> Verdict:
        """A message by the same way as any other, once. Raises as `check`."""
        channel, options = await self._filled(user, trial)
        for field, text in (("title", sample.title), ("message", sample.body), ("url", sample.url)):
            bounded(field, text, self._limits.text)
        message = _made_up(sample, self._clock.now(), self._ids.public_id())
        agreed: list[str] = []
        if trial.service_id is not None:
            agreed = [
                each.address for each in await self._store.confirmations(trial.service_id) if each.confirmed is not None
            ]
        parcel = self._packing.parcel(
            _unsaved(user, trial, sample.rules),
            message,
            application="Carillon",
            now=message.created,
            ident=f"test-{message.public_id}",
            confirmed=agreed,
        )
        parcel = replace(parcel, test=True)
        return await self._timed(channel, options, lambda: channel.send(options, parcel, self._ways("")))

    async def preview(self, user: User, rules: Rules, public_id: str | None = None) -> Preview:
        """What the templates make of a message of the user's; None: of his newest. Raises NotFound."""
        if public_id is not None:
            item = await self._store.item_by_public_id(user.id, public_id)
            if item is None:
                raise NotFound(because("no_message"))
        else:
            item = next(iter(await self._store.page(user.id, limit=1)), None)
        message = item.message if item else _made_up(Sample(), self._clock.now(), self._ids.public_id())
        error = None
        for template in (rules.title_template, rules.body_template):
            try:
                templates.check(template)
            except BadInput as bad:
                error = error or str(bad)
        service = _unsaved(user, Trial(kind="", options={}), Rules() if error else rules)
        sender = await self._store.sender(message.application_id)
        name = sender.application.name if sender else "Carillon"
        parcel = self._packing.parcel(service, message, application=name, now=self._clock.now())
        return Preview(
            title=parcel.title,
            body=parcel.body,
            error=error,
            public_id=item.message.public_id if item else None,
            message_title=item.message.title if item else None,
        )

    async def _filled(self, user: User, trial: Trial) -> tuple[Channel, Any]:
        service = None if trial.service_id is None else await self._services.managed(user, trial.service_id)
        channel = self._services.channel(trial.kind if service is None else service.kind)
        return channel, self._services.filled(channel, trial.options, service)

    async def _timed(self, channel: Channel, options: Any, attempt: Any) -> Verdict:  # noqa: ANN401  # each channel has a record of its own
        began = self._clock.monotonic()
        outcome = masked(await sent(channel, options, attempt), channel, values_of(options))
        return Verdict(outcome, round((self._clock.monotonic() - began) * 1_000_000))


def _made_up(sample: Sample, now: int, public_id: str) -> Message:
    return Message(
        id=0,
        public_id=public_id,
        application_id=0,
        title=sample.title or "Test notification",
        body=sample.body or SAMPLE,
        content_type=PLAIN,
        dialect="native",
        priority=sample.level,
        level=sample.level,
        created=now,
        url=sample.url or None,
        url_title=sample.url_title or None,
        sound=sample.sound or None,
    )


def _unsaved(user: User, trial: Trial, rules: Rules) -> Service:
    return Service(id=0, name="", kind=trial.kind, scope="user", user_id=user.id, rules=rules)
