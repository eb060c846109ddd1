"""What a citizen is told of where the application stands."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from nagorik import AgencyStatus, ApplicationState, Found, NagorikError, Operation, PluginFault
from nagorik.manifest import AnyOffer, PublicService
from nagorik_platform import References
from nagorik_platform.lifecycle import route_to_reported_state
from nagorik_testing.contract.checks.answers.variations import resembling
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import (
    UNHEARD_OF,
    overheard,
    replaced_word,
    requests_made,
    texts_told,
    words_of,
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


@dataclass(frozen=True, slots=True)
class _Course:
    """What was told of one application from its filing to its end.

    Attributes:
        outcome: What the simulated agency decided.
        reports: In order, looked for often enough that none is missed.
        withdrawal: What is wrong with the answer to a wish to withdraw it at its end, or the error in which that
            ended; nothing where it cannot be withdrawn.
    """

    outcome: str
    reports: Sequence[AgencyStatus]
    withdrawal: Sequence[str] | NagorikError


async def _courses(subject: Subject, offer: AnyOffer) -> list[_Course]:
    return [await _course(subject, offer, outcome) for outcome in subject.simulator.outcomes]


async def _course(subject: Subject, offer: AnyOffer, outcome: str) -> _Course:
    async with open_rig(subject, offer.id) as rig:
        reports = [status async for status in course_of(rig, offer, outcome)]
        withdrawal: Sequence[str] | NagorikError = ()
        if Operation.WITHDRAW in offer.operations:
            try:
                withdrawal = await _withdrawn(rig, "after the agency's decision")
            except NagorikError as error:
                withdrawal = error
    return _Course(outcome, reports, withdrawal)


@check("status/F18-forwards")
async def _forwards(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong = []
    for course in await subject.once(_courses, offer):
        known = ApplicationState.SUBMITTED
        for status in course.reports:
            if status.state is None:
                wrong.append(f"outcome {course.outcome}: a word of the agency is not known after {known.value}")
                continue
            if route_to_reported_state(known, status.state) is None:
                wrong.append(f"outcome {course.outcome}: {known.value} is followed by {status.state.value}")
            known = status.state
    return wrong


@check("status/reasons")
async def _explained(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    for course in await subject.once(_courses, offer):
        for status in course.reports:
            if status.reason is not None:
                wrong += wrong_scripts(f"the reason of {course.outcome}", status.reason)
            elif status.state in _EXPLAINED:
                wrong.append(f"outcome {course.outcome}: {status.state} without a reason")
    return wrong


@check("status/deliverables")
async def _deliverables(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    reports = [status for course in await subject.once(_courses, offer) for status in course.reports]
    issued = {deliverable.kind for status in reports for deliverable in status.deliverables}
    strange = sorted(issued - set(offer.deliverables))
    return [f"{kind} is issued and not among the deliverables" for kind in strange]


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


@check("status/unknown-word")
async def _unknown_word(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(overheard(subject), offer.id) as rig:
        await file_application(rig)
        usual = await rig.platform.get_status(rig.draft, rig.references)
        places, words = list(words_of(rig, usual.raw)), texts_told(rig)
        made = requests_made(rig)
        if not places or not made:
            raise NotConcerned("its raw word repeats no text of the agency's answer, so the word cannot be replaced")
        decisive: set[str] = set()
        for word in (UNHEARD_OF, f"NOT {usual.raw}"):
            met: dict[str, AgencyStatus] = {}
            for place in places:
                rig.simulator.faults.add(made[-1], replaced_word(place, word))
                try:
                    met[place] = await rig.platform.get_status(rig.draft, rig.references)
                except NagorikError as error:
                    return [f"a word that nobody knows ends in {error.code}"]
            if any(status.state is None and word in status.raw for status in met.values()):
                decisive = {place for place, status in met.items() if status.state is None}
                continue
            if any(status.state is None for status in met.values()):
                return ["a word that nobody knows is not kept in raw"]
            states = sorted({status.state.value for status in met.values() if status.state is not None})
            return [f"a word that nobody knows is taken for {', '.join(states)}"]
        for place, word in ((one, word) for one in sorted(decisive) for word in resembling(words[one])):
            rig.simulator.faults.add(made[-1], replaced_word(place, word))
            try:
                status = await rig.platform.get_status(rig.draft, rig.references)
            except NagorikError:
                continue
            if status.state is not None and status.state is usual.state:
                return [f"a word that only resembles a known one is taken for {status.state.value}"]
    return []


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


@check("status/raw-and-dated")
async def _raw_and_dated(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    async with open_rig(subject, offer.id) as rig:
        where = "filing"
        async for status in _reports_of(rig, offer):
            wrong += _not_raw_or_dated(rig, status, where)
            if Operation.FIND in offer.operations and (where == "filing" or status.final):
                answer = await rig.platform.find_submission(rig.draft, rig.references, sent_at=rig.sent_at)
                wrong += _not_raw_or_dated(rig, answer.status, "find") if isinstance(answer, Found) else []
            where = "status"
    return list(dict.fromkeys(wrong))


async def _reports_of(rig: Rig, offer: AnyOffer) -> AsyncGenerator[AgencyStatus]:
    """What is reported of an application to its end; of a live agency's, at its beginning alone."""
    if rig.live is None:
        async for status in course_of(rig, offer, rig.simulator.outcomes[0], stride=COARSE):
            yield status
        return
    yield (await file_application(rig)).status
    yield await rig.platform.get_status(rig.draft, rig.references)


def _not_raw_or_dated(rig: Rig, report: AgencyStatus, where: str) -> list[str]:
    wrong = [] if report.raw.strip() else [f"the agency's word after {where} is empty"]
    ahead = report.at is not None and report.at > rig.clock.now()
    return [*wrong, f"the state after {where} is dated in the future"] if ahead else wrong
