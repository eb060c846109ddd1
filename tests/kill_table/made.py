"""The kill table: for each seeded fault and each mutant of a shipped plugin, the checks that notice it.

``python tests/kill_table/made.py faults FILE`` runs the tests of the contract suite and plays the whole suite against
each plugin that they make. ``python tests/kill_table/made.py mutants FILE --number 24`` changes the shipped plugins'
code. ``python tests/kill_table/made.py compare OLD NEW`` prints the rows that a table lost.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from nagorik_testing.contract.subject import Subject

ROOT: Final = Path(__file__).resolve().parents[2]
TESTS: Final = ("testing/tests/contract/checks", "testing/tests/contract/styles")
LIMIT: Final = 120
"""Seconds for the suite against one plugin; a plugin that keeps its process busy for longer counts as noticed."""
GRAVE: Final = re.compile(
    r"^(F\d|submit/|payment/|refund|find/|withdraw/|deliverable|papers|status/unknown|[a-z-]+/F\d)"
)
"""Checks of double filing, payment, refund, another citizen's data, lost documents and unknown outcomes."""

Table = dict[str, list[str]]


def failing(subject: "Subject") -> list[str]:
    """The checks that fail for one plugin, found in a process of its own."""
    # Imported here: pytest wants to rewrite this library's fixtures before anything else imports it.
    from nagorik_testing.contract.checks import CHECKS
    from nagorik_testing.contract.suite import FAMILIES, keep_quiet, run_suite
    from nagorik_testing.contract.verdict import CheckStatus

    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        # Whatever the plugin does to its process, this one ends here and runs none of pytest's own endings.
        try:
            os.close(ours)
            signal.alarm(LIMIT)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            keep_quiet()
            # The checks of the process import a plugin that is installed, in a process of their own; these are not.
            families = [family for family in FAMILIES if family != "process"]
            results = asyncio.run(run_suite(subject, families=families, checks=CHECKS))
            failed = {one.check for one in results.findings if one.status is CheckStatus.FAILED}
            os.write(theirs, json.dumps(sorted(failed)).encode())
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, and that is what is recorded
            os.write(theirs, json.dumps([f"suite ended by {type(error).__name__}"]).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as pipe:  # noqa: PTH123 - a file descriptor
        said = pipe.read()
    os.waitpid(child, 0)
    found: list[str] = json.loads(said) if said else ["suite ended by its process"]
    return found


class Recorder:
    """Plays the whole suite against the last plugin that each test made."""

    def __init__(self, file: Path) -> None:
        """Write a row to ``file`` after each test, as a line of JSON."""
        self._file = file
        self._made: list[Subject] = []

    def pytest_configure(self) -> None:
        """Note each subject that is made from now on."""
        from nagorik_testing.contract.subject import Subject

        made, first = self._made, Subject.__init__

        def noting(subject: Subject, *args: Any, **named: Any) -> None:
            first(subject, *args, **named)
            made.append(subject)

        Subject.__init__ = noting  # type: ignore[method-assign,assignment]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Run the test, then the suite."""
        self._made.clear()
        yield
        if self._made:
            row = {"fault": item.nodeid.removeprefix("testing/tests/contract/"), "checks": failing(self._made[-1])}
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_faults(file: Path) -> int:
    """Write the rows of the seeded faults."""
    file.write_text("", "utf-8")
    arguments = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-n", "0", "--rootdir", str(ROOT)]
    return int(pytest.main([*arguments, *(str(ROOT / one) for one in TESTS)], plugins=[Recorder(file)]))


def write_mutants(file: Path, plugins: list[str], number: int) -> int:
    """Write a row for each change that is tried, with the check that failed first."""
    from nagorik_testing.contract.mutation.runner import mutate

    file.write_text("", "utf-8")
    for plugin in plugins:
        report = mutate(plugin, number, tests=ROOT / "plugins" / plugin / "tests")
        with file.open("a", encoding="utf-8") as out:
            for result in report.results:
                row = {
                    "fault": f"{plugin}: {result.mutant.operator} {' '.join(line.strip() for line in result.diff)}",
                    "checks": [result.noticed_by or result.outcome.value] if not result.survived else [],
                }
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return 0


def read(file: Path) -> Table:
    """The rows of a table: fault, and the checks that notice it."""
    rows = (json.loads(line) for line in file.read_text("utf-8").splitlines())
    return {row["fault"]: row["checks"] for row in rows}


def lost(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> Iterator[str]:
    """The faults that some check noticed before, and that none notices now."""
    for fault, checks in before.items():
        if checks and not after.get(fault):
            grave = "grave" if any(GRAVE.match(check) for check in checks) else "other"
            yield f"{grave}: {fault}: was noticed by {', '.join(checks[:5])}"


def main() -> int:
    """Make a table, or compare two."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("faults").add_argument("file", type=Path)
    mutants = kinds.add_parser("mutants")
    mutants.add_argument("file", type=Path)
    mutants.add_argument("--number", type=int, default=24, help="changes for each plugin")
    mutants.add_argument("--plugins", nargs="*", default=sorted(one.name for one in ROOT.glob("plugins/*")))
    compared = kinds.add_parser("compare")
    compared.add_argument("old", type=Path)
    compared.add_argument("new", type=Path)
    given = parser.parse_args()
    if given.kind == "faults":
        return write_faults(given.file)
    if given.kind == "mutants":
        return write_mutants(given.file, given.plugins, given.number)
    rows = list(lost(read(given.old), read(given.new)))
    sys.stdout.write("\n".join([*rows, f"{len(rows)} rows lost", ""]))
    return 1 if rows else 0


if __name__ == "__main__":
    sys.exit(main())
