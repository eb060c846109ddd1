"""What one process has once: its settings, and the functions and classes of the libraries that all share.

Two pictures are compared. Of a setting, its value counts; of a library, which object each name stands for.
"""

import asyncio
import decimal
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
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MappingProxyType, ModuleType
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
