"""The sources of chance, turned to their ends for one package alone: what it leaves to chance comes out otherwise."""

import os
import random
import secrets
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from enum import Enum
from functools import wraps
from types import MappingProxyType, ModuleType
from typing import Any, Final
from unittest.mock import patch


class Chance(Enum):
    """What every draw comes to."""

    LOWEST = 0
    HIGHEST = 1


_ALMOST_ONE: Final = 1 - 2**-53
_BITS_OF_UUID: Final = 128
_BYTES: Final = 32
"""Of a token whose length is not given."""

Draw = Callable[..., Any]


def _end(values: Sequence[Any], chance: Chance) -> Any:
    return values[0 if chance is Chance.LOWEST else -1]


def _between(chance: Chance, least: Any, most: Any) -> Any:
    return least if chance is Chance.LOWEST else most


def _range(chance: Chance, start: int, stop: int | None = None, step: int = 1) -> int:
    return int(_end(range(start) if stop is None else range(start, stop, step), chance))


def _choices(chance: Chance, values: Sequence[Any], *_: Any, k: int = 1, **__: Any) -> list[Any]:
    return [_end(values, chance)] * k


def _sample(chance: Chance, values: Sequence[Any], k: int, **_: Any) -> list[Any]:
    return list(values)[:k] if chance is Chance.LOWEST else list(values)[::-1][:k]


def _shuffle(chance: Chance, values: Any) -> None:
    if chance is Chance.HIGHEST:
        values.reverse()


def _bits(chance: Chance, number: int) -> int:
    return int(_between(chance, 0, 2**number - 1))


def _bytes(chance: Chance, number: int | None = None) -> bytes:
    return bytes([_between(chance, 0, 255)]) * (_BYTES if number is None else number)


def _uuid(chance: Chance, *_: Any, **__: Any) -> uuid.UUID:
    return uuid.UUID(int=_bits(chance, _BITS_OF_UUID), version=4)


_OF_RANDOM: Final[Mapping[str, Draw]] = MappingProxyType(
    {
        "random": lambda chance: _between(chance, 0.0, _ALMOST_ONE),
        "uniform": _between,
        "randint": _between,
        "randrange": _range,
        "choice": lambda chance, values: _end(values, chance),
        "choices": _choices,
        "sample": _sample,
        "shuffle": _shuffle,
        "getrandbits": _bits,
        "randbytes": _bytes,
    }
)
_DRAWS: Final[tuple[tuple[ModuleType, Mapping[str, Draw]], ...]] = (
    (random, _OF_RANDOM),
    (
        secrets,
        {
            "choice": lambda chance, values: _end(values, chance),
            "randbelow": lambda chance, number: _between(chance, 0, number - 1),
            "randbits": _bits,
            "token_bytes": _bytes,
            "token_hex": lambda chance, number=None: _bytes(chance, number).hex(),
            "token_urlsafe": lambda chance, number=None: _bytes(chance, number).hex(),
        },
    ),
    (uuid, {"uuid1": _uuid, "uuid4": _uuid}),
    (os, {"urandom": _bytes}),
)


@contextmanager
def turned_to(chance: Chance, package: str) -> Iterator[None]:
    """Every draw that a package's own code makes comes to one end; everybody else's is as ever.

    Args:
        chance: The end.
        package: The package's name.
    """
    turned: dict[int, Draw] = {}
    with ExitStack() as replaced:

        def put(holder: Any, name: str, value: object) -> None:
            replaced.enter_context(patch.object(holder, name, value))

        for module, draws in _DRAWS:
            for name, draw in draws.items():
                genuine = getattr(module, name)
                turned[id(genuine)] = _for_package(package, chance, genuine, draw, drops=0)
                put(module, name, turned[id(genuine)])
        for name, draw in _OF_RANDOM.items():
            # A generator of the package's own, with any seed.
            put(random.Random, name, _for_package(package, chance, getattr(random.Random, name), draw, drops=1))
        # What was imported by its name is held by the module itself.
        for other, module in list(sys.modules.items()):
            if other.startswith(package) and _is_within(other, package) and module is not None:
                for name, value in list(vars(module).items()):
                    if id(value) in turned:
                        put(module, name, turned[id(value)])
        yield


def _is_within(name: str, package: str) -> bool:
    inside = name == package or name.startswith(f"{package}.")
    return inside and ".simulator" not in name


def _for_package(package: str, chance: Chance, genuine: Draw, draw: Draw, *, drops: int) -> Draw:
    @wraps(genuine)
    def drawn(*given: Any, **named: Any) -> Any:
        asking = str(sys._getframe(1).f_globals.get("__name__", ""))
        if _is_within(asking, package):
            return draw(chance, *given[drops:], **named)
        return genuine(*given, **named)

    return drawn
