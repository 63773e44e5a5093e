"""The body that Alertmanager's webhook posts, one for a group of alerts, read as one message: pure functions.

Version 4 of the body, as Alertmanager's manual describes it under webhook_config.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import msgspec

from carillon.core.errors import BadInput
from carillon.core.limits import Limits
from carillon.core.markup import clip
from carillon.core.models import MARKDOWN
from carillon.core.publish import Draft
from carillon.dialects.gotify.alerts import Group, body, tap, title

# By the label `severity`, as the rules that people share have it, syslog and Zabbix.
PRIORITIES = {
    **dict.fromkeys(("emergency", "emerg", "disaster", "fatal"), 10),
    **dict.fromkeys(("page", "alert"), 9),
    **dict.fromkeys(("critical", "crit", "high"), 8),
    **dict.fromkeys(("error", "err", "major"), 7),
    **dict.fromkeys(("warning", "warn", "average", "minor"), 5),
    **dict.fromkeys(("notice", "info", "information", "informational", "low"), 3),
    **dict.fromkeys(("debug", "none"), 0),
}
RESOLVED = 2  # seen, but not heard

_decode = msgspec.json.Decoder(Group).decode


def is_webhook(fields: Mapping[str, object]) -> bool:
    """`fields` are those of a JSON body, their names in lower case."""
    return not fields.get("message") and "alerts" in fields and "groupkey" in fields


def read(fields: Mapping[str, object], limits: Limits) -> Draft:
    """One message, which replaces the one that told of the same group before. Raises BadInput."""
    try:
        group = _decode(msgspec.json.encode({name: value for name, value in fields.items() if value is not None}))
    except (msgspec.MsgspecError, OverflowError, RecursionError) as error:
        problem = clip(str(error), 200)
        raise BadInput(f"Field 'message' is required; as Alertmanager's this cannot be read: {problem}") from None
    group.alerts.sort(key=lambda alert: not alert.firing)
    name, address = tap(group, limits) or (None, None)
    return Draft(
        title=title(group),
        body=body(group, limits),
        priority=_priority(group),
        content_type=MARKDOWN,
        url=address,
        url_title=name,
        key=_key(group.group_key, limits.short),
    )


def _key(group_key: str, most: int) -> str:
    """Another one only when it is too long."""
    data = group_key.encode()
    return group_key if len(data) <= most else f"alertmanager:{sha256(data).hexdigest()}"


def _priority(group: Group) -> int | None:
    """That of the worst alert that is firing; None when no label says."""
    firing = [alert for alert in group.alerts if alert.firing]
    severities = [alert.labels.get("severity", "").strip().lower() for alert in firing or group.alerts]
    worst = max((PRIORITIES[severity] for severity in severities if severity in PRIORITIES), default=None)
    if firing:
        return worst
    return RESOLVED if worst is None else min(worst, RESOLVED)
