"""A message made ready for a service: its options opened, templates applied, what dialects left in extras found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from carillon.core import templates
from carillon.core.channels import Channel, Outcome, Parcel
from carillon.core.errors import BadInput
from carillon.core.forms import read, secrets
from carillon.core.models import Message
from carillon.core.outgoing import Delivery, Service
from carillon.core.secrets import Vault

TAGS = 64
MASK = "•••"
SHORTEST_SECRET = 6  # characters: shorter ones would take words apart

log = logging.getLogger("carillon.deliver")


class Opened(Struct, frozen=True):
    """The options of a service: as values by name, and as its channel's record."""

    values: Mapping[str, Any]
    options: Any


class Safe:
    """Seals and opens options. `vault` may make the key at the first use; it raises `CannotAct`."""

    def __init__(self, vault: Callable[[], Vault]) -> None:
        self._vault = vault

    def seal(self, values: Mapping[str, Any]) -> bytes:
        return self._vault().seal(msgspec.json.encode(values).decode())

    def values(self, sealed: bytes) -> dict[str, Any] | None:
        """None: they were sealed with another key."""
        text = self._vault().open(sealed)
        found: dict[str, Any] | None = None if text is None else msgspec.json.decode(text)
        return found

    def open(self, sealed: bytes, channel: Channel) -> Opened | None:
        """None: they were sealed with another key. Raises BadOption when this version's channel does not take them."""
        values = self.values(sealed)
        return None if values is None else Opened(values, read(channel.Options, values))


class Packing:
    """`link` is the address of a message in the web app, made of its public id; empty where nobody knows it.

    `monotonic` gives seconds, and bounds how long a template may take.
    """

    def __init__(self, *, link: Callable[[str], str], monotonic: Callable[[], float]) -> None:
        self._link = link
        self._monotonic = monotonic

    def parcel(
        self,
        service: Service,
        message: Message,
        *,
        application: str,
        delivery: Delivery | None = None,
        silent: bool = False,
        now: int = 0,
        ident: str = "",
        confirmed: Iterable[str] = (),
    ) -> Parcel:
        """`now` is for what is left of the message's life. `ident` tells the delivery from all others anywhere. A
        template that fails is told in the log, and the text goes as it is."""
        link = self._link(message.public_id)
        title, body = message.title, message.body
        if not message.encrypted and (service.rules.title_template or service.rules.body_template):
            values = templates.values_of(message, application=application, service=service.name, link=link)
            title = self._rendered(service, service.rules.title_template, values=values, plain=title)
            body = self._rendered(service, service.rules.body_template, values=values, plain=body)
        return Parcel(
            id=ident,
            application=application,
            title=title,
            body=body,
            created=message.created,
            level=message.level,
            dialect=message.dialect,
            priority=message.priority,
            content_type=message.content_type,
            url=message.url or _click(message),
            url_title=message.url_title or "",
            sound=message.sound or "",
            tags=tags_of(message.tags),
            link=link,
            picture=_picture(message),
            silent=silent,
            ttl=None if message.expires is None else max(1, (message.expires - now) // 1_000_000),
            confirmed=frozenset(confirmed),
            progress=delivery.progress if delivery else "",
        )

    def _rendered(self, service: Service, template: str, *, values: Mapping[str, Any], plain: str) -> str:
        if not template:
            return plain
        try:
            return templates.render(template, values, monotonic=self._monotonic) or plain
        except BadInput as error:
            log.warning("a template of service %d (%s) fails: %s", service.id, service.name, error)
            return plain


def masked(outcome: Outcome, channel: Channel, values: Mapping[str, Any]) -> Outcome:
    """Without the secrets of the options, which some servers repeat."""
    text = outcome.text
    for name in secrets(channel.Options):
        secret = values.get(name)
        if isinstance(secret, str) and len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return outcome if text == outcome.text else msgspec.structs.replace(outcome, text=text)


def tags_of(raw: Raw | None) -> tuple[str, ...]:
    found = _json(raw)
    return tuple(str(each) for each in found[:TAGS]) if isinstance(found, list) else ()


def _click(message: Message) -> str:
    """Where Gotify's clients go by a tap (gotify/server, docs: client::notification)."""
    found = _notification(message).get("click")
    url = found.get("url") if isinstance(found, dict) else None
    return url if isinstance(url, str) else ""


def _picture(message: Message) -> str:
    url = _notification(message).get("bigImageUrl")
    return url if isinstance(url, str) else ""


def _notification(message: Message) -> dict[str, Any]:
    extras = _json(message.extras)
    found = extras.get("client::notification") if isinstance(extras, dict) else None
    return found if isinstance(found, dict) else {}


def _json(raw: Raw | None) -> object:
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return None
