"""Alerts in words: pure functions from a group of them to title, text and links. All they hold is foreign text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct, field

from carillon.core.limits import Limits
from carillon.core.markup import clip, escape, href, link, paragraph

ALERTS = 20  # shown in one message
LABELS, ANNOTATIONS, LINKS = 32, 16, 8  # shown of one alert
MOST = 100  # labels and annotations looked at, of one alert
NAME, VALUE, SUMMARY, DESCRIPTION = 64, 256, 250, 2000  # characters
TAIL = 200  # bytes, for what tells of alerts that are not shown

TEXTS = ("description", "message")  # annotations that are whole paragraphs

Texts = Mapping[str, str]
Links = list[tuple[str, str]]  # names and addresses

_ADDRESS = re.compile(r"[_ ]?ur[li]$", re.IGNORECASE)


class Alert(Struct):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    since: str = field(name="startsAt", default="")
    until: str = field(name="endsAt", default="")
    source: str = field(name="generatorURL", default="")

    @property
    def firing(self) -> bool:
        return self.status == "firing"


class Group(Struct, rename=lambda name: name.replace("_", "")):
    """Alertmanager's names in lower case."""

    version: Literal["4"]
    group_key: Annotated[str, Meta(min_length=1)]
    alerts: Annotated[list[Alert], Meta(min_length=1)]
    receiver: str = ""
    external_url: str = ""
    group_labels: dict[str, str] = {}
    common_labels: dict[str, str] = {}
    common_annotations: dict[str, str] = {}
    truncated_alerts: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0

    @property
    def alone(self) -> Alert | None:
        """The alert, if there is only one."""
        return self.alerts[0] if len(self.alerts) == 1 and not self.truncated_alerts else None


def title(group: Group) -> str:
    """Plain text: [FIRING:2, RESOLVED:1], the names of the alerts, the labels they are grouped by, their summary."""
    firing = sum(alert.firing for alert in group.alerts)
    counts = {"FIRING": firing, "RESOLVED": len(group.alerts) - firing}
    count = ", ".join(f"{state}:{number}" for state, number in counts.items() if number)
    more = "+" if group.truncated_alerts else ""
    about = clip(_about(group), SUMMARY)
    summary = clip((group.alone.annotations if group.alone else group.common_annotations).get("summary", ""), SUMMARY)
    return clip(f"[{count}{more}] {about}{': ' if about and summary else ''}{summary}", SUMMARY)


def body(group: Group, limits: Limits) -> str:
    """Markdown, of at most `limits.text` bytes."""
    room = limits.text - TAIL
    foot = _line(_links_of(group, limits))
    if _size(foot) > room // 2:
        foot = ""
    room -= _size(foot)
    parts: list[str] = []
    shown = 0
    if not group.alone:
        room = _add(parts, room, _common(group, limits))
    for alert in group.alerts[:ALERTS]:
        before = len(parts)
        room = _add(parts, room, _alert(alert, group, limits), _head(alert, group))
        if len(parts) == before:
            break
        shown += 1
    if hidden := len(group.alerts) - shown:
        parts.append(f"and {hidden} more")
    if group.truncated_alerts:
        parts.append(f"Alertmanager left out {group.truncated_alerts} more.")
    return "\n\n".join([*parts, foot] if foot else parts)


def tap(group: Group, limits: Limits) -> tuple[str, str] | None:
    """The most useful of all links: how to help, where a lone alert comes from, what else is wrong."""
    found = _links_of(group, limits)
    if group.alone:
        found = [*_links(group.alone.source, _few(group.alone.annotations), limits), *found]
    first = dict(reversed(found))
    return next(((name, first[name]) for name in ("Runbook", "Source", "Alertmanager") if name in first), None)


def _add(parts: list[str], room: int, *forms: str) -> int:
    """Appends the first of the forms for which there is room. The room that is left, in bytes."""
    for form in forms:
        if form and _size(form) <= room:
            parts.append(form)
            return room - _size(form)
    return room


def _size(part: str) -> int:
    """With the empty line that sets it off."""
    return len(part.encode()) + 2


def _about(group: Group) -> str:
    found = dict.fromkeys(alert.labels.get("alertname", "") for alert in group.alerts)
    names = [clip(name, NAME) for name in islice(found, 4)]
    named = ", ".join(name for name in names[:3] if name) + (", …" if len(names) > 3 else "")
    others = [clip(value, NAME) for name, value in group.group_labels.items() if name != "alertname"]
    return " ".join([named, *others[:5]]).strip()


def _common(group: Group, limits: Limits) -> str:
    """What all alerts share."""
    annotations = _few(group.common_annotations)
    summary = escape(clip(annotations.get("summary", ""), SUMMARY))
    facts = _facts(group.common_labels, annotations, limits)
    parts = [summary, *_paragraphs(annotations), "\n".join(facts)]
    return "\n\n".join(part for part in parts if part)


def _alert(alert: Alert, group: Group, limits: Limits) -> str:
    """What it has of its own."""
    labels, annotations = _own(alert, group)
    facts = _facts(labels, annotations, limits)
    facts += [f"- since {since}" for since in _time(alert.since)]
    if not alert.firing:
        facts += [f"- until {until}" for until in _time(alert.until)]
    if links := _line(_links(alert.source, annotations, limits)):
        facts.append(f"- {links}")
    return "\n\n".join([_head(alert, group), *_paragraphs(annotations), *(["\n".join(facts)] if facts else [])])


def _head(alert: Alert, group: Group) -> str:
    labels, annotations = _own(alert, group)
    about = annotations.get("summary") or ", ".join(labels.values()) or alert.labels.get("alertname", "")
    state = "Firing" if alert.firing else "Resolved"
    line = escape(clip(about, SUMMARY))
    return f"**{state}: {line}**" if line else f"**{state}**"


def _own(alert: Alert, group: Group) -> tuple[Texts, Texts]:
    """Labels and annotations that it does not share with all; a lone alert has everything."""
    labels, annotations = _few(alert.labels), _few(alert.annotations)
    if group.alone:
        return labels, annotations
    return (
        {name: value for name, value in labels.items() if group.common_labels.get(name) != value},
        {name: value for name, value in annotations.items() if group.common_annotations.get(name) != value},
    )


def _few(texts: Texts) -> Texts:
    """More than anybody has, so that nobody can make this take long."""
    return texts if len(texts) <= MOST else dict(islice(texts.items(), MOST))


def _paragraphs(annotations: Texts) -> list[str]:
    found = (paragraph(annotations.get(name, ""), DESCRIPTION) for name in TEXTS)
    return [text for text in found if text]


def _facts(labels: Texts, annotations: Texts, limits: Limits) -> list[str]:
    """A line for each label, and for each annotation that stands nowhere else."""
    others = [
        (name, value)
        for name, value in annotations.items()
        if name not in (*TEXTS, "summary") and href(value, limits.url) is None
    ]
    pairs = [*list(labels.items())[:LABELS], *others[:ANNOTATIONS]]
    return [f"- {escape(clip(name, NAME))}: {escape(clip(value, VALUE))}" for name, value in pairs]


def _time(written: str) -> Iterator[str]:
    """Nothing for what is no time. Go writes none as the beginning of the year 1."""
    try:
        time = datetime.fromisoformat(written[:40])
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return
    if time.year > 1:
        yield f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _links(source: str, annotations: Texts, limits: Limits) -> Links:
    """Where an alert comes from, and each annotation that is an address."""
    named = [("Source", source), *((_name(name), value) for name, value in annotations.items())]
    return [(name, address) for name, value in named if (address := href(value, limits.url))][:LINKS]


def _name(annotation: str) -> str:
    """Runbook for runbook_url."""
    words = clip(_ADDRESS.sub("", annotation[:NAME]).replace("_", " "), NAME)
    return words[:1].upper() + words[1:] or "Link"


def _links_of(group: Group, limits: Limits) -> Links:
    """Those that alerts share, and Alertmanager's pages: its receiver's alerts, and a silence for what fires."""
    base = group.external_url.rstrip("/")
    labels = group.common_labels
    pages = []
    if len(group.receiver) <= limits.url:
        pages.append(("Alertmanager", f"{base}/#/alerts?receiver={quote(group.receiver, safe='')}"))
    if 0 < len(labels) <= LABELS and any(alert.firing for alert in group.alerts):
        matchers = ",".join(f"{name}={msgspec.json.encode(value).decode()}" for name, value in labels.items())
        pages.append(("Silence", f"{base}/#/silences/new?filter={quote(f'{{{matchers[: limits.url]}}}', safe='')}"))
    own = [] if group.alone else _links("", _few(group.common_annotations), limits)
    return [*own, *((name, address) for name, page in pages if (address := href(page, limits.url)))]


def _line(links: Links) -> str:
    return " · ".join(link(name, address) for name, address in links)
