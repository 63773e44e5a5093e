"""The descriptions of Gotify's API, taken at their word by programs that are made from them: Gotify's own, and ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.walks.conftest import Serve
from tests.walks.programs import CLIENTS, ROOT, client, node_client, run
from tests.walks.server import NOBODY, Person, Server, soak

# Those that Gotify published with a release, and the one that the server gives; each with the settings it is true of.
DESCRIPTIONS = {
    "v3.0.0": {"CARILLON_GOTIFY_FACE": "3"},
    "v2.9.1": {"CARILLON_GOTIFY_FACE": "2", "CARILLON_SHOW_TOKENS": "yes"},
    "ours": {"CARILLON_GOTIFY_FACE": "3"},
}


async def described(server: Server, name: str) -> dict[str, Any]:
    if name != "ours":
        published: dict[str, Any] = json.loads((ROOT / "tests" / "data" / "gotify" / f"{name}.json").read_text())
        return published
    async with Person(server, auth=NOBODY) as nobody:
        ours: dict[str, Any] = (await nobody.get("/swagger")).json()
        return ours


async def running(serve: Serve, name: str) -> Server:
    server = serve(env=DESCRIPTIONS[name])
    await server.start()
    return server


@pytest.mark.parametrize("name", DESCRIPTIONS)
async def test_a_generated_client_leads_the_life_of_a_user(serve: Serve, name: str, tmp_path: Path) -> None:
    home = node_client("generated")
    server = await running(serve, name)
    description = tmp_path / "description.json"
    description.write_text(json.dumps(await described(server, name)))
    made = ["-p", str(description), "-o", str(tmp_path), "-n", "gotify.js", "--js"]
    await run("node", str(home / "node_modules/.bin/swagger-typescript-api"), *made)
    module = (tmp_path / "gotify.js").rename(tmp_path / "gotify.mjs")
    life = [str(CLIENTS / "generated/life.mjs"), str(module), server.url, DESCRIPTIONS[name]["CARILLON_GOTIFY_FACE"]]
    story = json.loads(await run("node", "--no-warnings", *life, patience=60))
    assert story, "nothing was told"
    assert {chapter: fault for chapter, fault in story.items() if fault} == {}


# Not asked for: what answers no plain request, what is not there unless it is set up, and what ends the session that
# all is asked in.
LEFT_OUT = ("/stream", "/auth/oidc/", "/auth/logout")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth"
BOUNDS = ("--seed=1", f"--max-examples={soak(2, 5)}", f"--checks={CHECKS}")
METHODS = soak(["PATCH"], ["GET", "PUT", "POST", "DELETE", "PATCH", "TRACE"])  # tried where none is described
QUIET = ("--continue-on-failure", "--suppress-health-check=all", "--warnings=off")


def prepared(description: dict[str, Any], *, ours: bool) -> dict[str, Any]:
    """Less what is left out, and less what Swagger 2.0 cannot say.

    Of the places where a token may stand, the first that has one counts. An answer without a body has no type.
    Gotify's own is corrected besides, where Gotify's answers do not keep to it.
    """
    paths = {path: routes for path, routes in description["paths"].items() if not path.startswith(LEFT_OUT)}
    key = {"key": {"type": "apiKey", "name": "X-Gotify-Key", "in": "header"}}
    for path, routes in paths.items():
        for operation in routes.values():
            if operation.get("security"):
                operation["security"] = [{"key": []}]
            if any("schema" not in answer for status, answer in operation["responses"].items() if status[0] == "2"):
                operation["produces"] = []
            if not ours:
                _correct(path, operation)
    if not ours:
        for name in ("Application", "Client"):
            description["definitions"][name]["properties"]["lastUsed"]["x-nullable"] = True  # null until it is used
    return {**description, "produces": [], "paths": paths, "securityDefinitions": key}


def _correct(path: str, operation: dict[str, Any]) -> None:
    if operation["produces"] and "application/json" not in operation["produces"]:
        operation["produces"].append("application/json")  # an error always is
    if "{id}" in path:
        operation["responses"].setdefault("400", operation["responses"]["404"])  # for what is no number


async def furnish(server: Server) -> str:
    """Some of everything, with ids from 1 to 7. Gives the token of the admin's client, which is elevated."""
    async with Person(server) as admin:
        token = await admin.device("schemathesis")
        await admin.post("/client/1/elevate", json={"durationSeconds": 86_400})
        for number in range(2, 8):
            await admin.device(f"phone {number}")
            await admin.post("/user", json={"name": f"user {number}", "pass": "secret", "admin": False})
        for number in range(1, 8):
            sender = await admin.application(f"application {number}")
            await admin.post("/message", params={"token": sender}, json={"message": "m", "priority": number})
    return token


@pytest.mark.parametrize(
    ("name", "phases"),
    [("v3.0.0", "coverage"), ("v3.0.0", "fuzzing,stateful"), ("v2.9.1", "coverage"), ("ours", "coverage,stateful")],
)
async def test_requests_made_up_from_the_description(serve: Serve, name: str, phases: str, tmp_path: Path) -> None:
    """Schemathesis tries what the description allows, and what it forbids, in the same order each time."""
    program = client("schemathesis") / "schemathesis"
    server = await running(serve, name)
    token = await furnish(server)
    description = tmp_path / "description.json"
    description.write_text(json.dumps(prepared(await described(server, name), ours=name == "ours")))
    (tmp_path / "schemathesis.toml").write_text(f"[phases.coverage]\nunexpected-methods = {METHODS}\n")
    asked = ["run", str(description), f"--url={server.url}", f"--header=X-Gotify-Key: {token}"]
    hooks = {"SCHEMATHESIS_HOOKS": str(CLIENTS / "schemathesis/hooks.py")}
    said = await run(str(program), *asked, f"--phases={phases}", *BOUNDS, *QUIET, env=hooks, cwd=tmp_path, patience=120)
    assert "No issues found" in said
    async with Person(server, auth=NOBODY) as nobody:
        answer = await nobody.get("/current/user", headers={"X-Gotify-Key": token})
        assert answer.json()["admin"], "it was signed out on the way, and tested nothing from then on"
