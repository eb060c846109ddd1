"""The processor that every log line passes, and what it makes of each kind of value.

The rules mask too much rather than too little. What they cannot know is a single word without digits under a key of
its author's choosing: a first name under ``value`` passes, so names travel as ``PersonName``.
"""

import re
from collections.abc import MutableMapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from itertools import islice
from math import isfinite
from typing import Any, Final
from uuid import UUID

from pydantic import SecretBytes, SecretStr

from nagorik.privacy import MASK, Model, data_classes, is_hidden, run_of_digits
from nagorik_platform.logs.exceptions import ExceptionSummary, describe_exception, exception_of, name_exception
from nagorik_platform.tracebacks import type_name

LONGEST_TOKEN: Final = 120
FAILURE: Final = "failure"
"""The key under which an exception stands in a log line."""
ID_KEYS: Final = frozenset({"application", "payment", "quote", "request_id", "span_id", "trace_id"})
"""Keys of the platform's own ids, in which runs of digits identify no person."""
DAY_KEYS: Final = frozenset({"day", "effective_from", "effective_to", "on"})
"""Keys of days on which something is asked or holds; under any other a date may be a birth date."""
AMOUNT_KEYS: Final = frozenset({"bytes", "poisha"})
"""Keys of numbers that are larger and identify no person."""

_ID: Final = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{32}|[0-9A-HJKMNP-TV-Z]{26}"  # UUID, trace, ULID
)
_EVENT: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_.:/<>#@+-]+")
_DIGITS: Final = run_of_digits(6)
_DIGITS_IN_A_LIST: Final = run_of_digits(8)
_PERSONAL: Final = re.compile(r"://|www\.|@|eyJ[A-Za-z0-9_-]+\.|bearer|basic\s", re.IGNORECASE)
"""URLs, e-mail addresses, JSON web tokens and authorisation headers."""
_OPAQUE: Final = re.compile(r"(?=[A-Za-z0-9_+/=-]*\d)(?=[A-Za-z0-9_+/=-]*[A-Za-z])[A-Za-z0-9_+/=-]{24,}")
"""A long mixture of letters and digits: a token, a key, a hash."""
_PRIVATE_KEY: Final = re.compile(
    r"(?:^|[_.-])(?:password|passwd|passphrase|secret|token|otp|pin|nid|brn|phone|mobile|email|name|father|mother"
    r"|spouse|birth|dob|address)(?:$|[_.-])",
    re.IGNORECASE,
)
"""Keys under which a short word or a small number is personal, too."""
_LARGEST_COUNT: Final = 10**7
"""A number from here on may be a day of birth, an NID or a telephone number, and is masked."""
_LARGEST_AMOUNT: Final = 10**9
_DECIMALS: Final = 3
_FIRST_YEAR: Final = 2020
"""The platform has met no instant before; a citizen's birth is one."""
_LONGEST_LIST: Final = 20
_DEEPEST: Final = 4


class Shown(str):
    """Text that this module has made or let pass; redacting it again leaves it alone."""

    __slots__ = ()


LogValue = bool | int | float | str | None | list["LogValue"]


def redact(_logger: object, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor, idempotent: the line as it may be seen. Place it before processors that add fields."""
    fields = dict(event_dict)
    event = fields.pop("event", None)
    line: dict[str, Any] = {"event": event if isinstance(event, str) and is_event(event) else MASK}
    exception = exception_of(fields.pop("exc_info", None))
    for key, value in fields.items():
        if key not in {"stack_info", "stack"}:  # source lines
            name = key if _is_token(_KEY, key) and not _looks_personal(key) else MASK
            line[name] = value if isinstance(value, ExceptionSummary) else redact_value(name, value)
    if exception is not None:
        line[FAILURE] = describe_exception(exception)
    return line


def is_event(text: str) -> bool:
    """Whether ``text`` can be a fixed event name: ``plugin_quarantined``, not a sentence and nothing formatted."""
    return _is_token(_EVENT, text) and _DIGITS.search(text) is None


def may_be_shown(key: str, text: str) -> bool:
    """Whether ``text`` under ``key`` may stand in a log line: one short ASCII token that identifies no person.

    Text of several words, or in Bangla, is a person's words and never shown.
    """
    if not text:
        return True
    is_id = key in ID_KEYS and _ID.fullmatch(text) is not None and not text.isdigit()
    return _is_token(_TOKEN, text) and (is_id or not _looks_personal(text))


def _is_token(shape: re.Pattern[str], text: str) -> bool:
    return len(text) <= LONGEST_TOKEN and shape.fullmatch(text) is not None


def _looks_personal(text: str) -> bool:
    """Whether ``text`` holds a number of six digits or more, an address, a URL or a token."""
    return bool(_DIGITS.search(text) or _PERSONAL.search(text) or _OPAQUE.search(text))


def redact_value(key: str, value: object, depth: int = 0) -> LogValue:
    """``value`` as it may be shown under ``key``.

    Numbers, truth values, instants, durations, members of enums and ids pass; a model shows the fields that its
    data classes let be seen; text passes where it is one plain token; everything else gives its type's name.
    """
    match value:
        case None | bool() | Shown():
            return value
        case Enum() if depth < _DEEPEST:
            return redact_value("code", value.value, depth)
        case str():
            text = str.__str__(value)
            return Shown(text if may_be_shown(key, text) and not _PRIVATE_KEY.search(key) else MASK)
        case int() | float():
            return _number(key, value)
        case Model() if depth < _DEEPEST:
            return _model(value, depth)
        case list() | tuple() | set() | frozenset() if depth < _DEEPEST:
            shown = [redact_value(key, item, depth + 1) for item in islice(value, _LONGEST_LIST)]
            # One digit says nothing, and ten of them an NID.
            together = " ".join(str(item) for item in shown if isinstance(item, str | int | float))
            return Shown(MASK) if key not in ID_KEYS and _DIGITS_IN_A_LIST.search(together) else shown
        case timedelta():
            return redact_value(key, value.total_seconds())
    return Shown(_object(key, value))


def _number(key: str, value: float) -> LogValue:
    if not isfinite(value):
        return Shown(value)
    largest = _LARGEST_AMOUNT if key in AMOUNT_KEYS else _LARGEST_COUNT
    if not -largest < value < largest or _PRIVATE_KEY.search(key):
        return Shown(MASK)
    return int(value) if isinstance(value, int) else round(float(value), _DECIMALS)


def _object(key: str, value: object) -> str:
    match value:
        case datetime():
            is_day = value.time() == time.min and key not in DAY_KEYS
            return MASK if is_day or value.year < _FIRST_YEAR else value.isoformat()
        case date():
            # A day without a time is, more often than not, a birth date.
            return value.isoformat() if key in DAY_KEYS else MASK
        case time():
            return value.isoformat()
        case UUID():
            return str(value)
        case SecretStr() | SecretBytes() | Enum():
            return MASK
        case BaseException():
            return name_exception(value)
    return f"<{type_name(value)}>"


def _model(model: Model, depth: int) -> Shown:
    classes = data_classes(type(model))
    parts = []
    for name, value in vars(model).items():
        if value is not None and is_hidden(classes.get(name, model.default_data_class)):
            parts.append(f"{name}={MASK}")
        else:
            # Its class lets the field be seen, and an agency may have put anything into it.
            parts.append(f"{name}={redact_value(name, value, depth + 1)}")
    return Shown(f"{type_name(model)}({', '.join(parts)})")
