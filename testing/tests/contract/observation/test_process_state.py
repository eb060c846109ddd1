"""What is replaced in a library is told, and what a library does by itself is not."""

import functools

import httpx
import pytest

from nagorik.values import Money
from nagorik_testing.contract.observation.state import libraries, patched


def replaced() -> None:
    """Stands for a plugin's function."""


@pytest.fixture
def before():
    return libraries()


def told(before) -> list[str]:
    return patched(before, libraries(), __name__)


def test_function_of_a_module_is_told(before, monkeypatch):
    monkeypatch.setattr(httpx, "get", functools.partial(httpx.get))
    assert told(before) == ["httpx.get"]


def test_method_of_a_class_is_told(before, monkeypatch):
    monkeypatch.setattr(Money, "plain", replaced)
    assert told(before) == ["nagorik.values.money.Money.plain"]


def test_code_of_a_function_is_told(before, monkeypatch):
    monkeypatch.setattr(Money.plain, "__code__", replaced.__code__)
    assert told(before) == ["nagorik.values.money.Money.plain"]


def test_default_of_a_function_is_told(before, monkeypatch):
    monkeypatch.setattr(Money.plain, "__defaults__", ("taka",))
    assert told(before) == ["nagorik.values.money.Money.plain"]


@pytest.mark.parametrize("value", [replaced, [], True], ids=["a function", "a list", "a flag"])
def test_what_is_added_to_a_class_is_told(before, monkeypatch, value):
    monkeypatch.setattr(Money, "kept", value, raising=False)
    assert told(before) == ["nagorik.values.money.Money.kept"]


def test_what_a_library_takes_in_of_its_own_is_not_told(before, monkeypatch):
    monkeypatch.setattr(httpx, "Address", httpx.URL, raising=False)
    monkeypatch.setattr(httpx, "decimal", functools, raising=False)
    assert told(before) == []
