"""Which plugins the host here lets in, told by whichever distribution knows it: every command keeps to that."""

from collections.abc import Callable, Iterable

from packaging.utils import canonicalize_name

from nagorik_platform.cli.commands import CommandFailed, CommandUnusable, Contribution, find_admissions
from nagorik_platform.registry import ADMIT_ALL, Admission, PluginRecord, Registry
from nagorik_platform.registry.records import ADMISSION_CODES
from nagorik_platform.tracebacks import type_name


class AdmissionUnknown(CommandFailed):
    """It cannot be told what the host lets in, so nothing is: the text says why, and holds no value of a setting."""


def host_admission() -> Admission:
    """What the host here lets in; everything, where no distribution tells of a host.

    Of several that tell, a plugin needs every one's permission.

    Raises:
        AdmissionUnknown: One cannot tell.
    """
    admission = ADMIT_ALL
    for item in find_admissions():
        admission = both(admission, _told(item))
    return admission


def both(one: Admission, other: Admission) -> Admission:
    """What lets in only what both let in."""
    if one.allow is None or other.allow is None:
        allow = other.allow if one.allow is None else one.allow
    else:
        allow = one.allow & other.allow
    return Admission(allow=allow, deny=one.deny | other.deny)


def kept_out(admission: Admission, records: Iterable[PluginRecord]) -> frozenset[str]:
    """The distributions, by canonical name, of which the host wants nothing: denied, or bringing a plugin that is.

    One that also brings a plugin that the host lets in is not among them, unless it is denied itself.
    """
    denied = {canonicalize_name(name) for name in admission.deny}
    refused, wanted = set(denied), set[str]()
    for record in records:
        chosen_out = record.quarantine is not None and record.quarantine.code in ADMISSION_CODES
        (refused if chosen_out else wanted).add(canonicalize_name(record.source.distribution))
    return frozenset(denied | (refused - wanted))


def kept_out_here() -> frozenset[str]:
    """The distributions of which the host here wants nothing; asked before anything of a stranger's is imported.

    Raises:
        AdmissionUnknown: It cannot be told.
    """
    admission = host_admission()
    if admission == ADMIT_ALL:
        return frozenset()
    return kept_out(admission, Registry.discover(admission=admission).records)


def is_kept_out(item: Contribution, out: frozenset[str]) -> bool:
    """Whether a contribution comes from a distribution of which the host wants nothing."""
    return canonicalize_name(item.distribution) in out


def _told(item: Contribution) -> Admission:
    try:
        tell: Callable[[], Admission] = item.imported()  # type: ignore[assignment]
        told: object = tell()
    except CommandUnusable as problem:
        raise AdmissionUnknown(str(problem)) from None
    except AdmissionUnknown:
        raise
    except Exception as error:  # noqa: BLE001 - its text may hold values of settings
        raise AdmissionUnknown(f"{item.label} cannot tell which plugins it lets in: {type_name(error)}") from None
    if not isinstance(told, Admission):
        raise AdmissionUnknown(f"{item.label} does not tell which plugins it lets in")
    return told
