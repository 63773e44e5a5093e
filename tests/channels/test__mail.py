"""What a mail looks like."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon.channels._mail import LONGEST_SUBJECT, Envelope, as_html, line, mail, subject, text
from carillon.core.channels import Parcel, Picture
from tests.channels.mailing import parcel

NOW = 1_800_000_000_000_000  # 15 January 2027, 08:00


def written(sent: Parcel, picture: Picture | None = None, **given: Any) -> EmailMessage:
    said: dict[str, Any] = {
        "sender": "bell@example.org",
        "recipient": "ada@example.org",
        "host": "bell.test",
        "now": NOW,
    }
    raw = mail(sent, Envelope(**(said | given)), picture)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    return message_from_bytes(raw, policy=default)


def content(part: Any) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def test_who_sends_what_to_whom_and_when() -> None:
    found = written(parcel(application="Größe, Inc."), reply_to="ops@example.org", marks={"X-Carillon-Via": "a,b"})
    assert found["From"].addresses[0].display_name == "Größe, Inc."
    assert found["From"].addresses[0].addr_spec == "bell@example.org"
    for name, value in {
        "To": "ada@example.org",
        "Reply-To": "ops@example.org",
        "Subject": "Done",
        "Message-ID": "<d-42@bell.test>",
        "Date": "Fri, 15 Jan 2027 08:00:00 +0000",
        "Auto-Submitted": "auto-generated",
        "X-Carillon-Via": "a,b",
    }.items():
        assert str(found[name]) == value
    assert written(parcel(), name="Bell")["From"].addresses[0].display_name == "Bell"
    assert written(parcel())["Reply-To"] is None


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (0, ("5", "low", "non-urgent", "silent (0)")),
        (2, ("4", "low", "non-urgent", "low (2)")),
        (5, ("3", "normal", "normal", "normal (5)")),
        (8, ("2", "high", "urgent", "high (8)")),
        (10, ("1", "high", "urgent", "urgent (10)")),
    ],
)
def test_how_urgent_it_is(level: int, expected: tuple[str, ...]) -> None:
    found = written(parcel(level=level))
    assert tuple(found[name] for name in ("X-Priority", "Importance", "Priority", "X-Carillon-Priority")) == expected


def test_text_and_html_say_the_same() -> None:
    sent = parcel(body="# Disk\n\n**90 %** of `/var`", content_type="text/markdown", url="https://a.test/?a=1&b=2")
    found = written(sent)
    assert found.get_content_type() == "multipart/alternative"
    plain, rich = list(found.iter_parts())
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    assert content(plain) == "# Disk\n\n**90 %** of `/var`\n\nhttps://a.test/?a=1&b=2\n\n-- \nBackup\n"
    assert "<h1>Disk</h1>" in content(rich)
    assert "<strong>90 %</strong> of <code>/var</code>" in content(rich)
    assert 'href="https://a.test/?a=1&amp;b=2"' in content(rich)
    assert written(sent, html=False).get_content_type() == "text/plain"


def test_the_way_to_the_message_is_named() -> None:
    sent = parcel(link="https://bell.test/#/m/1", url="https://a.test/", url_title="Graph")
    assert text(sent).endswith("\n\nGraph: https://a.test/\n\n-- \nBackup\nhttps://bell.test/#/m/1\n")
    rich = as_html(sent)
    assert '<a href="https://bell.test/#/m/1" rel="noopener noreferrer">Backup</a>' in rich
    assert ">Graph</a>" in rich


def test_plain_text_is_no_html() -> None:
    assert "<p>a &lt;b&gt; &amp; c<br>\n**d**</p>" in as_html(parcel(body="a <b> & c\n**d**"))


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "![a](https://tracker.test/a.png)",
        "<a href='https://a.test' onclick='x()'>b</a><iframe src='https://a.test'></iframe><style>p{}</style>",
        "[a](data:text/html,<script>alert(1)</script>)",
    ],
)
@pytest.mark.parametrize("content_type", ["text/plain", "text/markdown"])
def test_nothing_acts_in_the_reader(body: str, content_type: str) -> None:
    rich = as_html(parcel(body=body, content_type=content_type, url="javascript:alert(1)"))
    tags = re.findall(r"<[^>]*>", rich)
    assert {re.split(r"[ >]", tag.strip("</"))[0] for tag in tags} <= {"p", "a", "hr", "br"}
    assert not any(bad in tag for tag in tags for bad in ("javascript", "data:", "onclick", "onerror"))


def test_the_subject_is_never_empty_and_never_long() -> None:
    assert subject(parcel(), "[Bell]") == "[Bell] Done"
    assert subject(parcel(title="", body="\n first \nsecond")) == "first"
    assert subject(parcel(title=" ", body="")) == "Backup"
    assert len(subject(parcel(title="x" * 1000))) == LONGEST_SUBJECT


@given(st.text(), st.text(), st.text())
def test_no_header_is_smuggled_in(title: str, application: str, name: str) -> None:
    found = written(parcel(title=title + "\r\nBcc: eve@example.org", application=application, id=name), prefix=name)
    assert found["Bcc"] is None
    assert sorted(found.keys()) == sorted(written(parcel()).keys())


def test_a_line_is_one_line() -> None:
    assert line(" a\r\nb\x00\u2028 c\x85d ") == "a b c d"


def test_a_picture_comes_with_it() -> None:
    found = written(parcel(), Picture("image/png", b"png"))
    (attachment,) = found.iter_attachments()
    assert (attachment.get_content_type(), attachment.get_filename()) == ("image/png", "picture.png")
    assert attachment.get_content() == b"png"


def test_long_lines_and_letters_of_the_world_arrive() -> None:
    body = "Überlänge " * 500 + "\n.\nQUIT\n"
    assert content(next(written(parcel(body=body)).iter_parts())).startswith(body.rstrip())
