"""What a process holds: its settings, the libraries that all share, and what a plugin's modules keep of a call.

Two pictures are compared. Of a setting, its value counts; of a library and of the plugin's modules, which object each
name stands for. For values of the citizen all is looked at that can be reached from the plugin's modules: globals,
attributes of classes and functions, closures, ``lru_cache``, what a thread keeps for itself. Modules, classes and
functions of others are not entered.
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
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MappingProxyType, ModuleType
from typing import Any, Final

LIBRARIES: Final = frozenset(
    {"nagorik", "nagorik_toolkit", "nagorik_platform", "httpx", "httpcore", "pydantic", "pydantic_settings", "pluggy"}
)
"""Packages that a plugin shares with the platform and with other plugins."""
STANDARD: Final = frozenset(
    {
        "asyncio",
        "builtins",
        "contextlib",
        "datetime",
        "decimal",
        "functools",
        "hashlib",
        "hmac",
        "json",
        "logging",
        "os",
        "pathlib",
        "random",
        "secrets",
        "socket",
        "ssl",
        "time",
        "uuid",
        "zoneinfo",
    }
)
"""Modules of the standard library whose functions and classes are compared as well."""


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _decimal(context: decimal.Context) -> object:
    members = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
    return *(getattr(context, name) for name in members), tuple(sorted(map(str, context.traps.items())))


def _loggers() -> dict[str, object]:
    # A logger that is made is no change; one that is turned up, or given a handler of its own, is.
    return {
        name: (logger.level, tuple(map(id, logger.handlers)), logger.propagate, logger.disabled)
        for name, logger in list(logging.root.manager.loggerDict.items())
        if isinstance(logger, logging.Logger)
        and (logger.level or logger.handlers or not logger.propagate or logger.disabled)
    }


_OF_LOOP: Final[frozenset[str]] = frozenset(
    {"_default_executor", "_asyncgens_shutdown_called", "_executor_shutdown_called"}
)
"""Attributes that a loop gives itself."""
_SIGNALS: Final = tuple(signal.valid_signals())

_SETTINGS: Final[Mapping[str, Callable[[], object]]] = MappingProxyType(
    {
        "the time zone": lambda: (os.environ.get("TZ"), time.tzname, time.timezone),
        "the locale": lambda: locale.setlocale(locale.LC_ALL),
        "the decimal context": lambda: (_decimal(decimal.getcontext()), _decimal(decimal.DefaultContext)),
        "the warnings filters": lambda: tuple(map(str, warnings.filters)),
        "how warnings are shown": lambda: warnings.showwarning,
        "the root logger": lambda: (logging.root.level, tuple(map(id, logging.root.handlers)), logging.root.disabled),
        "other loggers": _loggers,
        "what logging disables": lambda: (logging.root.manager.disable, logging.getLoggerClass()),
        "the environment": lambda: dict(vars(os.environ)["_data"]),
        "the working folder": os.getcwd,
        "the rights of new files": _umask,
        "the recursion limit": sys.getrecursionlimit,
        "the time limit of sockets": socket.getdefaulttimeout,
        "the garbage collector": lambda: (gc.isenabled(), gc.get_threshold()),
        "where modules are looked for": lambda: (tuple(sys.path), tuple(map(id, sys.meta_path))),
        "the standard streams": lambda: (sys.stdin, sys.stdout, sys.stderr),
        "the hooks for lost exceptions": lambda: (sys.excepthook, sys.unraisablehook, threading.excepthook),
        "the handlers of signals": lambda: tuple(map(signal.getsignal, _SIGNALS)),
        "how the loop tells of errors": lambda: asyncio.get_running_loop().get_exception_handler(),
        "the loop's own attributes": lambda: frozenset(vars(asyncio.get_running_loop())) - _OF_LOOP,
        "the source of random numbers": lambda: type(random.random.__self__),  # type: ignore[attr-defined]
    }
)


def settings() -> dict[str, object]:
    """The settings as they are; to be called within a running event loop."""
    return {name: read() for name, read in _SETTINGS.items()}


def changed_settings(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The names of the settings that differ."""
    return [name for name, value in after.items() if before[name] != value]


Picture = dict[tuple[str, str], object]


def library_picture() -> Picture:
    """What each name of the libraries' modules and classes stands for."""
    picture: Picture = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in LIBRARIES | STANDARD:
            picture.update(_of_module(name, module))
    return picture


def patched(before: Picture, after: Picture, own: Callable[[str], bool]) -> list[str]:
    """What stands for something else than before; and what was added to a module or a class that was there.

    Of what was added, that counts which is of a module for which ``own`` holds, or of a type of Python's own.
    """
    known = {holder for holder, _ in before}
    wrong = []
    for place, value in after.items():
        if place in before:
            if not _same(before[place], value):
                wrong.append(".".join(place))
        elif place[0] in known and (own(_origin(value)) or _origin(value) == "builtins"):
            wrong.append(".".join(place))
    return sorted(wrong)


def _of_module(name: str, module: ModuleType) -> Iterator[tuple[tuple[str, str], object]]:
    for attribute, value in list(vars(module).items()):
        if not _told(attribute) or isinstance(value, ModuleType):
            continue
        yield (name, attribute), _identity(value)
        if isinstance(value, type) and value.__module__ == name:
            for inner, member in list(vars(value).items()):
                if _told(inner) or inner in {"__init__", "__new__", "__call__", "__getattr__", "__getattribute__"}:
                    yield (f"{name}.{attribute}", inner), _identity(member)


def _told(attribute: str) -> bool:
    return not (attribute.startswith("__") or attribute == "_abc_impl")


def _identity(value: Any) -> object:
    """What makes up a value, where anybody could exchange it: of a function also its code."""
    if isinstance(value, FunctionType):
        return value, value.__code__, value.__defaults__, value.__kwdefaults__
    if isinstance(value, staticmethod | classmethod) and isinstance(value.__func__, FunctionType):
        return value, value.__func__.__code__, value.__func__.__defaults__
    # State that a library keeps for itself changes by its nature.
    return value if callable(value) or isinstance(value, property | tuple | frozenset | MappingProxyType) else None


def _same(before: object, after: object) -> bool:
    return before is after or (type(before) is type(after) and type(after) in {tuple, frozenset} and before == after)


def defined_in(value: object) -> str:
    """The module in which a value, or else its class, is defined; asks none of its own code."""
    if isinstance(value, FunctionType | type):
        return value.__module__ or ""
    found = inspect.getattr_static(value, "__module__", None)
    return found if isinstance(found, str) else type(value).__module__


def _origin(value: object) -> str:
    return defined_in(value[0] if type(value) is tuple and value else value)


# What a plugin's modules keep

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
