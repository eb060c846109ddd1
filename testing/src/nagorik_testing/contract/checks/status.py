"""What a citizen is told of where the application stands."""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from nagorik import AgencyStatus, ApplicationState, Found, NagorikError, Operation, PluginFault
from nagorik.manifest import AnyOffer, PublicService
from nagorik_platform import References
from nagorik_platform.lifecycle import route_to_reported_state
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.inspection import (
    wrong_scripts,
)
from nagorik_testing.contract.preparations import file_application, pay_fee
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_toolkit.fees.tariff import FIRST_STAGE

FIRST_STRIDE: Final = timedelta(minutes=15)
COARSE: Final = timedelta(hours=12)
"""First stride where only the ends of an application matter."""
GROWTH: Final = 1.6
LONGEST_STRIDE: Final = timedelta(days=3)
WATCHED: Final = timedelta(days=60)
"""Simulated time for which one application is watched."""

_EXPLAINED: Final = frozenset({ApplicationState.REJECTED, ApplicationState.CORRECTION_REQUESTED})


class _Report(NamedTuple):
    """One report of an application: at which call, and whether it is dated in the future."""

    where: str
    status: AgencyStatus
    ahead: bool

    @classmethod
    def at(cls, rig: Rig, where: str, status: AgencyStatus) -> "_Report":
        """A report that is made now."""
        return cls(where, status, status.at is not None and status.at > rig.clock.now())


class _Course(NamedTuple):
    """What was reported of one application from its filing to its end.

    Attributes:
        outcome: What the simulated agency decided; empty where it is live.
        reports: In order, looked for often enough that none is missed.
        found: Reports of look-ups.
        withdrawal: What is wrong with the answer to a wish to withdraw it at its end, or the error in which that
            ended; nothing where it cannot be withdrawn.
    """

    outcome: str
    reports: list[_Report]
    found: list[_Report]
    withdrawal: Sequence[str] | NagorikError = ()


async def _courses(subject: Subject, offer: AnyOffer) -> list[_Course]:
    if subject.live is None:
        return [await _course(subject, offer, outcome) for outcome in subject.simulator.outcomes]
    async with open_rig(subject, offer.id) as rig:
        filed = _Report.at(rig, "filing", (await file_application(rig)).status)
        status = await rig.platform.get_status(rig.draft, rig.references)
        return [_Course("", [filed, _Report.at(rig, "status", status)], await _found(rig, offer))]


async def _course(subject: Subject, offer: AnyOffer, outcome: str) -> _Course:
    async with open_rig(subject, offer.id) as rig:
        course = _Course(outcome, [], [])
        async for status in course_of(rig, offer, outcome):
            course.reports.append(_Report.at(rig, "status" if course.reports else "filing", status))
            if outcome == subject.simulator.outcomes[0] and (len(course.reports) == 1 or status.final):
                course.found.extend(await _found(rig, offer))
        if Operation.WITHDRAW not in offer.operations:
            return course
        try:
            return course._replace(withdrawal=await _withdrawn(rig, "after the agency's decision"))
        except NagorikError as error:
            return course._replace(withdrawal=error)


async def _found(rig: Rig, offer: AnyOffer) -> list[_Report]:
    if Operation.FIND not in offer.operations:
        return []
    answer = await rig.platform.find_submission(rig.draft, rig.references, sent_at=rig.sent_at)
    return [_Report.at(rig, "find", answer.status)] if isinstance(answer, Found) else []


@check("status/F18-forwards")
async def _forwards(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong = []
    for course in await subject.once(_courses, offer):
        known = ApplicationState.SUBMITTED
        for _, status, _ in course.reports:
            if status.state is None:
                wrong.append(f"outcome {course.outcome}: a word of the agency is not known after {known.value}")
            elif route_to_reported_state(known, status.state) is None:
                wrong.append(f"outcome {course.outcome}: {known.value} is followed by {status.state.value}")
            known = status.state or known
    return wrong


@check("status/reports")
async def _reported(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    wrong: list[str] = []
    for course in await subject.once(_courses, offer):
        for where, status, ahead in (*course.reports, *course.found):
            issued = {each.kind for each in status.deliverables} - set(offer.deliverables)
            wrong += [f"{kind} is issued and not among the deliverables" for kind in sorted(issued)]
            if status.reason is not None:
                wrong += wrong_scripts(f"the reason of {course.outcome}", status.reason)
            elif status.state in _EXPLAINED:
                wrong.append(f"outcome {course.outcome}: {status.state} without a reason")
            if not status.raw.strip():
                wrong.append(f"the agency's word after {where} is empty")
            if ahead:
                wrong.append(f"the state after {where} is dated in the future")
    return wrong


@check("withdraw/as-held")
async def _withdrawn_as_held(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    async with open_rig(subject, offer.id) as rig:
        _ = rig.simulator  # nothing is withdrawn at a live agency
        await file_application(rig)
        wrong += await _withdrawn(rig, "at once")
    for course in await subject.once(_courses, offer):
        if isinstance(course.withdrawal, NagorikError):
            raise course.withdrawal
        wrong += course.withdrawal
    return list(dict.fromkeys(wrong))


async def _withdrawn(rig: Rig, when: str) -> list[str]:
    """What is wrong with the answer to a wish to withdraw, by what the agency says when it is asked afterwards."""
    try:
        answer = await rig.platform.withdraw(rig.draft, rig.references)
    except PluginFault:
        return [f"a withdrawal {when} ends in a fault of the plugin"]
    except NagorikError:
        return []
    status = await rig.platform.get_status(rig.draft, rig.references)
    held = status.state is ApplicationState.WITHDRAWN
    wrong = []
    if answer.withdrawn and not held:
        wrong.append(f"an application is said to be withdrawn {when}, and the agency goes on with it")
    if held and not answer.withdrawn:
        wrong.append(f"an application that is withdrawn {when} is said not to be")
    if answer.status.state is not status.state:
        wrong.append(f"a withdrawal {when} reports another state than the agency tells when it is asked")
    return wrong


async def course_of(
    rig: Rig, offer: AnyOffer, outcome: str, *, stride: timedelta = FIRST_STRIDE
) -> AsyncGenerator[AgencyStatus]:
    """Each report of one application, from its filing to its end, with every duty of the citizen done at once."""
    rig.simulator.script.set(rig.references.client_reference, outcome)
    accepted = await file_application(rig)
    yield accepted.status
    began, answered = rig.clock.now(), False
    due = FIRST_STAGE if Operation.ADVISE_PAYMENT in offer.writes else None
    while rig.clock.now() - began < WATCHED:
        if due is not None and await pay_fee(rig, due):
            due = None
        status = await rig.platform.get_status(rig.draft, rig.references)
        yield status
        if status.final:
            return
        if due is None and Operation.ADVISE_PAYMENT in offer.writes:
            due = status.fee_due
        if status.state is ApplicationState.CORRECTION_REQUESTED and not answered:
            answered = True
            if Operation.ANSWER_CORRECTION in offer.writes:
                yield await rig.platform.answer_correction(rig.draft, rig.references, about="1")
        rig.advance(stride)
        stride = min(stride * GROWTH, LONGEST_STRIDE)


@check("status/unknown-reference")
async def _unknown_reference(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        filed = await file_application(rig)
        strange = References(
            client_reference=rig.references.client_reference,
            idempotency_key=rig.references.idempotency_key,
            agency_reference=f"{filed.reference}0"[::-1],
        )
        try:
            status = await rig.platform.get_status(rig.draft, strange)
        except PluginFault:
            return ["a reference that the agency does not know ends in a fault of the plugin"]
        except NagorikError:
            return []
    return [] if status.state is None else [f"a reference that the agency does not know is {status.state.value}"]
