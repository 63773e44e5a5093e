"""Messages on their way out: what arrives at others, what is said of it here, and what becomes of it on a bad day."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import Any

import httpx
import pytest

from tests.channels.mailing import mail_server
from tests.postgres import Cluster
from tests.walks.conftest import Serve
from tests.walks.programs import CLIENTS, client, run
from tests.walks.pushover import BAD_TOKEN, MESSAGES_A_MONTH, TOKEN, USER, Pushover
from tests.walks.receivers import Asked, Hooks, Said, receiver
from tests.walks.server import NO_TLS, PATIENCE, Person, Server, until

COMPLETE = {"title": "Transfer Complete: Daily Backup", "message": "12 files, 3.4 GB in 7 minutes"}
FAILED = {
    "title": "Transfer Failed: Daily Backup",
    "message": "Grüße ✓\nhost: db-3\nerror: no space left on device\n\nattempt 3 of 3",
    "priority": 8,
    "sound": "siren",
    "url": "https://backup.example.org/runs/42?a=1&b=2",
    "url_title": "Open the log",
}
BELL, ADA = "bell@example.org", "ada@example.org"


class Sender(httpx.AsyncClient):
    """An admin by the native API, with an application `backup`, on a server whose services may reach this machine."""

    def __init__(self, server: Server, device: str, application: str) -> None:
        headers = {"Authorization": f"Bearer {device}"}
        super().__init__(
            base_url=f"{server.url}/api/1", headers=headers, trust_env=False, verify=NO_TLS, timeout=PATIENCE
        )
        self._application = application

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        answer = await self.request(method, path, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def add(self, kind: str, options: dict[str, Any], **given: Any) -> dict[str, Any]:
        content = {"kind": kind, "name": kind, "options": options, **given}
        return dict(await self.ask("POST", "/services", json=content))

    async def tell(self, **fields: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._application}"}
        return dict(await self.ask("POST", "/messages", json=fields, headers=headers))

    async def deliveries(self, **query: Any) -> list[dict[str, Any]]:
        return list((await self.ask("GET", "/deliveries", params=query))["deliveries"])

    async def settled(self, number: int, **query: Any) -> list[dict[str, Any]]:
        """As soon as so many deliveries that the query finds have been sent, and no other waits."""
        found: list[dict[str, Any]] = []

        async def all_sent() -> bool:
            found[:] = await self.deliveries(**query)
            return [each["state"] for each in found] == ["sent"] * number

        await until(all_sent, f"{number} deliveries are sent")
        return found


@asynccontextmanager
async def sending(server: Server) -> AsyncIterator[Sender]:
    async with Person(server) as admin:
        application, device = await admin.tokens()
        answer = await admin.patch("/api/1/settings", json={"service_addresses": "any"})
        assert answer.is_success, answer.text
    async with Sender(server, device, application) as sender:
        yield sender


@pytest.fixture
async def sender(server: Server) -> AsyncIterator[Sender]:
    async with sending(server) as found:
        yield found


def options_of(url: str) -> dict[str, Any]:
    return {"user": USER, "token": TOKEN, "base_url": url}


async def test_both_transfers_arrive_at_pushover(sender: Sender) -> None:
    pushover = Pushover()
    async with receiver(pushover) as url:
        options = options_of(url)
        tested = await sender.ask(
            "POST", "/services/test", json={"kind": "pushover", "options": options, "title": "Test", "message": "Hello"}
        )
        assert (tested["ok"], tested["outcome"], tested["quota_left"]) == (True, "sent", MESSAGES_A_MONTH - 1)
        assert [each["message"] for each in pushover.got] == ["Hello"]

        wrong = {"kind": "pushover", "options": {**options, "token": "x" * 30}}
        refused = await sender.ask("POST", "/services/test", json=wrong)
        assert (refused["ok"], refused["code"], refused["field"]) == (False, "auth", "token")
        assert refused["text"] == BAD_TOKEN

        service = await sender.add("pushover", options)
        assert TOKEN not in str(service)
        await sender.tell(**COMPLETE, priority=5, sound="pushover")
        await sender.tell(**FAILED)
        found = await sender.settled(2, text="pushover")
    told = {each["title"]: each for each in pushover.got[1:]}
    complete, failed = told[COMPLETE["title"]], told[str(FAILED["title"])]
    who = {"token": TOKEN, "user": USER}
    assert complete.items() >= {**who, **COMPLETE, "priority": "0", "sound": "pushover"}.items()
    assert not {"url", "url_title"} & set(complete)
    assert failed.items() >= {**who, **FAILED, "priority": "1"}.items()
    assert {each["message"]["title"] for each in found} == set(told)
    for each in found:
        assert (each["service"]["kind"], each["application"]["name"]) == ("pushover", "backup")
        assert (each["attempts"], each["code"], each["status"], each["duplicate"]) == (1, "ok", 200, False)
    (attempt,) = (await sender.ask("GET", f"/deliveries/{found[0]['id']}"))["tries"]
    assert (attempt["number"], attempt["outcome"]) == (1, "sent")
    counters = (await sender.ask("GET", f"/services/{service['id']}"))["counters"]
    assert (counters["sent"], counters["failed"], counters["quota_left"]) == (2, 0, MESSAGES_A_MONTH - 3)


async def test_an_emergency_that_is_acknowledged_there_is_acknowledged_here(sender: Sender) -> None:
    pushover = Pushover()
    async with receiver(pushover) as url:
        levels = {"urgent": {"priority": "2", "sound": "persistent"}}
        await sender.add("pushover", {**options_of(url), "levels": levels, "retry": 30, "expire": 600})
        message = await sender.tell(title="Fire", message="In the server room", priority=10)
        (sent,) = await sender.settled(1)
        (got,) = pushover.got
        told = {"priority": "2", "retry": "30", "expire": "600", "sound": "persistent"}
        assert got.items() >= told.items()
        assert sent["acknowledged"] is None
        (receipt,) = pushover.receipts
        pushover.acknowledge(receipt, "tablet")
        found: list[dict[str, Any]] = []

        async def acknowledged() -> bool:
            found[:] = (await sender.ask("GET", f"/inbox/{message['id']}/deliveries"))["deliveries"]
            return found[0]["acknowledged"] is not None

        await until(acknowledged, "it is acknowledged here")
    assert found[0]["acknowledged_by"] == "tablet"


async def test_a_service_that_never_answers_delays_no_other(sender: Sender) -> None:
    black_hole, hooks = Hooks(holding=True), Hooks()
    async with receiver(black_hole) as nowhere, receiver(hooks) as url:
        dead = await sender.add("webhook", {"url": f"{nowhere}/"}, name="black hole")
        for number in range(5):
            await sender.add("webhook", {"url": f"{url}/{number}"}, name=f"healthy {number}")
        texts = [f"message {number}" for number in range(4)]
        for text in texts:
            await sender.tell(message=text)
        await sender.settled(20, text="healthy")
        assert black_hole.got
        waiting = await sender.deliveries(service=dead["id"])
    assert all(sorted(hooks.bodies(f"/{number}")) == texts for number in range(5))
    assert {each["state"] for each in waiting} <= {"due", "leased"}
    assert len(waiting) == len(texts)


async def test_killed_before_it_knew_how_it_went_it_tries_again(server: Server, sender: Sender) -> None:
    hooks = Hooks(holding=True)
    async with receiver(hooks) as url:
        await sender.add("webhook", {"url": f"{url}/"})
        await sender.tell(**FAILED)
        await until(lambda: bool(hooks.got), "it is on its way")
        await server.kill()
        hooks.free.set()
        with closing(sqlite3.connect(server.data / "carillon.db")) as db, db:
            # As if a minute and a half had gone by.
            claimed = db.execute("UPDATE deliveries SET lease = 1 WHERE state = 'leased'").rowcount
            assert claimed == 1
        await server.start()
        (sent,) = await sender.settled(1)
    first, second = hooks.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert second.json()["body"] == FAILED["message"]
    assert sent["code"] == "ok"


async def test_two_carillons_that_pass_on_to_each_other_stop_after_one_round(serve: Serve) -> None:
    async with AsyncExitStack() as stack:
        senders, people, tokens = [], [], []
        for server in (serve(), serve()):
            await server.start()
            person = await stack.enter_async_context(Person(server))
            people.append(person)
            senders.append(await stack.enter_async_context(sending(server)))
            tokens.append(await person.application("from the other"))
        for number in (0, 1):
            url = str(people[1 - number].base_url).rstrip("/")
            await senders[number].add("gotify", {"url": url, "token": tokens[1 - number]})
        for message in (FAILED, COMPLETE):
            await senders[0].tell(**message)
        for each in senders:
            await each.settled(2)
        here, there = [await person.messages() for person in people]
    titles = sorted([COMPLETE["title"], str(FAILED["title"])])
    assert sorted(message["title"] for message in there) == titles
    assert sorted(message["title"] for message in here) == sorted(titles * 2), "sent here, and come back once"
    failed = next(message for message in there if message["title"] == FAILED["title"])
    assert (failed["message"], failed["priority"]) == (FAILED["message"], FAILED["priority"])
    assert failed["extras"]["client::notification"] == {"click": {"url": FAILED["url"]}}


async def test_mail_goes_to_those_who_have_agreed(sender: Sender) -> None:
    async with mail_server() as box:
        options = {"host": "127.0.0.1", "port": box.port, "security": "none", "sender": BELL, "to": [BELL, ADA]}
        service = await sender.add("email", options)
        assert [(each["address"], each["confirmed"]) for each in service["recipients"]] == [(ADA, False)]
        ((_, asked, _),) = box.mails
        assert asked == [ADA]
        letter = box.parsed()[0].get_body(["plain"])
        assert letter is not None
        code = re.search(r"code: (\S+)", letter.get_content())
        assert code is not None

        await sender.tell(**FAILED)
        await sender.settled(1)
        assert [to for _, to, _ in box.mails[1:]] == [[BELL]]

        confirmed = await sender.ask("POST", "/confirm", json={"code": code[1]}, headers={"Authorization": ""})
        assert confirmed["address"] == ADA
        await sender.tell(**COMPLETE)
        await sender.settled(2)
        assert sorted(to[0] for _, to, _ in box.mails[2:]) == [ADA, BELL]
    mail = box.parsed()[1]
    assert (mail["Subject"], mail["X-Carillon-Priority"], mail["Importance"]) == (FAILED["title"], "high (8)", "high")
    plain, html = mail.get_body(["plain"]), mail.get_body(["html"])
    assert plain is not None
    assert html is not None
    said = plain.get_content().replace("\r\n", "\n")
    assert str(FAILED["message"]) in said
    assert f"{FAILED['url_title']}: {FAILED['url']}" in said
    assert 'href="https://backup.example.org/runs/42?a=1&amp;b=2"' in html.get_content()


async def test_two_servers_on_one_database_send_each_delivery_once(serve: Serve, postgres: Cluster) -> None:
    env = {"CARILLON_DATABASE": await postgres.new_database(), "CARILLON_PUBLISH_RATE": "0"}
    first, second = serve(env=env), serve(env=env)
    hooks = Hooks()
    texts = [f"message {number}" for number in range(30)]
    async with receiver(hooks) as url:
        await first.start()
        async with sending(first) as sender:
            await sender.add("webhook", {"url": f"{url}/"})
            second.data.mkdir()
            shutil.copy(first.data / "carillon.key", second.data)  # as the manual says of a second server
            await second.start()
            async with Person(second) as admin, sending(second) as other:
                assert await admin.messages() == []
                for number, text in enumerate(texts):
                    await (other if number % 2 else sender).tell(message=text)
            await sender.settled(len(texts))
    assert sorted(hooks.bodies()) == sorted(texts)


async def test_pushover_gets_from_us_what_it_gets_from_apprise(sender: Sender) -> None:
    bin_folder = client("apprise")
    pushover = Pushover()
    async with receiver(pushover) as url:
        title, message = str(FAILED["title"]), str(FAILED["message"])
        address = f"pover://{USER}@{TOKEN}?priority=high&sound=siren"
        program = [str(bin_folder / "python"), "-W", "ignore", str(CLIENTS / "apprise/pushover.py"), url]
        await run(*program, "-t", title, "-b", message, address)
        await sender.add("pushover", options_of(url))
        await sender.tell(title=title, message=message, priority=8, sound="siren")
        await sender.settled(1)
    theirs, ours = pushover.got
    shared = ("token", "user", "title", "message", "priority", "sound")
    assert {name: ours.get(name) for name in shared} == {name: theirs.get(name) for name in shared}


async def test_what_a_receiver_refuses_for_now_is_tried_again(sender: Sender) -> None:
    got: list[Asked] = []

    async def moody(asked: Asked) -> Said:
        got.append(asked)
        return Said(503, b"the disk is full") if len(got) == 1 else Said()

    async with receiver(moody) as url:
        await sender.add("webhook", {"url": f"{url}/"}, rules={"retry": "quick"})
        await sender.tell(**COMPLETE)
        (sent,) = await sender.settled(1)
    tries = (await sender.ask("GET", f"/deliveries/{sent['id']}"))["tries"]
    assert [(each["outcome"], each["status"]) for each in tries] == [("retry", 503), ("sent", 200)]
    assert tries[0]["text"] == "the disk is full"
