"""Check that the tests notice each seeded fault: a small, realistic mistake, kept as a patch in this folder.

``python tests/faults/run.py [NAME…]`` applies each patch to a copy of the packages that it touches and runs the tests
that its header lists. The exit code is 0 only if each fault is noticed. README.md says how to write a patch.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
FAULTS: Final = Path(__file__).resolve().parent
PYTEST: Final = (
    *(sys.executable, "-P", "-m", "pytest", "--quiet", "--tb=no", "--maxfail=3", "--no-header"),
    *("-p", "no:randomly", "-p", "no:cacheprovider", "-n", "0"),
)
MISSED: Final = "(missed today)"
PACKAGE: Final = re.compile(r"^\+\+\+ b/(?P<source>\S*?src)/(?P<package>[^/\s]+)/(?P<rest>\S+)\.py$", re.MULTILINE)
HEADER: Final = re.compile(r"^(?P<key>Promise|Harm|Tests): (?P<value>.+)$", re.MULTILINE)
FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (?P<test>\S.*?)(?: - .*)?$", re.MULTILINE)
IMPORTED: Final = """
import sys
from importlib import import_module
from pathlib import Path
for name in sys.argv[2:]:
    place = import_module(name).__file__
    assert place and Path(place).is_relative_to(sys.argv[1]), f"{name} is imported from {place}"
"""
"""Import each module that a patch changes, from the copy alone."""
TESTS_FAILED: Final = 1
"""pytest's exit code where tests failed; it has others for tests that are gone and modules that do not import."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One patch and what its header says."""

    name: str
    patch: Path
    promise: str
    harm: str
    tests: tuple[str, ...]
    """The tests that notice it, as pytest names them; empty where no test does."""
    sources: frozenset[tuple[str, str]]
    """The folder of sources and the package's name, for each package that the patch changes."""
    modules: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one fault."""

    fault: Fault
    passed: bool
    text: str


def read(patch: Path) -> Fault:
    """Read one patch with its header."""
    text = patch.read_text("utf-8")
    header = HEADER.findall(text.partition("\n--- ")[0])
    values = dict(header)
    tests = tuple(value for key, value in header if key == "Tests" and value != MISSED)
    changed = list(PACKAGE.finditer(text))
    if not changed or set(values) != {"Promise", "Harm", "Tests"}:
        raise SystemExit(f"{patch.name}: the header needs Promise, Harm and Tests, and the diff a package's module")
    return Fault(
        name=patch.stem,
        patch=patch,
        promise=values["Promise"],
        harm=values["Harm"],
        tests=tests,
        sources=frozenset((one["source"], one["package"]) for one in changed),
        modules=tuple(f"{one['package']}.{one['rest']}".replace("/", ".") for one in changed),
    )


@contextmanager
def overlay(fault: Fault) -> Iterator[dict[str, str] | str]:
    """Copy the packages that a fault touches and apply its patch there.

    Yields the environment in which the copy is imported instead of the editable installation, or the reason why not.
    """
    with tempfile.TemporaryDirectory(prefix="fault-") as folder:
        copy = Path(folder).resolve()
        for source, package in fault.sources:
            shutil.copytree(ROOT / source / package, copy / source / package)
        outside = os.environ | {"GIT_CEILING_DIRECTORIES": str(copy.parent)}
        applied = _run("git", "apply", str(fault.patch), cwd=copy, environment=outside)
        if applied.returncode:
            yield f"does not apply: {applied.stderr.strip().splitlines()[0]}"
            return
        first = [str(copy / source) for source, _ in sorted(fault.sources)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([*first, os.environ.get("PYTHONPATH", "")])}
        imported = _run(sys.executable, "-P", "-c", IMPORTED, str(copy), *fault.modules, environment=environment)
        yield f"is not imported: {imported.stderr.strip().splitlines()[-1]}" if imported.returncode else environment


def check(fault: Fault, *, all_tests: Sequence[str], seconds: float) -> Result:
    """Run the tests of one fault; where they miss it, all tests of the folders or files ``all_tests``, too."""
    if not fault.tests and not all_tests:
        return Result(fault=fault, passed=True, text="missed today, so not run")
    with overlay(fault) as environment:
        if isinstance(environment, str):
            return Result(fault=fault, passed=False, text=environment)
        text = ""
        for tests in filter(None, (fault.tests, tuple(all_tests))):
            try:
                ran = _run(*PYTEST, *tests, environment=environment, seconds=seconds)
            except subprocess.TimeoutExpired:
                return Result(fault=fault, passed=True, text=f"noticed: the tests do not end in {seconds:g} s")
            if ran.returncode == TESTS_FAILED:
                return Result(fault=fault, passed=True, text=f"noticed by {', '.join(FAILED.findall(ran.stdout))}")
            text = "missed" if ran.returncode == 0 else f"pytest ended with {ran.returncode}: {_last(ran)}"
        return Result(fault=fault, passed=False, text=text)


def clean(faults: Sequence[Fault], *, seconds: float) -> int:
    """Run the tests of all given faults without any patch; they must pass."""
    tests = sorted({test for fault in faults for test in fault.tests})
    ran = _run(*PYTEST, *tests, environment=dict(os.environ), seconds=seconds * len(faults))
    sys.stdout.write(f"{len(tests)} tests without a fault: {_last(ran)}\n")
    sys.stdout.writelines(f"  fails: {test}\n" for test in FAILED.findall(ran.stdout))
    return ran.returncode


def _run(
    *command: str, cwd: Path = ROOT, environment: dict[str, str], seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command; at the timeout, end it with all processes that it started."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _last(ran: subprocess.CompletedProcess[str]) -> str:
    return next(reversed((ran.stdout + ran.stderr).strip().splitlines()), "no output")


def main() -> int:
    """Check the faults that the command line names, or all."""
    parser = argparse.ArgumentParser(description="Check that the tests notice each seeded fault.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a fault, or how its name begins; default: all")
    parser.add_argument(
        "--all-tests", nargs="+", default=[], metavar="DIR", help="run these, too, where they miss one"
    )
    parser.add_argument("--clean", action="store_true", help="run the listed tests without any fault")
    parser.add_argument("--jobs", type=int, default=1, help="how many faults to check at the same time (1)")
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="for one fault (600)")
    given = parser.parse_args()
    faults = [read(patch) for patch in sorted(FAULTS.glob("*.patch"))]
    if given.names:
        faults = [fault for fault in faults if fault.name.startswith(tuple(given.names))]
    if not faults:
        parser.error("no fault has such a name")
    if given.clean:
        return clean(faults, seconds=given.timeout)
    one = partial(check, all_tests=given.all_tests, seconds=given.timeout)
    passed = []
    with ThreadPoolExecutor(given.jobs) as threads:
        for result in threads.map(one, faults):
            sys.stdout.write(f"{result.fault.name} ({result.fault.promise}): {result.text}\n")
            sys.stdout.flush()
            passed.append(result.passed)
    sys.stdout.write(f"{len(passed)} faults, {passed.count(False)} of them not noticed\n")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
