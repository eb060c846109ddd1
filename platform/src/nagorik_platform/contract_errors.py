"""Which errors of a plugin's code go on to a host as they are: the contract's own, without personal data in them.

What an error's members hold is rendered, logged and kept in journals, where it outlives what is erased. A plugin that
puts an agency's words or a citizen's number there has failed. Two members are left as they are, because the citizen
reads them: a refusal's reason, and what is wrong with a field. They are sealed with the application.
"""

import json
import re
from collections.abc import Iterator
from math import isfinite
from typing import Final

from nagorik import errors
from nagorik.errors import NagorikError
from nagorik.privacy import MASK, is_code
from nagorik_platform.number_mask import is_telling

_KNOWN: Final = frozenset(
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, NagorikError)
) - {NagorikError}
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

    A plugin's own subclass could say anything in its text.
    """
    if type(error) not in _KNOWN or not isinstance(error, NagorikError) or "code" in vars(error):
        return None  # a code of its own, such as the agency's, has no sentence, and may be anybody's number
    try:
        json.dumps(error.details(), allow_nan=False)
        wait = getattr(error, "retry_after", None)
        is_timely = wait is None or (wait >= 0 and isfinite(wait))
        return error if is_timely and all(_words(error)) else None
    except Exception:  # noqa: BLE001 - a member may be anything
        return None


def _words(error: NagorikError) -> Iterator[bool]:
    """For each word in the error's members, whether it may be shown."""
    for name in _CODES:
        if hasattr(error, name):
            yield is_code(getattr(error, name))
    match error:
        case errors.InputRejected():
            yield from (_is_plain(_POINTER, one.pointer) and is_code(one.code) for one in error.fields)
        case errors.DuplicateApplication():
            yield isinstance(error.reference, str)
        case errors.ContractViolation():
            # The places are the platform's own words, of which a plugin may pass on what it met.
            yield is_code(error.detail) or _is_plain(_MISMATCH, error.detail)
        case errors.PluginFault():
            yield error.exception in {None, MASK} or _is_plain(_NAME, error.exception)
            yield error.where is None or _is_plain(_WHERE, error.where)
        case errors.SettingsRejected():
            yield from map(is_code, (*error.names, *error.reasons, *error.reasons.values()))


def _is_plain(shape: re.Pattern[str], text: str | None) -> bool:
    return text is not None and shape.fullmatch(text) is not None and not is_telling(text)
