"""What a subcommand is, and those that distributions bring, found so that a broken one never hides another."""

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from nagorik_platform.entry_points import SEPARATORS, FoundEntryPoint, find_entry_points
from nagorik_platform.tracebacks import failure, type_name


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


@runtime_checkable
class Command(Protocol):
    """A subcommand: an object that an entry point of the group ``nagorik.commands`` names, imported at its use."""

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
HELPS: Final = "nagorik.helps"
CHECKS: Final = "nagorik.checks"
SUSPENSIONS: Final = "nagorik.suspensions"
COMPOSITIONS: Final = "nagorik.compositions"
ADMISSIONS: Final = "nagorik.admissions"
QUARANTINES: Final = "nagorik.quarantines"
CHARGES: Final = "nagorik.charges"
EXTENSIONS: Final = "nagorik.extensions"
"""Entry point groups. Helps are mappings of commands to their lines in ``nagorik --help``, in a module that imports
little. A check is a function of the instant that yields what it found, see ``nagorik_platform.cli.checks``. The
others are functions without arguments, by which a host says what is suspended, how it composes its platform, which
plugins are admitted, which are quarantined at run time, and what it charges: see ``nagorik_platform.cli``.

Only commands are taken from distributions that bring plugins: a plugin that the host denies is never imported."""

_PLATFORM: Final = "nagorik-platform"
_OURS: Final = {f"nagorik-{one}" for one in ("platform", "host", "counter", "portal", "testing", "simulation")}
"""Distributions whose commands keep their names, beside all others."""
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
BUILT_IN: Final = MappingProxyType(
    {
        "doctor": "check this installation: plugins, settings, fees and commands",
        "eligible": "tell what a citizen may apply for across all agencies, asking none of them",
        "fees": "tell what a service costs by what is published, without an application, asking no agency",
        "plugins": "list the installed plugins, and why any of them is kept out",
        "services": "list the services and gateways on offer, or tell everything about one",
    }
)
"""The platform's own commands, and what each does."""


class BuiltInCommand(NamedTuple):
    """One of the platform's own commands."""

    help: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class CommandFailed(Exception):
    """A command cannot do its work, for a reason that its text gives to the person at the terminal.

    Attributes:
        code: How the command ends.
    """

    def __init__(self, text: str, code: ExitCode = ExitCode.FAILED) -> None:
        """End with ``code`` and say why."""
        super().__init__(text)
        self.code = code


class CommandUnusable(Exception):
    """A contribution that cannot be used; the text names its distribution and says why."""


class Contribution(FoundEntryPoint):
    """What an entry point of a distribution declares, not imported."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """Its group in the singular."""
        return self.group.removeprefix("nagorik.").removesuffix("s") or "entry point"

    @property
    def label(self) -> str:
        """The distribution and its version."""
        return f"{self.distribution} {self.version}"

    @property
    def is_ours(self) -> bool:
        """Whether the platform, the host, the counter, the portal or the suite brings it."""
        return SEPARATORS.sub("-", self.distribution).lower() in _OURS

    def load(self) -> Command:
        """The command's object.

        Raises:
            CommandUnusable: It cannot be imported, the host keeps it out, or it is not what ``Command`` describes.
            AdmissionUnknown: It is not known whether the host keeps it out.
        """
        if not self.is_ours:
            from nagorik_platform.cli.admission import is_kept_out, kept_out_here

            if is_kept_out(self, kept_out_here()):
                raise self.unusable("the host's settings allow and deny keep it out")
        found = self.imported()
        if isinstance(found, type) or not isinstance(found, Command):
            raise self.unusable(f"{self.value} is no object with help, configure and run")
        return found

    def imported(self) -> Any:
        """What the entry point names.

        Raises:
            CommandUnusable: It cannot be imported.
        """
        if self.problem is not None:
            raise self.unusable(self.problem)
        module, _, attribute = self.value.partition(":")
        try:
            found: object = import_module(module.strip())
            for part in attribute.strip().split("."):
                found = getattr(found, part)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - importing a stranger's module may raise anything
            raise self.unusable(f"{self.value} cannot be imported: {failure(error)}") from None
        return found

    def unusable(self, why: str) -> CommandUnusable:
        """The error that it cannot be used, and why."""
        return CommandUnusable(f"the {self.kind} {self.name} of {self.label} cannot be used: {why}")


def find_commands(path: Sequence[str] | None = None) -> list[Contribution]:
    """Every subcommand on ``path``, by default ``sys.path``, sorted by name. Imports nothing.

    The platform's, the host's and the suite's own keep their names. Two others of one name are both unusable.
    """
    found = [
        Contribution(_PLATFORM, version(_PLATFORM), name, f"nagorik_platform.cli.{name}:command", group=COMMANDS)
        for name in BUILT_IN
    ]
    found += [Contribution(*entry) for entry in find_entry_points(COMMANDS, path)]
    marked = [item._replace(problem=item.problem or _taken(item, found)) for item in found]
    return sorted(marked, key=lambda item: (item.name, not item.is_ours, item.distribution, item.value))


def find_helps() -> Mapping[str, str]:
    """What each command of ours does, in one line without a full stop."""
    helps = dict(BUILT_IN)
    for item in find(HELPS):
        if item.is_ours:
            helps |= item.imported()
    return helps


def find(group: str) -> list[Contribution]:
    """What distributions without plugins bring for a group, sorted by name. Imports nothing."""
    left_out = {entry.distribution for entry in find_entry_points(PLUGINS)}
    found = [Contribution(*entry) for entry in find_entry_points(group) if entry.distribution not in left_out]
    return sorted(found, key=lambda item: (item.name, item.distribution, item.value))


def answers(group: str, *arguments: object) -> Iterator[tuple[Contribution, Any, str | None]]:
    """What the functions of a group return, or why one cannot be used, without any text of an exception."""
    for item in find(group):
        try:
            found = item.imported()(*arguments)
            yield item, list(found) if isinstance(found, Iterator) else found, None
        except CommandFailed:
            raise
        except CommandUnusable as problem:
            yield item, None, str(problem)
        except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything, and its text may hold values
            yield item, None, f"the {item.kind} {item.name} of {item.label} raised {type_name(error)}"


def reported(group: str) -> list[Any]:
    """What the functions of a group list; one that fails is named on standard error."""
    from nagorik_platform.cli.output import print_error

    listed: list[Any] = []
    for _, found, problem in answers(group):
        listed += found or ()
        if problem is not None:
            print_error(problem)
    return listed


def _taken(item: Contribution, found: Sequence[Contribution]) -> str | None:
    if _NAME.fullmatch(item.name) is None:
        return "its name is not made of lower-case words and hyphens"
    others = [one for one in found if one.name == item.name and one != item and (one.is_ours or not item.is_ours)]
    return f"{others[0].label} has a command of this name" if others else None
