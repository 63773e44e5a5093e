from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.walks.server import Server, free_port, until
from tests.walks.test_proxies import BELOW_PATH, BELOW_PATH_LEFT_ON, _listens, nginx
from tests.web.conftest import People
from tests.web.person import Account, Person
from tests.web.test_pairing import code_of

ADMIN = Account("admin", "three bells of bronze")
NO_UPGRADE = re.sub(r".*(Upgrade|Connection).*\n", "", BELOW_PATH)


@pytest.mark.parametrize(
    ("location", "said"),
    [(BELOW_PATH_LEFT_ON.replace("/bell/ {", "/bell {"), True), (NO_UPGRADE, False)],
    ids=["left on, base URL set", "taken off, WebSockets refused"],
)
async def test_it_works_below_a_path(tmp_path: Path, people: People, location: str, said: bool) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/bell"
    env = {"CARILLON_ADMIN_PASSWORD": ADMIN.password, "CARILLON_TRUSTED_PROXIES": "127.0.0.1"}
    server = Server(tmp_path / "data", tmp_path / "log", env={**env, **({"CARILLON_BASE_URL": url} if said else {})})
    await server.start()
    with _behind(server, tmp_path, port, location):
        await until(lambda: _listens(port), "nginx listens")
        mira = await people.of(url, ADMIN)
        await mira.add_application("Grafana")
        await mira.page.goto(url)  # without its slash
        await expect(mira.page).to_have_url(f"{url}/")
        await expect(mira.page.get_by_role("status").filter(has_text="Live")).to_be_attached()
        await mira.send("text", title="Disk almost full")
        await mira.page.get_by_role("heading", name="Disk almost full").get_by_role("link").click()
        await expect(mira.page).to_have_url(re.compile(re.escape(f"{url}/#/m/")))
        await expect(mira.page.get_by_role("heading", name="Disk almost full", level=2)).to_be_visible()
        cookies = await mira.page.context.cookies()
        assert [cookie.get("path") for cookie in cookies] == ["/bell"]
        await _a_phone_is_connected(mira)


async def _a_phone_is_connected(mira: Person) -> None:
    phone = await mira.open("/join/" + await code_of(await mira.open("/devices"), mira), signed_in=False)
    await phone.get_by_role("button", name="Connect this phone").click()
    await expect(phone.get_by_role("heading", name="Disk almost full")).to_be_visible()
    cookies = await phone.context.cookies()
    assert [cookie.get("path") for cookie in cookies] == ["/bell"]


@contextmanager
def _behind(server: Server, folder: Path, port: int, location: str) -> Iterator[None]:
    try:
        yield from nginx(folder, port, location.replace("8080", str(server.port)))
    finally:
        server.end()
