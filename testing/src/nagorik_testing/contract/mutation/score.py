"""A plugin's mutation score as it is kept beside its manifest, so that gold needs no hour of changes in each run.

A score is a measurement of some code by some suite on some day: the file names all three, and counts for no other
code and no other suite. Who doubts it measures again: the same code is changed in the same ways.
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nagorik.data_files import parse_model, read_file
from nagorik_testing.contract.mutation.plugin_code import SCORE_FILE, MutationUnusable, sources_of, syntax_of
from nagorik_testing.contract.mutation.runner import MutantOutcome, MutationReport, of_possible
from nagorik_testing.contract.subject import Subject

GOLD_SCORE: Final = 0.9
"""The share of changes, from 0 to 1, that has to be noticed for gold."""
GOLD_CHANGES: Final = 20
"""Changes that have to be tried for gold, or all where there are fewer: of less, one more or less would decide."""


class Survivor(BaseModel):
    """A change that nothing noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    file: str = Field(min_length=1)
    """The module's file, from the package's folder."""
    line: int = Field(ge=1)
    operator: str = Field(min_length=1)
    """The kind of change, by the name that this suite's version gives it."""
    diff: tuple[str, ...]
    """The lines that went and came."""


class MutationScore(BaseModel):
    """How many changes of a plugin's code were noticed, of which code, by which suite, on which day."""

    model_config = Survivor.model_config

    plugin: str = Field(min_length=1)
    measured_on: date
    suite: str = Field(pattern=r"^[0-9]+\.[0-9]+")
    """The suite's version."""
    code: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    """What the code comes to; see ``fingerprint``."""
    possible: int = Field(ge=1)
    """Changes that there are."""
    possible_in_data: int = Field(default=0, ge=0)
    """Those of them that are of TOML files; the others are of Python."""
    tried: int = Field(ge=1)
    """Those that were tried."""
    by_suite: int = Field(ge=0)
    """Those that the suite noticed."""
    by_own_tests: int = Field(ge=0)
    """Those that the plugin's own tests noticed, and the suite did not."""
    survivors: tuple[Survivor, ...] = ()
    """Those that nothing noticed."""

    @model_validator(mode="after")
    def _adds_up(self) -> "MutationScore":
        if max(self.tried, self.possible_in_data) > self.possible or self.noticed + len(self.survivors) != self.tried:
            raise ValueError("what was noticed and what survived are not what was tried")
        return self

    @property
    def noticed(self) -> int:
        """Changes that were noticed."""
        return self.by_suite + self.by_own_tests

    @property
    def score(self) -> float:
        """The share that was noticed, from 0 to 1."""
        return self.noticed / self.tried

    @property
    def least(self) -> int:
        """Changes that have to be tried for gold."""
        return min(GOLD_CHANGES, self.possible)


@dataclass(frozen=True, slots=True)
class ScoreStanding:
    """What is known of a plugin's score in one run.

    Attributes:
        score: The one that counts: this run's, or the one that is kept.
        measured_now: Whether this run measured it.
        short_of_gold: What keeps the plugin from gold as far as the score goes; empty where nothing does.
    """

    score: MutationScore | None
    measured_now: bool = False
    short_of_gold: str = ""


NO_SCORE: Final = ScoreStanding(None, short_of_gold="its mutation score is not known")
"""Where it was not looked for."""


def fingerprint(sources: Mapping[str, str]) -> str:
    """Return what modules and data files come to: another once anything that runs or is read is another.

    Layout, comments and sentences about the code are not part of it.

    Args:
        sources: The text of each by its file.
    """
    whole = hashlib.sha256()
    for path, source in sorted(sources.items()):
        whole.update(repr((path, list(_shape(syntax_of(path, source))))).encode())
    return f"sha256:{whole.hexdigest()}"


def _shape(node: object) -> Iterator[object]:
    """A tree as plain values that no version of Python writes otherwise: what is empty is left out."""
    match node:
        case ast.AST():
            yield type(node).__name__
            for name, value in ast.iter_fields(node):
                if value not in (None, []) and not (isinstance(node, ast.Constant) and name == "kind"):
                    yield (name, *_shape(value))
        case list():
            for item in node:
                if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)):
                    yield (*_shape(item),)
        case _:
            yield repr(node)


def score_of(plugin: str, report: MutationReport, *, on: date) -> MutationScore | None:
    """Return what a run of changes of an installed plugin's code comes to; ``None`` where none was tried.

    Raises:
        MutationUnusable: The plugin's code cannot be read.
    """
    if not report.results:
        return None
    return MutationScore(
        plugin=plugin,
        measured_on=on,
        suite=version("nagorik-testing"),
        code=fingerprint(sources_of(plugin)),
        possible=report.possible,
        possible_in_data=report.possible_in_data,
        tried=len(report.results),
        by_suite=report.count(MutantOutcome.BY_SUITE),
        by_own_tests=report.count(MutantOutcome.BY_TESTS),
        survivors=tuple(
            Survivor(file=one.mutant.path, line=one.mutant.lines[0], operator=one.mutant.operator, diff=one.diff)
            for one in report.survivors
        ),
    )


def dump_score(score: MutationScore) -> str:
    """Return a score as TOML, as ``parse_score`` reads it."""
    import tomlkit

    document = tomlkit.item(score.model_dump(mode="json", exclude={"survivors"}) | {"measured_on": score.measured_on})
    survivors = tomlkit.aot()
    for survivor in score.survivors:
        table = tomlkit.item(survivor.model_dump(mode="json"))
        table["diff"].multiline(multiline=True)
        survivors.append(table)
    heading = "# Written by nagorik contract --mutate; measured again, and not edited.\n"
    return heading + tomlkit.dumps(document) + (tomlkit.dumps({"survivors": survivors}) if score.survivors else "")


def parse_score(content: bytes, file: str = SCORE_FILE) -> MutationScore:
    """Return the score of a file's content.

    Raises:
        DataFileInvalid: It breaks the format, or its figures do not add up.
    """
    return parse_model(content, file, MutationScore)


def kept_score(subject: Subject) -> MutationScore | None:
    """Return the score that is kept in the plugin's package; ``None`` where none is.

    Raises:
        DataFileInvalid: The file cannot be read, or breaks the format.
    """
    record = subject.registry.record(subject.manifest.id)
    path = None if record is None or record.directory is None else record.directory / SCORE_FILE
    return parse_score(read_file(path), path.name) if path is not None and path.is_file() else None


def standing_of(plugin: str, kept: MutationScore | None, measured: MutationScore | None) -> ScoreStanding:
    """Return what is known of an installed plugin's score.

    A run that tried enough changes counts in the place of what is kept, better or worse.

    Args:
        plugin: Its id.
        kept: The score in its package.
        measured: The score of this run.
    """
    counts_now = measured is not None and (kept is None or measured.tried >= measured.least)
    score = measured if counts_now else kept
    how = f"measure it: nagorik contract {plugin} --mutate {GOLD_CHANGES} --tests DIR --score {SCORE_FILE}"
    if score is None:
        return ScoreStanding(None, short_of_gold=f"no mutation score is kept in {SCORE_FILE}; {how}")
    return ScoreStanding(score, counts_now, next(_reasons_against_gold(score, plugin, how), ""))


def _reasons_against_gold(score: MutationScore, plugin: str, how: str) -> Iterator[str]:
    """Why no gold follows from a score for this plugin as it is."""
    if score.plugin != plugin:
        yield f"the score in {SCORE_FILE} is of plugin {score.plugin}"
    # Checks and changes may become others with the second part of the version.
    if score.suite.split(".")[:2] != (now := version("nagorik-testing")).split(".")[:2]:
        yield f"its mutation score is of suite {score.suite}, and this is {now}; {how}"
    try:
        if score.code != fingerprint(sources_of(plugin)):
            yield f"its code has changed since its mutation score was measured on {score.measured_on}; {how}"
    except MutationUnusable as problem:
        yield str(problem)
    if score.tried < score.least:
        yield f"its mutation score is of {score.tried} changes, and gold asks for {score.least}; {how}"
    if score.score < GOLD_SCORE:
        yield f"{score.noticed} of {score.tried} changes of its code were noticed, and gold asks for {GOLD_SCORE:.0%}"


def render_standing(standing: ScoreStanding) -> Iterator[str]:
    """Return the line of the kept score; no line where this run measured it and has shown it."""
    score = standing.score
    if score is not None and not standing.measured_now:
        yield (
            f"Mutation score: {score.noticed} of {score.tried} changes noticed ({score.score:.0%}),"
            f" {of_possible(score.possible, score.possible_in_data)}, {score.by_suite} by the suite;"
            f" kept since {score.measured_on}, not measured in this run"
        )
