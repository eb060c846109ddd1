"""Messages that an agency or a gateway posts by itself: the genuine ones are read, and no others are."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from pydantic import JsonValue

from nagorik import AgencyStatus, CallbackReport, CallbackRequest, NagorikError, Operation, PluginFault
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import start_payment
from nagorik_testing.contract.checks.agency_books import REMARK, is_dated, remarked
from nagorik_testing.contract.checks.answers.variations import instant_of
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.inspection import books_of, case_of, enter_state, leaves
from nagorik_testing.contract.checks.payment_course import read_notice
from nagorik_testing.contract.checks.status import COARSE, course_of
from nagorik_testing.contract.preparations import capture_payment, file_application
from nagorik_testing.contract.rig import Rig, another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.simulator.base import ExampleMessage

FLIPPED: Final = 48
"""Bytes of a body that are altered, one after another, spread over all of it."""
TOO_LATE: Final = timedelta(minutes=1)
"""Simulated time beyond the one for which a message is to be believed."""
OF_THE_FORMAT: Final = frozenset({"content-type", "content-length", "accept", "user-agent", "host", "date"})
"""Headers that prove nothing."""
STRANGE: Final = (b"", b"{}", b"null", b"[]", b'{"payment": 1}', b"\xff\xfe", b"<xml/>", b"{" * 10**5, b"[" * 10**5)
"""Messages that are from no gateway."""

Read = Callable[[Rig, ExampleMessage], Awaitable[object]]
"""Hands a message to the plugin."""


async def _read_callback(rig: Rig, message: ExampleMessage) -> CallbackReport:
    request = CallbackRequest(service=rig.offer, headers=dict(message.headers), body=message.body)
    return await rig.platform.parse_callback(request)


@check("callback/forged")
async def _callback_forged(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        await file_application(rig)
        message, mine = rig.callback_message(), rig.references
        # A message about another application, whose signature proves nothing of the first one.
        rig.references = another_application(mine)
        await file_application(rig)
        neighbour, rig.references = rig.callback_message(), mine
        return await _believed(rig, _read_callback, message, neighbour)


@check("payment/F19-altered-notice")
async def _notice_altered(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    async with open_rig(subject, offer.id) as rig:
        await start_payment(rig)
        strange = (ExampleMessage(headers={}, body=body) for body in STRANGE)
        for number, message in enumerate(strange, start=1):
            if await _is_believed(rig, read_notice, message, f"forged notice {number} is believed", wrong):
                return wrong
    async with open_rig(subject, offer.id) as rig:
        # A gateway may sign what it says of a payment that was made, and nothing before.
        for prepare in (start_payment, capture_payment):
            with suppress(NagorikError, NotReachable):
                await prepare(rig)
            message = rig.notice_message()
            if message.signed:
                wrong += await _believed(rig, read_notice, message, None)
                break
    async with open_rig(subject, offer.id) as rig:
        with suppress(NagorikError, NotReachable):
            await capture_payment(rig)
        for message in rig.simulator.forged_notices(rig.payment):
            await _is_believed(
                rig, read_notice, message, "a notice of somebody else, which looks genuine, is believed", wrong
            )
    return list(dict.fromkeys(wrong))


async def _believed(rig: Rig, read: Read, message: ExampleMessage, neighbour: ExampleMessage | None) -> list[str]:
    """Which forgeries of a genuine message are taken for one, up to the first fault of the plugin."""
    wrong: list[str] = []
    with suppress(NagorikError):  # one that is not read is another check's
        await read(rig, message)
    for how, forged in _forgeries(message, neighbour):
        what = f"a message {how} is believed"
        if what not in wrong and await _is_believed(rig, read, forged, what, wrong):
            return wrong
    if message.valid_for is not None:
        rig.advance(message.valid_for + TOO_LATE)
        await _is_believed(rig, read, message, "a message that is too late is believed", wrong)
    return wrong


async def _is_believed(rig: Rig, read: Read, message: ExampleMessage, what: str, wrong: list[str]) -> bool:
    """Whether the plugin broke down; what it believed is added to what is wrong."""
    try:
        await read(rig, message)
    except PluginFault:
        wrong.append(what.replace("is believed", "ends in a fault of the plugin"))
        return True
    except NagorikError:
        return False
    wrong.append(what)
    return False


def _forgeries(message: ExampleMessage, neighbour: ExampleMessage | None) -> list[tuple[str, ExampleMessage]]:
    body, headers = message.body, message.headers
    bare = {name: value for name, value in headers.items() if name.lower() in OF_THE_FORMAT}
    another = neighbour is not None and neighbour.body != body
    signatures = {"with another's signature": neighbour.headers} if neighbour is not None and another else {}
    own = {
        "without its signature": bare,
        "with another signature": _altered(headers),
        "with an empty signature": dict.fromkeys(headers, "") | bare,
    }
    places = sorted({len(body) * part // FLIPPED for part in range(FLIPPED)} | {len(body) - 1})
    bodies = {
        "that is cut short": [body[:kept] for kept in (0, len(body) // 2, len(body) - 1)],
        "that was altered in one byte": [body[:at] + bytes((body[at] ^ 1,)) + body[at + 1 :] for at in places],
        "that something was added to": [body + b" "],
    }
    signatures |= own if bare != headers else {}
    return [
        *((how, replace(message, headers=given)) for how, given in signatures.items()),
        *((how, replace(message, body=other)) for how, others in bodies.items() for other in others),
    ]


def _altered(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with the last letter or digit of each that may be a signature replaced."""
    return {
        name: value if name.lower() in OF_THE_FORMAT or not value else value[:-1] + ("0" if value[-1] != "0" else "1")
        for name, value in headers.items()
    }


@check("callback/as-asked")
async def _as_asked(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    looked_at = set[str]()
    async with open_rig(subject, offer.id) as rig:
        async for status in _every_report(rig, offer, subject.simulator.outcomes[0]):
            if status.raw in looked_at:
                continue
            looked_at.add(status.raw)
            message = rig.callback_message()
            if Operation.STATUS in offer.operations:
                # What a message is about may have come about since the last question.
                status = await rig.platform.get_status(rig.draft, rig.references)  # noqa: PLW2901
            state = "an unknown state" if status.state is None else status.state.value
            try:
                report = await _read_callback(rig, message)
            except PluginFault:
                return [*wrong, f"a genuine message of {state} ends in a fault of the plugin"]
            except NagorikError as error:
                wrong.append(f"a genuine message of {state} ends in {error.code}")
                continue
            differences = _differences(rig, report, status, message)
            wrong += [f"{state}: {text}" for is_wrong, text in differences if is_wrong]
    return list(dict.fromkeys(wrong))


async def _every_report(rig: Rig, offer: AnyOffer, outcome: str) -> AsyncIterator[AgencyStatus]:
    """A status for each state of the agency's workflow; of an agency without a book, those of the example."""
    if not books_of(rig) and Operation.STATUS in offer.operations:
        async for status in course_of(rig, offer, outcome, stride=COARSE):
            yield status
        return
    yield (await file_application(rig)).status
    for state in (case := case_of(rig)).workflow.states if Operation.STATUS in offer.operations else ():
        enter_state(rig, case, state, REMARK)
        yield await rig.platform.get_status(rig.draft, rig.references)


def _differences(
    rig: Rig, report: CallbackReport, status: AgencyStatus, message: ExampleMessage
) -> Iterable[tuple[object, str]]:
    """In what a message may be reported otherwise than the question of the same moment."""
    told, said = report.status, [value for _, value in leaves(_read(rig, message))]
    paid, kinds, asked = told.payment_confirmed, {one.kind for one in told.deliverables}, status.at
    dated = [each for value in said if (one := instant_of(value)) for each in (one.in_dhaka, one.in_utc)]
    return (
        (report.agency_reference != rig.references.agency_reference, "a message is taken for another application's"),
        (
            told.state is not status.state,
            "a message reports another state than the agency tells when it is asked",
        ),
        (
            told.state is status.state and told.final != status.final,
            "a message says otherwise than a question whether anything follows",
        ),
        (
            paid is not None and paid is not status.payment_confirmed,
            "a message says otherwise of the payment than a question",
        ),
        (
            kinds and kinds != {one.kind for one in status.deliverables},
            "a message reports other papers than a question",
        ),
        (
            None not in (told.sequence, status.sequence) and told.sequence != status.sequence,
            "a message has another sequence than a question",
        ),
        (
            told.at is not None and asked is not None and not is_dated(told.at, asked),
            "a message dates the state otherwise than the agency dates it",
        ),
        (
            told.at is None and asked is not None and any(is_dated(each, asked) for each in dated),
            "a message's date of the state is not passed on",
        ),
        (
            REMARK in said and REMARK in remarked(status) and REMARK not in remarked(told),
            "what the officer wrote in a message is not passed on",
        ),
    )


def _read(rig: Rig, message: ExampleMessage) -> JsonValue:
    label = next((value for name, value in message.headers.items() if name.lower() == "content-type"), "")
    try:
        return rig.simulator.codec.answers.read(message.body, label)
    except ValueError:
        return None
