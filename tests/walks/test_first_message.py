"""A new user: a fresh folder, the server, the recipe as it is printed, and his first message arrives."""

from __future__ import annotations

import asyncio
import json
import shlex
import shutil
from asyncio.subprocess import PIPE

import pytest

from tests.walks.server import CARILLON, NOBODY, PATIENCE, Person, Server, away, environment, heard, listening

RECIPE = (
    'curl -X POST http://localhost:PORT/message -H "X-Gotify-Key: TOKEN" '
    '-F "title=Hello World" -F "message=Your first notification!" -F "priority=5"'
)

FORMS = {
    "multipart": ["-F", "message=Grüße ✓", "-F", "title=T", "-F", "priority=3"],
    "urlencoded": ["--data-urlencode", "message=Grüße ✓", "-d", "title=T", "-d", "priority=3"],
    "json": ["-H", "Content-Type: application/json", "-d", '{"message":"Grüße ✓","title":"T","priority":3}'],
    "query": ["-G", "-X", "POST", "--data-urlencode", "message=Grüße ✓", "-d", "title=T", "-d", "priority=3"],
}


async def curl(*arguments: str) -> dict[str, object]:
    """What it got, as JSON."""
    if not shutil.which("curl"):
        away("curl")
    process = await asyncio.create_subprocess_exec("curl", "-sS", "--fail", *arguments, stdout=PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return dict(json.loads(out))


async def test_the_recipe_as_printed_delivers(server: Server, admin: Person) -> None:
    token, device = await admin.tokens()
    recipe = shlex.split(RECIPE.replace("PORT", str(server.port)).replace("TOKEN", token))
    async with listening(server, device) as stream:
        answer = await curl(*recipe[1:])
        assert await heard(stream) == answer
    assert (answer["title"], answer["message"], answer["priority"]) == ("Hello World", "Your first notification!", 5)
    assert await admin.messages() == [answer]


@pytest.mark.parametrize("form", FORMS)
async def test_each_form_of_body_delivers(server: Server, admin: Person, form: str) -> None:
    token, device = await admin.tokens()
    async with listening(server, device) as stream:
        answer = await curl(*FORMS[form], "-H", f"X-Gotify-Key: {token}", f"{server.url}/message")
        assert await heard(stream) == answer
    assert (answer["title"], answer["message"], answer["priority"]) == ("T", "Grüße ✓", 3)


async def test_what_is_deleted_is_gone(server: Server, admin: Person) -> None:
    token, _ = await admin.tokens()
    ids = []
    for number in range(3):
        answer = await admin.post("/message", params={"token": token}, data={"message": str(number)}, auth=NOBODY)
        ids.append(answer.json()["id"])
    assert (await admin.delete(f"/message/{ids[1]}")).status_code == 200
    assert [message["message"] for message in await admin.messages()] == ["2", "0"]
    assert (await admin.delete("/message")).status_code == 200
    assert await admin.messages() == []
    assert await server.stop() == 0
    await server.start()
    assert await admin.messages() == []


async def test_the_commands_send_and_listen(server: Server, admin: Person) -> None:
    token, device = await admin.tokens()
    env = environment({"CARILLON_URL": server.url, "CARILLON_DATA": str(server.data)})
    listen = [CARILLON, "listen", "--after", "0", "--json"]
    listener = await asyncio.create_subprocess_exec(*listen, env={**env, "CARILLON_TOKEN": device}, stdout=PIPE)
    assert listener.stdout is not None
    try:
        send = [CARILLON, "send", "--title", "Hello World", "Your first notification!"]
        sender = await asyncio.create_subprocess_exec(*send, env={**env, "CARILLON_TOKEN": token})
        assert await sender.wait() == 0
        message = json.loads(await asyncio.wait_for(listener.stdout.readline(), PATIENCE))
    finally:
        listener.kill()
        await listener.communicate()
    assert (message["title"], message["message"]) == ("Hello World", "Your first notification!")
    assert [each["id"] for each in await admin.messages()] == [message["id"]]
