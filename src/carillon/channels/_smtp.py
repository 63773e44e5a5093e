"""A conversation with a mail server, and what its answers mean."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Literal

import msgspec
from aiosmtplib import SMTP, SMTPException, SMTPRecipientRefused, SMTPResponseException, SMTPSenderRefused
from aiosmtplib.errors import SMTPAuthenticationError, SMTPDataError, SMTPTimeoutError
from msgspec import Struct
from msgspec.structs import replace

from carillon.core.channels import Broken, Failure, Outcome, Outside, Refused, Retry, Sent, Throttled

Security = Literal["starttls", "tls", "opportunistic", "none"]

LONGEST = 50.0  # seconds for all of it: what is done by then is remembered
PATIENCE = 15.0  # seconds for each answer
REST = 300.0  # seconds, when a server closes its doors
PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "opportunistic": 25, "none": 25}
NEEDS_SIGN_IN = frozenset({530, 534, 535, 538})
MEBIBYTE = 1024 * 1024
TOO_LARGE = frozenset({523, 552})


class Server(Struct, frozen=True, kw_only=True):
    """`port` 0: the usual one. No `username`: nobody signs in."""

    host: str
    port: int = 0
    security: Security = "starttls"
    verify: bool = True
    username: str = ""
    password: str = ""


class NotOffered(Exception):
    """The server cannot do what the options ask of it; `field` names the option."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class Unclear(Exception):
    """It broke off while the server had the mail already, but had not said whether it takes it."""


class HandedOver(Struct, frozen=True):
    """`taken` are the recipients whose mail the server has; of the others what was in the way, of all: "". `said` is
    the last good answer.
    """

    taken: list[str]
    troubles: list[tuple[str, Outcome]]
    said: str


TROUBLES = (Failure, NotOffered, Unclear, SMTPException, OSError)  # of which are TimeoutError and ssl.SSLError


@asynccontextmanager
async def conversation(server: Server, outside: Outside) -> AsyncIterator[SMTP]:
    """Connected, secured and signed in. Raises what `outcome` knows."""
    port = server.port or PORTS[server.security]
    connection = await outside.connect(server.host, port, seconds=PATIENCE)
    smtp = SMTP(
        hostname=server.host,
        sock=connection,
        use_tls=server.security == "tls",
        start_tls=False,
        tls_context=_context(verify=server.verify),
        local_hostname=_greeting(outside.host),
        timeout=PATIENCE,
    )
    try:
        await smtp.connect()
        await smtp.ehlo()
        await _secure(smtp, server)
        if server.username:
            await _sign_in(smtp, server)
        yield smtp
        with suppress(SMTPException):
            await smtp.quit()
    finally:
        smtp.close()
        connection.close()


async def hand_over_all(server: Server, outside: Outside, *, sender: str, mails: Mapping[str, bytes]) -> HandedOver:
    """Each mail to its recipient, by one conversation. Raises nothing of TROUBLES."""
    taken: list[str] = []
    troubles: list[tuple[str, Outcome]] = []
    said = ""
    try:
        async with asyncio.timeout(LONGEST), conversation(server, outside) as smtp:
            for recipient, mail in mails.items():
                try:
                    said = await _hand_over(smtp, sender, recipient, mail=mail)
                    taken.append(recipient)
                except SMTPResponseException as error:
                    trouble = outcome(error)
                    troubles.append((recipient, trouble))
                    if isinstance(trouble, Throttled | Broken):
                        break
    except TROUBLES as error:
        troubles.append(("", outcome(error)))
    return HandedOver(taken, troubles, said)


def together(found: HandedOver, before: list[str]) -> Outcome:
    """Of the mails one outcome: what may pass later goes before what never will, as the others are not sent again."""
    worst = max((each for _, each in found.troubles), key=_weight, default=None)
    if worst is None:
        return Sent(text=found.said)
    who, done = next(each for each, trouble in found.troubles if trouble is worst), [*before, *found.taken]
    text = f"{who}: {worst.text}" if who else worst.text
    if isinstance(worst, Refused):
        return replace(worst, text=f"{text} (taken for: {', '.join(done)})" if done else text)
    if isinstance(worst, Retry) or found.taken:
        return Retry(
            code=worst.code,
            text=text,
            status=worst.status,
            uncertain=isinstance(worst, Retry) and worst.uncertain,
            progress=msgspec.json.encode(done).decode(),
        )
    return worst


def _weight(trouble: Outcome) -> int:
    return (Refused, Retry, Throttled, Broken).index(type(trouble))


async def looked_at(server: Server, outside: Outside, *, sender: str) -> str:
    """What there is, without a mail. Raises what `outcome` knows."""
    async with asyncio.timeout(LONGEST), conversation(server, outside) as smtp:
        await smtp.mail(sender)
        await smtp.rset()
        cipher = smtp.get_transport_info("cipher")
        secured = f"{cipher[1]}{'' if server.verify else ', certificate not checked'}" if cipher else "not encrypted"
        known = f"signed in as {server.username}" if server.username else "not signed in"
        size = smtp.esmtp_extensions.get("size", "")
        largest = int(size) // MEBIBYTE if size.isdecimal() else 0
        return f"{server.host}: {secured}, {known}" + (f", takes mails up to {largest} MiB" if largest else "")


async def _hand_over(smtp: SMTP, sender: str, recipient: str, *, mail: bytes) -> str:
    """What the server says to it. What was begun is taken back where it refuses."""
    try:
        await smtp.mail(sender, options=[f"SIZE={len(mail)}"] if smtp.supports_extension("size") else [])
        await smtp.rcpt(recipient)
        return await _data(smtp, mail)
    except SMTPResponseException:
        with suppress(SMTPException):
            await smtp.rset()
        raise


def outcome(error: Exception) -> Outcome:
    """What an error of the above means for the message, or for all of them."""
    match error:
        case Failure(code="private" | "options"):
            return Broken(code=error.code, text=str(error), field="host")
        case Failure():
            return Retry(code=error.code, text=str(error))
        case NotOffered():
            return Broken(code="tls" if error.field == "security" else "auth", text=str(error), field=error.field)
        case Unclear():
            return Retry(code="timeout", text=str(error), uncertain=True)
        case SMTPResponseException():
            return _answered(error)
        case _ if fault := _certificate(error):
            return Broken(code="tls", text=fault.verify_message or str(fault), field="verify")
        case _ if _tls(error):
            return Broken(code="tls", text=f"{error}", field="security")
        case SMTPTimeoutError():
            return Retry(code="timeout", text=str(error))
        case TimeoutError():
            return Retry(code="timeout", text=f"it took longer than {LONGEST:g} seconds", uncertain=True)
    return Retry(code="connect", text=str(error) or type(error).__name__)


def _answered(error: SMTPResponseException) -> Outcome:
    """By the class of the code: 4xx may pass later, 5xx never."""
    status, text = error.code, f"{error.code} {' '.join(error.message.split())}"
    if status == 421:
        return Throttled(code="rate_limited", text=text, status=status, seconds=REST)
    if status < 500:
        return Retry(code="server_error", text=text, status=status)
    if isinstance(error, SMTPAuthenticationError) or status in NEEDS_SIGN_IN:
        field = "password" if isinstance(error, SMTPAuthenticationError) else "username"
        return Broken(code="auth", text=text, status=status, field=field)
    if status in TOO_LARGE and not isinstance(error, SMTPRecipientRefused):
        return Refused(code="too_large", text=text, status=status)
    if isinstance(error, SMTPRecipientRefused):
        return Refused(code="not_found", text=text, status=status, field="to")
    if isinstance(error, SMTPSenderRefused):
        return Broken(code="rejected", text=text, status=status, field="sender")
    if isinstance(error, SMTPDataError):
        return Refused(code="rejected", text=text, status=status)
    return Broken(code="unexpected", text=text, status=status, field="host")


async def _secure(smtp: SMTP, server: Server) -> None:
    offered = smtp.supports_extension("starttls")
    if server.security == "starttls" and not offered:
        raise NotOffered("security", f"{server.host} does not offer STARTTLS")
    if server.security in ("starttls", "opportunistic") and offered:
        await smtp.starttls(server_hostname=server.host)
        await smtp.ehlo()


async def _sign_in(smtp: SMTP, server: Server) -> None:
    if not smtp.supports_extension("auth"):
        raise NotOffered("username", f"{server.host} lets nobody sign in this way; with TLS it may")
    try:
        await smtp.login(server.username, server.password)
    except SMTPException as error:
        if type(error) is SMTPException:
            raise NotOffered("username", str(error)) from None
        raise


async def _data(smtp: SMTP, mail: bytes) -> str:
    try:
        code, said = await smtp.data(mail)
    except (ConnectionError, TimeoutError) as error:
        raise Unclear(f"{error}, and the mail may have arrived") from error
    return f"{code} {said}"


def _greeting(host: str) -> str:
    """What EHLO says: of letters, digits, dots and hyphens only."""
    return "".join(each for each in host if each.isascii() and (each.isalnum() or each in ".-")) or "localhost"


@cache
def _context(*, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _certificate(error: BaseException) -> ssl.SSLCertVerificationError | None:
    causes = (error, error.__cause__)
    return next((each for each in causes if isinstance(each, ssl.SSLCertVerificationError)), None)


def _tls(error: BaseException) -> bool:
    return any(isinstance(each, ssl.SSLError) for each in (error, error.__cause__))
