"""How wide a command prints, whatever its surroundings say of that."""

import os
import sys
from typing import Any

import pytest

from nagorik_platform.cli.output import print_facts, print_lines, print_table

WORDS = "eight words that are longer than forty columns"


@pytest.mark.parametrize("columns", ["0", "00", "000000", "", "-1", "wide", "০", "²"])
def test_columns_that_are_none_are_as_good_as_unset(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    print_all()
    unset = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", columns)
    print_all()
    assert capsys.readouterr().out == unset
    assert unset.count(WORDS) == 3


def print_all() -> None:
    print_lines(WORDS)
    print_facts([("name", WORDS)])
    print_table(["heading", "other"], [["x", WORDS]])


@pytest.mark.parametrize(("columns", "lines"), [("40", 2), ("4000", 1)])
def test_columns_that_are_some_are_heeded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str, lines: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    print_lines(WORDS)
    assert len(capsys.readouterr().out.splitlines()) == lines


@pytest.mark.parametrize(("told", "lines"), [(40, 2), (0, 1), (None, 1)])
def test_terminal_tells_its_width_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, told: int | None, lines: int
) -> None:
    """Some say 0, as a serial line does, and some nothing."""

    def size(_: Any = None) -> os.terminal_size:
        if told is None:
            raise OSError
        return os.terminal_size((told, 24))

    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1)
    monkeypatch.setattr(os, "get_terminal_size", size)
    print_lines(WORDS)
    assert len(capsys.readouterr().out.splitlines()) == lines
