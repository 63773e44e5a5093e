"""Whether a text was written in Markdown though its sender does not say so.

A wrong yes spoils a log that somebody has to read, a wrong no leaves some stars in a report. So it takes a block that
is hardly ever anything else, and not one line that Markdown would spoil. Each line is given a kind, one character of

    .  blank, or a rule      -  list item                    x  text
    t  heading, one #        +  list item with a mark in it  b  text with a mark in it
    h  heading, ## and more  y  list item as in YAML         *  text that begins with a mark
    c  code in a fence       |  table                        k  a name and its value
    `  the end of a fence       (space) indented             l  line of a log
    !  anything that Markdown would spoil

where a mark is bold text or a link; patterns then read the string of kinds. The publish path runs this, so only the
beginning of a long text is looked at, and no pattern goes over the same characters twice.
"""

from __future__ import annotations

import re

LOOKED_AT = 8 * 1024  # characters
MOST_LINES = 400

_BOLD = r"(?<![^\s(>])\*\*(?=[\w`\u0080-\U0010ffff])[^*\n]+(?<![\s(\[])\*\*(?![\w*])"
_LINK = r"!?\[[^\[\]\n]+\]\((?:https?://|mailto:)[^\s()<>]+\)"
_MARK = re.compile(f"{_BOLD}|{_LINK}")

_HEADING = re.compile(r"(#{1,6}) +(?=[^\s#])")
_ITEM = re.compile(r"(?:[-*+]|[0-9]{1,9}[.)]) +(?=\S)")
_RULE = re.compile(r"#+|([-=_*~+])(?: ?\1)+")
_CELL = re.compile(r" *:?-+:? *")
_DRAWN = re.compile(r"   |\t|[\u2500-\u259f]")  # columns that are aligned, frames and bars
_PATCH = ("@@ -", "diff --git ", "Index: ", "--- ", "+++ ")
_OTHERS = ("#!", "<", "{")  # what a script, HTML and JSON begin with

# Keys of YAML are in lower case; people write "- Env: prod".
_YAML = re.compile(r"[a-z_][\w.-]*:(?: |$)", re.ASCII)
_VALUE = re.compile(r"[\w.-]{1,40}(?: [\w.-]{1,40}){0,3} ?[:=](?: |$)|[\w.-]{1,80}=")
_LOG = re.compile(
    r"[\[(<]?(?:[0-9]{4}[-/.][0-9]{2}[-/.][0-9]{2}[T ,]|[0-9]{2}:[0-9]{2}:[0-9]{2}|[A-Z][a-z]{2} [ 0-3][0-9] [0-9]{2}:"
    r"|[0-9]{9}|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)\b[\]):| ])"
)

_SPOILT = re.compile(r"!|kk|l[xbk*l]|[xbk*+y-]l")
_SURE = re.compile(r"`|\|\||\+|(?:^|\.)\*(?=[.+yc-]|$)")
_BLOCK = re.compile(r"(?:^|[.`|])[th](?=[.+*`cyth|-]|$)|--")
_OUTLINE = re.compile(r"(?=.*h)(?=.*--)(?:(?<![- ])[th](?=[.-])[. -]*){2,}")


def is_markdown(text: str) -> bool:
    """Whether several lines have blocks of Markdown and nothing that Markdown would spoil. A single line has none."""
    marked = "**" in text or "```" in text or "](" in text or "## " in text or ("|" in text and "-" in text)
    if not marked or text.lstrip().startswith(_OTHERS):
        return False
    kinds = _kinds(text).strip(".")
    if len(kinds) < 2 or _SPOILT.search(kinds):
        return False
    if _SURE.search(kinds) or _OUTLINE.fullmatch(kinds):
        return True
    return ("b" in kinds or "*" in kinds) and _BLOCK.search(kinds) is not None


def _kinds(text: str) -> str:
    lines = text[:LOOKED_AT].split("\n", MOST_LINES)
    cut = len(text) > LOOKED_AT or len(lines) > MOST_LINES
    if cut:
        del lines[-1]
    kinds: list[str] = []
    fence = ""
    above, listed = "", False
    for sent in lines:
        line = sent.rstrip()
        bare = line.lstrip()
        before = kinds[-1] if kinds else "."
        if fence:
            closed = bare.startswith(fence) and not bare.strip("`")
            kinds.append("`" if closed else "c")
            fence = "" if closed else fence
        elif bare.startswith("```") and "`" not in bare.lstrip("`") and (listed or len(line) < len(bare) + 4):
            fence = bare[: len(bare) - len(bare.lstrip("`"))]
            kinds.append("c")
        elif _is_table(line, above):
            kinds[-1:] = "||"
        elif before == "|" and "|" in line:
            kinds.append("|")
        else:
            kinds.append(_kind(line, before, listed=listed))
            if bare and line == bare:
                listed = kinds[-1] in "-+y"
        above = line
    if fence and cut:
        kinds.append("`")
    return "".join(kinds)


def _is_table(line: str, above: str) -> bool:
    """Whether it is the line of dashes below a table's heads. One column is none, and two dashes are too few."""
    if "|" not in line or "-" not in line or "|" not in above:
        return False
    cells = _cells(line)
    framed = line.startswith("|") and line.endswith("|")
    return (
        len(cells) == len(_cells(above)) > 1
        and all(_CELL.fullmatch(cell) for cell in cells)
        and (framed or line.count("-") >= 3 * len(cells))
    )


def _cells(line: str) -> list[str]:
    return line.removeprefix("|").removesuffix("|").split("|")


def _kind(line: str, before: str, *, listed: bool) -> str:
    """`before` is the kind of the line above; `listed`: the last line that was not indented is of a list."""
    if not line:
        return "."
    if line[0] in " \t":
        return _indented(line, before, listed=listed)
    if _RULE.fullmatch(line):
        return _rule(line, before)
    if line.startswith(_PATCH):
        return "!"
    if heading := _HEADING.match(line):
        return "!" if _DRAWN.search(line) else "h" if len(heading[1]) > 1 else "t"
    if item := _ITEM.match(line):
        return _item(line[item.end() :])
    if _DRAWN.search(line):
        return "!"
    if mark := _MARK.search(line):
        return "b" if mark.start() else "*"
    return "l" if _LOG.match(line) else "k" if _VALUE.match(line) else "x"


def _indented(line: str, before: str, *, listed: bool) -> str:
    """Below a list it belongs to an item. Elsewhere its blanks would be lost, but for code below a blank line."""
    bare = line.lstrip()
    if listed:
        item = _ITEM.match(bare)
        if item:
            return _item(bare[item.end() :])
        return "!" if _YAML.match(bare) or _DRAWN.search(bare) else " "
    deep = line[0] == "\t" or line.startswith("    ")
    return " " if deep and before in ". `|th" else "!"


def _rule(line: str, before: str) -> str:
    """Dashes below a text would make it a heading; two of them begin a signature."""
    if line in ("--", "**", "__") or line[0] in "=~+#":
        return "!"
    return "." if before in ".`|" or line[0] != "-" else "!"


def _item(text: str) -> str:
    if _DRAWN.search(text):
        return "!"
    if _MARK.search(text):
        return "+"
    return "y" if _YAML.match(text) else "-"
