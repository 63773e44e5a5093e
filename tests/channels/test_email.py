"""E-mail, sent to a real mail server and looked at there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from carillon.channels import email
from carillon.core.channels import Broken, Outcome, Parcel, Refused, Retry, Sent
from carillon.core.forms import BadOption, form, read, secrets
from tests.channels.mailing import NAME, PASSWORD, going_out, mail_server, parcel, self_signed, sign_in

BELL, ADA, BOB = "bell@example.org", "ada@example.org", "bob@example.org"


def options(**given: Any) -> email.Options:
    said: dict[str, Any] = {"host": "127.0.0.1", "security": "none", "sender": BELL, "to": [ADA]}
    return read(email.Options, said | given)  # type: ignore[no-any-return]  # what it reads is told by its argument


async def sent(sent_options: email.Options, message: Parcel) -> Outcome:
    async with going_out() as outside:
        return await email.send(sent_options, message, outside)


async def test_a_message_becomes_a_mail(tmp_path: Path) -> None:
    async with mail_server(tls=self_signed(tmp_path), authenticator=sign_in, require_starttls=True) as box:
        given = {"security": "starttls", "verify": False, "username": NAME, "password": PASSWORD}
        chosen = options(port=box.port, prefix="[Bell]", reply_to=BOB, **given)
        message = parcel(level=9, link="https://bell.test/#/m/1", confirmed=frozenset({ADA}))
        assert await sent(chosen, message) == Sent(text="250 OK: queued as 4711")
    (found,) = box.parsed()
    assert box.mails[0][:2] == (BELL, [ADA])
    for name, value in {
        "From": f"Backup <{BELL}>",
        "To": ADA,
        "Reply-To": BOB,
        "Subject": "[Bell] Done",
        "Message-ID": "<d-42@bell.test>",
        "X-Carillon-Priority": "high (9)",
        "X-Carillon-Via": "theirs,ours",
    }.items():
        assert str(found[name]) == value
    plain, rich = [part.get_content() for part in found.iter_parts()]
    assert "All is well." in plain
    assert 'href="https://bell.test/#/m/1"' in rich


async def test_only_those_who_agreed_get_mail() -> None:
    chosen = options(to=[ADA, BOB, BELL])
    assert list(email.recipients(chosen)) == [ADA, BOB]
    assert list(email.recipients(options(to=[ADA, BOB], username=BOB.title()))) == [ADA]
    async with mail_server() as box:
        chosen = options(port=box.port, to=[ADA, BOB, BELL])
        assert isinstance(await sent(chosen, parcel(confirmed=frozenset({"BOB@example.org"}))), Sent)
        assert [to for _, to, _ in box.mails] == [[BOB], [BELL]]
        nobody = await sent(options(port=box.port), parcel())
    assert (type(nobody), nobody.code, nobody.field) == (Refused, "unconfirmed", "to")


async def test_who_is_asked_whether_he_agrees_is_asked_alone() -> None:
    async with mail_server() as box:
        asking = parcel(only=BOB, confirmed=frozenset({ADA}))
        assert isinstance(await sent(options(port=box.port, to=[ADA, BOB]), asking), Sent)
    assert [each[1] for each in box.mails] == [[BOB]]


async def test_what_was_taken_is_not_sent_again() -> None:
    both = frozenset({ADA, BOB})
    async with mail_server() as box:
        chosen = options(port=box.port, to=[ADA, BOB])
        box.refuse[BOB] = "450 4.2.0 greylisted"
        later = await sent(chosen, parcel(confirmed=both))
        assert later == Retry(
            code="server_error", text=f"{BOB}: 450 4.2.0 greylisted", status=450, progress=f'["{ADA}"]'
        )
        box.refuse.clear()
        assert isinstance(await sent(chosen, parcel(confirmed=both, progress=later.progress)), Sent)
    assert [to for _, to, _ in box.mails] == [[ADA], [BOB]]
    assert len({str(mail["Message-ID"]) for mail in box.parsed()}) == 1


async def test_text_alone_where_it_is_wanted() -> None:
    async with mail_server() as box:
        await sent(options(port=box.port, to=[BELL], format="text"), parcel())
    assert box.parsed()[0].get_content_type() == "text/plain"


async def test_it_is_tried_without_a_mail() -> None:
    async with mail_server() as box, going_out() as outside:
        well = await email.check(options(port=box.port), outside)
        assert isinstance(well, Sent)
        assert well.text.startswith("127.0.0.1: not encrypted, not signed in")
        ill = await email.check(options(port=box.port, security="starttls"), outside)
        assert (type(ill), ill.field) == (Broken, "security")
        assert box.mails == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sender", "bell"),
        ("sender", "bell@example.org\n"),
        ("sender", "Bell <bell@example.org>"),
        ("to", []),
        ("to", ["ada@example.org, bob@example.org"]),
        ("to", ["ada@example.org\r\nRCPT TO:<eve@example.org>"]),
        ("reply_to", "x"),
        ("host", "mail.test\r\n"),
        ("port", 70000),
        ("security", "ssl"),
    ],
)
def test_options_that_cannot_be(name: str, value: object) -> None:
    with pytest.raises(BadOption) as caught:
        options(**{name: value})
    assert caught.value.field == name


def test_its_form() -> None:
    assert secrets(email.Options) == ["password"]
    assert [each.name for each in form(email.Options) if each.required] == ["host", "sender", "to"]
    assert form(email.Options)[1].default == "starttls"
