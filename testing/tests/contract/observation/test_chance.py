"""The draws of one package come to an end of their range, and everybody else's are as ever."""

import random
import sys
import types
import uuid

import pytest

from nagorik_testing.contract.observation.chance import Chance, turned_to

PACKAGE = "drawing_plugin"
SOURCE = """
import os, random, secrets, uuid
from random import choice
from uuid import uuid4

OWN = random.Random(7)

def draws():
    return {
        "random": random.random(), "own": OWN.randint(3, 9), "choice": choice("abc"),
        "sample": random.sample([1, 2], 1),
        "hex": secrets.token_hex(2), "bytes": os.urandom(2), "uuid": uuid4(), "below": secrets.randbelow(5),
        "range": random.randrange(2, 9, 3), "choices": OWN.choices([1, 2], k=2), "qualified": uuid.uuid4(),
    }
"""
LOWEST = {
    "random": 0.0,
    "own": 3,
    "choice": "a",
    "sample": [1],
    "hex": "0000",
    "bytes": b"\0\0",
    "uuid": uuid.UUID(int=0, version=4),
    "below": 0,
    "range": 2,
    "choices": [1, 1],
    "qualified": uuid.UUID(int=0, version=4),
}
HIGHEST = {
    "own": 9,
    "choice": "c",
    "sample": [2],
    "hex": "ffff",
    "bytes": b"\xff\xff",
    "uuid": uuid.UUID(int=2**128 - 1, version=4),
    "below": 4,
    "range": 8,
    "choices": [2, 2],
}


@pytest.fixture
def drawing(monkeypatch):
    module = types.ModuleType(PACKAGE)
    monkeypatch.setitem(sys.modules, PACKAGE, module)
    exec(SOURCE, module.__dict__)  # noqa: S102 - a plugin's module, of this file's own source
    return module


def test_draws_of_the_package_come_to_the_end_that_is_asked_for(drawing):
    with turned_to(Chance.LOWEST, PACKAGE):
        assert drawing.draws() == LOWEST
    with turned_to(Chance.HIGHEST, PACKAGE):
        highest = drawing.draws()
    assert {name: highest[name] for name in HIGHEST} == HIGHEST
    assert 0.999 < highest["random"] < 1


def test_draws_of_everybody_else_are_as_ever(drawing):
    with turned_to(Chance.LOWEST, PACKAGE):
        assert len({uuid.uuid4() for _ in range(3)}) == 3
        assert len({random.random() for _ in range(3)}) == 3  # noqa: S311 - no secret
        assert random.Random(5).randint(1, 10**9) == random.Random(5).randint(1, 10**9)  # noqa: S311


def test_everything_is_as_it_was_afterwards(drawing):
    before = {name: vars(module).copy() for name, module in (("random", random), ("uuid", uuid))}
    methods = dict(vars(random.Random))
    own = drawing.choice
    with pytest.raises(ZeroDivisionError), turned_to(Chance.HIGHEST, PACKAGE):
        raise ZeroDivisionError
    assert {name: vars(module) for name, module in (("random", random), ("uuid", uuid))} == before
    assert dict(vars(random.Random)) == methods
    assert drawing.choice is own
