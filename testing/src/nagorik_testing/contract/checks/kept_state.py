"""What the modules of a plugin hold: in their names, tables and objects, on their classes, and beside functions."""

import sys
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from types import FunctionType, ModuleType
from typing import Any, Final
from uuid import UUID

_PLAIN: Final = (str, bytes, int, float, date, timedelta, Decimal, UUID, Enum)
_WRAPPERS: Final = (classmethod, staticmethod)


def modules_of(package: str) -> Iterator[tuple[str, ModuleType]]:
    """The modules of a plugin that are imported, its simulator's left out."""
    for name, module in sorted(sys.modules.items()):
        inside = name == package or name.startswith(f"{package}.")
        if inside and ".simulator" not in name and isinstance(module, ModuleType):
            yield name, module


def state_of(package: str) -> dict[str, dict[str, object]]:
    """What each module of a plugin holds now, by the names under which it is held, as plain values.

    Of a function, what it was given once for all calls; of one that remembers its answers, how many there are.
    Functions and objects of other packages are not looked into.
    """
    return {name: dict(_held(name, module, package)) for name, module in modules_of(package)}


def changed(before: Mapping[str, Mapping[str, object]], after: Mapping[str, Mapping[str, object]]) -> list[str]:
    """What modules that were there before hold otherwise."""
    return sorted(
        f"{module}.{name}"
        for module, held in after.items()
        for name, value in held.items()
        if module in before and before[module].get(name) != value
    )


def _held(name: str, module: ModuleType, package: str) -> Iterator[tuple[str, object]]:
    for attribute, value in list(vars(module).items()):
        if attribute.startswith("__"):
            continue
        if isinstance(value, type):
            if value.__module__ == name:
                yield from (
                    (f"{attribute}.{member}", _plain(inner, package, frozenset()))
                    for member, inner in list(vars(value).items())
                    if not member.startswith("__")
                )
        else:
            yield attribute, _plain(value, package, frozenset())


def _plain(value: Any, package: str, around: frozenset[int]) -> object:
    """A copy that a later call leaves as it is; ``None`` for what is not looked into."""
    if isinstance(value, _PLAIN):
        return value
    if id(value) in around:
        return None
    around |= {id(value)}
    if isinstance(value, Mapping):
        return {key: _plain(inner, package, around) for key, inner in list(value.items())}
    if isinstance(value, list | tuple | deque):
        return [_plain(inner, package, around) for inner in list(value)]
    if isinstance(value, set | frozenset):
        return frozenset(value)
    if isinstance(value, bytearray):
        return bytes(value)
    return _plain_of_object(value.__func__ if isinstance(value, _WRAPPERS) else value, package, around)


def _plain_of_object(value: Any, package: str, around: frozenset[int]) -> object:
    if not _is_of(package, value):
        return None
    if isinstance(value, FunctionType):
        return _plain(_kept_beside(value), package, around)
    if hasattr(value, "cache_info"):
        return value.cache_info().currsize
    if isinstance(value, type):
        return _plain(
            {name: kept for name, kept in vars(value).items() if not name.startswith("__")}, package, around
        )
    return _plain(getattr(value, "__dict__", {}), package, around)


def _is_of(package: str, value: object) -> bool:
    """Whether a plugin's own code made a function, or the class of an object."""
    named = getattr(value, "__module__", None)
    return isinstance(named, str) and f"{named}.".startswith(f"{package}.")


def _kept_beside(function: FunctionType) -> list[object]:
    kept: list[object] = [function.__defaults__, function.__kwdefaults__, vars(function)]
    for cell in function.__closure__ or ():
        try:
            kept.append(cell.cell_contents)
        except ValueError:
            continue  # it is empty as yet
    return kept
