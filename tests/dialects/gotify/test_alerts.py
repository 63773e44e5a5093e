from __future__ import annotations

from typing import Any

import msgspec
import pytest

from carillon.core.limits import Limits
from carillon.dialects.gotify.alerts import ALERTS, Group, body, tap, title
from tests.dialects.gotify.webhook import alert, resolved, webhook

LIMITS = Limits()
SILENCE = "http://alertmanager:9093/#/silences/new?filter="


def group(*alerts: dict[str, Any], **fields: Any) -> Group:
    sent = {name.lower(): value for name, value in webhook(*alerts, **fields).items()}
    return msgspec.convert(sent, Group)


# Titles


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (group(), "[FIRING:1] Down: db1:9100 is down"),
        (group(resolved()), "[RESOLVED:1] Down: db1:9100 is down"),
        (group(alert("a"), alert("b")), "[FIRING:2] Down"),
        (group(alert("a"), resolved("b"), resolved("c")), "[FIRING:1, RESOLVED:2] Down"),
        (group(alert(), truncatedAlerts=7), "[FIRING:1+] Down: db1:9100 is down"),
        (
            group(alert("a"), alert("b"), commonAnnotations={"summary": "Hosts\nare  down"}),
            "[FIRING:2] Down: Hosts are down",
        ),
        (
            group(groupLabels={"cluster": "eu", "alertname": "Down", "team": "db"}),
            "[FIRING:1] Down eu db: db1:9100 is down",
        ),
        (group(groupLabels={}), "[FIRING:1] Down: db1:9100 is down"),
        (group(alert(labels={}, annotations={}), groupLabels={}), "[FIRING:1]"),
        (group(alert(labels={}), groupLabels={}), "[FIRING:1] db1:9100 is down"),
        (group(alert(labels={"alertname": "<b>*x*"}, annotations={}), groupLabels={}), "[FIRING:1] <b>*x*"),
        (group(*(alert(labels={"alertname": name}) for name in "abab")), "[FIRING:4] a, b: db1:9100 is down"),
        (group(*(alert(labels={"alertname": name}) for name in "abcd")), "[FIRING:4] a, b, c, …: db1:9100 is down"),
    ],
)
def test_titles(sent: Group, expected: str) -> None:
    assert title(sent) == expected


def test_a_long_title_is_cut() -> None:
    long = title(group(alert(annotations={"summary": "ä" * 5000})))
    assert long == "[FIRING:1] Down: " + "ä" * (250 - 18) + "…"


# Bodies


def test_a_lone_alert_to_the_letter() -> None:
    annotations = {
        "summary": "db1 is <down>",
        "description": "Since five minutes.\n  VALUE = *3*",
        "runbook_url": "https://runbooks.example.org/down",
        "owner": "ada",
    }
    assert body(group(alert(annotations=annotations)), LIMITS) == (
        "**Firing: db1 is \\<down\\>**\n"
        "\n"
        "Since five minutes.  \n"
        "VALUE = \\*3\\*\n"
        "\n"
        "- alertname: Down\n"
        "- instance: db1:9100\n"
        "- severity: critical\n"
        "- owner: ada\n"
        "- since 2026-09-01 12:00:00 UTC\n"
        "- [Source](http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)"
        " · [Runbook](https://runbooks.example.org/down)\n"
        "\n"
        "[Alertmanager](http://alertmanager:9093/#/alerts?receiver=carillon)"
        f" · [Silence]({SILENCE}%7Balertname%3D%22Down%22%2Cinstance%3D%22db1%3A9100%22%2Cseverity%3D%22critical%22%7D)"
    )


def test_what_alerts_share_is_said_once() -> None:
    shared = {"description": "See the rack.", "runbook_url": "https://runbooks.example.org/down"}
    alerts = [
        alert("db1", annotations={**shared, "summary": "one"}, generatorURL=""),
        resolved("db2", annotations={**shared, "summary": "two"}, generatorURL=""),
    ]
    assert body(group(*alerts), LIMITS) == (
        "See the rack.\n"
        "\n"
        "- alertname: Down\n"
        "- severity: critical\n"
        "\n"
        "**Firing: one**\n"
        "\n"
        "- instance: db1\n"
        "- since 2026-09-01 12:00:00 UTC\n"
        "\n"
        "**Resolved: two**\n"
        "\n"
        "- instance: db2\n"
        "- since 2026-09-01 12:00:00 UTC\n"
        "- until 2026-09-01 12:30:00 UTC\n"
        "\n"
        "[Runbook](https://runbooks.example.org/down)"
        " · [Alertmanager](http://alertmanager:9093/#/alerts?receiver=carillon)"
        f" · [Silence]({SILENCE}%7Balertname%3D%22Down%22%2Cseverity%3D%22critical%22%7D)"
    )


def test_an_alert_without_a_summary_of_its_own_is_named_by_its_labels() -> None:
    text = body(group(alert("a", annotations={"summary": "all"}), alert("b", annotations={"summary": "all"})), LIMITS)
    assert text.startswith("all\n\n- alertname: Down")
    assert "**Firing: a**" in text
    assert "**Firing: b**" in text
    assert "**Firing: Down**" in body(group(alert(), alert()), LIMITS)
    assert body(group(alert(labels={}, annotations={}, startsAt="", generatorURL=""), externalURL=""), LIMITS) == (
        "**Firing**"
    )


def test_there_is_nothing_to_silence_when_all_are_resolved() -> None:
    assert "Silence" not in body(group(resolved()), LIMITS)
    assert "Silence" not in body(group(alert(), commonLabels={}), LIMITS)


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "/graph", "http://", "http://a/" + "b" * LIMITS.url])
def test_only_addresses_of_the_web_become_links(url: str) -> None:
    text = body(group(alert(generatorURL=url, annotations={"runbook_url": url}), externalURL=url[:20]), LIMITS)
    assert "](" not in text or "http://a/b" in text
    assert "[Source]" not in text
    assert "[Runbook]" not in text


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        ("runbook_url", "Runbook"),
        ("runbookURL", "Runbook"),
        ("grafana_dashboard", "Grafana dashboard"),
        ("url", "Link"),
    ],
)
def test_links_are_named_after_their_annotations(annotation: str, name: str) -> None:
    assert f"[{name}](https://a/)" in body(group(alert(annotations={annotation: "https://a/"})), LIMITS)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2026-09-01T12:00:00.123456789+02:00", "- since 2026-09-01 10:00:00 UTC\n"),
        ("2026-09-01T12:00:00", "- since 2026-09-01 12:00:00 UTC\n"),
        ("0001-01-01T00:00:00Z", ""),
        ("0001-01-01T00:00:00+10:00", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_times(written: str, said: str) -> None:
    text = body(group(alert(startsAt=written)), LIMITS)
    assert said in text
    assert ("since" in text) == bool(said)


# Bounds


def test_of_many_alerts_the_first_are_shown() -> None:
    text = body(group(*(alert(f"db{number}") for number in range(ALERTS + 3))), LIMITS)
    assert text.count("**Firing") == ALERTS
    assert "\n\nand 3 more\n\n[Alertmanager](" in text
    assert "more" not in body(group(*(alert(f"db{number}") for number in range(ALERTS))), LIMITS)


def test_what_alertmanager_left_out_is_told() -> None:
    assert "\n\nAlertmanager left out 7 more.\n\n" in body(group(truncatedAlerts=7), LIMITS)


@pytest.mark.parametrize("limit", [1024, 2000, 5000, 20_000, 64 * 1024])
@pytest.mark.parametrize("letter", ["a", "ä", "*", "🔔"])
def test_no_body_is_longer_than_a_message_may_be(limit: int, letter: str) -> None:
    labels = {f"{letter * 90}{number}": letter * 9000 for number in range(50)}
    annotations = dict.fromkeys(("summary", "description", *(str(number) for number in range(50))), letter * 9000)
    alerts = [alert(str(number), labels={**labels, "n": str(number)}, annotations=annotations) for number in range(30)]
    text = body(group(*alerts, truncatedAlerts=2**63 - 1, externalURL="http://" + "a" * 900), Limits(text=limit))
    assert len(text.encode()) <= limit
    assert text.endswith((" more.", ")"))
    shown = text.count("**Firing")
    assert f"\n\nand {30 - shown} more\n\nAlertmanager left out {2**63 - 1} more." in text
    assert shown > 0 or limit < 2000


def test_an_alert_for_which_there_is_no_room_is_named_at_least() -> None:
    text = body(group(alert("a", annotations={"description": "x" * 2000}), alert("b")), Limits(text=1024))
    assert "xxx" not in text
    assert "**Firing: a**" in text
    assert "**Firing: b is down**" in text


# The most useful link


@pytest.mark.parametrize(
    ("sent", "link"),
    [
        (group(alert(annotations={"runbook_url": "https://r/"})), ("Runbook", "https://r/")),
        (group(), ("Source", "http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1")),
        (group(alert("a"), alert("b")), ("Alertmanager", "http://alertmanager:9093/#/alerts?receiver=carillon")),
        (group(alert("a"), alert("b"), commonAnnotations={"runbook_url": "https://r/"}), ("Runbook", "https://r/")),
        (group(alert(generatorURL="")), ("Alertmanager", "http://alertmanager:9093/#/alerts?receiver=carillon")),
        (group(alert(generatorURL="x"), externalURL=""), None),
        (
            group(alert(generatorURL=""), externalURL="http://a/b/", receiver="the team/eu"),
            ("Alertmanager", "http://a/b/#/alerts?receiver=the%20team%2Feu"),
        ),
    ],
)
def test_the_most_useful_link(sent: Group, link: tuple[str, str] | None) -> None:
    assert tap(sent, LIMITS) == link
