"""Bodies as Alertmanager posts them."""

from __future__ import annotations

from typing import Any

GROUP_KEY = '{}:{alertname="Down"}'


def alert(instance: str = "db1:9100", **fields: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "Down", "instance": instance, "severity": "critical"},
        "annotations": {"summary": f"{instance} is down"},
        "startsAt": "2026-09-01T12:00:00.5Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        "fingerprint": "e03734a0c6bab042",
        **fields,
    }


def resolved(instance: str = "db1:9100", **fields: Any) -> dict[str, Any]:
    return alert(instance, **{"status": "resolved", "endsAt": "2026-09-01T14:30:00+02:00", **fields})


def webhook(*alerts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """With what these alerts have in common, as Alertmanager finds it."""
    found = list(alerts or (alert(),))
    return {
        "receiver": "carillon",
        "status": "firing" if any(one["status"] == "firing" for one in found) else "resolved",
        "alerts": found,
        "groupLabels": {"alertname": "Down"},
        "commonLabels": shared([one["labels"] for one in found]),
        "commonAnnotations": shared([one.get("annotations", {}) for one in found]),
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": GROUP_KEY,
        "truncatedAlerts": 0,
        **fields,
    }


def shared(texts: list[dict[str, str]]) -> dict[str, str]:
    return {name: value for name, value in texts[0].items() if all(one.get(name) == value for one in texts)}
