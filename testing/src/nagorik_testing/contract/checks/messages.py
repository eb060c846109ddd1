"""Messages that an agency or a gateway posts by itself: the genuine ones are read, and no others are."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from nagorik import (
    CallbackReport,
    CallbackRequest,
    NagorikError,
    Operation,
    PaymentNotice,
    PaymentNoticeRequest,
    PluginFault,
)
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import start_payment
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.preparations import capture_payment, file_application
from nagorik_testing.contract.rig import Rig, another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.simulator.base import ExampleMessage

FLIPPED: Final = 48
"""Bytes of a body that are altered, one after another, spread over all of it."""
TOO_LATE: Final = timedelta(minutes=1)
"""Simulated time beyond the one for which a message is to be believed."""
NOTICED_AFTER: Final = (timedelta(0), timedelta(hours=6), timedelta(days=3))
"""When a gateway's notices of a payment are read, one after another: they are about whatever became of it."""
OF_THE_FORMAT: Final = frozenset({"content-type", "content-length", "accept", "user-agent", "host", "date"})
"""Headers that prove nothing."""

Read = Callable[[ExampleMessage], Awaitable[object]]
"""Hands a message to the plugin."""


@check("callback/genuine")
async def _callback_genuine(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        message = await _filed_message(rig)
        try:
            report = await _read_callback(rig)(message)
        except NagorikError as error:
            return [f"a genuine message ends in {error.code}"]
        assert isinstance(report, CallbackReport)  # noqa: S101 - the platform holds the hook to it
        wrong = []
        if report.agency_reference != rig.references.agency_reference:
            wrong.append("a genuine message is taken for another application's")
        if Operation.STATUS in offer.operations:
            status = await rig.platform.get_status(rig.draft, rig.references)
            if report.status.state is not status.state:
                wrong.append("a genuine message reports another state than the agency tells when it is asked")
        elif report.status.state is None:
            wrong.append("a genuine message's word is not known")
    return wrong


@check("callback/forged")
async def _callback_forged(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        message = await _filed_message(rig)
        neighbour = await _neighbours_message(rig)
        return await _believed(rig, _read_callback(rig), message, neighbour)


async def _filed_message(rig: Rig) -> ExampleMessage:
    await file_application(rig)
    return rig.callback_message()


async def _neighbours_message(rig: Rig) -> ExampleMessage:
    """A message about another application, whose signature proves nothing of the first one."""
    mine = rig.references
    rig.references = another_application(mine)
    try:
        await file_application(rig)
        return rig.callback_message()
    finally:
        rig.references = mine


def _read_callback(rig: Rig) -> Read:
    async def read(message: ExampleMessage) -> object:
        request = CallbackRequest(service=rig.offer, headers=dict(message.headers), body=message.body)
        return await rig.platform.parse_callback(request)

    return read


@check("payment/F19-genuine-notice")
async def _notice_genuine(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    for outcome in subject.simulator.outcomes:
        async with open_rig(subject, offer.id) as rig:
            rig.simulator.script.set(rig.payment, outcome)
            await start_payment(rig)
            for wait in NOTICED_AFTER:
                rig.advance(wait)
                try:
                    notice = await _read_notice(rig)(rig.notice_message())
                except NagorikError as error:
                    wrong.append(f"outcome {outcome}: a genuine notice ends in {error.code}")
                    break
                assert isinstance(notice, PaymentNotice)  # noqa: S101 - the platform holds the hook to it
                if notice.payment != rig.payment:
                    wrong.append(f"outcome {outcome}: a genuine notice is taken for another payment's")
                    break
    return wrong


@check("payment/F19-altered-notice")
async def _notice_altered(subject: Subject, offer: AnyOffer) -> list[str]:
    elsewhere, wrong = await _notice_of_somebody_else(subject, offer)
    async with open_rig(subject, offer.id) as rig:
        await start_payment(rig)
        message = rig.notice_message()
        if message.signed:
            return wrong + await _believed(rig, _read_notice(rig), message, None)
    if not elsewhere:
        raise NotConcerned("nothing in the gateway's notices proves their origin; they are hints")
    return wrong


async def _notice_of_somebody_else(subject: Subject, offer: AnyOffer) -> tuple[bool, list[str]]:
    """Whether the simulator knows notices that only look genuine, and which of them are believed."""
    wrong: list[str] = []
    async with open_rig(subject, offer.id) as rig:
        await start_payment(rig)
        with suppress(NagorikError, NotReachable):
            await capture_payment(rig)
        forged = rig.simulator.forged_notices(rig.payment)
        for message in forged:
            what = "a notice of somebody else, which looks genuine, is believed"
            if await _is_believed(_read_notice(rig), message, what, wrong):
                wrong.append(what)
    return bool(forged), list(dict.fromkeys(wrong))


def _read_notice(rig: Rig) -> Read:
    async def read(message: ExampleMessage) -> object:
        request = PaymentNoticeRequest(gateway=rig.offer, headers=dict(message.headers), body=message.body)
        return await rig.platform.parse_payment_notice(request)

    return read


async def _believed(rig: Rig, read: Read, message: ExampleMessage, neighbour: ExampleMessage | None) -> list[str]:
    """Which forgeries of a genuine message are taken for one."""
    wrong: list[str] = []
    with suppress(NagorikError):  # one that is not read is another check's
        await read(message)
    for what, forged in _forgeries(message, neighbour):
        if what not in wrong and await _is_believed(read, forged, what, wrong):
            wrong.append(what)
        if any("fault of the plugin" in text for text in wrong):
            return wrong
    if message.valid_for is not None:
        rig.advance(message.valid_for + TOO_LATE)
        what = "a message that is too late is believed"
        if await _is_believed(read, message, what, wrong):
            wrong.append(what)
    return wrong


async def _is_believed(read: Read, message: ExampleMessage, what: str, wrong: list[str]) -> bool:
    try:
        await read(message)
    except PluginFault:
        wrong.append(what.replace("is believed", "ends in a fault of the plugin"))
    except NagorikError:
        return False
    else:
        return True
    return False


def _forgeries(message: ExampleMessage, neighbour: ExampleMessage | None) -> Iterator[tuple[str, ExampleMessage]]:
    body, headers = message.body, message.headers
    bare = {name: value for name, value in headers.items() if name.lower() in OF_THE_FORMAT}
    if bare != headers:
        yield "a message without its signature is believed", replace(message, headers=bare)
        yield "a message with another signature is believed", replace(message, headers=_altered(headers))
        emptied = {name: value if name in bare else "" for name, value in headers.items()}
        yield "a message with an empty signature is believed", replace(message, headers=emptied)
    if neighbour is not None and neighbour.body != body:
        yield "a message with another's signature is believed", replace(message, headers=neighbour.headers)
    for kept in (0, len(body) // 2, len(body) - 1):
        yield "a message that is cut short is believed", replace(message, body=body[:kept])
    for place in sorted({len(body) * part // FLIPPED for part in range(FLIPPED)} | {len(body) - 1}):
        flipped = body[:place] + bytes((body[place] ^ 1,)) + body[place + 1 :]
        yield "a message that was altered in one byte is believed", replace(message, body=flipped)
    yield "a message that something was added to is believed", replace(message, body=body + b" ")


def _altered(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with the last letter or digit of each that may be a signature replaced."""
    return {
        name: value if name.lower() in OF_THE_FORMAT or not value else value[:-1] + ("0" if value[-1] != "0" else "1")
        for name, value in headers.items()
    }
