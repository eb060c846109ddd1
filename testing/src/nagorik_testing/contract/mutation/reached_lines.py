"""Which lines of a package run, and in which test, as one process notes it and another reads it. Needs no pytest."""

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from coverage import Coverage

WATCHED: Final = "NAGORIK_MUTATION_WATCHED"
"""Holds the name of the package whose lines are noted."""
NOTES: Final = "NAGORIK_MUTATION_NOTES"
"""Holds the folder for the notes; one file for each process that runs tests."""
PASSED_OVER: Final = "NAGORIK_MUTATION_PASSED_OVER"
"""Holds the file that names the tests to pass over, one a line."""
OUTSIDE: Final = ""
"""Stands among the tests for what runs outside of each, or for several: imports, and fixtures that tests share."""


@dataclass(frozen=True, slots=True)
class ReachedLines:
    """Which tests were run, and which lines of the package each of them runs.

    Attributes:
        tests: All that were run.
        lines: By file, from the package's folder, and line: the tests that run it, and ``OUTSIDE``.
    """

    tests: frozenset[str]
    lines: Mapping[str, Mapping[int, frozenset[str]]]

    def elsewhere(self, path: str, lines: tuple[int, int]) -> frozenset[str]:
        """Tests that run none of the lines; none where any of these runs outside of every test, or in no test."""
        reached = self.lines.get(path, {})
        hit = {test for line, tests in reached.items() if lines[0] <= line <= lines[1] for test in tests}
        return frozenset() if not hit or OUTSIDE in hit else self.tests - hit


def watch(folder: Path, context: str) -> "Coverage":
    """Begin to note which lines of a folder's modules run, under the name of a context."""
    from coverage import Coverage

    watched = Coverage(data_file=None, include=[f"{folder}/*"], config_file=False, messages=False)
    # Contexts change while it runs, which not every way of tracing can follow.
    watched.set_option("run:core", "ctrace")
    watched.start()
    watched.switch_context(context)
    return watched


def end_watch(watched: "Coverage", folder: Path) -> dict[str, dict[int, list[str]]]:
    """Note no more; returns the contexts in which each line ran, by file from the folder."""
    watched.stop()
    data = watched.get_data()
    return {
        Path(path).relative_to(folder).as_posix(): data.contexts_by_lineno(path) for path in data.measured_files()
    }


def write_notes(folder: Path, tests: Collection[str], lines: Mapping[str, Mapping[int, Collection[str]]]) -> None:
    """Write down what this process has seen."""
    document = {"tests": sorted(tests), "lines": lines}
    Path(folder, f"{os.getpid()}.json").write_text(json.dumps(document), "utf-8")


def read_notes(folder: Path) -> ReachedLines:
    """What all processes have seen together."""
    tests = set[str]()
    reached: dict[str, dict[int, frozenset[str]]] = {}
    for notes in folder.glob("*.json"):
        document = json.loads(notes.read_text("utf-8"))
        tests |= set(document["tests"])
        for path, lines in document["lines"].items():
            of_file = reached.setdefault(path, {})
            for line, those in lines.items():
                of_file[int(line)] = of_file.get(int(line), frozenset()) | frozenset(those)
    return ReachedLines(frozenset(tests), reached)
