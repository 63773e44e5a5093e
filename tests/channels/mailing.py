"""A real mail server in this process, which keeps what it gets, and the way to it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from carillon.core.channels import Parcel, Reach
from carillon.http import Client, Guard
from carillon.http.guard import ServiceGuard
from carillon.http.outgoing import Outgoing, Ways
from tests.walks.server import away

NAME, PASSWORD = "ada", "long and secret"


class Clock:
    def now(self) -> int:
        return 1_800_000_000_000_000

    def monotonic(self) -> float:
        return 0.0


class NoWorkers:
    async def ask(self, program: str, question: bytes, *, seconds: float) -> bytes:
        raise AssertionError(program)


class Mailbox:
    """`refuse` maps what a mail is from, to or (`data`) about to what the server says to it instead."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.refuse: dict[str, str] = {}
        self.greeted: list[str] = []
        self.secured: list[bool] = []
        self.port = 0

    def parsed(self) -> list[EmailMessage]:
        return [message_from_bytes(mail, policy=default) for _, _, mail in self.mails]

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted.append(hostname)
        return responses

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := self.refuse.get(address):
            return said
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := self.refuse.get(address):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's
        if said := self.refuse.get("data"):
            return said
        content = envelope.content
        self.mails.append((str(envelope.mail_from), envelope.rcpt_tos, content if isinstance(content, bytes) else b""))
        self.secured.append(session.ssl is not None)
        return "250 OK: queued as 4711"


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, at_once: bool = False, **given: Any
) -> AsyncIterator[Mailbox]:
    """`at_once`: TLS from the start. `given` is for aiosmtpd."""
    box = Mailbox()
    open_: list[SMTP] = []
    if not at_once:
        given["tls_context"] = tls

    def made() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a server that is open on purpose warns of itself
            open_.append(SMTP(box, hostname="mail.test", **given))
        return open_[-1]

    loop = asyncio.get_running_loop()
    listener = await loop.create_server(made, "127.0.0.1", 0, ssl=tls if at_once else None)
    box.port = listener.sockets[0].getsockname()[1]
    async with listener:
        try:
            yield box
        finally:
            for each in open_:
                if each.transport is not None:
                    each.transport.close()


def sign_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (NAME.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


def self_signed(folder: Path, host: str = "localhost") -> ssl.SSLContext:
    """That nobody vouches for."""
    if not shutil.which("openssl"):
        away("openssl")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-subj", f"/CN={host}", "-days", "2"]
    command += ["-addext", f"subjectAltName=DNS:{host}"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@asynccontextmanager
async def going_out(
    reach: Reach = "any", names: Callable[[str], list[str]] = lambda host: [host]
) -> AsyncIterator[Outgoing]:
    pictures = Client(Guard(["127.0.0.1"]), agent="Carillon/test")
    ways = Ways(
        ServiceGuard(reach),
        pictures=pictures,
        workers=NoWorkers(),
        clock=Clock(),
        agent="Carillon/test",
        host="bell.test",
        installation="ours",
        names=names,
    )
    try:
        yield ways.for_message("theirs")
    finally:
        await ways.close()
        await pictures.close()


def parcel(**given: Any) -> Parcel:
    said: dict[str, Any] = {
        "id": "d-42",
        "application": "Backup",
        "title": "Done",
        "body": "All is well.",
        "created": 0,
    }
    return Parcel(**(said | given))
