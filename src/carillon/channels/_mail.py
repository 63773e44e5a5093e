"""A message as a mail: text and HTML, headers by which mail programs and people's own filters sort it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache

import nh3
from markdown_it import MarkdownIt
from msgspec import Struct

from carillon.core.channels import Parcel, Picture
from carillon.core.query import BANDS

LONGEST_SUBJECT = 200  # characters
MICROSECONDS = 1_000_000
# No image that the server of a stranger would see opened, and nothing that draws outside its place.
TAGS = {
    *("a", "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
# By band: X-Priority, Importance, Priority.
URGENCY = {
    "silent": ("5", "low", "non-urgent"),
    "low": ("4", "low", "non-urgent"),
    "normal": ("3", "normal", "normal"),
    "high": ("2", "high", "urgent"),
    "urgent": ("1", "high", "urgent"),
}
# 7 bits: whatever a server can take, it can take this.
POLICY = SMTP.clone(cte_type="7bit")


class Envelope(Struct, frozen=True, kw_only=True):
    """What a mail says beside the message. `name` empty: the application's; `html`: beside the text."""

    sender: str
    name: str = ""
    recipient: str
    reply_to: str = ""
    prefix: str = ""
    html: bool = True
    host: str
    now: int
    marks: Mapping[str, str] = {}


def mail(parcel: Parcel, envelope: Envelope, picture: Picture | None = None) -> bytes:
    """The whole mail, ready to be sent."""
    message = EmailMessage(POLICY)
    message["From"] = Address(line(envelope.name or parcel.application), addr_spec=envelope.sender)
    message["To"] = Address(addr_spec=envelope.recipient)
    if envelope.reply_to:
        message["Reply-To"] = Address(addr_spec=envelope.reply_to)
    message["Subject"] = subject(parcel, envelope.prefix)
    message["Date"] = format_datetime(datetime.fromtimestamp(envelope.now / MICROSECONDS, UTC))
    message["Message-ID"] = f"<{_token(parcel.id)}@{_token(envelope.host)}>"
    message["Auto-Submitted"] = "auto-generated"  # nobody's absence is to answer
    for name, value in {**_urgency(parcel.level), **envelope.marks}.items():
        message[name] = line(value)
    message.set_content(text(parcel))
    if envelope.html:
        message.add_alternative(as_html(parcel), subtype="html")
    if picture is not None:
        kind = picture.media_type.partition("/")[2]
        message.add_attachment(picture.content, "image", kind, filename=f"picture.{kind.partition('+')[0]}")
    return message.as_bytes()


def subject(parcel: Parcel, prefix: str = "") -> str:
    said = line(parcel.title) or line(parcel.body.strip().partition("\n")[0]) or line(parcel.application)
    whole = f"{line(prefix)} {said}".strip()
    return whole if len(whole) <= LONGEST_SUBJECT else whole[: LONGEST_SUBJECT - 1] + "…"


def text(parcel: Parcel) -> str:
    parts = [parcel.body.rstrip()]
    if parcel.url:
        parts.append(f"{parcel.url_title}: {parcel.url}" if parcel.url_title else parcel.url)
    return "\n\n".join([*parts, "\n".join(["-- ", parcel.application, *filter(None, [parcel.link])])]) + "\n"


def as_html(parcel: Parcel) -> str:
    """Sanitised: no scripts, styles or pictures, links to the web and to addresses only."""
    body = _markdown().render(parcel.body) if parcel.markdown else f"<p>{_lines(parcel.body.rstrip())}</p>"
    link = f'<p><a href="{html.escape(parcel.url)}">{html.escape(parcel.url_title or parcel.url)}</a></p>'
    application = html.escape(parcel.application)
    foot = f'<a href="{html.escape(parcel.link)}">{application}</a>' if parcel.link else application
    return nh3.clean(
        body + (link if parcel.url else "") + f"<hr><p>{foot}</p>",
        tags=TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto"},
    )


def line(value: str) -> str:
    """On one line, whatever it was: a header ends where its line does."""
    return "".join(each for each in " ".join(value.split()) if each.isprintable())


def _lines(value: str) -> str:
    return html.escape(value).replace("\n", "<br>\n")


def _token(value: str) -> str:
    return "".join(each for each in value if each.isascii() and (each.isalnum() or each in "-._")) or "carillon"


def _urgency(level: int) -> dict[str, str]:
    band = next((name for name, (low, high) in BANDS.items() if low <= level <= high), "normal")
    number, importance, priority = URGENCY[band]
    readable = f"{band} ({level})"
    return {"X-Priority": number, "Importance": importance, "Priority": priority, "X-Carillon-Priority": readable}


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
