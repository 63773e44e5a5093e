"""Mail to postfix' smtp-sink, which fails at each step of a conversation as it is told to."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from carillon.channels import email
from carillon.core.channels import Broken, Outcome, Refused, Retry, Sent, Throttled
from tests.channels.mailing import going_out, parcel
from tests.walks.server import away, free_port, until

BELL = "bell@example.org"


@asynccontextmanager
async def sink(*arguments: str) -> AsyncIterator[int]:
    """Its port."""
    program = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        away("smtp-sink (Debian: postfix)")
    port = free_port()
    rights = ("-u", "root") if os.geteuid() == 0 else ()  # it insists on being told
    process = await asyncio.create_subprocess_exec(program, *rights, *arguments, f"127.0.0.1:{port}", "10")
    try:
        await until(lambda: _listens(port), "smtp-sink")
        yield port
    finally:
        process.kill()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def sent(port: int) -> Outcome:
    options = email.Options(host="127.0.0.1", port=port, security="none", sender=BELL, to=[BELL])
    async with going_out() as outside:
        return await email.send(options, parcel(), outside)


def mails(folder: Path) -> list[str]:
    return [each.read_text() for each in folder.iterdir()]


async def test_a_mail_arrives(tmp_path: Path) -> None:
    async with sink("-d", f"{tmp_path}/mail.") as port:
        assert isinstance(await sent(port), Sent)
    (mail,) = mails(tmp_path)
    assert "Subject: Done" in mail
    assert "All is well." in mail


@pytest.mark.parametrize(
    ("step", "permanent"),
    [("mail", Broken), ("rcpt", Refused), ("data", Refused), (".", Refused)],
)
async def test_each_step_can_be_refused_for_now_and_for_good(step: str, permanent: type[Outcome]) -> None:
    async with sink("-r", step) as port:
        later = await sent(port)
        assert isinstance(later, Retry)
        assert not later.uncertain
        assert later.status == 450
    async with sink("-f", step) as port:
        never = await sent(port)
        assert isinstance(never, permanent)
        assert never.status == 500


@pytest.mark.parametrize("step", ["connect", "ehlo", "mail", "rcpt", "data", "."])
async def test_a_connection_that_breaks_is_tried_again(step: str) -> None:
    async with sink("-q", step) as port:
        found = await sent(port)
    assert isinstance(found, Retry | Throttled)
    if isinstance(found, Retry):
        assert found.uncertain == (step in {"data", "."})
