from __future__ import annotations

import html
import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from carillon.core.markup import clip, escape, href, link, paragraph

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

lines = (
    (st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40) | st.text("*_`~[]()<>!#+-=|\\&;:.1a "))
    .map(lambda line: clip(line, 40))
    .filter(bool)
)


def shown(markdown: str) -> str:
    """The text that a reader sees, without the tags. What was a tag or an entity in the text stays visible."""
    return html.unescape(re.sub(r"<[^>]*>", "", READER.render(markdown)))


@given(lines)
@example("# no")
@example("1. no")
@example("- no")
@example("a_b_c _d_ __e__ _")
@example("&amp; &#35; & &a")
@example("![x](https://y) [x][y] <b> <https://x>")
@example("\\")
def test_escaped_text_is_seen_as_it_was_written(line: str) -> None:
    assert len(escape(line)) <= 2 * len(line) + 1
    seen = html.escape(line, quote=False).replace('"', "&quot;")
    assert READER.render(escape(line)) == f"<p>{seen}</p>\n"


@given(lines, lines)
def test_escaped_text_is_seen_anywhere(one: str, other: str) -> None:
    assert shown(f"**State: {escape(one)}**\n\n- {escape(one)}: {escape(other)}").split() == (
        f"State: {one} {one}: {other}".split()
    )


def test_names_with_underscores_stay_readable_unrendered() -> None:
    assert escape("node_cpu_seconds_total{a-b.c}") == "node_cpu_seconds_total{a-b.c}"


@given(st.lists(lines, max_size=5))
@example(["a", "---", "b"])
@example(["a", "===", "b"])
@example(["a|b", "-|-"])
@example(["```", "x"])
@example(["~~~", "x"])
def test_a_paragraph_keeps_its_lines(texts: list[str]) -> None:
    rendered = READER.render(paragraph("\r\n\r\n   ".join(texts), 10_000))
    assert re.findall("<(?!br )(?!/?p>)", rendered) == []
    seen = html.unescape(re.sub("</?p>", "", rendered)).strip().split("<br />\n")
    assert seen == (texts or [""])


def test_a_paragraph_is_cut() -> None:
    assert paragraph("one\ntwo three", 7) == "one  \ntwo  \n…"
    assert paragraph("one\ntwo", 7) == "one  \ntwo"
    assert paragraph("", 7) == ""


@pytest.mark.parametrize(
    ("text", "clipped"),
    [
        ("", ""),
        ("  one\r\n\ttwo\0three\u2028four ", "one two three four"),
        ("x" * 20, "x" * 20),
        ("x" * 21, "x" * 19 + "…"),
        (" " * 1000 + "x", "…"),
        ("x" + " " * 30, "x"),
    ],
)
def test_clipping(text: str, clipped: str) -> None:
    assert clip(text, 20) == clipped


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org/a?b=c&d=%20e+f#g", "https://example.org/a?b=c&d=%20e+f#g"),
        ("http://[::1]:9090/x_(y)", "http://[::1]:9090/x_%28y%29"),
        ('http://a/"<>\\`{|}é', "http://a/%22%3C%3E%5C%60%7B%7C%7D%C3%A9"),
        ("HTTP://A/", "HTTP://A/"),
        ("https://a/?x&lt;y", "https://a/?x&lt%3By"),
        ("javascript:alert(1)", None),
        ("//a/", None),
        ("https://", None),
        ("https://a b", None),
        ("https://a\nb", None),
        ("https://" + "a" * 93, None),
        ("https://" + "é" * 20, None),
        ("", None),
    ],
)
def test_addresses(url: str, address: str | None) -> None:
    assert href(url, 100) == address


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map("http://a/{}".format), lines)
def test_a_link_leads_where_it_says(url: str, name: str) -> None:
    address = href(url, 1000)
    if address is None:
        return
    assert address.isascii()
    (inline,) = READER.parseInline(f"· {link(name, address)} ·")
    tokens = [token for token in inline.children or [] if token.type.startswith("link")]
    assert [token.type for token in tokens] == ["link_open", "link_close"]
    assert unquote(str(tokens[0].attrs["href"])) == unquote(url)
    assert shown(link(name, address)).split() == name.split()
