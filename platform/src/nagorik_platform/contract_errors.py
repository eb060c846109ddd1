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
from typing import Final

from nagorik import errors
from nagorik.errors import (
    AgencyClosed,
    AgencyRejected,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    DuplicateApplication,
    FieldProblem,
    InputRejected,
    Layer,
    NagorikError,
    Outcome,
    PluginFault,
    SettingsRejected,
)
from nagorik.privacy import MASK, is_code
from nagorik.values import to_bangla_digits
from nagorik.values.sentences import LONGEST_TEXT, Text, read_sentences
from nagorik_platform.number_mask import is_telling

_KNOWN: Final = frozenset(
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, NagorikError) and kind is not NagorikError
)
MOST_LISTED: Final = 200
"""Fields that an error may name; so many are read and shown."""
MORE_PROBLEMS: Final = "more_problems"
"""The code under which an error says how many more fields it would name."""
_LISTS: Final = ("fields", "names", "reasons")
_CODES: Final = ("because", "fault", "plugin", "reason_code", "step")
"""Members that are words of a program."""
_POINTER: Final = re.compile(r"(?:/[A-Za-z0-9_.~-]{1,80})*")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.<>]{0,119}")
_WHERE: Final = re.compile(r"[A-Za-z0-9_./-]{1,200}:[0-9]{1,6} in [A-Za-z0-9_.<>]{1,200}")
_PLACE: Final = rf"\$(?:\.(?:[A-Za-z0-9_$@-]{{1,80}}|{MASK}))* [a-z_]{{1,60}}"
_MISMATCH: Final = re.compile(
    rf"does-not-fit: (?:in [0-9]{{1,12}} places|{_PLACE}(?:, {_PLACE})*(?: and [0-9]{{1,12}} more)?)"
)


def known_error(error: BaseException) -> NagorikError | None:
    """What a host can handle: one of ``nagorik.errors`` itself, with members that can be shown; else ``None``.

    A plugin's own subclass could say anything in its text, and a member of the wrong type would fail in the host. An
    error that refuses more fields than may be listed is told with the first of them, and how many more there are.
    """
    if type(error) not in _KNOWN or not isinstance(error, NagorikError):
        return None
    try:
        # In this order: nothing of the error is called before it is known whose code that is.
        if _is_disguised(error) or not _is_listed(error):
            return None
        told = _with_fewer_fields(error) if isinstance(error, InputRejected) else error
        if not (_is_bounded(told) and all(_words(told)) and _is_timely(told)):
            return None
        json.dumps(told.details(), allow_nan=False)
    except Exception:  # noqa: BLE001 - a member may be anything
        return None
    return told


def _is_listed(error: NagorikError) -> bool:
    """Whether what the error lists is a list indeed."""
    return all(type(vars(error).get(name)) in {tuple, list, dict, NoneType} for name in _LISTS)


def _is_bounded(error: NagorikError) -> bool:
    return all(len(vars(error).get(name) or ()) <= MOST_LISTED for name in _LISTS)


def _with_fewer_fields(error: InputRejected) -> InputRejected:
    if len(error.fields) <= MOST_LISTED:
        return error
    fewer = error.copy()
    kept = error.fields[: MOST_LISTED - 1]
    fewer.fields = (*kept, _more_problems(len(error.fields) - len(kept)))
    return fewer


def _more_problems(number: int) -> FieldProblem:
    """What stands for so many fields, in the words that a form has for it."""
    text, shown = read_sentences("nagorik_toolkit", "form_messages.toml")[MORE_PROBLEMS], str(number)
    more = Text(bn=text.bn.replace("{number}", to_bangla_digits(shown)), en=text.en.replace("{number}", shown))
    return FieldProblem(pointer="", code=MORE_PROBLEMS, text=more)


def _is_disguised(error: NagorikError) -> bool:
    """Whether something of its own stands where its class has the code, the text or the details."""
    own = vars(error).keys() - {"outcome", "__notes__"}
    return (
        any(hasattr(type(error), name) for name in own)
        or type(error.layer) is not Layer
        or type(error.outcome) is not Outcome
    )


def _is_timely(error: NagorikError) -> bool:
    # By type alone: isinstance would ask an object of the plugin's for its class.
    wait = getattr(error, "retry_after", None)
    if wait is not None and not (type(wait) in {int, float} and wait >= 0 and isfinite(wait)):
        return False
    until: object = getattr(error, "until", None)
    return type(error) is not AgencyClosed or (type(until) is datetime and until.utcoffset() is not None)


def _words(error: NagorikError) -> Iterator[bool]:
    """For each word and sentence in the error's members, whether it may be shown."""
    for name in _CODES:
        if hasattr(error, name):
            yield _is_code(getattr(error, name))
    match error:
        case InputRejected():
            yield from map(_is_problem, error.fields)
        case AgencyRejected(reason=reason) if reason is not None:
            yield _is_text(reason)
        case DuplicateApplication():
            yield type(error.reference) is str
        case CredentialsRejected():
            yield type(error.kind) is CredentialProblem
        case ContractViolation():
            # The places are the platform's own words, of which a plugin may pass on what it met.
            yield _is_code(error.detail) or _is_plain(_MISMATCH, error.detail)
        case PluginFault():
            yield error.exception in {None, MASK} or _is_plain(_NAME, error.exception)
            yield error.where is None or _is_plain(_WHERE, error.where)
        case SettingsRejected():
            yield from map(_is_code, (*error.names, *error.reasons, *error.reasons.values()))


def _is_problem(problem: object) -> bool:
    if type(problem) is not FieldProblem:
        return False
    return _is_plain(_POINTER, problem.pointer) and _is_code(problem.code) and _is_text(problem.text)


def _is_code(text: object) -> bool:
    return type(text) is str and is_code(text)


def _is_text(text: object) -> bool:
    """Whether it is a text, with words of the type and the length that a text has."""
    return type(text) is Text and all(type(one) is str and len(one) <= LONGEST_TEXT for one in (text.bn, text.en))


def _is_plain(shape: re.Pattern[str], text: str | None) -> bool:
    return type(text) is str and shape.fullmatch(text) is not None and not is_telling(text)
