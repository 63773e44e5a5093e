"""Debian's Alertmanager, configured as the pages of the manual say."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.walks.server import Person, Server, away, free_port, heard, listening, until

PROGRAM = "prometheus-alertmanager"
DOCS = Path(__file__).parents[2] / "docs"
ROUTE = """\
route:
  receiver: carillon
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m

"""


def configuration(page: str, server: Server, token: str) -> str:
    """The page's, with its placeholders filled in and quicker than people need it."""
    part = (DOCS / page).read_text().split("## Alertmanager\n")[-1]
    found = re.search(r"^```yaml\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    assert found is not None
    text = found[1].replace("http://localhost:8080", server.url).replace("<token>", token)
    whole = text if text.startswith("route:") else ROUTE + text
    return whole.replace("group_wait: 30s", "group_wait: 50ms").replace("group_interval: 5m", "group_interval: 300ms")


class Alertmanager:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{free_port()}"
        self.process: subprocess.Popen[bytes] | None = None

    def spawn(self, text: str) -> subprocess.Popen[bytes]:
        """It ends with the tests, also when they are killed."""
        file = self.home / "alertmanager.yml"
        file.write_text(text)
        command = ["setpriv", "--pdeathsig", "KILL", PROGRAM, f"--config.file={file}", f"--storage.path={self.home}"]
        command += [f"--web.listen-address={self.url.removeprefix('http://')}", "--cluster.listen-address="]
        with (self.home / "log").open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self.process

    async def start(self, text: str, client: httpx.AsyncClient) -> None:
        """Returns when it is ready."""
        process = self.spawn(text)

        async def ready() -> bool:
            assert process.poll() is None, (self.home / "log").read_text()
            try:
                return (await client.get(f"{self.url}/-/ready")).is_success
            except httpx.TransportError:
                return False

        await until(ready, "Alertmanager is ready")

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    if not shutil.which(PROGRAM):
        away(PROGRAM)
    home = tmp_path / "alertmanager"
    home.mkdir()
    started = Alertmanager(home)
    yield started
    started.end()
    print((home / "log").read_text()[-4000:] if (home / "log").exists() else "")  # shown when the walk has failed


def alert(name: str, instance: str, severity: str, *, ends: datetime | None = None) -> dict[str, Any]:
    return {
        "labels": {"alertname": name, "instance": instance, "severity": severity},
        "annotations": {
            "summary": f"<{instance}> is in trouble",
            "runbook_url": f"https://runbooks.example.org/{name}",
        },
        "startsAt": (datetime.now(UTC) - timedelta(minutes=5)).isoformat(),
        "generatorURL": "http://prometheus.example.org/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        **({"endsAt": ends.isoformat()} if ends else {}),
    }


def alerts(ends: datetime | None = None) -> list[dict[str, Any]]:
    return [
        alert("Down", "db1", "critical", ends=ends),
        alert("Down", "db2", "warning", ends=ends),
        alert("Disk", "web", "info", ends=ends),
    ]


@pytest.mark.parametrize("page", ["alertmanager.md", "recipes.md"])
async def test_a_group_is_one_message_and_resolved_replaces_firing(
    server: Server, admin: Person, alertmanager: Alertmanager, page: str
) -> None:
    token, device = await admin.tokens()
    async with listening(server, device) as stream, httpx.AsyncClient(trust_env=False) as client:
        await alertmanager.start(configuration(page, server, token), client)

        async def post(some: list[dict[str, Any]]) -> None:
            assert (await client.post(f"{alertmanager.url}/api/v2/alerts", json=some)).status_code == 200

        await post(alerts())
        firing = {message["title"]: message for message in [await heard(stream), await heard(stream)]}
        assert set(firing) == {"[FIRING:2] Down", "[FIRING:1] Disk: <web> is in trouble"}
        down, disk = firing["[FIRING:2] Down"], firing["[FIRING:1] Disk: <web> is in trouble"]
        assert (down["priority"], disk["priority"]) == (8, 3)
        assert down["extras"] == {
            "client::display": {"contentType": "text/markdown"},
            "client::notification": {"click": {"url": "https://runbooks.example.org/Down"}},
        }
        for text in ("**Firing: \\<db1\\> is in trouble**", "- instance: db2", "- since 20", "](http://prometheus."):
            assert text in down["message"]
        assert sorted(message["id"] for message in await admin.messages()) == sorted([down["id"], disk["id"]])

        await post(alerts(ends=datetime.now(UTC)))
        resolved = [await heard(stream), await heard(stream)]
        assert {message["title"] for message in resolved} == {
            "[RESOLVED:2] Down",
            "[RESOLVED:1] Disk: <web> is in trouble",
        }
        assert [message["priority"] for message in resolved] == [2, 2]
        assert "- until 20" in resolved[0]["message"]
        assert sorted(await admin.messages(), key=lambda message: message["id"]) == resolved

        async def counted() -> bool:
            metrics = (await client.get(f"{alertmanager.url}/metrics")).text
            sent = dict(
                re.findall(r'^(alertmanager_notifications\w*_total)\{integration="webhook".*\} (.*)$', metrics, re.M)
            )
            return sent == {"alertmanager_notifications_total": "4", "alertmanager_notifications_failed_total": "0"}

        await until(counted, "Alertmanager has sent four notifications, none of them in vain")
