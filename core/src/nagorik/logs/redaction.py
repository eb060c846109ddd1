"""The processor that every log line passes, and what it makes of each kind of value."""

from collections.abc import MutableMapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from itertools import islice
from math import isfinite
from typing import Any, Final
from uuid import UUID

from pydantic import SecretBytes, SecretStr

from nagorik.logs.failures import Failure, describe_exception, exception_of, name_exception
from nagorik.logs.patterns import DAY_KEYS, is_event, is_key, may_be_shown
from nagorik.privacy import MASK, Model, data_classes, is_hidden

FAILURE: Final = "failure"
"""The key under which an exception stands in a log line."""

_LARGEST_COUNT: Final = 10**9
"""A whole number from here on may be an NID or a telephone number, and is masked."""
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
        line[name] = value if isinstance(value, Failure) else redact_value(name, value)
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
        if isinstance(value, Shown):
            return value
        text = str.__str__(value)
        return Shown(text if may_be_shown(key, text) else MASK)
    if isinstance(value, int):
        return int(value) if -_LARGEST_COUNT < value < _LARGEST_COUNT else Shown(MASK)
    if isinstance(value, float):
        return float(value) if isfinite(value) else Shown(value)
    if isinstance(value, Model):
        return _shown(value, depth)
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
        return [redact_value(key, item, depth + 1) for item in islice(value, _LONGEST_LIST)]
    return _object(key, value)


def _object(key: str, value: object) -> LogValue:
    if isinstance(value, datetime | time):
        return Shown(value.isoformat())
    if isinstance(value, date):
        # A day without a time is, more often than not, somebody's birth date.
        return Shown(value.isoformat() if key in DAY_KEYS else MASK)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, UUID):
        return Shown(value)
    if isinstance(value, SecretStr | SecretBytes):
        return Shown(MASK)
    if isinstance(value, BaseException):
        return Shown(name_exception(value))
    return Shown(f"<{type(value).__name__}>")


def _shown(model: Model, depth: int) -> Shown:
    if depth >= _DEEPEST:
        return Shown(f"<{type(model).__name__}>")
    classes = data_classes(type(model))
    parts = []
    for name, value in vars(model).items():
        if value is not None and is_hidden(classes.get(name, model.default_data_class)):
            parts.append(f"{name}={MASK}")
        else:
            # The field's class lets it be seen; what it holds may be a model of its own.
            parts.append(f"{name}={_visible(name, value, depth + 1)}")
    return Shown(f"{type(model).__name__}({', '.join(parts)})")


def _visible(name: str, value: object, depth: int) -> object:
    if type(value) in {str, int, date}:
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return (
            [_visible(name, item, depth + 1) for item in islice(value, _LONGEST_LIST)] if depth < _DEEPEST else MASK
        )
    return redact_value(name, value, depth)
