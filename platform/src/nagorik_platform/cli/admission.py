"""Which plugins the host here admits: every command keeps to that."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import cast

from packaging.utils import canonicalize_name

from nagorik_platform.cli.commands import ADMISSIONS, CommandFailed, Contribution, answers
from nagorik_platform.registry import ADMIT_ALL, Admission, PluginRecord, Registry
from nagorik_platform.registry.records import ADMISSION_CODES


class AdmissionUnknown(CommandFailed):
    """It is not known what the host admits, so nothing is: the text says why, and holds no value of a setting."""


def host_admission() -> Admission:
    """What the host here admits; everything, where there is no host.

    Raises:
        AdmissionUnknown: A host's settings cannot be used.
    """
    for _, found, problem in answers(ADMISSIONS):
        if problem is not None:
            raise AdmissionUnknown(problem)
        return cast("Admission", found)
    return ADMIT_ALL


@contextmanager
def plugins_here() -> Iterator[Registry]:
    """The plugins that the host here admits, for a command that runs them: standard output stays the command's."""
    from nagorik_platform.logs import configure_logging, is_configured

    if not is_configured():
        configure_logging(level="WARNING")  # that a plugin was imported is no news at a counter
    with redirect_stdout(sys.stderr):
        yield Registry.discover(admission=host_admission())


def kept_out(admission: Admission, records: Iterable[PluginRecord]) -> frozenset[str]:
    """The distributions, by canonical name, that are denied, or all of whose plugins are."""
    refused, wanted = set[str](), set[str]()
    for record in records:
        chosen_out = record.quarantine is not None and record.quarantine.code in ADMISSION_CODES
        (refused if chosen_out else wanted).add(canonicalize_name(record.source.distribution))
    return frozenset({*map(canonicalize_name, admission.deny)} | (refused - wanted))


def kept_out_here() -> frozenset[str]:
    """The distributions that the host here keeps out; asked before anything of a stranger's is imported.

    Raises:
        AdmissionUnknown: It is not known.
    """
    admission = host_admission()
    return kept_out(admission, Registry.discover(admission=admission).records)


def is_kept_out(item: Contribution, out: frozenset[str]) -> bool:
    """Whether a contribution comes from a distribution that the host keeps out."""
    return canonicalize_name(item.distribution) in out
