"""The days that the agency's answers name, and the world turned to them: a verdict turns when the agency's does."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from nagorik import Accepted, NagorikError, Operation, Rejected, SubmissionResult
from nagorik.manifest import AnyOffer
from nagorik.operations import Idempotency
from nagorik.values import dhaka_date, dhaka_zone, to_ascii_digits
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import example_form, leaves, written
from nagorik_testing.contract.preparations import submit_application
from nagorik_testing.contract.rig import Rig, another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.wiretap import Wiretap

ONE_DAY: Final = timedelta(days=1)
MOST_DAYS: Final = 3
"""Days of one answer to which the world is turned."""
_DAY: Final = re.compile(
    r"(?<![0-9])(?:(?P<y>20[0-9]{2})[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})"
    r"|(?P<d2>[0-9]{1,2})[-/.](?P<m2>[0-9]{1,2})[-/.](?P<y2>20[0-9]{2}))(?![0-9])"
)
"""A day as agencies write them, the month in the middle."""


class _AnsweredOn(NamedTuple):
    """What was answered on a day, and what became of it."""

    said: tuple[tuple[str, str], ...]
    """What the agency answers, by place; what is another each time is left out."""
    end: object
    """What a citizen is told, without its sentences."""


@check("submit/turns-with-the-agency")
async def _turns_with_the_agency(subject: Subject, offer: AnyOffer) -> list[str]:
    if Operation.ELIGIBILITY not in offer.operations and offer.writes.get(Operation.SUBMIT) is not Idempotency.SAFE:
        raise NotConcerned("no verdict follows from an answer of the agency's")
    wrong, turned = list[str](), 0
    for operation in _questions(offer):
        for day in await _days_named(subject, offer, operation):
            around = [await _on(subject, offer, operation, day + step * ONE_DAY) for step in (-1, 0, 1)]
            says = [one.said == other.said for one, other in pairwise(around)]
            turned += says.count(False) == 1
            for (before, after), same, which in zip(pairwise(around), says, ("has begun", "is over"), strict=True):
                if same and says.count(False) == 1 and before.end != after.end:
                    wrong.append(
                        f"{operation.value}: with the same answer of the agency another thing is told once a day "
                        f"that it names {which}"
                    )
    if not turned:
        raise NotConcerned("no answer of the agency's turns on a day that it names")
    return list(dict.fromkeys(wrong))


def _questions(offer: AnyOffer) -> Iterator[Operation]:
    if Operation.ELIGIBILITY in offer.operations:
        yield Operation.ELIGIBILITY
    if offer.writes.get(Operation.SUBMIT) is Idempotency.SAFE:
        yield Operation.SUBMIT


async def _days_named(subject: Subject, offer: AnyOffer, operation: Operation) -> list[date]:
    """Days to come in what the agency answers to the example."""
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        today = dhaka_date(rig.clock.now())
        await _ask(rig, operation)
        texts = [text for exchange in tap.since() for _, text in _places(rig, exchange.answer)]
    days = (day for text in texts for day in _days_in(text) if day > today + ONE_DAY)
    return list(dict.fromkeys(days))[:MOST_DAYS]


async def _on(subject: Subject, offer: AnyOffer, operation: Operation, day: date) -> _AnsweredOn:
    """Asked twice at noon of a day."""
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        _ = rig.simulator  # a live agency's time cannot be turned
        example_form(rig)
        rig.clock.set(datetime.combine(day, time(12), dhaka_zone()).astimezone(UTC))
        end = await _ask(rig, operation)
        first = _texts(rig, tap, 0)
        rig.references = another_application(rig.references)
        before = len(tap.exchanges)
        await _ask(rig, operation)
        again = _texts(rig, tap, before)
    return _AnsweredOn(tuple(sorted(first.items() & again.items())), end)


def _texts(rig: Rig, tap: Wiretap, since: int) -> Mapping[str, str]:
    """What all answers say, by request and place."""
    said: dict[str, str] = {}
    for exchange in tap.since(since):
        said[f"{exchange.operation} status"] = str(exchange.status)
        said.update((f"{exchange.operation} {place}", text) for place, text in _places(rig, exchange.answer))
    return said


def _places(rig: Rig, answer: bytes) -> list[tuple[str, str]]:
    """The texts of an answer, and the numbers and truths where it can be read; none of a file."""
    answers, found = rig.simulator.codec.answers, list[tuple[str, str]]()
    with suppress(ValueError):
        found += answers.places(answer)
        found += [(written(place), str(value)) for place, value in leaves(answers.read(answer, ""))]
    return found


def _days_in(text: str) -> Iterator[date]:
    for found in _DAY.finditer(to_ascii_digits(text)):
        year, month, day = (int(found[name] or found[f"{name}2"]) for name in ("y", "m", "d"))
        try:
            yield date(year, month, day)
        except ValueError:
            continue  # a number that looks like a day


async def _ask(rig: Rig, operation: Operation) -> object:
    try:
        if operation is Operation.ELIGIBILITY:
            applicant, form = rig.draft.applicant, rig.draft.form
            decision = await rig.platform.check_eligibility(rig.offer, applicant, form=form)
            return tuple((criterion.id, criterion.verdict) for criterion in decision.criteria)
        return _told(await submit_application(rig))
    except NagorikError as error:
        return error.code


def _told(result: SubmissionResult) -> object:
    if isinstance(result, Accepted):
        return result.status.state, tuple(each.kind for each in result.status.deliverables)
    return result.reason_code if isinstance(result, Rejected) else type(result)
