"""What a plugin's classes hold, and what of it a call changes."""

import sys
from types import ModuleType
from typing import Any, ClassVar

import pytest

from nagorik.http import WireModel
from nagorik_testing.contract.checks.kept_state import changed, state_of

PACKAGE = "kept_state_example"


@pytest.fixture
def holder(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A class of a plugin that names a class of its own for its answers."""

    class Answer(WireModel):
        seen: ClassVar[list[str]] = []
        word: str

    class Holder:
        answer = Answer

    Answer.__module__ = Holder.__module__ = PACKAGE
    module = ModuleType(PACKAGE)
    module.__dict__["Holder"] = Holder
    monkeypatch.setitem(sys.modules, PACKAGE, module)
    return Holder


def test_a_model_that_is_completed_at_its_first_use_keeps_nothing(holder: Any) -> None:
    before = state_of(PACKAGE)
    holder.answer.model_validate({"word": "x"})
    assert changed(before, state_of(PACKAGE)) == []


def test_what_such_a_class_keeps_of_a_call_is_found(holder: Any) -> None:
    before = state_of(PACKAGE)
    holder.answer.seen.append("x")
    assert changed(before, state_of(PACKAGE)) == [f"{PACKAGE}.Holder.answer"]
