from __future__ import annotations

from carillon.core.models import Image
from carillon.storage import applications, images
from carillon.storage.session import Session
from tests.storage.rows import new_application, new_user


async def test_a_picture_is_there_until_it_is_deleted(tx: Session) -> None:
    picture = Image("a.png", "image/png", bytes(range(256)))
    await images.add(tx, picture)
    assert await images.by_name(tx, "a.png") == picture
    assert await images.by_name(tx, "A.png") is None
    await images.delete(tx, None)
    assert await images.by_name(tx, "a.png") == picture
    await images.delete(tx, "a.png")
    assert await images.by_name(tx, "a.png") is None


async def test_with_a_new_picture_the_old_one_goes(tx: Session) -> None:
    backup = await new_application(tx, await new_user(tx))
    for name in ("a.png", "b.jpg"):
        assert await applications.set_image(tx, backup.id, Image(name, "image/png", b"png")) is True
    assert await tx.rows("SELECT name FROM images") == [("b.jpg",)]
    assert await applications.set_image(tx, backup.id, None) is True
    assert await tx.rows("SELECT name FROM images") == []
    assert await applications.set_image(tx, 99, None) is False
