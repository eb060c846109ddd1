"""Values that may come out nowhere, and the watch for them around one test."""

import random
import re
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import unquote_plus

import pytest

from nagorik.bangladesh import match_key
from nagorik.errors import NagorikError
from nagorik_testing.citizens import SyntheticCitizen, SyntheticCitizens
from nagorik_testing.contract.watch import Heard, listening

SERIAL: Final = 2718
WITHHELD: Final = "(withheld: it holds a canary)"

_OF_ONE_PHASE: Final = frozenset({"an exception", "the report"})
"""Places that each phase of a test has anew; the others keep what an earlier phase was failed for."""
_BETWEEN_DIGITS: Final = re.compile(r"(?<=[0-9])[\s\u2010-\u2013.()-]+(?=[0-9])")


class CanaryEscaped(AssertionError):
    """A canary came out; the text says of what kind and where, never which."""


@dataclass(frozen=True, slots=True, repr=False)
class Canaries:
    """A synthetic citizen and a token, to be put into the code under test.

    Attributes:
        citizen: Whose numbers and names are watched.
        token: A credential to be watched: give it to a setting that is a secret.
    """

    citizen: SyntheticCitizen
    token: str

    @classmethod
    def seeded(cls, seed: int = 0) -> Self:
        """The canaries of a seed, the same in every run."""
        chance = random.Random(f"canary:{seed}")  # noqa: S311 - reproducible on purpose
        return cls(SyntheticCitizens(seed).citizen(SERIAL), f"nagorik-canary-{chance.getrandbits(96):024x}")

    @property
    def kinds(self) -> Mapping[str, tuple[str, ...]]:
        """What is watched for, by the name of its kind, in the form that ``found_in`` compares."""
        citizen = self.citizen
        names = (citizen.name, citizen.father, citizen.mother)
        told = {
            "NID number": (citizen.smart_nid.value, citizen.legacy_nid.value, citizen.full_nid.value),
            "birth registration number": (citizen.birth_registration.value,),
            "phone number": (citizen.phone.local.removeprefix("0"),),
            "name": tuple(part for name in names for part in (name.en, name.bn) if part),
            "token": (self.token,),
        }
        return {kind: tuple(map(_key, values)) for kind, values in told.items()}

    def found_in(self, text: str) -> tuple[str, ...]:
        """The kinds of canary that a text holds, in either script's digits, any case, grouped or URL-encoded."""
        forms = {_key(text), _key(unquote_plus(text))}
        return tuple(
            kind for kind, values in self.kinds.items() if any(value in form for value in values for form in forms)
        )

    def absent_from(self, thing: object) -> None:
        """Look into a text, an exception with its causes, or the representation of anything else.

        Raises:
            CanaryEscaped: It holds a canary.
        """
        if found := self.found_in(_shown(thing)):
            what = "a text" if isinstance(thing, str) else type(thing).__name__
            raise CanaryEscaped(f"a canary came out in {what}: {', '.join(found)}")

    def __repr__(self) -> str:
        return "<Canaries>"


class CanaryWatch:
    """Watches what one test lets out."""

    def __init__(self, canaries: Canaries, heard: Heard) -> None:
        self._canaries = canaries
        self._heard = heard
        self._warned: list[str] = []
        self._told: set[str] = set()

    @classmethod
    @contextmanager
    def open(cls, canaries: Canaries) -> Iterator[Self]:
        """Listen to every logger at every level, and to warnings, until the block ends."""
        show = warnings.showwarning
        with listening() as heard:
            watch = cls(canaries, heard)

            def note(message: Warning | str, *more: Any, **named: Any) -> None:
                watch._warned.append(str(message))
                show(UserWarning(WITHHELD) if canaries.found_in(str(message)) else message, *more, **named)

            warnings.showwarning = note
            try:
                yield watch
            finally:
                warnings.showwarning = show

    def judge(self, report: pytest.TestReport, error: BaseException | None) -> None:
        """Fail a report on a phase of the test in which a canary came out, and take it out of the report."""
        places = {
            "a log line": self._heard.text,
            "a warning": "\n".join(self._warned),
            "an exception": "" if error is None else _shown(error),
            "the report": report.longreprtext,
            **{f"the section {name}": content for name, content in report.sections},
        }
        escaped = {place: found for place, text in places.items() if (found := self._canaries.found_in(text))}
        report.sections = [
            (name, WITHHELD if f"the section {name}" in escaped else content) for name, content in report.sections
        ]
        lines = [
            f"a canary came out in {place}: {', '.join(kinds)}"
            for place, kinds in escaped.items()
            if place not in self._told
        ]
        self._told.update(escaped.keys() - _OF_ONE_PHASE)
        if lines:
            was = [] if error is None else [f"the test itself ended with {type(error).__name__}"]
            report.outcome = "failed"
            report.longrepr = "\n".join((*lines, *was))
            vars(report).pop("wasxfail", None)


def _shown(thing: object) -> str:
    if isinstance(thing, str):
        return thing
    if not isinstance(thing, BaseException):
        return repr(thing)
    problem = str(thing.to_problem()) if isinstance(thing, NagorikError) else ""
    return "\n".join((repr(thing), problem, *traceback.format_exception(thing)))


def _key(text: str) -> str:
    """One form for all ways of writing: folded case, ASCII digits, nothing between digits."""
    return _BETWEEN_DIGITS.sub("", match_key(text))
