"""Whatever a module holds a value by, it is found; what belongs to others is not entered."""

import functools
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from nagorik_testing.contract.observation.state import Needles

NAME = "plugin_of_nobody"
NUMBER = "19853312345678901"
NEEDLES = Needles([NUMBER])


def made(**attributes: Any) -> dict[str, ModuleType]:
    module = ModuleType(NAME)
    for value in attributes.values():
        if isinstance(value, type) or hasattr(value, "__wrapped__") or callable(value):
            value.__module__ = NAME
    vars(module).update(attributes)
    return {NAME: module}


def answering() -> Callable[..., str]:
    def answer(of: str = "") -> str:
        return of

    return answer


def with_attribute() -> Callable[..., str]:
    answer = answering()
    answer.last = NUMBER  # type: ignore[attr-defined]
    return answer


def with_default() -> Callable[..., str]:
    answer = answering()
    answer.__defaults__ = (NUMBER,)
    return answer


def with_closure() -> Callable[[], list[str]]:
    kept = [NUMBER]

    def answer() -> list[str]:
        return kept

    return answer


def with_cache() -> Any:
    cached = functools.lru_cache(answering())
    cached(NUMBER)
    return cached


def of_thread() -> threading.local:
    held = threading.local()
    held.last = NUMBER
    return held


class Slotted:
    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last = NUMBER


HELD: dict[str, Callable[[], Any]] = {
    "a list": lambda: [NUMBER],
    "a key": lambda: {NUMBER: 1},
    "a deque in a dictionary": lambda: {"last": deque([NUMBER])},
    "a frozen set": lambda: frozenset({NUMBER}),
    "a longer text": lambda: f"asked about {NUMBER}",
    "bytes": NUMBER.encode,
    "a number": lambda: int(NUMBER),
    "an attribute of a class": lambda: type("Hooks", (), {"last": NUMBER}),
    "an attribute of an object": lambda: SimpleNamespace(last=NUMBER),
    "an object with slots": Slotted,
    "an attribute of a function": with_attribute,
    "a default": with_default,
    "a closure": with_closure,
    "a cache": with_cache,
    "a partial function": lambda: functools.partial(answering(), NUMBER),
    "a variable of the context": lambda: ContextVar("last", default=[NUMBER]),  # noqa: B039 - what this is about
    "a thread's own": of_thread,
}


@pytest.mark.parametrize("kind", HELD)
def test_what_is_held_is_found_by_its_name(kind: str) -> None:
    found = NEEDLES.retained(made(HOLDER=HELD[kind](), OTHER=["19853312345678902"]))
    assert {name.removeprefix(f"{NAME}.").partition(".")[0] for name in found} == {"HOLDER"}


def test_what_others_hold_is_theirs() -> None:
    logger = logging.Logger("of-nobody")
    logger.last = NUMBER  # type: ignore[attr-defined]
    foreign = type("Foreign", (), {"last": NUMBER, "__module__": "somebody"})
    module = ModuleType("somebody")
    module.last = NUMBER  # type: ignore[attr-defined]
    holder = ModuleType(NAME)
    vars(holder).update(log=logger, Foreign=foreign, module=module, table=["19853312345678902", 42, True])
    assert NEEDLES.retained({NAME: holder}) == []


def test_cache_of_a_library_is_the_librarys_and_one_made_of_its_function_is_not() -> None:
    urlsplit(f"https://agency.example/{NUMBER}")
    parse = functools.lru_cache(quote)
    parse(NUMBER)
    holder = ModuleType(NAME)
    vars(holder).update(urlsplit=urlsplit, parse=parse)
    try:
        assert NEEDLES.retained({NAME: holder}) == [f"{NAME}.parse"]
    finally:
        urlsplit.cache_clear()


def with_note() -> BaseException:
    error = ValueError("of nobody")
    error.add_note(f"asked about {NUMBER}")
    return error


def with_hidden_context() -> BaseException:
    error = ValueError("of nobody")
    error.__context__, error.__suppress_context__ = KeyError(NUMBER), True
    return error


CARRIED = {
    "an argument": lambda: ValueError(NUMBER),
    "a note": with_note,
    "a context that is not shown": with_hidden_context,
    "a part": lambda: ExceptionGroup("parts", [ValueError(("asked", [NUMBER]))]),
}


@pytest.mark.parametrize("kind", CARRIED)
def test_what_an_exception_carries_is_found(kind: str) -> None:
    assert NEEDLES.reached_from(CARRIED[kind]())


def test_exception_that_carries_another_number_is_let_be() -> None:
    assert not NEEDLES.reached_from(ValueError("19853312345678902"))


def test_object_whose_attributes_raise_is_looked_into() -> None:
    class Sly:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    sly = Sly()
    vars(sly)["last"] = NUMBER
    holder = ModuleType(NAME)
    vars(holder).update(sly=sly)
    assert NEEDLES.retained({NAME: holder}) == [f"{NAME}.sly"]
