"""What programs that send make of POST /message, byte by byte as they send it. All of it must arrive.

Recorded from the programs, or read in their source where that is said.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.walks.server import NOBODY, Person

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Request(NamedTuple):
    """`place`: where the token stands. `told`: title, text and priority of what arrives."""

    kind: str
    place: str
    body: str
    told: tuple[str, str, int]


# The application is called Backup, and its priority is 4.
SENDERS = {
    "n8n, whose numbers are strings": Request(
        JSON,
        "header",
        '{"title":"n8n","message":"done","priority":"5"}',
        ("n8n", "done", 5),
    ),
    "Go's client library, which posts its own type (source)": Request(
        JSON,
        "header",
        '{"appid":0,"date":"0001-01-01T00:00:00.000Z","id":0,"message":"done","title":"Go","priority":5}',
        ("Go", "done", 5),
    ),
    "gotify/cli push (source)": Request(
        JSON,
        "header",
        '{"id":0,"appid":0,"message":"done","title":"","priority":0,"date":"0001-01-01T00:00:00Z"}\n',
        ("Backup", "done", 0),
    ),
    "gotify/cli push of a text with a content type (source)": Request(
        JSON,
        "header",
        '{"id":0,"appid":0,"message":"*done*","title":"","priority":2,"date":"0001-01-01T00:00:00Z",'
        '"extras":{"client::display":{"contentType":"text/markdown"}}}\n',
        ("Backup", "*done*", 2),
    ),
    "Uptime Kuma": Request(
        JSON,
        "query",
        '{"message":"[web] [Down] timeout","priority":8,"title":"Uptime-Kuma"}',
        ("Uptime-Kuma", "[web] [Down] timeout", 8),
    ),
    "Healthchecks": Request(JSON, "query", '{"title":"DOWN","message":"late"}', ("DOWN", "late", 4)),
    "npm gotify": Request(
        JSON,
        "query",
        '{"extras":{},"message":"done","priority":5,"title":"npm"}',
        ("npm", "done", 5),
    ),
    "netdata, with blanks around everything": Request(
        JSON,
        "query",
        '  \n {\n  "title": "web",\n  "message": "raised",\n  "priority" : 4\n}\n',
        ("web", "raised", 4),
    ),
    "gotify-tray (source)": Request(
        JSON,
        "header",
        '{"title": "", "message": "done", "priority": 0, "extras": null}',
        ("Backup", "done", 0),
    ),
    "changedetection.io, whose text is HTML": Request(
        JSON,
        "header",
        '{"title": "changed", "message": "<p>a &amp; b</p>"}',
        ("changed", "<p>a &amp; b</p>", 4),
    ),
    "Alertmanager's way to write a token": Request(JSON, "bearer", '{"message":"done"}', ("Backup", "done", 4)),
    "JSON without a content type": Request("", "header", '{"message":"done","priority":3}', ("Backup", "done", 3)),
    "JSON called text": Request("text/plain;charset=UTF-8", "header", '{"message":"done"}', ("Backup", "done", 4)),
    "JSON of a character set": Request(
        "application/json; charset=utf-8", "header", '{"message":"ü"}', ("Backup", "ü", 4)
    ),
    "a form": Request(FORM, "header", "title=A+B&message=%C3%BC%26&priority=+6+", ("A B", "ü&", 6)),
    "a form with an empty priority": Request(FORM, "header", "message=done&priority=", ("Backup", "done", 0)),
}


async def answer(admin: Person, token: str, request: Request) -> tuple[int, Any]:
    headers = {"Content-Type": request.kind} if request.kind else {}
    if request.place == "header":
        headers["X-Gotify-Key"] = token
    if request.place == "bearer":
        headers["Authorization"] = f"bearer {token}"
    params = {"token": token} if request.place == "query" else {}
    got = await admin.post("/message", content=request.body.encode(), headers=headers, params=params, auth=NOBODY)
    return got.status_code, got.json()


def told(message: dict[str, Any]) -> tuple[str, str, int]:
    return message["title"], message["message"], message["priority"]


async def test_whatever_they_send_arrives(admin: Person) -> None:
    created = await admin.post("/application", json={"name": "Backup", "defaultPriority": 4})
    token = created.json()["token"]
    answers = {name: await answer(admin, token, request) for name, request in SENDERS.items()}
    refused = {name: got for name, got in answers.items() if got[0] != 200}
    assert refused == {}
    assert {name: told(message) for name, (_, message) in answers.items()} == {
        name: request.told for name, request in SENDERS.items()
    }
    assert await admin.messages() == [message for _, message in reversed(answers.values())]


async def test_the_command_line_of_gotify_sets_itself_up(admin: Person) -> None:
    """`gotify init`: it looks at the version, signs in, makes an application, or tries the token it is given."""
    version = (await admin.get("/version", auth=NOBODY)).json()
    assert {"version", "commit", "buildDate"} <= set(version)
    assert (await admin.get("/current/user")).json()["name"] == "admin"
    blank = {"id": 0, "token": "", "name": "cli", "description": "from the shell", "internal": False, "image": ""}
    created = (await admin.post("/application", json=blank)).json()
    assert (created["name"], created["description"], len(created["token"])) == ("cli", "from the shell", 15)
    body = '{"id":0,"appid":0,"message":"Gotify CLI","title":"Test message","priority":0,"date":"0001-01-01T00:00:00Z"}'
    status, message = await answer(admin, created["token"], Request(JSON, "header", body, ("", "", 0)))
    assert (status, message["appid"]) == (200, created["id"])
    status, error = await answer(admin, "A" * 15, Request(JSON, "header", body, ("", "", 0)))
    assert (status, error["errorCode"]) == (401, 401)
