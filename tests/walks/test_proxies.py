"""Behind a real reverse proxy, set up as the manual says, at the root of its host and below a path."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from PIL import Image
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from tests.walks.conftest import Serve
from tests.walks.server import ADMIN, NOBODY, PATIENCE, Server, away, free_port, heard, until

MANUAL = (Path(__file__).parents[2] / "docs/operate.md").read_text()
AT_ROOT, BELOW_PATH = re.findall(r"```nginx\n(.*?)```", MANUAL, re.DOTALL)
BELOW_PATH_LEFT_ON = BELOW_PATH.replace("8080/;", "8080;").replace("X-Forwarded-Prefix /bell", 'X-Forwarded-Prefix ""')

# What Traefik 3 adds by itself to a request that it got by TLS; its service is asked under the service's own name.
AS_TRAEFIK = """
location /bell/ {
    proxy_pass http://127.0.0.1:8080/;
    proxy_http_version 1.1;
    proxy_set_header Host carillon:80;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Port 443;
    proxy_set_header X-Forwarded-Prefix /bell;
    proxy_set_header X-Forwarded-Proto https;
    proxy_set_header X-Forwarded-Server 5a1bd7bb92a4;
    proxy_set_header X-Real-Ip $remote_addr;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    proxy_buffering off;
    client_max_body_size 2m;
}
"""

NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {location}
    }}
}}
"""


class Behind(NamedTuple):
    """A server, and the proxy before it as its people know it. `secure`: the proxy says that it speaks TLS."""

    server: Server
    origin: str
    prefix: str
    secure: bool

    @property
    def url(self) -> str:
        return self.origin + self.prefix

    def person(self, password: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url, auth=("admin", password), trust_env=False, timeout=PATIENCE, follow_redirects=False
        )


WAYS = {
    "root": (AT_ROOT, "", False),
    "taken off": (BELOW_PATH, "/bell", False),
    "left on": (BELOW_PATH_LEFT_ON, "/bell", True),
    "traefik": (AS_TRAEFIK, "/bell", False),
}


@pytest.fixture(params=WAYS)
async def behind(serve: Serve, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Behind]:
    location, prefix, said = WAYS[request.param]
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    env = {"CARILLON_BASE_URL": origin + prefix} if said else {}
    server = serve(env={"CARILLON_TRUSTED_PROXIES": "127.0.0.1", "CARILLON_HOST": "127.0.0.1", **env})
    await server.start()
    for _ in nginx(tmp_path, port, location.replace("8080", str(server.port))):
        await until(lambda: _listens(port), "nginx listens")
        yield Behind(server, origin, prefix, secure=location is AS_TRAEFIK)


def nginx(folder: Path, port: int, location: str) -> Iterator[None]:
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        away("nginx")
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, location=location))
    command = [
        "setpriv",
        "--pdeathsig",
        "KILL",
        program,
        "-p",
        str(folder),
        "-c",
        str(config),
        "-e",
        f"{folder}/error.log",
    ]
    with (folder / "nginx.out").open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.kill()
        process.wait()
        print((folder / "nginx.out").read_text(), (folder / "error.log").read_text()[-2000:])


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def stream(behind: Behind, token: str, origin: str | None = None) -> connect:
    address = behind.url.replace("http", "ws", 1) + f"/stream?token={token}"
    return connect(address, proxy=None, origin=None if origin is None else Origin(origin))


async def test_a_life_behind_a_proxy(behind: Behind) -> None:
    await _the_published_password_opens_nothing(behind)
    async with behind.person("longer") as admin:
        sender = (await admin.post("/application", json={"name": "backup"})).json()["token"]
        device = (await admin.post("/client", json={"name": "phone"})).json()["token"]
        own = {"X-Gotify-Key": sender}
        async with stream(behind, device) as one, stream(behind, device, behind.origin) as page:
            for address in (f"{behind.url}/message", f"{behind.url}//message"):
                answer = await admin.post(address, headers=own, auth=NOBODY, data={"message": address})
                assert await heard(one) == await heard(page) == answer.json()
        await _a_page_elsewhere_is_refused(behind, admin, device)
        await _streams_are_not_held_back(admin, own)
        await _redirects_stay_below_the_path(behind, admin)
        await _pictures_are_found(behind, admin)
        await _a_session_is_for_this_path_alone(behind, admin)
        listed = (await admin.get("/message?limit=1")).json()["paging"]
        assert listed["next"] == f"/message?limit=1&since={listed['since']}"
        assert len((await admin.get(listed["next"])).json()["messages"]) == 1


async def _the_published_password_opens_nothing(behind: Behind) -> None:
    """To whom the proxy forwards; it does to who asks the server itself, from the same machine."""
    async with behind.person("admin") as admin:
        assert (await admin.get("/message")).status_code == 403
        direct = await admin.get(f"{behind.server.url}/message", auth=ADMIN)
        assert direct.status_code == 200
        assert (await admin.get("/current/user")).status_code == 200
        assert (await admin.post("/current/user/password", json={"pass": "longer"})).status_code == 200


async def _a_page_elsewhere_is_refused(behind: Behind, admin: httpx.AsyncClient, device: str) -> None:
    for origin, status in ((behind.origin, 200), ("https://evil.example", 403), (behind.server.url, 403)):
        assert (await admin.get("/message", headers={"Origin": origin})).status_code == status
    with pytest.raises(InvalidStatus) as refused:
        async with stream(behind, device, "https://evil.example"):
            pass
    assert refused.value.response.status_code == 403


async def _streams_are_not_held_back(admin: httpx.AsyncClient, own: dict[str, str]) -> None:
    """Each line before the next message is sent, which a proxy that gathers would make impossible."""
    async with admin.stream("GET", "/api/1/stream") as response:
        assert response.status_code == 200
        lines = response.aiter_lines()
        for number in range(20):
            text = f"{number}-" + "x" * 5000
            await admin.post("/message", headers=own, auth=NOBODY, json={"message": text})
            async with asyncio.timeout(PATIENCE):
                while text not in await anext(lines):
                    pass


async def _redirects_stay_below_the_path(behind: Behind, admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/message/?limit=1")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{behind.prefix}/message?limit=1")
    follow = await admin.get("/message/?limit=1", follow_redirects=True)
    assert (follow.status_code, follow.json()["paging"]["size"]) == (200, 1)


async def _pictures_are_found(behind: Behind, admin: httpx.AsyncClient) -> None:
    """As Android does: the server's address, a slash, and what the list says, without credentials."""
    picture = BytesIO()
    Image.effect_noise((900, 900), 60).save(picture, "PNG")
    assert 300_000 < picture.tell() < 1_000_000
    sent = await admin.post("/application/1/image", files={"file": ("icon.png", picture.getvalue())})
    assert sent.status_code == 200, sent.text
    path = (await admin.get("/application")).json()[0]["image"]
    shown = await admin.get(f"{behind.url}/{path}", auth=NOBODY)
    assert Image.open(BytesIO(shown.content)).size == (512, 512)


async def _a_session_is_for_this_path_alone(behind: Behind, admin: httpx.AsyncClient) -> None:
    """And over TLS for TLS alone. A page of ours may use it, another may not."""
    signed_in = await admin.post("/auth/local/login", data={"name": "browser"})
    parts = signed_in.headers["set-cookie"].split("; ")
    assert f"Path={behind.prefix or '/'}" in parts
    assert ("Secure" in parts) == behind.secure
    cookie = {"Cookie": parts[0]}
    for origin, status in ((behind.origin, 200), ("https://evil.example", 403)):
        asked = await admin.post("/application", auth=NOBODY, headers={**cookie, "Origin": origin}, json={"name": "a"})
        assert asked.status_code == status
