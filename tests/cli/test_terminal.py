from __future__ import annotations

import pytest

from carillon.cli.terminal import complain, moment, note, plain, say, table


def test_text_from_outside_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[2J\rb\x9b\tc\nd")
    assert capsys.readouterr().out == "a\ufffd[2J\ufffdb\ufffd\tc\nd\n"
    assert plain("grüße 🔔") == "grüße 🔔"


def test_notes_and_complaints_go_beside_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    note("for people")
    complain("one\ntwo")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "for people\ncarillon: one\ncarillon: two\n")


def test_columns_are_as_wide_as_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    table(["NAME", "N"], [["a longer name", "1"], ["two\nlines", ""]])
    assert capsys.readouterr().out == "NAME           N\na longer name  1\ntwo lines\n"


def test_moments() -> None:
    assert moment(None) == "never"
    assert moment(1_788_264_000_000_000)[:8] == "2026-09-"
