"""The processor that every log line passes, and what it makes of each kind of value.

The rules mask too much rather than too little. What they cannot know is a single word without digits under a key of
its author's choosing: a first name under ``value`` passes, so names travel as ``PersonName``.
"""

import re
from collections.abc import Iterable, MutableMapping
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

ID_KEYS: Final = frozenset({"application", "payment", "quote", "request_id", "span_id", "trace_id"})
"""Keys of the platform's own ids, in which runs of digits are nobody's number."""
DAY_KEYS: Final = frozenset({"day", "effective_from", "effective_to", "on"})
"""Keys of days on which something is asked or holds; under any other a date may be a birth date."""

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


def is_event(text: str) -> bool:
    """Whether ``text`` can be a fixed event name: ``plugin_quarantined``, not a sentence and nothing formatted."""
    return len(text) <= LONGEST_TOKEN and _EVENT.fullmatch(text) is not None and _DIGITS.search(text) is None


def is_key(text: str) -> bool:
    """Whether ``text`` can be the name of a field."""
    return len(text) <= LONGEST_TOKEN and _KEY.fullmatch(text) is not None and not looks_personal(text)


def looks_personal(text: str) -> bool:
    """Whether ``text`` holds a number of six digits or more, an address, a URL or a token."""
    return bool(_DIGITS.search(text) or _PERSONAL.search(text) or _OPAQUE.search(text))


def may_be_shown(key: str, text: str) -> bool:
    """Whether ``text`` under ``key`` may stand in a log line: one short ASCII token that tells nothing.

    Text of several words, or in Bangla, is somebody's words and never shown.
    """
    if not text:
        return True
    if len(text) > LONGEST_TOKEN or _TOKEN.fullmatch(text) is None:
        return False
    if key in ID_KEYS and _ID.fullmatch(text) and not text.isdigit():
        return True
    return not looks_personal(text)


FAILURE: Final = "failure"
"""The key under which an exception stands in a log line."""

_LARGEST_COUNT: Final = 10**7
"""A number from here on may be a day of birth, an NID or a telephone number, and is masked."""
_LARGEST_AMOUNT: Final = 10**9
AMOUNT_KEYS: Final = frozenset({"bytes", "poisha"})
"""Keys of numbers that are larger and nobody's."""
_DECIMALS: Final = 3
_FIRST_YEAR: Final = 2020
"""The platform has met no instant before; a citizen's birth is one."""
_PRIVATE_KEY: Final = re.compile(
    r"(?:^|[_.-])(?:password|passwd|passphrase|secret|token|otp|pin|nid|brn|phone|mobile|email|name|father|mother"
    r"|spouse|birth|dob|address)(?:$|[_.-])",
    re.IGNORECASE,
)
"""Keys under which a short word or a small number is somebody's, too."""
_LONGEST_LIST: Final = 20
_DEEPEST: Final = 4


class Shown(str):
    """Text that this module has made or let pass; redacting it again leaves it alone."""

    __slots__ = ()


LogValue = bool | int | float | str | None | list["LogValue"]


def redact(_logger: object, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the line as it may be seen. Place it before processors that add fields of their own.

    Redacting twice gives what redacting once gives.
    """
    fields = dict(event_dict)
    event = fields.pop("event", None)
    line: dict[str, Any] = {"event": event if isinstance(event, str) and is_event(event) else MASK}
    exception = exception_of(fields.pop("exc_info", None))
    for source_lines in ("stack_info", "stack"):
        fields.pop(source_lines, None)
    for key, value in fields.items():
        name = key if is_key(key) else MASK
        line[name] = value if isinstance(value, ExceptionSummary) else redact_value(name, value)
    if exception is not None:
        line[FAILURE] = describe_exception(exception)
    return line


def redact_value(key: str, value: object, depth: int = 0) -> LogValue:
    """``value`` as it may be shown under ``key``.

    Numbers, truth values, instants, durations, members of enums and ids pass; a model shows the fields that its
    data classes let be seen; text passes where it is one plain token; everything else gives its type's name.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return redact_value("code", value.value, depth) if depth < _DEEPEST else Shown(MASK)
    if isinstance(value, str):
        return value if isinstance(value, Shown) else _text(key, str.__str__(value))
    if isinstance(value, int | float):
        return _number(key, value)
    if isinstance(value, Model):
        return _shown(value, depth)
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
        return _items(key, value, depth)
    return _object(key, value)


def _text(key: str, text: str) -> Shown:
    return Shown(text if may_be_shown(key, text) and not _PRIVATE_KEY.search(key) else MASK)


def _number(key: str, value: float) -> LogValue:
    if not isfinite(value):
        return Shown(value)
    largest = _LARGEST_AMOUNT if key in AMOUNT_KEYS else _LARGEST_COUNT
    if not -largest < value < largest or _PRIVATE_KEY.search(key):
        return Shown(MASK)
    return int(value) if isinstance(value, int) else round(float(value), _DECIMALS)


def _items(key: str, value: Iterable[object], depth: int) -> LogValue:
    shown = [redact_value(key, item, depth + 1) for item in islice(value, _LONGEST_LIST)]
    # One digit tells nothing, and ten of them an NID.
    together = " ".join(str(item) for item in shown if isinstance(item, str | int | float))
    return Shown(MASK) if key not in ID_KEYS and _DIGITS_IN_A_LIST.search(together) else shown


def _object(key: str, value: object) -> LogValue:
    if isinstance(value, datetime):
        is_day = value.time() == time.min and key not in DAY_KEYS
        return Shown(MASK if is_day or value.year < _FIRST_YEAR else value.isoformat())
    if isinstance(value, time):
        return Shown(value.isoformat())
    if isinstance(value, date):
        # A day without a time is, more often than not, somebody's birth date.
        return Shown(value.isoformat() if key in DAY_KEYS else MASK)
    if isinstance(value, timedelta):
        return redact_value(key, value.total_seconds())
    if isinstance(value, UUID):
        return Shown(value)
    if isinstance(value, SecretStr | SecretBytes):
        return Shown(MASK)
    if isinstance(value, BaseException):
        return Shown(name_exception(value))
    return Shown(f"<{type_name(value)}>")


def _shown(model: Model, depth: int) -> Shown:
    if depth >= _DEEPEST:
        return Shown(f"<{type_name(model)}>")
    classes = data_classes(type(model))
    parts = []
    for name, value in vars(model).items():
        if value is not None and is_hidden(classes.get(name, model.default_data_class)):
            parts.append(f"{name}={MASK}")
        else:
            # Its class lets the field be seen, and an agency may have put anything into it.
            parts.append(f"{name}={redact_value(name, value, depth + 1)}")
    return Shown(f"{type_name(model)}({', '.join(parts)})")
