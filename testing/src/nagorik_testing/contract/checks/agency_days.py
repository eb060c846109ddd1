"""The days that the agency's answers name, and the world turned to them: a verdict turns when the agency's does."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple

from nagorik import Accepted, NagorikError, Operation, Rejected
from nagorik.manifest import AnyOffer
from nagorik.operations import Idempotency
from nagorik.values import dhaka_date, to_ascii_digits
from nagorik_testing.contract.checks.answers.variations import DAY
from nagorik_testing.contract.checks.asked_prices import in_dhaka
from nagorik_testing.contract.checks.asked_verdicts import decide, the_example
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import example_form, leaves, written
from nagorik_testing.contract.checks.prices import NOON
from nagorik_testing.contract.preparations import submit_application
from nagorik_testing.contract.rig import Rig, another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.simulator.clock import START

MOST_DAYS: Final = 3
"""Days of one answer to which the world is turned."""
_DAY: Final = re.compile(
    r"(?<![0-9])(?:(?P<y>20[0-9]{2})[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})"
    r"|(?P<d2>[0-9]{1,2})[-/.](?P<m2>[0-9]{1,2})[-/.](?P<y2>20[0-9]{2}))(?![0-9])"
)
"""A day as agencies write them, the month in the middle."""


class _AskedDay(NamedTuple):
    said: frozenset[tuple[str, str]]
    """What the agency answers, by place; what is another each time is left out."""
    end: object
    """The result, without its sentences."""


@check("submit/turns-with-the-agency")
async def _turns_with_the_agency(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong, turned = list[str](), 0
    for operation in _questions(offer):
        today = await _ask_on(subject, offer, operation)
        days = {day for _, text in sorted(today.said) for day in _days_in(text) if day > dhaka_date(START) + DAY}
        for day in sorted(days)[:MOST_DAYS]:
            around = [await _ask_on(subject, offer, operation, day + step * DAY) for step in (-1, 0, 1)]
            turns = [one.said != other.said for one, other in pairwise(around)]
            turned += sum(turns) == 1
            for (before, after), turn, which in zip(pairwise(around), turns, ("has begun", "is over"), strict=True):
                if sum(turns) == 1 and not turn and before.end != after.end:
                    another = "with the same answer of the agency another thing is told once a day that it names"
                    wrong.append(f"{operation}: {another} {which}")
    if not turned:
        raise NotConcerned("no answer of the agency's turns on a day that it names")
    return wrong


def _questions(offer: AnyOffer) -> Iterator[Operation]:
    if Operation.ELIGIBILITY in offer.operations:
        yield Operation.ELIGIBILITY
    if offer.writes.get(Operation.SUBMIT) is Idempotency.SAFE:
        yield Operation.SUBMIT


async def _ask_on(subject: Subject, offer: AnyOffer, operation: Operation, day: date | None = None) -> _AskedDay:
    """Ask twice, at noon of a day or as soon as the rig is open."""
    tap, said, ends = Wiretap(), list[set[tuple[str, str]]](), list[object]()
    async with open_rig(tap.on(subject), offer.id) as rig:
        answers = rig.simulator.codec.answers  # a live agency's time cannot be turned
        example_form(rig)
        rig.clock.set(rig.clock.now() if day is None else in_dhaka(day, NOON))
        for _ in range(2):
            before = len(tap.exchanges)
            ends.append(await _end_of(rig, operation))
            rig.references = another_application(rig.references)
            said.append(set())
            for one in tap.since(before):
                places = [("status", str(one.status))]
                with suppress(ValueError):  # it is a file
                    places += answers.places(one.answer)
                    places += [(written(at), str(value)) for at, value in leaves(answers.read(one.answer, ""))]
                said[-1] |= {(f"{one.operation} {place}", text) for place, text in places}
    return _AskedDay(frozenset(said[0] & said[1]), ends[0])


def _days_in(text: str) -> Iterator[date]:
    for found in _DAY.finditer(to_ascii_digits(text)):
        with suppress(ValueError):  # a number that looks like a day
            yield date(*(int(found[name] or found[f"{name}2"]) for name in ("y", "m", "d")))


async def _end_of(rig: Rig, operation: Operation) -> object:
    try:
        if operation is Operation.ELIGIBILITY:
            return [(one.id, one.verdict) for one in (await decide(rig, the_example(rig))).criteria]
        result = await submit_application(rig)
    except NagorikError as error:
        return error.code
    if isinstance(result, Accepted):
        return result.status.state, [each.kind for each in result.status.deliverables]
    return result.reason_code if isinstance(result, Rejected) else type(result)
