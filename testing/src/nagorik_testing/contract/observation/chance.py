"""The sources of chance, turned to one end for one package alone: what it leaves to chance comes out otherwise."""

import os
import random
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from typing import Any, Final
from unittest.mock import patch

from nagorik_testing.contract.observation.state import is_within, own_modules

Draw = Callable[..., Any]


class Chance(Enum):
    """What every draw comes to."""

    LOWEST = 0
    HIGHEST = 1


_LIBRARIES: Final = frozenset({"random", "secrets", "uuid"})
"""Modules whose code draws for their caller."""
_SOURCES: Final[tuple[tuple[Any, str, Draw], ...]] = (
    (random, "random", lambda end: end * (1 - 2**-53)),
    (random.Random, "random", lambda end, _: end * (1 - 2**-53)),
    (random, "getrandbits", lambda end, number: end * (2**number - 1)),
    (random.Random, "getrandbits", lambda end, _, number: end * (2**number - 1)),
    (random.Random, "_randbelow", lambda end, _, number: end * (number - 1)),
    (random.SystemRandom, "_randbelow", lambda end, _, number: end * (number - 1)),
    (random, "_urandom", lambda end, number: bytes([255 * end]) * number),
    (os, "urandom", lambda end, number: bytes([255 * end]) * number),
    (uuid, "uuid1", lambda end, *_, **__: uuid.UUID(int=end * (2**128 - 1), version=4)),
)
"""What all draws of the standard library rest on, and what it comes to at the end 0 or 1."""


@contextmanager
def turned_to(chance: Chance, package: str) -> Iterator[None]:
    """Have every draw of a package's own code come to one end; all others are as ever.

    Args:
        chance: The end.
        package: The package's name.
    """
    turned: dict[int, Draw] = {}
    modules = own_modules(package).values()
    with ExitStack() as replaced:
        for holder, name, draw in _SOURCES:
            genuine = getattr(holder, name)
            turned[id(genuine)] = drawn = _for_package(package, chance.value, genuine, draw)
            replaced.enter_context(patch.object(holder, name, drawn))
        # What was imported by its name is held by the module itself.
        for module in modules:
            for name, value in list(vars(module).items()):
                if id(value) in turned:
                    replaced.enter_context(patch.object(module, name, turned[id(value)]))
        yield


def _is_own(name: str, package: str) -> bool:
    return is_within(name, package) and ".simulator" not in name


def _for_package(package: str, end: int, genuine: Draw, draw: Draw) -> Draw:
    def drawn(*given: Any, **named: Any) -> Any:
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_globals.get("__name__") in _LIBRARIES:
            frame = frame.f_back
        if _is_own(str(frame.f_globals.get("__name__", "")), package):
            return draw(end, *given, **named)
        return genuine(*given, **named)

    return drawn
