from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon.core.errors import BadInput
from carillon.core.limits import INT32, Limits
from carillon.core.models import MARKDOWN
from carillon.core.publish import Draft
from carillon.dialects.gotify.alertmanager import PRIORITIES, RESOLVED
from carillon.dialects.gotify.parse import parse_message
from tests.dialects.gotify.conftest import Served, problem
from tests.dialects.gotify.webhook import GROUP_KEY, alert, resolved, webhook

LIMITS = Limits()


def read(sent: Any, limits: Limits = LIMITS) -> Draft:
    posted = parse_message("application/json", json.dumps(sent).encode(), b"", limits=limits)
    assert posted.application_id is None
    return posted.draft


def severity(*severities: str, status: str = "firing") -> dict[str, Any]:
    return webhook(
        *(alert(str(number), status=status, labels={"severity": one}) for number, one in enumerate(severities))
    )


def test_a_group_is_one_message() -> None:
    draft = read(webhook(alert("a"), alert("b")))
    assert draft.title == "[FIRING:2] Down"
    assert draft.body.count("**Firing: ") == 2
    assert (draft.content_type, draft.priority, draft.key) == (MARKDOWN, 8, GROUP_KEY)
    assert (draft.url_title, draft.url) == ("Alertmanager", "http://alertmanager:9093/#/alerts?receiver=carillon")
    assert draft.extras is None


def test_what_fires_stands_first() -> None:
    assert read(webhook(resolved("a"), alert("b"))).body.index("b is down") < 200


def test_firing_and_resolved_have_the_same_key() -> None:
    assert read(webhook(alert())).key == read(webhook(resolved())).key == GROUP_KEY


def test_a_long_key_is_hashed() -> None:
    longest = "k" * LIMITS.short
    assert read(webhook(groupKey=longest)).key == longest
    first, second = read(webhook(groupKey=longest + "a")).key, read(webhook(groupKey=longest + "b")).key
    assert first != second
    for key in (first, second):
        assert key is not None
        assert key.startswith("alertmanager:")
        assert len(key) <= LIMITS.short
    assert read(webhook(groupKey="ä" * LIMITS.short)).key != "ä" * LIMITS.short


@pytest.mark.parametrize(
    ("sent", "priority"),
    [
        *((severity(name), number) for name, number in PRIORITIES.items()),
        (severity(" Critical "), 8),
        (severity("warning", "critical", "info"), 8),
        (severity("tuesday"), None),
        (severity("tuesday", "info"), 3),
        (webhook(alert(labels={})), None),
        (severity("critical", status="resolved"), RESOLVED),
        (severity("none", status="resolved"), 0),
        (severity("tuesday", status="resolved"), RESOLVED),
        (webhook(alert(labels={"severity": "info"}), resolved(labels={"severity": "critical"})), 3),
    ],
)
def test_priorities(sent: dict[str, Any], priority: int | None) -> None:
    assert read(sent).priority == priority


def test_the_manual_has_the_same_table() -> None:
    page = (Path(__file__).parents[3] / "docs" / "alertmanager.md").read_text()
    rows = re.findall(r"^\| (`.*`) \| (\d+) \|$", page, re.MULTILINE)
    assert {name: int(number) for names, number in rows for name in re.findall(r"`(\w+)`", names)} == PRIORITIES
    assert f"| all alerts are resolved | {RESOLVED}, or 0 if they were 0 |" in page


def test_every_order_of_severities_is_kept() -> None:
    ladder = ["none", "info", "warning", "error", "critical", "page", "emergency"]
    numbers = [PRIORITIES[name] for name in ladder]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    "left_out",
    ["receiver", "status", "groupLabels", "commonLabels", "commonAnnotations", "externalURL", "truncatedAlerts"],
)
def test_what_may_be_missing_or_null(left_out: str) -> None:
    sent = webhook()
    assert read({**sent, left_out: None}).key == GROUP_KEY
    del sent[left_out]
    assert read(sent).key == GROUP_KEY


def test_a_message_beside_it_counts_as_a_message() -> None:
    """Grafana posts such."""
    draft = read({**webhook(), "message": "m", "title": "t"})
    assert (draft.body, draft.title, draft.key, draft.content_type) == ("m", "t", None, None)


@pytest.mark.parametrize(
    "sent",
    [
        webhook(version="3"),
        webhook(version=4),
        webhook(version=None),
        webhook(groupKey=""),
        webhook(groupKey=7),
        webhook(groupLabels=[]),
        webhook(commonLabels={"a": 1}),
        webhook(truncatedAlerts=-1),
        webhook(truncatedAlerts=10**30),
        webhook(truncatedAlerts="1"),
        {**webhook(), "alerts": []},
        {**webhook(), "alerts": {}},
        {**webhook(), "alerts": "x"},
        {**webhook(), "alerts": None},
        {**webhook(), "alerts": [1]},
        {**webhook(), "alerts": [{}]},
        {**webhook(), "alerts": [alert(status="x" * 10_000)]},
        {**webhook(), "alerts": [alert(labels={"a": None})]},
        {**webhook(), "alerts": [alert(startsAt=7)]},
        {"alerts": webhook()["alerts"]},
        {"groupKey": "x", "version": "4"},
    ],
)
def test_a_body_that_only_looks_like_it_is_refused_in_gotifys_words(sent: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"^Field 'message' is required") as caught:
        read(sent)
    assert len(str(caught.value)) < 300


def within(draft: Draft, limits: Limits) -> None:
    assert draft.title
    assert 0 < len(draft.body.encode()) <= limits.text
    assert len(draft.title.encode()) <= limits.title
    assert len((draft.url or "").encode()) <= limits.url
    assert len((draft.url_title or "").encode()) <= limits.title
    assert 0 < len((draft.key or "").encode()) <= limits.short
    assert draft.priority is None or draft.priority in INT32


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["critical", "http://a/(b)", "2026-09-01T12:00:00Z", "**", "\n", "a" * 5000, "ä🔔*_" * 3000]
)
names = texts | st.sampled_from(["alertname", "severity", "summary", "description", "runbook_url"])
labels = st.dictionaries(names, texts, max_size=6)
alerts = st.fixed_dictionaries(
    {"status": st.sampled_from(["firing", "resolved"]), "labels": labels},
    optional={"annotations": labels, "startsAt": texts, "endsAt": texts, "generatorURL": texts, "x": texts},
)
webhooks = st.fixed_dictionaries(
    {
        "version": st.just("4"),
        "groupKey": texts.filter(bool),
        "alerts": st.lists(alerts, min_size=1, max_size=5)
        | st.lists(alerts, min_size=1, max_size=2).map(lambda few: few * 40),
    },
    optional={
        "receiver": texts,
        "status": texts,
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": labels,
        "externalURL": texts,
        "truncatedAlerts": st.integers(0, 2**63 - 1),
    },
)
sizes = st.sampled_from([LIMITS, Limits(text=1024), Limits(text=4096)])


@given(webhooks, sizes)
def test_any_group_becomes_a_message_within_its_bounds(sent: dict[str, Any], limits: Limits) -> None:
    within(read(sent, limits), limits)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner, max_size=2), max_leaves=3
)


@given(webhooks, st.dictionaries(st.sampled_from([*webhook()]), junk, max_size=2), labels | junk)
def test_a_spoilt_group_is_read_or_refused(sent: dict[str, Any], spoilt: dict[str, Any], of_one: Any) -> None:
    sent["alerts"][0]["annotations"] = of_one
    try:
        draft = read({**sent, **spoilt})
    except BadInput as error:
        str(error).encode()
        return
    within(draft, LIMITS)


# Through the door


async def test_resolved_replaces_firing(served: Served) -> None:
    first = await served.post(json=webhook(alert()))
    assert first.status_code == 200
    message = first.json()
    assert message["priority"] == 8
    assert message["extras"] == {
        "client::display": {"contentType": "text/markdown"},
        "client::notification": {"click": {"url": webhook()["alerts"][0]["generatorURL"]}},
    }
    second = (await served.post(f"/message?token={served.application}", headers={}, json=webhook(resolved()))).json()
    assert second["title"].startswith("[RESOLVED:1]")
    other = await served.post(headers={"Authorization": f"Bearer {served.application}"}, json=webhook(groupKey="other"))
    page = (await served.get("/message")).json()["messages"]
    assert page == [other.json(), second]


async def test_without_a_severity_the_applications_priority_counts(served: Served) -> None:
    assert (await served.post(json=webhook(alert(labels={})))).json()["priority"] == 4


async def test_nobody_else_may_post_it(served: Served) -> None:
    assert (await served.post(headers={}, json=webhook())).status_code == 401
    assert (await served.post(headers={"X-Gotify-Key": "nobody"}, json=webhook())).status_code == 401
    status, text = problem(await served.post(json={**webhook(), "alerts": [{}]}))
    assert status == 400
    assert text.startswith("Field 'message' is required; as Alertmanager's this cannot be read: Object missing")
    assert await served.listed() == []
