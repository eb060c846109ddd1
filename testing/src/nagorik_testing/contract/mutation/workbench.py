"""A process of its own for each look at a plugin: as it is, and with one change.

The change stands in a copy of the plugin's package that comes before the installed one on the path of that process
alone; the simulated agency is the same for both.
"""

import ast
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import invalidate_caches
from importlib.machinery import PathFinder
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from nagorik.data_files import parse_document
from nagorik.operations import Idempotency
from nagorik_platform.registry.discovery import find_sources
from nagorik_testing.contract.mutation.data_operators import data_mutants_of
from nagorik_testing.contract.mutation.operators import Mutant, MutationOperator, mutants_of
from nagorik_testing.contract.mutation.parts import SuitePart, parts_of
from nagorik_testing.contract.mutation.reached_lines import end_watch, watch
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import keep_quiet
from nagorik_testing.simulator.base import installed_simulators, load_simulator

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

SCORE_FILE: Final = "mutation-score.toml"
"""The file's name in a plugin's package, beside ``plugin.toml``."""
WORKFLOW: Final = "workflow.toml"
"""A simulated agency's own, where it is a module beside the plugin's."""
MANIFEST: Final = "plugin.toml"
"""Is changed in no way: it is the claim that the suite holds the plugin against."""
IMPORT: Final = -1
"""Stands among the parts for what runs when the plugin is imported, and so before each of them."""


class MutationUnusable(Exception):
    """A plugin's code cannot be changed and looked at; the text says why."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The run without any change, or the share of it that one of several processes ran.

    Attributes:
        parts: All parts of the suite.
        seconds: Those that each took, by its place.
        failing: Checks and offers that fail without any change.
        reached: By file, from the package's folder, and line: which parts run it, by their places.
        safe: The places of those parts that play an operation which the manifest declares ``safe``; where it declares
            no other write, of all that play an operation, since each may begin with one of those.
    """

    parts: tuple[SuitePart, ...]
    seconds: Mapping[int, float]
    failing: frozenset[tuple[str, str | None]]
    reached: Mapping[str, Mapping[int, frozenset[int]]]
    safe: frozenset[int] = frozenset()

    def is_the_same(self, mutant: Mutant) -> bool:
        """Whether a change is none: to the core a write of an operation that is ``safe`` is a read."""
        if mutant.operator is not MutationOperator.WRITE_AS_READ:
            return False
        played = {place for place in self.parts_at(mutant.path, mutant.lines) if self.parts[place].offer}
        return bool(played) and played <= self.safe

    def parts_at(self, path: str, lines: tuple[int, int]) -> tuple[int, ...]:
        """Places of the parts that run any of the lines, the quickest first; all of them read a data file."""
        hit = frozenset({IMPORT} if path.endswith(".toml") else ())
        for line, places in self.reached.get(path, {}).items():
            if lines[0] <= line <= lines[1]:
                hit |= places
        wanted = range(len(self.parts)) if IMPORT in hit else hit
        return tuple(sorted(wanted, key=self.seconds.__getitem__))


class Workbench:
    """A plugin's code, and the processes that look at it.

    Attributes:
        plugin: The plugin's id.
        package: The package that holds its code.
        sources: Every module and data file of the plugin, by its file from the package's folder; those of its
            simulated agency are none of it.
    """

    def __init__(self, plugin: str, folder: Path) -> None:
        """Work in ``folder``, which is empty.

        Raises:
            MutationUnusable: The plugin's code is not on the disk as files.
        """
        self.plugin = plugin
        self._folder = folder
        self.package = _package_of(plugin)
        self._origin = _folder_of(plugin)
        self.sources = sources_of(plugin)

    def mutants(self) -> list[Mutant]:
        """Every change of the plugin's code.

        Raises:
            MutationUnusable: There is none.
        """
        found = list[Mutant]()
        for path, source in self.sources.items():
            if path != MANIFEST:
                found += (data_mutants_of if path.endswith(".toml") else mutants_of)(path, source)
        if not found:
            raise MutationUnusable(f"plugin {self.plugin} has no code of its own that could be changed")
        return found

    def baseline(self, processes: int) -> Baseline:
        """The run without any change, shared out over some processes.

        Raises:
            MutationUnusable: The plugin cannot be looked at.
        """
        site = self._copy("unchanged")
        with ThreadPoolExecutor(processes) as threads:
            shares = list(threads.map(partial(self._share, site, processes), range(processes)))
        seconds: dict[int, float] = {}
        reached: dict[str, dict[int, frozenset[int]]] = {}
        for share in shares:
            seconds |= share.seconds
            for path, lines in share.reached.items():
                for line, places in lines.items():
                    at = reached.setdefault(path, {})
                    at[line] = at.get(line, frozenset()) | places
        failing = frozenset().union(*(share.failing for share in shares))
        return replace(shares[0], seconds=seconds, failing=failing, reached=reached)

    def _share(self, site: Path, processes: int, place: int) -> Baseline:
        answer = _in_process(_look, (self.plugin, str(site), self.package, place, processes), seconds=None)
        if isinstance(answer, Baseline):
            return answer
        raise MutationUnusable(f"plugin {self.plugin} cannot be looked at: {answer or 'its process ended'}")

    def check_unchanged(self, baseline: Baseline) -> None:
        """See that a copy of which nothing is changed is as the plugin is.

        Raises:
            MutationUnusable: It is not: what is said of changes would be said of the copying.
        """
        own = ((path, lines) for path, lines in baseline.reached.items() if path in self.sources)
        path, lines = max(own, key=lambda one: len(one[1]), default=("", {}))
        if not lines:
            raise MutationUnusable(f"nothing of the code of plugin {self.plugin} runs in the suite")
        usual = Mutant(path, MutationOperator.WORD, (min(lines), max(lines)), "", self.sources[path])
        if noticed := self.noticed(usual, baseline):
            raise MutationUnusable(
                f"plugin {self.plugin} behaves otherwise in a copy of its package in another folder: {noticed}"
            )

    def noticed(self, mutant: Mutant, baseline: Baseline) -> str:
        """The id of the check that fails with the change; empty where none does."""
        places = baseline.parts_at(mutant.path, mutant.lines)
        if not places:
            return ""
        usual = sum(baseline.seconds[place] for place in places)
        with self._changed(mutant) as site:
            parts = tuple(baseline.parts[place] for place in places)
            question = (self.plugin, str(site), parts, baseline.failing)
            answer = _in_process(_prove, question, seconds=_SLOWER * usual + _BEGINNING)
        return "the suite comes to no end" if answer is None else str(answer)

    @contextmanager
    def _changed(self, mutant: Mutant | None) -> Iterator[Path]:
        with TemporaryDirectory(dir=self._folder) as name:
            site = self._copy(name)
            if mutant is not None:
                (site / self.package / mutant.path).write_text(mutant.source, "utf-8")
            yield site

    @contextmanager
    def environment(self, mutant: Mutant | None) -> Iterator[dict[str, str]]:
        """Variables with which another Python imports the plugin with the change; without any if there is none."""
        with self._changed(mutant) as site:
            path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
            yield {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    def _copy(self, name: str) -> Path:
        site = self._folder / name
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(self._origin, site / self.package, symlinks=True, ignore=ignored, dirs_exist_ok=True)
        return site


_SLOWER: Final = 10.0
"""How many times as long as without a change a part may take: the machine may have become busy meanwhile."""
_BEGINNING: Final = 60.0
"""Seconds that a process may take until it has imported everything."""


def _simulator_module(plugin: str) -> str:
    return installed_simulators()[plugin].value.partition(":")[0]


def _package_of(plugin: str) -> str:
    """The package that holds the plugin's module, whichever holds its simulated agency.

    Raises:
        MutationUnusable: No plugin of this id is installed.
    """
    for found in find_sources():
        if found.source.plugin_id == plugin:
            return found.source.value.partition(":")[0].partition(".")[0]
    raise MutationUnusable(f"plugin {plugin} is not installed")


def _folder_of(plugin: str) -> Path:
    """The folder of the plugin's package.

    Raises:
        MutationUnusable: The plugin's code is not on the disk as files.
    """
    found = PathFinder.find_spec(_package_of(plugin))
    if found is None or not found.submodule_search_locations:
        raise MutationUnusable(f"the code of plugin {plugin} is not in files of a package")
    return Path(next(iter(found.submodule_search_locations)))


def sources_of(plugin: str) -> dict[str, str]:
    """The text of every module and data file of an installed plugin; those of its simulated agency are none of it.

    Raises:
        MutationUnusable: The plugin's code is not on the disk as files, or cannot be read.
    """
    package, origin, simulator = _package_of(plugin), _folder_of(plugin), _simulator_module(plugin)
    file = Path(*simulator.split(".")[1:])
    kept = {file, file.with_suffix(".py")} if simulator.startswith(f"{package}.") else set()
    return {
        path.as_posix(): source_of(plugin, origin / path)
        for path in sorted(found.relative_to(origin) for kind in ("*.py", "*.toml") for found in origin.rglob(kind))
        if not {path, *path.parents} & {*kept, Path(SCORE_FILE), Path(WORKFLOW)}
    }


def syntax_of(path: str, source: str) -> ast.Module | dict[str, Any]:
    """What a module or a data file says.

    Raises:
        SyntaxError: It is no Python.
        DataFileInvalid: It is no TOML.
    """
    return parse_document(source.encode(), path) if path.endswith(".toml") else ast.parse(source)


def source_of(plugin: str, file: Path) -> str:
    """The text of a module or a data file.

    Raises:
        MutationUnusable: It is no Python, or no TOML, in UTF-8.
    """
    try:
        text = file.read_text("utf-8-sig")
        syntax_of(file.name, text)
    except (UnicodeDecodeError, SyntaxError, ValueError):
        language = "TOML" if file.suffix == ".toml" else "Python"
        raise MutationUnusable(f"{file.name} of plugin {plugin} is no {language} in UTF-8") from None
    return text


def start_method() -> "ForkServerContext | SpawnContext":
    """How processes are begun that have imported the suite, and no plugin."""
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["nagorik_testing.contract.mutation.workbench"])
    return context


def _in_process(work: Callable[..., object], question: tuple[object, ...], *, seconds: float | None) -> object:
    """What a process of its own answers; ``None`` where it came to no end, or ended without an answer."""
    context = start_method()
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, work, question))
    process.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(seconds) else None
    except EOFError:
        return None
    finally:
        process.kill()
        process.join()
        ours.close()


def _answer(asked: Connection, work: Callable[..., object], question: tuple[object, ...]) -> None:
    keep_quiet()
    asked.send(work(*question))
    asked.close()


def _subject(plugin: str, site: str) -> Subject:
    """The plugin as it stands in ``site``.

    Raises:
        LookupError: It is quarantined; the text says why.
    """
    # A change of one letter in one second would be hidden by what was compiled before it.
    sys.dont_write_bytecode = True
    sys.path.insert(0, site)
    invalidate_caches()
    # All of a process fork from one server: whoever began it may have let it import the plugin as it is installed.
    package = _package_of(plugin)
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
    return Subject.installed(load_simulator(installed_simulators()[plugin]))


def _prove(plugin: str, site: str, parts: Sequence[SuitePart], failing: Collection[tuple[str, str | None]]) -> str:
    """The check that fails first, and did not without the change; empty if none does."""
    try:
        subject = _subject(plugin, site)
    except LookupError:
        return "the plugin cannot be loaded"
    for part in parts:
        for result in part.run(subject):
            finding = result.finding
            if finding.failed and (finding.check, finding.offer) not in failing:
                return finding.check
    return ""


def _look(plugin: str, site: str, package: str, share: int, shares: int) -> Baseline | str:
    """Every so manieth part without any change: how it ends, and which lines it runs."""
    folder = Path(site, package)
    # Before the simulator is imported, which may import modules of the plugin.
    watched = watch(folder, str(IMPORT))
    try:
        subject = _subject(plugin, site)
    except LookupError as problem:
        return str(problem.args[0])
    parts = tuple(parts_of(subject))
    seconds, failing = dict[int, float](), set[tuple[str, str | None]]()
    subject.registry.activate(plugin)
    for place in range(share, len(parts), shares):
        watched.switch_context(str(place))
        began = time.perf_counter()
        found = parts[place].run(subject)
        seconds[place] = time.perf_counter() - began
        failing |= {(one.finding.check, one.finding.offer) for one in found if one.finding.failed}
    reached = {
        path: {line: frozenset(map(int, filter(None, contexts))) for line, contexts in lines.items()}
        for path, lines in end_watch(watched, folder).items()
    }
    return Baseline(parts, seconds, frozenset(failing), reached, _safe(subject, parts))


def _safe(subject: Subject, parts: Sequence[SuitePart]) -> frozenset[int]:
    """The places of parts whose every write is declared ``safe``; see ``Baseline``."""
    writes = {
        SuitePart(operation.value, offer.id): kind is Idempotency.SAFE
        for offer in subject.manifest.offers
        for operation, kind in offer.writes.items()
    }
    otherwise = all(writes.values())
    return frozenset(place for place, part in enumerate(parts) if part.offer and writes.get(part, otherwise))
