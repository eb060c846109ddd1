"""What a process holds: its settings, the libraries that all share, and what of a citizen a plugin's modules keep.

Two snapshots are compared. Of a setting, its value counts; of a library, which object each name stands for. For
values of the citizen, all is searched that can be reached from the plugin's modules: globals, attributes of classes
and functions, closures, ``lru_cache``, what a thread keeps for itself. What belongs to others is not entered.
"""

import asyncio
import decimal
import functools
import gc
import inspect
import locale
import logging
import os
import random
import re
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MappingProxyType, ModuleType
from typing import Any, Final

SHARED: Final = re.compile(
    r"(?:nagorik|nagorik_toolkit|nagorik_platform|httpx|httpcore|pydantic|pydantic_settings|pluggy|asyncio|builtins"
    r"|contextlib|datetime|decimal|functools|hashlib|hmac|json|logging|os|pathlib|random|secrets|socket|ssl|time|uuid"
    r"|zoneinfo)(?:\.|$)"
)
"""Names of the modules that a plugin shares with the platform and with other plugins."""

Snapshot = Mapping[str, object]

# Settings


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _decimal(context: decimal.Context) -> object:
    members = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
    return *(getattr(context, name) for name in members), tuple(sorted(map(str, context.traps.items())))


def _loggers() -> dict[str, object]:
    # A logger that is made is no change; one that is turned up, or given a handler of its own, is.
    found = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    state = {one.name: (one.level, list(one.handlers), one.propagate, one.disabled) for one in found}
    return {name: of for name, of in state.items() if of != (logging.NOTSET, [], True, False)}


_OF_LOOP: Final = frozenset({"_default_executor", "_asyncgens_shutdown_called", "_executor_shutdown_called"})
"""Attributes that a loop gives itself."""
_SIGNALS: Final = tuple(signal.valid_signals())
_SETTINGS: Final[Mapping[str, Callable[[], object]]] = MappingProxyType(
    {
        "the time zone": lambda: (os.environ.get("TZ"), time.tzname, time.timezone),
        "the locale": lambda: locale.setlocale(locale.LC_ALL),
        "the decimal context": lambda: (_decimal(decimal.getcontext()), _decimal(decimal.DefaultContext)),
        "the warnings filters": lambda: tuple(map(str, warnings.filters)),
        "how warnings are shown": lambda: warnings.showwarning,
        "the root logger": lambda: (logging.root.level, list(logging.root.handlers), logging.root.disabled),
        "other loggers": _loggers,
        "what logging disables": lambda: (logging.root.manager.disable, logging.getLoggerClass()),
        "the environment": lambda: dict(vars(os.environ)["_data"]),
        "the working folder": os.getcwd,
        "the rights of new files": _umask,
        "the recursion limit": sys.getrecursionlimit,
        "the time limit of sockets": socket.getdefaulttimeout,
        "the garbage collector": lambda: (gc.isenabled(), gc.get_threshold()),
        "where modules are looked for": lambda: (list(sys.path), list(sys.meta_path)),
        "the standard streams": lambda: (sys.stdin, sys.stdout, sys.stderr),
        "the hooks for lost exceptions": lambda: (sys.excepthook, sys.unraisablehook, threading.excepthook),
        "the handlers of signals": lambda: tuple(map(signal.getsignal, _SIGNALS)),
        "how the loop reports errors": lambda: asyncio.get_running_loop().get_exception_handler(),
        "the loop's own attributes": lambda: frozenset(vars(asyncio.get_running_loop())) - _OF_LOOP,
        "the source of random numbers": lambda: type(random.random.__self__),  # type: ignore[attr-defined]
    }
)


def settings() -> Snapshot:
    """Return the settings as they are; call it within a running event loop."""
    return {name: read() for name, read in _SETTINGS.items()}


# Libraries


def libraries() -> Snapshot:
    """Return what each name of the shared modules and of their classes stands for."""
    shared = [(name, module) for name, module in list(sys.modules.items()) if SHARED.match(name)]
    return {name: _identity(value) for of, module in shared for name, value in _members_of(of, module)}


def patched(before: Snapshot, after: Snapshot, package: str) -> list[str]:
    """Return the names that stand for something else than before, or were added to a module or a class.

    A library may add what is its own. What comes of ``package``, or is of a type of Python's own, is an addition.
    """
    known = {name.rpartition(".")[0] for name in before}
    changed = (name for name in before.keys() & after.keys() if not _is_same(before[name], after[name]))
    added = (name for name in after.keys() - before.keys() if name.rpartition(".")[0] in known)
    foreign = (name for name in added if _home(after[name]) == "builtins" or is_within(_home(after[name]), package))
    return sorted([*changed, *foreign])


def _members_of(name: str, module: ModuleType) -> Iterator[tuple[str, object]]:
    for attribute, value in _visible(vars(module)):
        if not isinstance(value, ModuleType):
            yield f"{name}.{attribute}", value
            if isinstance(value, type) and value.__module__ == name:
                special = {"__init__", "__new__", "__call__", "__getattr__", "__getattribute__"}
                yield from (
                    (f"{name}.{attribute}.{inner}", member) for inner, member in _visible(vars(value), special)
                )


def _visible(held: Mapping[str, object], special: Iterable[str] = ()) -> list[tuple[str, Any]]:
    pairs = list(held.items())
    return [one for one in pairs if one[0] in special or not (one[0].startswith("__") or one[0] == "_abc_impl")]


def _identity(value: Any) -> object:
    """What makes up a value, where anybody could exchange it: of a function also its code."""
    function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
    if isinstance(function, FunctionType):
        return value, function.__code__, function.__defaults__, function.__kwdefaults__
    # State that a library keeps for itself changes by its nature.
    return value if callable(value) or isinstance(value, property | tuple | frozenset | MappingProxyType) else None


def _is_same(before: object, after: object) -> bool:
    return before is after or (type(before) is type(after) and type(after) in {tuple, frozenset} and before == after)


def is_within(module: str, package: str) -> bool:
    """Return whether a module is the package, or lies in it."""
    return f"{module}.".startswith(f"{package}.")


def _home(value: object) -> str:
    """The module in which a value, or else its class, is defined; runs no code of its own."""
    one = value[0] if type(value) is tuple and value else value
    found = (
        one.__module__ if isinstance(one, FunctionType | type) else inspect.getattr_static(one, "__module__", None)
    )
    return found if isinstance(found, str) else type(one).__module__


# What a plugin's modules keep


def own_modules(package: str) -> dict[str, ModuleType]:
    """Return the modules of a plugin that are loaded, without those of its simulator."""
    found = {name: module for name, module in list(sys.modules.items()) if is_within(name, package)}
    return {name: found[name] for name in sorted(found) if ".simulator" not in name and found[name] is not None}


MOST_OBJECTS: Final = 1_000_000
"""Objects that are searched; a plugin's tables are far fewer."""
_SHORTEST_NUMBER: Final = 8
_CLOSED: Final = (ModuleType, logging.Logger, logging.Handler, BuiltinFunctionType, threading.Thread)
"""Objects through which everything of the process can be reached."""


class Needles:
    """Values that nothing may hold. They are kept reversed, so that the search does not find itself."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """Search for these."""
        self._reversed = set[str]()
        self.add(values)

    def add(self, values: Iterable[str]) -> None:
        """Search for these too."""
        self._reversed.update(value[::-1] for value in values if value)

    def found_in(self, value: object) -> bool:
        """Return whether a text, bytes or a number of eight digits or more is or contains one."""
        if isinstance(value, bytes | bytearray):
            value = bytes(value).decode("utf-8", "replace")
        if isinstance(value, bool) or not isinstance(value, str | int):
            return False
        text = str(value)[::-1] if isinstance(value, str) or value >= 10**_SHORTEST_NUMBER else ""
        return any(needle in text for needle in self._reversed)

    def retained(self, modules: Mapping[str, ModuleType]) -> list[str]:
        """Return the names, from a module on, under which one can be reached."""
        held = list[tuple[str, Any]]()
        for of, module in modules.items():
            for attribute, value in _visible(vars(module)):
                held.append((name := f"{of}.{attribute}", value))
                if _home(value) in modules and not isinstance(value, ModuleType):
                    held += [(f"{name}.{inner}", member) for inner, member in _visible(_dict_of(value))]
        return sorted(self._holders(held, modules))

    def reached_from(self, value: object) -> bool:
        """Return whether one can be reached from an object.

        From an exception, its arguments, members and notes are searched, and those of its causes, contexts and parts.
        """
        held, waiting, seen = list[tuple[str, object]](), [value], set[int]()
        while waiting:
            one = waiting.pop()
            if not isinstance(one, BaseException):
                held.append(("", one))
            elif id(one) not in seen:
                seen.add(id(one))
                held += [("", one.args), ("", vars(one))]
                waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
        return bool(self._holders(held, {}))

    def _holders(self, held: Iterable[tuple[str, Any]], modules: Mapping[str, ModuleType]) -> set[str]:
        found, seen, waiting = set[str](), set[int](), list(held)
        while waiting and len(seen) < MOST_OBJECTS:
            name, value = waiting.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            if self.found_in(value):
                found.add(name)
            elif not isinstance(value, str | bytes | int):
                waiting += [(name, inner) for inner in _inside(value, modules) if id(inner) not in seen]
        return found


def _dict_of(value: object) -> Mapping[str, object]:
    try:
        return vars(value)
    except TypeError:  # it has slots alone, or nothing
        return {}


def _inside(value: Any, modules: Mapping[str, ModuleType]) -> list[Any]:
    if isinstance(value, _CLOSED):
        return []
    if isinstance(value, (functools._lru_cache_wrapper, FunctionType, type)) and (of := _home(value)) not in modules:
        # A cached function is its library's where the plugin has imported it, and the plugin's where it has made it.
        is_cache = isinstance(value, functools._lru_cache_wrapper)
        if not is_cache or vars(sys.modules.get(of, object)).get(getattr(value, "__name__", "")) is value:
            return []
    if isinstance(value, type):
        return [member for _, member in _visible(vars(value))]
    if isinstance(value, FunctionType):
        cells = (inner for cell in value.__closure__ or () for inner in gc.get_referents(cell))
        return [*cells, value.__defaults__, value.__kwdefaults__, *vars(value).values()]
    if isinstance(value, threading.local):
        return [value.__dict__]
    # Of a dictionary whose keys are texts, the collector looks at the values alone.
    return [*(dict.keys(value) if isinstance(value, dict) else ()), *gc.get_referents(value)]
