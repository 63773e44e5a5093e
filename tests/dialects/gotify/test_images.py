from __future__ import annotations

from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from carillon.core.limits import Limits
from carillon.core.secrets import Vault
from carillon.core.tokens import Minting
from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem

DEFAULT = "static/defaultapp.png"


def png(colour: str = "red") -> bytes:
    out = BytesIO()
    Image.new("RGB", (8, 8), colour).save(out, "PNG")
    return out.getvalue()


async def upload(served: Served, picture: bytes, name: str = "icon.png", **options: Any) -> httpx.Response:
    files = {"file": (name, picture, "text/html")}
    return await served.here.post("/application/1/image", **{"headers": key(served.client), "files": files, **options})


async def image(served: Served) -> str:
    """As the list says it."""
    return str((await served.get("/application")).json()[0]["image"])


async def test_an_application_gets_a_picture_and_loses_it(served: Served) -> None:
    assert await image(served) == DEFAULT
    answer = await upload(served, png())
    assert answer.status_code == 200
    application = answer.json()
    assert (application["id"], application["name"]) == (1, "Backup")
    assert "token" not in application
    first = application["image"]
    assert first == await image(served)
    shown = await served.remote.get(f"/{first}")
    assert Image.open(BytesIO(shown.content)).convert("RGB").getpixel((4, 4)) == (255, 0, 0)

    second = (await upload(served, png("blue"), headers=basic("ada", "ada"))).json()["image"]
    assert second not in (first, DEFAULT)
    assert problem(await served.remote.get(f"/{first}")) == (404, "page not found")
    assert (await served.remote.get(f"/{second}")).status_code == 200

    gone = await served.delete("/application/1/image")
    assert (gone.status_code, gone.json()["image"]) == (200, DEFAULT)
    assert await image(served) == DEFAULT
    assert problem(await served.remote.get(f"/{second}")) == (404, "page not found")
    again = await served.delete("/application/1/image")
    assert problem(again) == (400, "app with id 1 does not have a customized image")


async def test_a_picture_is_for_anybody_to_keep_and_does_nothing_but_show(served: Served) -> None:
    path = "/" + (await upload(served, png())).json()["image"]
    shown = await served.remote.get(path, headers={"Origin": "https://elsewhere.example"})
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    head = await served.remote.head(path)
    assert (head.status_code, head.headers) == (200, shown.headers)
    etag = shown.headers["etag"]
    for known in (etag, f'"other" , {etag}', f"W/{etag}", "*"):
        kept = await served.remote.get(path, headers={"If-None-Match": known})
        assert (kept.status_code, kept.content, kept.headers["etag"]) == (304, b"", etag)
    for other in ('"other"', "", etag.strip('"')):
        assert (await served.remote.get(path, headers={"If-None-Match": other})).status_code == 200


@pytest.mark.parametrize("name", ["icon.png", "ICON.JPEG", "icon.gif", "icon.webp", "icon", "a/b\\c.jpg", "図.png"])
async def test_neither_name_nor_content_type_of_a_file_counts(served: Served, name: str) -> None:
    answer = await upload(served, png(), name)
    assert answer.status_code == 200
    assert (await served.here.get("/" + answer.json()["image"])).headers["content-type"] == "image/png"


@pytest.mark.parametrize("name", ["page.html", "icon.svg", "icon.png.php", "icon.", ".htaccess"])
async def test_the_name_of_something_else_is_refused(served: Served, name: str) -> None:
    assert problem(await upload(served, png(), name)) == (400, "invalid file extension")
    assert await image(served) == DEFAULT


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a<script>alert(1)</script>", png()[:-30]],
)
async def test_what_is_no_picture_is_refused(served: Served, data: bytes) -> None:
    assert problem(await upload(served, data)) == (400, "file must be an image")
    assert await image(served) == DEFAULT


@pytest.mark.parametrize(
    "options",
    [
        {"files": {"image": ("icon.png", png())}},
        {"files": {"file": (None, png())}},
        {"data": {"file": "icon.png"}, "files": None},
        {"content": png(), "files": None},
        {"json": {"file": "icon.png"}, "files": None},
        {"files": None},
    ],
)
async def test_without_a_file_of_that_name_nothing_is_taken(served: Served, options: dict[str, Any]) -> None:
    assert problem(await upload(served, b"", **options)) == (400, "file with key 'file' must be present")


async def test_a_form_that_cannot_be_read_is_refused(served: Served) -> None:
    headers = key(served.client) | {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await served.here.post("/application/1/image", headers=headers, content=b"--b\r\n")
    assert answer.status_code == 400


async def test_only_owners_change_it(served: Served) -> None:
    eve = await served.house.user("eve")
    for method in ("POST", "DELETE"):
        for headers in ({}, key(served.application), basic("ada", "wrong")):
            answer = await served.here.request(method, "/application/1/image", headers=headers)
            assert problem(answer) == (401, UNAUTHENTICATED)
        for path, headers in (("1", basic("eve", "eve")), ("2", key(served.client))):
            answer = await served.here.request(method, f"/application/{path}/image", headers=headers)
            assert problem(answer) == (404, f"app with id {path} doesn't exists")
        answer = await served.here.request(method, "/application/x/image", headers=key(served.client))
        assert problem(answer) == (400, "invalid id")
    await served.house.store.share(1, user_id=eve.id)
    path = (await upload(served, png())).json()["image"]
    assert (await upload(served, png(), headers=basic("eve", "eve"))).status_code == 403
    answer = await served.here.delete("/application/1/image", headers=basic("eve", "eve"))
    assert (answer.status_code, await image(served)) == (403, path)
    listed = (await served.here.get("/application", headers=basic("eve", "eve"))).json()
    assert [application["image"] for application in listed] == [path]


@pytest.mark.parametrize(
    "name", ["nothing.png", "..", "%2e%2e%2fsecret.png", "a.b.png", "a" * 65 + ".png", "a.PNG", "é.png", "a"]
)
async def test_a_picture_that_is_not_there_is_gotifys_404(served: Served, name: str) -> None:
    for answer in (await served.remote.get(f"/image/{name}"), await served.remote.get("/image")):
        assert problem(answer) == (404, "page not found")


class TestSmall:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(request=4096)

    async def test_a_file_is_bounded_before_it_is_read(self, served: Served) -> None:
        assert problem(await upload(served, png() + bytes(4096))) == (413, "the request is larger than 4096 bytes")


class TestShown:
    """Where lists show tokens, these answers do as well."""

    @pytest.fixture
    def minting(self) -> Minting:
        return Minting(vault=Vault(b"k" * 32))

    async def test_the_owner_sees_the_token(self, served: Served) -> None:
        assert (await upload(served, png())).json()["token"] == served.application
        assert (await served.delete("/application/1/image")).json()["token"] == served.application
