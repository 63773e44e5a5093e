from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carillon.core.markdown import LOOKED_AT, MOST_LINES, is_markdown

MARKDOWN = {
    "a report": "# Backup report\n\n**Status:** ✅ done\n\n- item\n- item",
    "a deployment": "## Deploy\n- **Env**: prod\n- **By**: ci\n```\nlog\n```",
    "line ends of Windows": "# Backup report\r\n\r\n**Status:** ✅ done\r\n\r\n- item\r\n- item\r\n",
    "a log in a fence": "The build failed:\n```\n2026-01-01 12:00:00 make: *** [all] Error 2\n   at x\n```\nSee above.",
    "a fence with a language": "Run this\n\n```sh\n# as root\nrm -r /tmp/x\n```",
    "a fence in a fence": "````md\n```\nx\n```\n````",
    "a fence of which the end is far away": "Log\n```\n" + "x\n" * LOOKED_AT + "```\n",
    "a table": "| disk | used |\n|------|-----:|\n| sda  | 91 % |",
    "a table without a frame": "disk   | used\n-------|-----\nsda    | 91 %",
    "a small table": "|a|b|\n|-|-|\n|1|2|",
    "release notes": "## What's Changed\n* Fix the bell by @ada in https://example.org/pull/1\n"
    "* Add a clapper by @bob in https://example.org/pull/2\n\n\n**Full Changelog**: https://example.org/compare/a...b",
    "a changelog": "# 1.2.0\n\n## Added\n\n- A bell\n- A rope\n\n## Fixed\n\n- The clapper\n  falls no more",
    "a title in bold": "**Backup done**\n\nAll volumes are safe.",
    "a link of its own": "The build of main failed.\n\n[Open the log](https://ci.example.org/1?a=b#c)",
    "a picture": "Motion at the door\n\n![door](https://cam.example.org/1.jpg)",
    "a nested list": "- **web**\n  - restarted\n  - healthy\n- **db**\n  1. dumped\n",
    "numbered steps": "1. Open the [panel](https://example.org/)\n2. Press **reset**",
    "bold in a sentence below a heading": "### Disk\n\nOnly **3 GB** are left on `/srv`.",
    "a rule between": "**one**\n\n---\n\n**two**",
    "a heading below a rule": "text\n\n***\n## Disk\n\nIt is **full**.",
    "fields in bold below a heading": "## Backup\n**Host:** nas\n**State:** ok\n",
    "code below a blank line": "## Disk\n\n    rm -r /tmp\n\n**Done**",
    "other scripts": "# Отчёт\n\n**Статус:** готово\n\n- один\n- два",
}

PLAIN = {
    "nothing": "",
    "one line": "**bold** and [a](https://b)",
    "lines": "Backup finished\nNo errors",
    "a heading alone": "# Title",
    "a heading and text": "# Title\n\nSome text.",
    "a list": "- a\n- b\n- c",
    "bold in lines of text": "Line one\nwith **bold** in it\nand line three",
    "a log": "2026-01-01 12:00:00 INFO **start**\n2026-01-01 12:00:01 ERROR - gone\n",
    "a log below a heading": "## Deploy\n- **Env**: prod\n\n2026-01-01 12:00:00 up\n2026-01-01 12:00:01 down\n",
    "syslog": "**Host db1**\n\nJan  1 12:00:00 db1 sshd[1]: in\nJan  1 12:00:09 db1 sshd[1]: out",
    "levels": "## Job\n\n- **a**\n\nINFO: one\nERROR: two",
    "make": "make: *** [Makefile:3: all] Error 2\nmake: *** Waiting\n## done\n- x\n- y",
    "a trace of Python": 'Failed **badly**\n- x\n\nTraceback (most recent call last):\n  File "x.py", line 1',
    "a trace of Java": "## Oops\n- **x**\n\njava.lang.Error: x\n\tat a.B.c(D.java:1)\n\tat a.B.d(D.java:2)",
    "a trace of Node": "[log](https://x/)\n\nError: x\n    at f (/srv/x.js:1:2)\n    at g (/srv/x.js:3:4)",
    "a script": "#!/bin/sh\n# Backup\n\n# **careful**\ncat <<END\n```\nx\n```\nEND\n",
    "a script without its first line": "# Backup\nset -e\n\n## Copy\nrsync -a /srv /mnt\n# Done\necho '**done**'",
    "comments between commands": "## Setup\n\ncd /srv\n\n## Start\n\n./run.sh\n",
    "YAML": "# Play of the **web**, see [docs](https://x/)\n- hosts: web\n  become: true\n  tasks:\n    - name: x\n",
    "YAML with keys": "# see [docs](https://x/)\nname: bell\non: push\n",
    "YAML of lists": "## Plays\n\n- import_tasks: a.yml\n- import_tasks: b.yml\n\n## More\n\n- import_tasks: c.yml",
    "YAML with text in it": "info:\n  description: |\n    # Title\n    **bold**\n\n    - a\n    - b\n",
    "YAML with a link in a list": "- title: x\n  url: y\n- text: [a](https://b)\n",
    "comments over a list": "# first\n- a\n- b\n# second\n- c\n- d",
    "INI": "## Database\n[database]\nhost = db1\nport = 5432\n\n# see **manual**\n[web]\nport = 80\n",
    "environment": "## Secrets\n\nA=1\nB=2\n\n- **x**\n",
    "a patch": "diff --git a/R.md b/R.md\n--- a/R.md\n+++ b/R.md\n@@ -1,3 +1,3 @@\n # Title\n- **a**\n+ **b**\n",
    "lines of a patch": "-- **Env**: prod\n+- **Env**: dev\n # comment\n",
    "the old diff": "3c3\n< - **a**\n---\n> - **b**\n",
    "df": "Filesystem      Size  Used Avail Use% Mounted on\n/dev/sda1        40G   36G  2.0G  95% /\n",
    "df below a heading": "## Disk\n- **full**\n\nFilesystem      Size  Used\n/dev/sda1        40G   36G\n",
    "columns by tabs": "## Disk\n- **full**\n\nname\tsize\nsda\t40G\n",
    "a table of psql": " id | name \n----+------\n  1 | ada\n(1 row)\n",
    "a table of MySQL": "+----+------+\n| id | name |\n+----+------+\n| 1 | ada |\n+----+------+\n",
    "one column": "|a|\n|---|\n|b|",
    "columns that do not fit": "a | b | c\n---|---\n1 | 2",
    "a tree": "**srv**\n\n├── a\n└── b\n",
    "a tree in ASCII": "srv\n|-- a\n|   `-- b\n|-- **c**\n`-- d\n",
    "a mail": "Hello,\n\n- **one**\n- two\n\nYours\n-- \nAda\n+44 1\n",
    "headers of a mail": "From: ada@example.org\nSubject: **bell**\nTo: bob\nDate: x\n\n- a\n- b\n",
    "a banner": "=================\n**Backup report**\n=================\n\n- a\n- b",
    "a banner of stars": "*****************\n** NIGHTLY JOB **\n*****************\n- a\n- b\n",
    "a banner of hashes": "##########\n# backup #\n##########\n\n- **a**\n",
    "text over a line": "Report of the night\n-------------------\n\n- **a**\n",
    "Snort": "[**] [1:2013028:4] ET POLICY curl [**]\n[Priority: 1] {TCP} 1.2.3.4:5 -> 6.7.8.9:80\n- a\n- b",
    "ASCII art": "  /\\_/\\\n ( o.o )  **purr**\n  > ^ <\n\n- **x**",
    "art in the middle": "**Cat**\n\n  /\\_/\\\n ( o.o )\n",
    "frames": "╭──────╮\n│ **a** │\n╰──────╯\n- **x**",
    "a fence that never ends": "Log\n```\nx\ny\n",
    "a fence in one line": "```x```\ny",
    "code of Python": "def f(**a):\n    return g(**a)\n\n# - **x**\n",
    "arguments": "f(**a) and g(**b)\n- f(**a) or (**b)\n- c\n",
    "globs": "src/**/*.py and lib/**/x\n- **/a/**\n- b\n",
    "JSON": '{\n"a": "**b**",\n"c": "\\n- [x](https://y)\\n"\n}\n- **x**',
    "HTML": "<p>\n- **x**\n</p>",
    "Ansible": "PLAY [web] *********\n\nTASK [setup] *******\nok: [db1]\n",
    "one star": "*Backup*\n- a\n- b\n_done_",
    "org": "* Tasks\n** Bell\n** Rope\n",
    "a quotation": "> **x**\n> y\n",
    "a relative link": "- [a](b.md)\n- [c](javascript:x)",
    "tags": "#backup #done\n- a\n- b\n",
}


@pytest.mark.parametrize("name", MARKDOWN)
def test_markdown(name: str) -> None:
    assert is_markdown(MARKDOWN[name])


@pytest.mark.parametrize("name", PLAIN)
def test_what_stays_as_it_was_sent(name: str) -> None:
    assert not is_markdown(PLAIN[name])


@pytest.mark.parametrize("name", MARKDOWN)
def test_a_log_beside_it_keeps_its_lines(name: str) -> None:
    log = "2026-01-01 12:00:00 up\n2026-01-01 12:00:01 down\n"
    assert not is_markdown(log + "\n" + MARKDOWN[name])


lines = st.sampled_from(
    [line for text in (*MARKDOWN.values(), *PLAIN.values()) for line in text[:LOOKED_AT].split("\n")]
)


@given(st.lists(lines, max_size=12))
def test_lines_in_any_order_are_read(some: list[str]) -> None:
    assert is_markdown("\n".join(some)) in (True, False)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")))
@example("**a** [b](https://c) | -- ```")
@example("- **a**")
def test_a_single_line_is_never_markdown(line: str) -> None:
    assert not is_markdown(f"\n{line}\n\n")


PIECES = (
    *("*", "**", "**a", "**a*", " **a", "(**", "[", "[a](", "[a](http://", "![", "# ", "#", "- ", "-", "- - ", ". "),
    *("|-", "| - ", "`", "``` ", ":", "a ", "a=", "   ", "\t", " ", "1", "1.", "ä", "─", "\n", "\n- ", "\n  ", "\n#"),
    *("\n## a\n\n- a\n", "\n|", "|-|-\n", "\n```", "\n-", "\nT", "\n1. "),
)


@pytest.mark.parametrize("piece", PIECES)
def test_no_text_takes_long(piece: str) -> None:
    text = "**x** ``` ]( ## |--" + piece * (1024 * 1024 // len(piece))
    began = time.process_time()
    is_markdown(text)
    is_markdown("\n" + text)
    assert time.process_time() - began < 0.1


def test_only_the_beginning_is_looked_at() -> None:
    assert not is_markdown("x\n" * MOST_LINES + "- **a**\n")
    assert not is_markdown("x" * LOOKED_AT + "\n- **a**\n")
    assert is_markdown("- **a**\n" + "x\n" * MOST_LINES + "Host: a\nState: b\n")
