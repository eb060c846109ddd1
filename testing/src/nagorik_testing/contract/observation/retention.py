"""What a plugin's modules still hold when a call is over: values of the citizen, and names that each call binds anew.

Everything that can be reached from the modules is looked at: globals, attributes of classes and functions, closures,
``lru_cache``, what a thread keeps for itself. Modules, classes and functions of others are not entered.
"""

import functools
import gc
import logging
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Final

from nagorik_testing.contract.observation.process_state import defined_in

MOST_OBJECTS: Final = 1_000_000
"""Objects that are looked at; a plugin's tables are far fewer."""
_SHORTEST_NUMBER: Final = 8
_CLOSED: Final = (ModuleType, logging.Logger, logging.Handler, BuiltinFunctionType, threading.Thread)
"""Objects through which everything of the process can be reached."""


def modules_of(package: str) -> dict[str, ModuleType]:
    """The modules of a package that are loaded."""
    found = {
        name: module
        for name, module in list(sys.modules.items())
        if (name == package or name.startswith(f"{package}.")) and isinstance(module, ModuleType)
    }
    return dict(sorted(found.items()))


class Needles:
    """Values that nothing may hold.

    They are kept turned round, so that what looks for them is not found itself.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._turned = tuple(value[::-1] for value in values if value)

    def found_in(self, value: object) -> bool:
        """Whether a text, bytes or a number is or holds one."""
        if isinstance(value, bytes | bytearray):
            text = bytes(value).decode("utf-8", "replace")
        elif (isinstance(value, int) and not isinstance(value, bool) and value >= 10**_SHORTEST_NUMBER) or isinstance(
            value, str
        ):
            text = str(value)
        else:
            return False
        turned = text[::-1]
        return any(needle in turned for needle in self._turned)


def retained(modules: Mapping[str, ModuleType], needles: Needles) -> list[str]:
    """The names, from a module on, under which one of the needles can be reached."""
    return sorted(_holders(_names(modules), modules, needles))


def holds(value: object, needles: Needles) -> bool:
    """Whether one of the needles can be reached from an object."""
    return bool(_holders([("", value)], {}, needles))


def carries(error: BaseException, needles: Needles) -> bool:
    """Whether an exception, or one of its causes, contexts and parts, holds a needle: in a member or in a note."""
    members: list[tuple[str, Any]] = []
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        members += [("", value) for value in (one.args, vars(one))]
        parts = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        waiting += [other for other in (one.__cause__, one.__context__, *parts) if other is not None]
    return bool(_holders(members, {}, needles))


def _holders(held: Iterable[tuple[str, Any]], modules: Mapping[str, ModuleType], needles: Needles) -> dict[str, None]:
    """The names of what is held under which a needle can be reached."""
    found: dict[str, None] = {}
    seen: set[int] = set()
    waiting = list(held)
    while waiting and len(seen) < MOST_OBJECTS:
        name, value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, str | bytes | bytearray | int):
            if needles.found_in(value):
                found[name] = None
            continue
        waiting += [(name, inner) for inner in _inside(value, modules) if id(inner) not in seen]
    return found


def bindings(modules: Mapping[str, ModuleType]) -> dict[str, object]:
    """What each name of the modules, of their classes and functions, and of the objects that they hold stands for."""
    return {name: value for name, value in _names(modules) if not isinstance(value, FunctionType | type | ModuleType)}


def rebound(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The names that stand for another value than before, or that were not there."""
    return sorted(name for name, value in after.items() if name not in before or not _is_same(before[name], value))


def _is_same(before: object, after: object) -> bool:
    return before is after or (type(before) is type(after) and type(before) in {int, str, float} and before == after)


def _names(modules: Mapping[str, ModuleType]) -> Iterator[tuple[str, Any]]:
    for module_name, module in modules.items():
        for attribute, value in list(vars(module).items()):
            if attribute.startswith("__"):
                continue
            name = f"{module_name}.{attribute}"
            yield name, value
            if defined_in(value) in modules and not isinstance(value, ModuleType):
                yield from _members(name, value)


def _members(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    try:
        members = list(vars(value).items())
    except TypeError:  # it has slots alone, or nothing
        return
    for attribute, member in members:
        if not attribute.startswith("__") and attribute != "_abc_impl":
            yield f"{name}.{attribute}", member


def _is_librarys_cache(value: object, modules: Mapping[str, ModuleType]) -> bool:
    """Whether a value is a cached function of another module, such as ``urlsplit``, which the plugin has imported.

    One that the plugin has made of another's function is its own.
    """
    if not isinstance(value, functools._lru_cache_wrapper):
        return False
    home, name = defined_in(value), getattr(value, "__name__", "")
    return home not in modules and vars(sys.modules.get(home, object)).get(name) is value


def _inside(value: Any, modules: Mapping[str, ModuleType]) -> list[Any]:
    if isinstance(value, _CLOSED) or _is_librarys_cache(value, modules):
        return []
    if isinstance(value, type):
        return [member for _, member in _members("", value)] if value.__module__ in modules else []
    if isinstance(value, FunctionType):
        if value.__module__ not in modules:
            return []
        return [
            *(inner for cell in value.__closure__ or () for inner in gc.get_referents(cell)),
            value.__defaults__,
            value.__kwdefaults__,
            *vars(value).values(),
        ]
    if isinstance(value, threading.local):
        return [value.__dict__]
    # Of a dictionary whose keys are texts, the collector looks at the values alone.
    keys = list(dict.keys(value)) if isinstance(value, dict) else []
    return [*keys, *gc.get_referents(value)]
