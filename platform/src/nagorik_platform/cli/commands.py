"""What a subcommand is, and those that distributions bring, found so that a broken one never hides another."""

import argparse
import re
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final, Protocol

from nagorik_platform.entry_points import SEPARATORS, find_entry_points
from nagorik_platform.tracebacks import frames_of, missing_module, type_name


class ExitCode(IntEnum):
    """How every command ends."""

    OK = 0
    """All is well, or what was asked for is printed."""
    FINDINGS = 1
    """The command did its work and found something wrong."""
    USAGE = 2
    """The arguments are wrong, or name something that does not exist or cannot be used."""
    FAILED = 3
    """The command itself failed."""


class Command(Protocol):
    """A subcommand: an object that an entry point of the group ``nagorik.commands`` names.

    The entry point's name is the subcommand's. The object is imported when its subcommand is given, so its module
    may import what it likes; an object of the platform's own is also asked for its ``help`` when all commands are
    listed.
    """

    @property
    def help(self) -> str:
        """One line that says what the command does, without a full stop."""
        ...

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments. A command that prints offers ``--json`` for machines."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it: results to standard output, errors to standard error, and an ``ExitCode``."""
        ...


PLUGINS: Final = "nagorik.plugins"
COMMANDS: Final = "nagorik.commands"
CHECKS: Final = "nagorik.checks"
SUSPENSIONS: Final = "nagorik.suspensions"
COMPOSITIONS: Final = "nagorik.compositions"
ADMISSIONS: Final = "nagorik.admissions"
QUARANTINES: Final = "nagorik.quarantines"
CHARGES: Final = "nagorik.charges"
EXTENSIONS: Final = "nagorik.extensions"
"""Entry point groups. A check is a function of the instant that yields what it found, see
``nagorik_platform.cli.checks``; functions without arguments tell what is suspended, how a host composes its platform,
which plugins are let in, which are kept out at run time and what the host charges, see ``suspensions``,
``composition``, ``admission``, ``quarantines`` and ``charges`` in ``nagorik_platform.cli``.

Who is let in is told apart from how the platform is composed, though a host reads both from the same settings: it is
asked before anything of a stranger's is imported, so it must cost little; of several that tell, each must agree; and
where one cannot tell, nothing is let in. A composition is wanted by ``nagorik doctor`` alone, the first is taken, and
one that cannot be told is as good as none."""

_PLATFORM: Final = "nagorik-platform"
_OURS: Final = frozenset({_PLATFORM, "nagorik-host", "nagorik-counter", "nagorik-testing"})
"""Distributions whose commands keep their names, whatever else is installed: denied or not, it cannot stop a host."""
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_BUILT_IN: Final = (
    ("doctor", "nagorik_platform.cli.doctor:command"),
    ("eligible", "nagorik_platform.cli.eligible:command"),
    ("fees", "nagorik_platform.cli.fees:command"),
    ("plugins", "nagorik_platform.cli.plugins:command"),
    ("services", "nagorik_platform.cli.services:command"),
)


class CommandFailed(Exception):
    """A command cannot do its work, for a reason that its text tells the person at the terminal.

    Attributes:
        code: How the command ends.
    """

    def __init__(self, text: str, code: ExitCode = ExitCode.FAILED) -> None:
        """End with ``code`` and say why."""
        super().__init__(text)
        self.code = code


class CommandUnusable(Exception):
    """A contribution that cannot be used; the text names its distribution and says why."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """A subcommand, a check, or what a host tells, as its entry point declares it, not imported.

    Attributes:
        name: What is typed after ``nagorik``, or its own name.
        value: ``module:object``.
        distribution: The installed distribution that brings it.
        version: Its version.
        problem: Why it cannot be used, as far as can be told without importing it.
        kind: Which of them it is, in a word.
    """

    name: str
    value: str
    distribution: str
    version: str
    problem: str | None = None
    kind: str = "command"

    @property
    def label(self) -> str:
        """The distribution and its version."""
        return f"{self.distribution} {self.version}"

    @property
    def is_built_in(self) -> bool:
        """Whether the platform itself brings it."""
        return self.distribution == _PLATFORM

    @property
    def is_ours(self) -> bool:
        """Whether it is the platform's, the host's or the suite's."""
        return SEPARATORS.sub("-", self.distribution).lower() in _OURS

    def load(self) -> "Command":
        """The command's object.

        Raises:
            CommandUnusable: It cannot be imported, the host keeps it out, or it is not what ``Command`` describes.
        """
        if not self.is_ours:
            self._require_admitted()
        found = self.imported()
        lacking = [name for name in ("configure", "run") if not callable(getattr(found, name, None))]
        lacking += [] if isinstance(getattr(found, "help", None), str) else ["help"]
        if lacking or isinstance(found, type):
            what = f"has no {' and no '.join(lacking)}" if lacking else "is a class; name an object"
            raise self._unusable(f"{self.value} {what}")
        command: Command = found  # type: ignore[assignment]
        return command

    def _require_admitted(self) -> None:
        from nagorik_platform.cli.admission import AdmissionUnknown, is_kept_out, kept_out_here

        try:
            out = kept_out_here()
        except AdmissionUnknown as unknown:
            raise self._unusable(str(unknown)) from None
        if is_kept_out(self, out):
            raise self._unusable("the host's settings allow and deny keep it out")

    def imported(self) -> object:
        """What the entry point names.

        Raises:
            CommandUnusable: It cannot be imported.
        """
        if self.problem is not None:
            raise self._unusable(self.problem)
        module, _, attribute = self.value.partition(":")
        try:
            found: object = import_module(module.strip())
            for part in attribute.strip().split("."):
                found = getattr(found, part)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - importing a stranger's module may raise anything
            raise self._unusable(f"{self.value} cannot be imported: {_describe(error)}") from None
        return found

    def _unusable(self, problem: str) -> CommandUnusable:
        return CommandUnusable(f"the {self.kind} {self.name} of {self.label} cannot be used: {problem}")


def find_commands(path: Sequence[str] | None = None) -> list[Contribution]:
    """Every subcommand on ``path``, by default ``sys.path``, sorted by name. Imports none of them.

    Two of one name are both unusable, since which is meant is not guessed; the names of the platform, of the host and
    of the suite stay their own.
    """
    own = [Contribution(name, value, _PLATFORM, version(_PLATFORM)) for name, value in _BUILT_IN]
    others = _contributed(path, COMMANDS)
    marked = [replace(item, problem=item.problem or _taken(item, own, others)) for item in others]
    return sorted([*own, *marked], key=lambda item: (item.name, item.distribution, item.value))


def find_checks() -> list[Contribution]:
    """The checks that installed distributions add to ``nagorik doctor``, sorted by name. Imports no module."""
    return _found("check", CHECKS)


def find_suspensions() -> list[Contribution]:
    """What installed distributions know of suspensions, sorted by name. Imports none of them."""
    return _found("suspension", SUSPENSIONS)


def find_compositions() -> list[Contribution]:
    """What installed distributions know of how a host composes its platform, sorted by name. Imports none of them."""
    return _of_hosts("composition", COMPOSITIONS)


def find_quarantines() -> list[Contribution]:
    """What installed distributions know of plugins kept out at run time, sorted by name. Imports none of them."""
    return _found("quarantine", QUARANTINES)


def find_charges() -> list[Contribution]:
    """Who tells what a host charges beside the fees of agencies, sorted by name. Imports none of them."""
    return _of_hosts("charge", CHARGES)


def find_extensions() -> list[Contribution]:
    """What keeps tables of its own in a host's database, sorted by name. Imports none of them."""
    return _of_hosts("extension", EXTENSIONS)


def told_by(item: Contribution, what: str) -> list[Any]:
    """What a contributed function without arguments tells; nothing, and an error line, where it cannot."""
    from nagorik_platform.cli.output import print_error

    try:
        ask: Callable[[], Iterable[Any]] = item.imported()  # type: ignore[assignment]
        return list(ask())
    except CommandUnusable as problem:
        print_error(str(problem))
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything, and its text may hold values
        print_error(f"{item.label} cannot tell {what}: {type_name(error)}")
    return []


def find_admissions() -> list[Contribution]:
    """Who tells which plugins are let in, sorted by name. Imports none of them."""
    return _of_hosts("admission", ADMISSIONS)


def _of_hosts(kind: str, group: str) -> list[Contribution]:
    """Leave out distributions that bring plugins: they would be imported to learn that they may not be."""
    return _found(kind, group, {entry.distribution for entry in find_entry_points(PLUGINS)})


def _found(kind: str, group: str, left_out: Collection[str] = ()) -> list[Contribution]:
    found = (replace(item, kind=kind) for item in _contributed(None, group) if item.distribution not in left_out)
    return sorted(found, key=lambda item: (item.name, item.distribution, item.value))


def _taken(item: Contribution, own: Sequence[Contribution], others: Sequence[Contribution]) -> str | None:
    if any(mine.name == item.name for mine in own):
        return "the platform has a command of this name"
    if _NAME.fullmatch(item.name) is None:
        return "its name is not made of lower-case words and hyphens"
    alike = [other for other in others if other.name == item.name and other != item]
    if item.is_ours:
        alike = [other for other in alike if other.is_ours]
    elif owner := next((other.label for other in alike if other.is_ours), None):
        return f"{owner} has a command of this name"
    rivals = sorted({other.label for other in alike})
    return f"{' and '.join(rivals)} brings a command of this name too" if rivals else None


def _contributed(path: Sequence[str] | None, group: str) -> list[Contribution]:
    return [
        Contribution(entry.name, entry.value, entry.distribution, entry.version, entry.problem)
        for entry in find_entry_points(group, path)
    ]


def _describe(error: BaseException) -> str:
    # Not the exception's text, which may hold a setting's value; but a missing module's name says what to install.
    strangers = [
        frame
        for frame in frames_of(error)
        if frame.file != __file__ and not frame.file.startswith(("<frozen", sys.base_prefix))
    ]
    place = f" at {strangers[-1].place}" if strangers else ""
    return f"{type_name(error)}{missing_module(error)}{place}"
