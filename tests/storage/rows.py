"""Rows to start from, put in by the functions of the storage themselves."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from carillon.core.models import Application, Message, User
from carillon.core.ports import NewApplication, NewUser, Publication
from carillon.storage import applications, users
from carillon.storage.messages import publish_plain
from carillon.storage.session import Session
from tests.builders import NOON, message


async def new_user(tx: Session, name: str = "ada") -> User:
    return await users.add(
        tx, NewUser(name=name, password_hash="hash", admin=False, initial_password=True, created=NOON)
    )


async def new_application(tx: Session, owner: User, **fields: Any) -> Application:
    new = NewApplication(
        owner_id=owner.id, name="Backup", description="", default_priority=0, created=NOON, token_digest=b"token"
    )
    return (await applications.add(tx, structs.replace(new, **fields))).application


async def new_messages(tx: Session, application: Application, *receivers: User, count: int = 1) -> list[Message]:
    """Titled "0", "1", …; their public ids are those of no other call for the same application."""
    ((before,),) = await tx.rows("SELECT message FROM counters")
    return await publish_plain(
        tx,
        [
            Publication(
                message(id=0, public_id=f"{before + number:012}", application_id=application.id, title=f"{number}"),
                tuple(user.id for user in receivers),
            )
            for number in range(count)
        ],
    )
