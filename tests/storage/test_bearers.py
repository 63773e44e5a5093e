from __future__ import annotations

from carillon.core.models import Token
from carillon.core.ports import Bearer, Sender
from carillon.storage import bearers
from carillon.storage.session import Session
from tests.builders import NOON
from tests.storage.rows import new_application, new_user


async def test_the_token_of_an_application_brings_whom_it_reaches(tx: Session) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada, token_digest=b"secret")
    token = Token(id=1, kind="application", subject_id=backup.id, created=NOON)
    assert await bearers.by_digest(tx, b"secret") == Bearer(token, sender=Sender(backup, (ada.id,), ada.id))
    assert await bearers.by_digest(tx, b"secret ") is None
