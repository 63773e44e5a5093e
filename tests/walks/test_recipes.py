"""Every recipe of the page, taken out of it and run as a person pastes it: on a new server, with the real programs."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.walks.programs import ROOT, client, node_client, run
from tests.walks.server import Person, Server, away, environment, free_port, heard, listening

PAGE = (ROOT / "docs" / "recipes.md").read_text()
RUN = {
    "curl",
    "Python",
    "A function for the shell",
    "Markdown",
    "GitLab CI",
    "Home Assistant",
    "Node-RED",
    "Alertmanager",  # in test_alertmanager.py
}
MARKDOWN = {"client::display": {"contentType": "text/markdown"}}


def snippets(heading: str, server: Server, token: str) -> list[str]:
    """The blocks of code below the heading, the placeholders filled in. No heading: those of the introduction."""
    part = re.split(rf"^## {re.escape(heading)}$" if heading else r"^# .*$", PAGE, flags=re.MULTILINE)[1]
    blocks = re.findall(
        r"^```\w+\n(.*?)^```$", re.split(r"^## ", part, flags=re.MULTILINE)[0], re.MULTILINE | re.DOTALL
    )
    return [block.replace("http://localhost:8080", server.url).replace("<token>", token) for block in blocks]


def in_shell(heading: str, server: Server, token: str) -> str:
    """All that is pasted for a recipe, the variables first."""
    return "\n".join(snippets("", server, token) + snippets(heading, server, token))


async def shell(script: str, program: str = "sh", **env: str) -> str:
    for needed in (program, "curl"):
        if not shutil.which(needed):
            away(needed)
    return await run(program, "-e", "-c", script, env=env)


async def yaml(text: str) -> Any:
    """Read by PyYAML, which came with one of the clients."""
    read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.argv[1])))"
    return json.loads(await run(str(client("apprise") / "python"), "-c", read, text))


def told(message: dict[str, Any]) -> tuple[str, str, int]:
    return message["title"], message["message"], message["priority"]


async def with_default_priority(admin: Person, priority: int) -> str:
    """The token of an application."""
    answer = await admin.post("/application", json={"name": "builds", "defaultPriority": priority})
    return str(answer.json()["token"])


def test_no_recipe_is_left_out() -> None:
    assert set(re.findall(r"^## (.*)$", PAGE, re.MULTILINE)) == RUN


async def test_curl(server: Server, admin: Person) -> None:
    token, device = await admin.tokens()
    async with listening(server, device) as stream:
        answer = json.loads(await shell(in_shell("curl", server, token)))
        assert await heard(stream) == answer
    assert told(answer) == ("Hello World", "Your first notification!", 5)
    assert await admin.messages() == [answer]


async def test_requests(server: Server, admin: Person) -> None:
    token, device = await admin.tokens()
    (snippet,) = snippets("Python", server, token)
    async with listening(server, device) as stream:
        await run(str(client("senders") / "python"), "-c", snippet)
        assert told(await heard(stream)) == ("Backup", "done in 4 minutes", 5)


async def test_the_function_for_the_shell(server: Server, admin: Person) -> None:
    token, device = await admin.tokens()
    async with listening(server, device) as stream:
        function = in_shell("A function for the shell", server, token)
        await shell(f"{function}\nnotify @home '<all>;type=text'", "bash")
        assert told(await heard(stream)) == ("Backup", "done in 4 minutes", 5)
        assert told(await heard(stream)) == ("Disk", "97 % are used", 8)
        assert told(await heard(stream)) == ("@home", "<all>;type=text", 5)


async def test_markdown_of_several_lines(server: Server, admin: Person) -> None:
    token, device = await admin.tokens()
    async with listening(server, device) as stream:
        await shell(in_shell("Markdown", server, token))
        message = await heard(stream)
    text = "# Tonight\n\nAll is **well**.\n\n- 3 backups\n- 0 errors"
    assert told(message) == ("Report", text, 2)
    assert message["extras"] == MARKDOWN
    assert await admin.messages() == [message]


async def test_a_plain_line_stays_plain(server: Server, admin: Person) -> None:
    """Nobody has to escape what is no Markdown."""
    token, device = await admin.tokens()
    async with listening(server, device) as stream:
        await shell(in_shell("curl", server, token))
        assert "extras" not in await heard(stream)


async def test_gitlab_ci(server: Server, admin: Person) -> None:
    """The line that GitLab's runner hands to the shell. It names no priority, so that the application's counts."""
    token, device = await with_default_priority(admin, 7), await admin.device()
    (snippet,) = snippets("GitLab CI", server, token)
    (line,) = (await yaml(snippet))["notify"]["script"]
    variables = {"CI_PROJECT_NAME": "bells", "CI_PIPELINE_ID": "4711", "CI_COMMIT_REF_NAME": "fix;type=text"}
    async with listening(server, device) as stream:
        await shell(line, SERVER=server.url, TOKEN=token, **variables)
        assert told(await heard(stream)) == ("bells", "Pipeline 4711 on fix;type=text has failed", 7)


class HomeAssistant:
    """What Home Assistant's `notify` platform `rest` sends for a configuration.

    The program itself is too large to be installed here. This sends the same requests through httpx, which it uses.
    """

    def __init__(self, *, method: str = "GET", **configuration: Any) -> None:
        self.method = method
        self.configuration = configuration

    async def notify(self, message: str, title: str = "Home Assistant") -> httpx.Response:
        names = self.configuration
        data = {names["message_param_name"]: message, names["title_param_name"]: title}
        place: dict[str, Any] = {"data" if self.method == "POST" else "params": data}
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            return await http.request(self.method, names["resource"], headers=names["headers"], **place)


async def test_home_assistant(server: Server, admin: Person) -> None:
    token, device = await with_default_priority(admin, 4), await admin.device()
    (snippet,) = snippets("Home Assistant", server, token)
    (configuration,) = (await yaml(snippet))["notify"]
    assert (configuration.pop("platform"), configuration.pop("name")) == ("rest", "carillon")
    home = HomeAssistant(**configuration)
    async with listening(server, device) as stream:
        assert (await home.notify("The door is open", "Door")).request.headers["content-type"] == (
            "application/x-www-form-urlencoded"
        )
        assert told(await heard(stream)) == ("Door", "The door is open", 4)
        await home.notify("Grüße & more")
        assert told(await heard(stream)) == ("Home Assistant", "Grüße & more", 4)


async def test_home_assistant_by_its_default_method(server: Server, admin: Person) -> None:
    """A sender's token lists no messages: Home Assistant logs the 401, and nothing is sent."""
    token = await admin.application()
    (snippet,) = snippets("Home Assistant", server, token)
    (configuration,) = (await yaml(snippet))["notify"]
    del configuration["method"]
    answer = await HomeAssistant(**configuration).notify("The door is open")
    assert (answer.status_code, answer.json()["errorCode"]) == (401, 401)
    assert await admin.messages() == []


SETTINGS = """module.exports = {
    uiHost: "127.0.0.1", uiPort: %d, httpAdminRoot: false, httpNodeRoot: false, disableEditor: true,
    credentialSecret: false, telemetry: {enabled: false}, logging: {console: {level: "warn"}},
}
"""


@asynccontextmanager
async def node_red(folder: Path, flow: list[dict[str, Any]]) -> AsyncIterator[None]:
    """Runs the flow while the context is open; what it keeps stays in the folder."""
    home = node_client("node-red")
    (folder / "settings.js").write_text(SETTINGS % free_port())
    (folder / "flows.json").write_text(json.dumps([{"id": "carillon-flow", "type": "tab", "label": "Bells"}, *flow]))
    program = ["node", str(home / "node_modules/node-red/red.js"), "--userDir", str(folder)]
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *["setpriv", "--pdeathsig", "KILL", *program, "--settings", str(folder / "settings.js")],
            str(folder / "flows.json"),
            env=environment({"HOME": str(folder)}),
            stdin=DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        print((folder / "log").read_text())  # shown when the walk has failed


def another(flow: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """A copy beside it."""
    copy: list[dict[str, Any]] = json.loads(json.dumps(flow).replace('"carillon-', f'"{name}-'))
    return [{**node, "z": "carillon-flow"} for node in copy]


async def test_node_red(server: Server, admin: Person, tmp_path: Path) -> None:
    """The flow as printed; with a form; and with a string, which Node-RED sends without a content type."""
    token, device = await admin.tokens()
    (snippet,) = snippets("Node-RED", server, token)
    printed: list[dict[str, Any]] = json.loads(snippet)
    form, string = another(printed, "form"), another(printed, "string")
    kind = {"keyType": "Content-Type", "keyValue": "", "valueType": "application/x-www-form-urlencoded"}
    form[1]["headers"].append({**kind, "valueValue": ""})
    form[0]["payload"] = '{"message": "Grüße & more", "priority": 3}'
    string[0].update(payload='{"message": "text", "title": "T"}', payloadType="str")
    folder = tmp_path / "node-red"
    folder.mkdir()
    async with listening(server, device) as stream, node_red(folder, printed + form + string):
        messages = [told(await heard(stream)) for _ in range(3)]
    assert sorted(messages) == [
        ("Node-RED", "The flow has started", 5),
        ("T", "text", 0),
        ("backup", "Grüße & more", 3),
    ]
