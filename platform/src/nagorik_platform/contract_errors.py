"""Which errors of a plugin's code go on to a host as they are: the contract's own, whose members tell of nobody.

What an error's members hold is rendered, logged and kept in journals, where it outlives what is erased. A plugin that
puts an agency's words or a citizen's number there has failed, whatever else it meant to say. Two members are left as
they are, because they are said to the citizen: a refusal's reason, and what is wrong with a field. They may name a
file's number or a day, they are sealed with the application, and no log line and no officer's page shows them whole.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from math import isfinite
from types import NoneType
from typing import Final, TypeGuard

from nagorik import errors
from nagorik.errors import (
    AgencyClosed,
    AgencyRejected,
    ContractViolation,
    FieldProblem,
    InputRejected,
    Layer,
    NagorikError,
    Outcome,
    PluginFault,
    SettingsRejected,
)
from nagorik.privacy import MASK, is_code
from nagorik.values.sentences import Text
from nagorik_platform.number_mask import is_telling

_KNOWN: Final = frozenset(
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, NagorikError) and kind is not NagorikError
)
MOST_LISTED: Final = 200
"""Fields that an error may name; so many are read, shown and kept."""
_CODES: Final = ("because", "fault", "plugin", "reason_code", "step")
"""Members that are words of a program."""
_POINTER: Final = re.compile(r"(?:/[A-Za-z0-9_.~-]{1,80})*")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.<>]{0,119}")
_WHERE: Final = re.compile(r"[A-Za-z0-9_./-]{1,200}:[0-9]{1,6} in [A-Za-z0-9_.<>]{1,200}")
_PLACE: Final = rf"\$(?:\.(?:[A-Za-z0-9_$@-]{{1,80}}|{MASK}))* [a-z_]{{1,60}}"
_MISMATCH: Final = re.compile(
    rf"does-not-fit: (?:in [0-9]{{1,12}} places|{_PLACE}(?:, {_PLACE})*(?: and [0-9]{{1,12}} more)?)"
)


def is_known(error: BaseException) -> TypeGuard[NagorikError]:
    """Whether a host can handle this error: one of ``nagorik.errors`` itself, with members that can be shown.

    A plugin's own subclass could say anything in its text, and a member of the wrong type would fail in the host.
    """
    if type(error) not in _KNOWN or not isinstance(error, NagorikError):
        return False
    try:
        if not _is_bounded(error):
            return False
        json.dumps(error.details(), allow_nan=False)
        return not _is_disguised(error) and all(_words(error)) and _is_timely(error)
    except Exception:  # noqa: BLE001 - a member may be anything
        return False


def _is_bounded(error: NagorikError) -> bool:
    """Whether what the error lists is a list indeed, and one that ends."""
    listed = (vars(error).get(name) for name in ("fields", "names", "reasons"))
    return all(type(one) in {tuple, list, dict, NoneType} and len(one or ()) <= MOST_LISTED for one in listed)


def _is_disguised(error: NagorikError) -> bool:
    """Whether something of its own stands where its class has the code, the text or the details."""
    own = vars(error).keys() - {"outcome", "__notes__"}
    return (
        any(hasattr(type(error), name) for name in own)
        or type(error.layer) is not Layer
        or type(error.outcome) is not Outcome
    )


def _is_timely(error: NagorikError) -> bool:
    wait = getattr(error, "retry_after", None)
    if wait is not None and (isinstance(wait, bool) or not isinstance(wait, int | float)):
        return False
    if wait is not None and not (wait >= 0 and isfinite(wait)):
        return False
    until: object = getattr(error, "until", None)
    return not isinstance(error, AgencyClosed) or (isinstance(until, datetime) and until.utcoffset() is not None)


def _words(error: NagorikError) -> Iterator[bool]:
    """For each word and sentence in the error's members, whether it may be shown."""
    for name in _CODES:
        if hasattr(error, name):
            yield is_code(getattr(error, name))
    match error:
        case InputRejected():
            for problem in error.fields:
                yield type(problem) is FieldProblem
                yield _is_plain(_POINTER, problem.pointer)
                yield is_code(problem.code)
                yield type(problem.text) is Text
        case AgencyRejected(reason=reason) if reason is not None:
            yield type(reason) is Text
        case ContractViolation():
            # The places are the platform's own words, of which a plugin may pass on what it met.
            yield is_code(error.detail) or _is_plain(_MISMATCH, error.detail)
        case PluginFault():
            yield error.exception in {None, MASK} or _is_plain(_NAME, error.exception)
            yield error.where is None or _is_plain(_WHERE, error.where)
        case SettingsRejected():
            yield from map(is_code, (*error.names, *error.reasons, *error.reasons.values()))


def _is_plain(shape: re.Pattern[str], text: str | None) -> bool:
    return text is not None and shape.fullmatch(text) is not None and not is_telling(text)
