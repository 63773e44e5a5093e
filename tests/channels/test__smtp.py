"""Conversations with a real mail server, and what its answers come to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from carillon.channels._smtp import (
    HandedOver,
    NotOffered,
    Server,
    Unclear,
    hand_over_all,
    looked_at,
    outcome,
    together,
)
from carillon.core.channels import Broken, Failure, Outcome, Reach, Refused, Retry, Sent, Throttled
from tests.channels.mailing import NAME, PASSWORD, going_out, mail_server, self_signed, sign_in

MAIL = b"Subject: a\r\n\r\nb\r\n"
BELL, ADA, BOB, EVE = "bell@example.org", "ada@example.org", "bob@example.org", "eve@example.org"
OPEN: dict[str, Any] = {"authenticator": sign_in, "auth_require_tls": False}


async def talk(port: int, *to: str, reach: Reach = "any", size: int = 0, **given: Any) -> HandedOver:
    said: dict[str, Any] = {"host": "127.0.0.1", "port": port, "security": "none"}
    async with going_out(reach) as outside:
        mails = dict.fromkeys(to or (ADA,), MAIL + size * b"x")
        return await hand_over_all(Server(**(said | given)), outside, sender=BELL, mails=mails)


async def trouble(port: int, *to: str, **given: Any) -> Outcome:
    (found,) = (await talk(port, *to, **given)).troubles
    return found[1]


async def test_a_mail_for_each_recipient_by_one_conversation() -> None:
    async with mail_server() as box:
        found = await talk(box.port, ADA, BOB)
    assert (found.taken, found.troubles, found.said) == ([ADA, BOB], [], "250 OK: queued as 4711")
    assert [mail[:2] for mail in box.mails] == [(BELL, [ADA]), (BELL, [BOB])]
    assert box.mails[0][2] == MAIL
    assert box.greeted == ["bell.test"]


async def test_starttls_with_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    async with mail_server(tls=self_signed(tmp_path), require_starttls=True) as box:
        for security in ("starttls", "opportunistic"):
            refused = await trouble(box.port, security=security)
            assert isinstance(refused, Broken)
            assert (refused.code, refused.field) == ("tls", "verify")
            assert "self-signed certificate" in refused.text
            assert (await talk(box.port, security=security, verify=False)).taken == [ADA]
        assert box.secured == [True, True]
        never = await trouble(box.port, security="none")
        assert (type(never), never.code, never.status) == (Broken, "auth", 530)


async def test_tls_from_the_start(tmp_path: Path) -> None:
    async with mail_server(tls=self_signed(tmp_path), at_once=True) as box:
        refused = await trouble(box.port, security="tls")
        assert (type(refused), refused.code, refused.field) == (Broken, "tls", "verify")
        assert (await talk(box.port, security="tls", verify=False)).taken == [ADA]
    async with mail_server() as box:
        plain = await trouble(box.port, security="tls")
        assert (type(plain), plain.code, plain.field) == (Broken, "tls", "security")


async def test_starttls_that_is_not_offered_is_not_done_without() -> None:
    async with mail_server() as box:
        refused = await trouble(box.port, security="starttls")
        assert (type(refused), refused.code, refused.field) == (Broken, "tls", "security")
        assert box.mails == []
        assert (await talk(box.port, security="opportunistic")).taken == [ADA]


async def test_signing_in(tmp_path: Path) -> None:
    async with mail_server(**OPEN, auth_required=True) as box:
        assert (await talk(box.port, username=NAME, password=PASSWORD)).taken == [ADA]
        wrong = await trouble(box.port, username=NAME, password="wrong")
        assert (type(wrong), wrong.code, wrong.status, wrong.field) == (Broken, "auth", 535, "password")
        without = await trouble(box.port)
        assert (type(without), without.code, without.status, without.field) == (Broken, "auth", 530, "username")
    async with mail_server(tls=self_signed(tmp_path), authenticator=sign_in, require_starttls=True) as box:
        given: dict[str, Any] = {"security": "starttls", "verify": False}
        assert (await talk(box.port, username=NAME, password=PASSWORD, **given)).taken == [ADA]
    async with mail_server() as box:
        nobody = await trouble(box.port, username=NAME, password=PASSWORD)
        assert (type(nobody), nobody.code, nobody.field) == (Broken, "auth", "username")


@pytest.mark.parametrize(
    ("where", "said", "kind", "code", "field"),
    [
        (BELL, "550 5.7.1 not from here", Broken, "rejected", "sender"),
        (BELL, "451 4.3.0 later", Retry, "server_error", ""),
        (BELL, "421 4.7.0 too many", Throttled, "rate_limited", ""),
        (ADA, "550 5.1.1 no such user", Refused, "not_found", "to"),
        (ADA, "450 4.2.0 greylisted", Retry, "server_error", ""),
        (ADA, "421 4.7.0 slow down", Throttled, "rate_limited", ""),
        ("data", "554 5.7.1 spam", Refused, "rejected", ""),
        ("data", "552 5.3.4 too big", Refused, "too_large", ""),
        ("data", "452 4.3.1 full", Retry, "server_error", ""),
    ],
)
async def test_what_the_server_refuses(where: str, said: str, kind: type[Outcome], code: str, field: str) -> None:
    async with mail_server() as box:
        box.refuse[where] = said
        found = await trouble(box.port)
    assert (type(found), found.code, found.status, found.field) == (kind, code, int(said[:3]), field)
    assert said[4:] in found.text


async def test_a_mail_that_is_too_large_is_not_even_begun() -> None:
    async with mail_server(data_size_limit=1000) as box:
        found = await trouble(box.port, size=2000)
        assert (type(found), found.code, found.status) == (Refused, "too_large", 552)
        assert box.mails == []


async def test_one_who_is_refused_keeps_nobody_else_from_it() -> None:
    async with mail_server() as box:
        box.refuse = {ADA: "550 no such user", BOB: "450 later"}
        found = await talk(box.port, ADA, BOB, EVE)
    assert found.taken == [EVE]
    assert [who for who, _ in found.troubles] == [ADA, BOB]


async def test_a_server_that_closes_its_doors_is_left_alone() -> None:
    async with mail_server() as box:
        box.refuse = {BOB: "421 slow down"}
        found = await talk(box.port, ADA, BOB, EVE)
    assert found.taken == [ADA]
    assert [who for who, _ in found.troubles] == [BOB]


async def test_addresses_that_services_must_not_reach() -> None:
    async with mail_server() as box:
        found = await trouble(box.port, reach="private")
    assert (type(found), found.code, found.field) == (Broken, "private", "host")
    assert "Services may reach" in found.text


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (b"", Retry, "connect"),
        (b"421 busy\r\n", Throttled, "rate_limited"),
        (b"554 go away\r\n", Broken, "unexpected"),
        (b"HTTP/1.1 400 Bad Request\r\n", Retry, None),
        (b"220 hello\r\n", Retry, "connect"),
    ],
)
async def test_whoever_else_answers_there(said: bytes, kind: type[Outcome], code: str | None) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        found = await trouble(listener.sockets[0].getsockname()[1])
    assert isinstance(found, kind)
    assert code is None or found.code == code
    nobody = await trouble(1)
    assert (type(nobody), nobody.code) == (Retry, "connect")


async def test_what_is_found_without_a_mail(tmp_path: Path) -> None:
    async with going_out() as outside:
        async with mail_server(tls=self_signed(tmp_path), authenticator=sign_in, require_starttls=True) as box:
            server = Server(host="127.0.0.1", port=box.port, verify=False, username=NAME, password=PASSWORD)
            said = await looked_at(server, outside, sender=BELL)
            assert said == "127.0.0.1: TLSv1.3, certificate not checked, signed in as ada, takes mails up to 32 MiB"
        async with mail_server() as box:
            server = Server(host="127.0.0.1", port=box.port, security="none")
            assert (await looked_at(server, outside, sender=BELL)).startswith("127.0.0.1: not encrypted, not signed in")
            assert box.mails == []


def test_outcomes_without_a_server() -> None:
    assert outcome(Failure("dns", "x")) == Retry(code="dns", text="x")
    assert outcome(Unclear("x")) == Retry(code="timeout", text="x", uncertain=True)
    assert outcome(NotOffered("username", "x")) == Broken(code="auth", text="x", field="username")
    assert outcome(TimeoutError()) == Retry(code="timeout", text="it took longer than 50 seconds", uncertain=True)
    assert outcome(OSError("x")) == Retry(code="connect", text="x")


@pytest.mark.parametrize(
    ("taken", "troubles", "expected"),
    [
        ([ADA], [], Sent(text="250 ok")),
        ([], [(BOB, Refused(code="not_found", text="no"))], Refused(code="not_found", text=f"{BOB}: no")),
        (
            [ADA],
            [(BOB, Refused(code="not_found", text="no"))],
            Refused(code="not_found", text=f"{BOB}: no (taken for: {EVE}, {ADA})"),
        ),
        (
            [ADA],
            [(BOB, Refused(text="no")), ("", Retry(code="connect", text="gone", uncertain=True))],
            Retry(code="connect", text="gone", uncertain=True, progress=f'["{EVE}","{ADA}"]'),
        ),
        ([], [("", Throttled(seconds=5, text="x"))], Throttled(seconds=5, text="x")),
        (
            [ADA],
            [(BOB, Throttled(seconds=5, text="x"))],
            Retry(text=f"{BOB}: x", progress=f'["{EVE}","{ADA}"]'),
        ),
        ([], [("", Broken(code="auth", text="x"))], Broken(code="auth", text="x")),
    ],
)
def test_of_many_mails_one_outcome(taken: list[str], troubles: list[tuple[str, Outcome]], expected: Outcome) -> None:
    before = [] if taken == [] or not troubles else [EVE]
    assert together(HandedOver(taken, troubles, "250 ok"), before) == expected
