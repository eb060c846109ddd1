"""Functions of Python's own that are others for a while: those that end a process, and the one that sleeps."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

from nagorik_testing.contract.observation.state import own_modules

_ENDINGS: Final = ((sys, "exit"), (os, "_exit"), (os, "abort"), (signal, "raise_signal"))


@contextmanager
def exits(package: str) -> Iterator[list[object]]:
    """What a plugin's code asked of the functions that end a process, none of which ends it meanwhile."""
    asked: list[object] = []

    def refuse(status: object = None, /) -> None:
        asked.append(status)
        raise SystemExit

    def refuse_oneself(usual: Callable[[int, int], None], own: Iterable[int]) -> Callable[[int, int], None]:
        def kill(number: int, given: int, /) -> None:
            if number in own and given:
                refuse(given)
            usual(number, given)

        return kill

    instead: dict[tuple[ModuleType, str], Callable[..., Any]] = dict.fromkeys(_ENDINGS, refuse)
    group = os.getpgrp()
    instead[os, "kill"] = refuse_oneself(os.kill, (os.getpid(), 0, -1, -group))
    instead[os, "killpg"] = refuse_oneself(os.killpg, (group, 0))
    with _standing_in(instead, package):
        yield asked


@contextmanager
def real_sleeps(package: str) -> Iterator[list[float]]:
    """The seconds that a plugin's own code sleeps by the machine's clock; meanwhile it does not."""
    slept: list[float] = []
    usual = asyncio.sleep

    async def sleep(delay: float, result: object = None) -> object:
        return await usual(delay, result)

    def noted(delay: float, result: object = None) -> Any:
        # Whoever calls is known here alone, and not once it is awaited.
        caller = str(sys._getframe(1).f_globals.get("__name__"))
        if f"{caller}.".startswith(f"{package}."):
            slept.append(delay)
            delay = 0
        return sleep(delay, result)

    with _standing_in({(asyncio, "sleep"): noted}, package):
        yield slept


@contextmanager
def _standing_in(instead: Mapping[tuple[ModuleType, str], Callable[..., Any]], package: str) -> Iterator[None]:
    """With other functions in the place of some, wherever a plugin's module has one of them by name."""
    modules = own_modules(package).values()
    put: list[tuple[ModuleType, str, object]] = []
    for (owner, name), stand_in in instead.items():
        usual = getattr(owner, name)
        held = [(module, at) for module in modules for at, value in vars(module).items() if value is usual]
        put += [(module, at, usual) for module, at in ((owner, name), *held)]
        for module, at in ((owner, name), *held):
            setattr(module, at, stand_in)
    try:
        yield
    finally:
        for module, at, usual in put:
            setattr(module, at, usual)
