"""What a message of the agency's says, whatever the state: it is told as a question would tell it."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from nagorik import AgencyStatus, CallbackReport, CallbackRequest, NagorikError, PluginFault
from nagorik.manifest import AnyOffer
from nagorik.values import dhaka_date, dhaka_time
from nagorik_testing.contract.checks.answers.variations import instant_of
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.inspection import books_of, case_of, leaves
from nagorik_testing.contract.checks.status import COARSE, course_of
from nagorik_testing.contract.preparations import file_application
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.simulator.base import ExampleMessage

REMARK: Final = "মন্তব্য ৭৭"
"""What an officer writes in a test."""
_MINUTE: Final = timedelta(minutes=1)
_A_WHILE: Final = 7 * _MINUTE


@check("callback/as-asked")
async def _as_asked(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    looked_at = set[str]()
    async with open_rig(subject, offer.id) as rig:
        async for seen in _every_report(rig, offer, subject.simulator.outcomes[0]):
            if seen.raw in looked_at:
                continue
            looked_at.add(seen.raw)
            message = rig.callback_message()
            request = CallbackRequest(service=rig.offer, headers=dict(message.headers), body=message.body)
            # What a message is about may have come about since the last question.
            status = await rig.platform.get_status(rig.draft, rig.references)
            try:
                report = await rig.platform.parse_callback(request)
            except PluginFault:
                return [*wrong, f"a genuine message of {_state(status)} ends in a fault of the plugin"]
            except NagorikError as error:
                wrong.append(f"a genuine message of {_state(status)} ends in {error.code}")
                continue
            wrong += [f"{_state(status)}: {text}" for text in _differences(rig, report, status, message)]
    return list(dict.fromkeys(wrong))


async def _every_report(rig: Rig, offer: AnyOffer, outcome: str) -> AsyncIterator[AgencyStatus]:
    """A status for each state of the agency's workflow; of an agency without a book, those of the example."""
    if not books_of(rig):
        async for status in course_of(rig, offer, outcome, stride=COARSE):
            yield status
        return
    await file_application(rig)
    case = case_of(rig)
    for state in case.workflow.states:
        rig.advance(_A_WHILE)
        case.enter(state, rig.clock.now(), REMARK)
        case.due = None
        rig.advance(_A_WHILE)
        yield await rig.platform.get_status(rig.draft, rig.references)


def _state(status: AgencyStatus) -> str:
    return "an unknown state" if status.state is None else status.state.value


def _differences(rig: Rig, report: CallbackReport, status: AgencyStatus, message: ExampleMessage) -> Iterator[str]:
    told = report.status
    if report.agency_reference != rig.references.agency_reference:
        yield "a message is taken for another application's"
    if told.state is not status.state:
        yield "a message reports another state than the agency tells when it is asked"
    if told.final != status.final and told.state is status.state:
        yield "a message says otherwise than a question whether anything follows"
    if told.payment_confirmed is not None and told.payment_confirmed is not status.payment_confirmed:
        yield "a message says otherwise of the payment than a question"
    if told.deliverables and {each.kind for each in told.deliverables} != {each.kind for each in status.deliverables}:
        yield "a message reports other papers than a question"
    if None not in (told.sequence, status.sequence) and told.sequence != status.sequence:
        yield "a message has another sequence than a question"
    said = list(leaves(_read(rig, message)))
    if told.at is not None and status.at is not None and not _is_one_instant(told.at, status.at):
        yield "a message dates the state otherwise than the agency dates it"
    if told.at is None and status.at is not None and any(_holds(value, status.at) for _, value in said):
        yield "a message's date of the state is not passed on"
    if any(value == REMARK for _, value in said) and REMARK in _explained(status) and REMARK not in _explained(told):
        yield "what the officer wrote in a message is not passed on"


def _read(rig: Rig, message: ExampleMessage) -> JsonValue:
    label = next((value for name, value in message.headers.items() if name.lower() == "content-type"), "")
    try:
        return rig.simulator.codec.answers.read(message.body, label)
    except ValueError:
        return None


def _holds(value: JsonValue, at: datetime) -> bool:
    written = instant_of(value)
    return written is not None and any(_is_one_instant(each, at) for each in (written.in_dhaka, written.in_utc))


def _is_one_instant(one: datetime, other: datetime) -> bool:
    """The same minute, or the same day where one of them tells the day alone."""
    by_day = any(dhaka_time(each).time() == datetime.min.time() for each in (one, other))
    return abs(one - other) <= _MINUTE or (by_day and dhaka_date(one) == dhaka_date(other))


def _explained(status: AgencyStatus) -> str:
    reason = status.reason
    return " ".join(text for text in (status.remark, reason and reason.bn, reason and reason.en) if text)
