"""E-mail, by a mail server of the user's: one mail a recipient, who has agreed to get it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from carillon.channels._mail import Envelope, mail
from carillon.channels._smtp import TROUBLES, Security, Server, hand_over_all, looked_at, outcome, together
from carillon.core.channels import Outcome, Outside, Parcel, Refused, Sent
from carillon.core.forms import Texts, field

API = 1
TITLE: Texts = ("E-mail", "E-Mail")
ABOUT: Texts = ("Through your mail server", "Über deinen Mailserver")
ICON = "k-mail"

WORD = r"[A-Za-z0-9_+%'=~\-]+"
ADDRESS = rf"^{WORD}(\.{WORD})*@[A-Za-z0-9.\-]+$(?!\n)"
HOST = r"^[A-Za-z0-9.:_\-]+$(?!\n)"

Recipient = Annotated[str, Meta(pattern=ADDRESS, max_length=254)]


class Options(Struct, kw_only=True):
    host: Annotated[str, field(("Mail server", "Mailserver"), placeholder="smtp.example.org", pattern=HOST)]
    security: Annotated[
        Security,
        field(
            ("Encryption", "Verschlüsselung"),
            kind="choice",
            choices=[
                ("starttls", "STARTTLS (port 587)", "STARTTLS (Port 587)"),
                ("tls", "TLS from the start (port 465)", "TLS von Anfang an (Port 465)"),
                ("opportunistic", "If the server offers it (port 25)", "Wenn der Server sie anbietet (Port 25)"),
                ("none", "None (port 25)", "Keine (Port 25)"),
            ],
        ),
    ] = "starttls"
    username: Annotated[str, field(("User name", "Benutzername"), ("Empty: without", "Leer: ohne"))] = ""
    password: Annotated[str, field(("Password", "Passwort"), kind="secret")] = ""
    sender: Annotated[str, field(("From", "Absender"), placeholder="carillon@example.org", pattern=ADDRESS)]
    to: Annotated[
        list[Recipient],
        field(
            ("To", "An"),
            ("Others than the sender are asked first", "Andere als der Absender werden erst gefragt"),
            kind="list",
            min_length=1,
            max_length=20,
        ),
    ]
    name: Annotated[
        str, field(("Sender's name", "Name des Absenders"), ("Empty: the application", "Leer: die Anwendung"))
    ] = ""
    reply_to: Annotated[str, field(("Reply to", "Antwort an"), pattern=f"^$|{ADDRESS}", advanced=True)] = ""
    prefix: Annotated[
        str, field(("Subject begins with", "Betreff beginnt mit"), placeholder="[Carillon]", advanced=True)
    ] = ""
    format: Annotated[
        Literal["html", "text"],
        field(
            ("Format", "Format"),
            kind="choice",
            choices=[("html", "Text and HTML", "Text und HTML"), ("text", "Text only", "Nur Text")],
            advanced=True,
        ),
    ] = "html"
    port: Annotated[
        int,
        field(("Port", "Port"), ("0: the usual one", "0: der übliche"), kind="number", ge=0, le=65535, advanced=True),
    ] = 0
    verify: Annotated[
        bool,
        field(
            ("Check the certificate", "Zertifikat prüfen"),
            ("Off, anybody on the way can read along", "Aus: Wer dazwischensitzt, kann mitlesen"),
            kind="switch",
            when=("security", ("starttls", "tls", "opportunistic")),
            advanced=True,
        ),
    ] = True


def recipients(options: Options) -> Sequence[str]:
    own = {options.sender.lower(), options.username.lower()}
    return [each for each in options.to if each.lower() not in own]


async def send(options: Options, parcel: Parcel, outside: Outside) -> Outcome:
    free = [parcel.only] if parcel.only else _free(options, parcel)
    if not free:
        return Refused(code="unconfirmed", text="no recipient has agreed to get mail yet", field="to")
    before = msgspec.json.decode(parcel.progress or "[]", type=list[str])
    picture = await outside.picture(parcel.picture) if parcel.picture else None
    mails = {each: mail(parcel, _envelope(options, each, outside), picture) for each in free if each not in before}
    found = await hand_over_all(_server(options), outside, sender=options.sender, mails=mails)
    return together(found, before)


def _free(options: Options, parcel: Parcel) -> list[str]:
    """The recipients who have agreed, or need not."""
    asked, agreed = set(recipients(options)), {each.lower() for each in parcel.confirmed}
    return [each for each in dict.fromkeys(options.to) if each not in asked or each.lower() in agreed]


async def check(options: Options, outside: Outside) -> Outcome:
    try:
        return Sent(text=await looked_at(_server(options), outside, sender=options.sender))
    except TROUBLES as error:
        return outcome(error)


def _server(options: Options) -> Server:
    return Server(
        host=options.host,
        port=options.port,
        security=options.security,
        verify=options.verify,
        username=options.username,
        password=options.password,
    )


def _envelope(options: Options, recipient: str, outside: Outside) -> Envelope:
    return Envelope(
        sender=options.sender,
        name=options.name,
        recipient=recipient,
        reply_to=options.reply_to,
        prefix=options.prefix,
        html=options.format == "html",
        host=outside.host,
        now=outside.now(),
        marks=outside.marks,
    )
