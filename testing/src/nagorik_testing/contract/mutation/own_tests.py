"""A plugin's own tests, put to a change of its code: those that run the changed lines, in a process of their own."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from nagorik_testing.contract.mutation.operators import Mutant, MutationOperator
from nagorik_testing.contract.mutation.reached_lines import NOTES, PASSED_OVER, WATCHED, read_notes
from nagorik_testing.contract.mutation.workbench import MutationUnusable, Workbench

_LONGEST: Final = 600.0
"""Seconds that a plugin's own tests may take."""
_PLUGIN: Final = "nagorik_testing.contract.mutation.reached_tests"
"""Loaded by pytest, and never here: without --tests nobody needs pytest."""
_BROKEN: Final = "raise ImportError\n"
_NO_TESTS: Final = 5
"""What pytest says where it ran no test."""


class OwnTests:
    """The plugin's own tests."""

    def __init__(self, bench: Workbench, folder: Path) -> None:
        """See that they pass without any change, and import the copy of the package that changes stand in.

        Raises:
            MutationUnusable: They do not, or they are none.
        """
        self._bench = bench
        self._folder = folder
        with TemporaryDirectory() as notes:
            code = self._run(None, {WATCHED: bench.package, NOTES: notes})
            self._reached = read_notes(Path(notes))
        if code:
            why = (
                "there are none in that folder"
                if code == _NO_TESTS
                else "they fail without any change (see pytest DIR)"
            )
            raise MutationUnusable(f"the own tests of plugin {bench.plugin} cannot be used: {why}")

        broken = [Mutant(path, MutationOperator.WORD, (1, 1), "", _BROKEN) for path in bench.sources]
        if not any(self._run(mutant, {}) for mutant in broken):
            raise MutationUnusable(
                f"the own tests of plugin {bench.plugin} cannot be used: they do not notice when its modules cannot"
                " be imported, so they test another copy of them (see pythonpath, conftest.py and PYTHONPATH)"
            )

    def fail_with(self, mutant: Mutant) -> bool:
        """Whether they notice a change; tests that come to no end do.

        Tests that are known not to run any of the changed lines are left out. What a test does in another process
        is not seen: such a test counts for the lines that it runs in its own.
        """
        with TemporaryDirectory() as notes:
            passed_over = Path(notes, "passed_over")
            passed_over.write_text("\n".join(self._reached.elsewhere(mutant.path, mutant.lines)), "utf-8")
            return self._run(mutant, {PASSED_OVER: str(passed_over)}) not in {0, _NO_TESTS}

    def _run(self, mutant: Mutant | None, notes: Mapping[str, str]) -> int:
        words = ["-x", "-q", "-p", "no:cacheprovider", "-p", _PLUGIN, "--ignore-glob=*test_contract.py"]
        with self._bench.environment(mutant) as environment:
            try:
                return subprocess.run(  # noqa: S603 - Python itself, on a folder that its owner named
                    [sys.executable, "-m", "pytest", *words, str(self._folder)],
                    env={**environment, **notes},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=_LONGEST,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                return 1
