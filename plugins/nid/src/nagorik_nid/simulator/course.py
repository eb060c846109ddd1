"""The course of an application at the Commission: a ladder climbed by time, script and officers [X]."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter

from nagorik_nid.simulator.fee_counter import FeeQuote
from nagorik_testing import Scenario

OUTCOMES: Final = ("approve", "reject", "correction", "appearance", "stall")
"""What can be scripted. ``stall`` leaves an application in review for ever."""
DECIDED: Final = frozenset({"APPROVED", "REJECTED", "READY_TO_DOWNLOAD", "PRINTED", "HANDED_OVER", "WITHDRAWN"})
"""Statuses that a withdrawal comes too late for."""

_QUESTIONS: Final = {"correction": "ADDITIONAL_DOCS", "appearance": "HEARING"}


class Entry(NamedTuple):
    """One status, entered."""

    status: str
    at: datetime
    remarks: str


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that the Commission was told of."""

    reference: str
    arrives_at: datetime
    """When the Commission has it as its own fact."""


@dataclass(slots=True)
class Application:
    """One application."""

    id: str
    kind: str
    holder: str
    """Who holds the NID number; empty for a new voter."""
    alias: str | None
    """The applicant's name in scripts, for a synthetic citizen."""
    birth_date: str
    """YYYY-MM-DD."""
    delivery: str
    collection: str
    client_reference: str | None
    created_at: datetime
    quote: FeeQuote
    scenario: Callable[[], Scenario]
    """What was scripted, at the moment of asking."""
    history: list[Entry] = field(default_factory=list)
    due: tuple[str, datetime] | None = None
    """The status that it enters by itself, and when."""
    payment: Payment | None = None
    asked: int = 0
    """How often the Commission has asked something of the applicant."""
    answer: str | None = None
    """Digest of the last answer to such a question."""

    @property
    def status(self) -> str:
        """The status entered last."""
        return self.history[-1].status

    def enter(self, status: str, at: datetime, remarks: str | None = None) -> None:
        """Enter a status, and schedule what follows by itself."""
        given = self.scenario().values.get("remarks") if remarks is None and status in _remarks() else remarks
        self.history.append(Entry(status, at, _remarks().get(status, "") if given is None else given))
        if status in _QUESTIONS.values():
            self.asked += 1
        self._schedule()

    def settle(self, now: datetime) -> None:
        """Enter every status that has fallen due by ``now``, each at its own time."""
        while self.due is not None and self.due[1] <= now:
            status, at = self.due
            self.enter(status, at)

    def pay(self, payment: Payment, now: datetime) -> None:
        """Note a payment; it opens the application when it arrives."""
        self.payment = payment
        if self.status == "DRAFT":
            self.due = ("PAID", max(payment.arrives_at, now))
            self.settle(now)

    def _schedule(self) -> None:
        following = self._following(self.history[-1].status)
        self.due = None if following is None else (following[0], self.history[-1].at + following[1])

    def _following(self, status: str) -> tuple[str, timedelta] | None:
        match status:
            case "DRAFT":
                return None if self.quote.total.poisha else ("SUBMITTED", self.length("filing"))
            case "PAID":
                return "SUBMITTED", self.length("filing")
            case "SUBMITTED":
                return "DOCUMENT_REVIEW", self.length("intake")
            case "DOCUMENT_REVIEW":
                return self._decision()
            case "HEARING":
                # Held by an officer, unless the script says after how long.
                return ("APPROVED", self.length("hearing")) if "hearing" in self.scenario().durations else None
            case "APPROVED":
                if self.collection == "OFFICE":
                    return "PRINTED", self.length("printing")
                return "READY_TO_DOWNLOAD", self.length("production")
            case "PRINTED":
                return "HANDED_OVER", self.length("handover")
            case _:
                return None

    def _decision(self) -> tuple[str, timedelta] | None:
        outcome = self.scenario().outcome
        if outcome == "stall":
            return None
        if outcome in _QUESTIONS and not self.asked:
            return _QUESTIONS[outcome], self.length("question")
        return "REJECTED" if outcome == "reject" else "APPROVED", self.length("review")

    def length(self, stage: str) -> timedelta:
        """How long a stage takes: as scripted, else by ``course.toml``."""
        scripted = self.scenario().durations.get(stage)
        return default_length(stage, self.delivery) if scripted is None else scripted


def default_length(stage: str, delivery: str = "REGULAR") -> timedelta:
    """How long a stage takes where nothing is scripted."""
    given = _course()["durations"][stage]
    return TypeAdapter(timedelta).validate_python(given[delivery] if isinstance(given, dict) else given)


def status_in_bangla(status: str) -> str:
    """The Commission's word for a status."""
    word: str = _course()["statuses"][status]
    return word


def _remarks() -> dict[str, str]:
    remarks: dict[str, str] = _course()["remarks"]
    return remarks


@cache
def _course() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("course.toml").read_text("utf-8"))
