"""Hooks that misbehave when something goes wrong below them, each in one way, in every operation alike."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyStatus,
    ApplicationState,
    CallbackReport,
    EligibilityDecision,
    FeeDue,
    FetchedDeliverable,
    Found,
    Health,
    HealthState,
    NagorikError,
    OutcomeUnknown,
    PaymentAdvice,
    PaymentNotice,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    RefundReport,
    SlotBooking,
    Slots,
    Text,
    Verdict,
    WireModel,
    Withdrawal,
    hookimpl,
)
from permit_office.plugin import FEES, Bill, Context, Filed, Hooks, criterion, status_of

Right = Callable[[Context], Awaitable[Any]]
"""Does what the hook should, with a context."""


class Tariff(WireModel):
    name: str
    percent: int


class Asking(Hooks):
    """Well behaved; asks the office in every operation, so that none is safe from its faults."""

    async def tariff(self, context: Context) -> Tariff:
        return await context.http.read("tariff", "GET", "/tariff", expect=Tariff)

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any, context: Context) -> EligibilityDecision:
        await self.tariff(context)
        return await super().nagorik_check_eligibility(request)

    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Any:
        await self.tariff(context)
        return await super().nagorik_quote_fees(request, context)

    @hookimpl
    async def nagorik_parse_callback(self, request: Any, context: Context) -> CallbackReport:
        told = await super().nagorik_parse_callback(request, context)
        asked = await self.ask(context, told.agency_reference)
        return CallbackReport(agency_reference=asked.number, status=status_of(asked))

    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any, context: Context) -> PaymentNotice:
        told = await super().nagorik_parse_payment_notice(request, context)
        await context.http.read("look", "GET", f"/bills/{told.payment}", expect=Bill)
        return told

    @hookimpl
    async def nagorik_check_health(self, request: Any, context: Context) -> Health:
        return await super().nagorik_check_health(context)


RECEIVED: Final = AgencyStatus(state=ApplicationState.SUBMITTED, raw="RECEIVED")


async def _eligible(request: Any, context: Context) -> Any:
    return EligibilityDecision(criteria=(criterion("age", Verdict.PASS),))


async def _price(request: Any, context: Context) -> Any:
    return FEES.quote(request, due=FeeDue.AFTER_SUBMISSION, valid_for=timedelta(hours=24))


async def _accepted(request: Any, context: Context) -> Any:
    return Accepted(reference="P-0001", status=RECEIVED)


async def _found(request: Any, context: Context) -> Any:
    return Found(reference="P-0001", status=RECEIVED)


async def _received(request: Any, context: Context) -> Any:
    return RECEIVED


async def _confirmed(request: Any, context: Context) -> Any:
    return PaymentAdvice(confirmed=True)


async def _withdrawn(request: Any, context: Context) -> Any:
    return Withdrawal(withdrawn=True, status=RECEIVED)


async def _paper(request: Any, context: Context) -> Any:
    document = await context.documents.put("permit", "application/pdf", b"%PDF-1.7")
    return FetchedDeliverable(deliverable=request.deliverable, document=document)


async def _heard(request: Any, context: Context) -> Any:
    return CallbackReport(agency_reference="P-0001", status=RECEIVED)


async def _noticed(request: Any, context: Context) -> Any:
    return PaymentNotice(payment="any")


async def _full(request: Any, context: Context) -> Any:
    return Slots(slots=())


async def _booked(request: Any, context: Context) -> Any:
    return SlotBooking(booked=True)


async def _up(request: Any, context: Context) -> Any:
    return Health(state=HealthState.UP)


async def _started(request: Any, context: Context) -> Any:
    return PaymentStarted(reference="B-0001", instructions=Text(bn="কাউন্টারে দিন", en="Pay at the counter"))


async def _pending(request: Any, context: Context) -> Any:
    return PaymentReport(state=PaymentState.PENDING, raw="OPEN")


async def _refunded(request: Any, context: Context) -> Any:
    return RefundReport(state=PaymentState.REFUNDED)


MADE_UP: Final[Mapping[str, Callable[[Any, Context], Awaitable[Any]]]] = MappingProxyType(
    {
        "nagorik_check_eligibility": _eligible,
        "nagorik_quote_fees": _price,
        "nagorik_submit": _accepted,
        "nagorik_find_submission": _found,
        "nagorik_get_status": _received,
        "nagorik_answer_correction": _received,
        "nagorik_advise_payment": _confirmed,
        "nagorik_withdraw": _withdrawn,
        "nagorik_fetch_deliverable": _paper,
        "nagorik_start_payment": _started,
        "nagorik_query_payment": _pending,
        "nagorik_refund_payment": _refunded,
        "nagorik_parse_callback": _heard,
        "nagorik_parse_payment_notice": _noticed,
        "nagorik_list_slots": _full,
        "nagorik_book_slot": _booked,
        "nagorik_check_health": _up,
    }
)
"""By hook, what looks like a good result, though nobody said so."""


class Misbehaving(Asking):
    """Base of what follows: ``act`` stands between the platform and every hook."""

    def __init_subclass__(cls) -> None:
        for name in MADE_UP:
            setattr(cls, name, _between(name))

    async def act(self, name: str, right: Right, request: Any, context: Context) -> Any:
        raise NotImplementedError


def _between(name: str) -> Any:
    @hookimpl
    async def hook(self: Misbehaving, request: Any, context: Context) -> Any:
        async def right(with_context: Context) -> Any:
            return await getattr(super(Misbehaving, self), name)(request=request, context=with_context)

        return await self.act(name, right, request, context)

    return hook


class WellBehaved(Misbehaving):
    async def act(self, name, right, request, context):
        return await right(context)


class NeverWorks(Misbehaving):
    async def act(self, name, right, request, context):
        raise TypeError(name)


class CallsUp(NeverWorks):
    """Has two faults, which its hooks share one line with."""

    async def act(self, name, right, request, context):
        faults = {"nagorik_get_status": self.look, "nagorik_find_submission": self.count}
        return await right(context) if name not in faults else faults[name](context)

    def look(self, context):
        return {}["status"]

    def count(self, context):
        return 1 / 0


class MakesUp(Misbehaving):
    """Takes every failure for success."""

    async def act(self, name, right, request, context):
        try:
            return await right(context)
        except NagorikError:
            return await MADE_UP[name](request, context)


class LooksUpAnything(Misbehaving):
    """Settles a lost answer by asking something that says nothing of it."""

    async def act(self, name, right, request, context):
        try:
            return await right(context)
        except OutcomeUnknown:
            await self.tariff(context)
            return await MADE_UP[name](request, context)


class AsksTwice(Misbehaving):
    """Does everything again, under the same keys."""

    async def act(self, name, right, request, context):
        await right(context)
        return await right(context)


class Renaming:
    """The agency's client, with another key for every attempt."""

    def __init__(self, http: Any) -> None:
        self._http = http
        self._attempts = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._http, name)

    async def write(self, step: str, *arguments: Any, **options: Any) -> Any:
        self._attempts += 1
        return await self._http.write(f"{step}-{self._attempts}", *arguments, **options)


class WritesWhenAsked(Misbehaving):
    """Writes down at the office that it was asked, before it asks."""

    async def act(self, name, right, request, context):
        await context.http.read("noted", "POST", "/permits", json={}, expect=Filed)
        return await right(context)


class TidiesUp(Misbehaving):
    """Files a complaint when the office does not answer."""

    async def act(self, name, right, request, context):
        try:
            return await right(context)
        except NagorikError:
            await context.http.read("complaint", "POST", "/permits", json={}, expect=Filed)
            raise


class DoesNothing(Misbehaving):
    """Says that everything is done."""

    async def act(self, name, right, request, context):
        return await MADE_UP[name](request, context)


class FreshKeys(Misbehaving):
    """Writes a second time to be sure, under a key of its own."""

    async def act(self, name, right, request, context):
        renamed = replace(context, http=Renaming(context.http))
        await right(renamed)
        return await right(renamed)


class TriesAgain(Misbehaving):
    """Has a retry policy of its own."""

    async def act(self, name, right, request, context):
        for _ in range(3):
            try:
                return await right(context)
            except NagorikError as error:
                failed = error
        raise failed


class Waits(Misbehaving):
    """Gives the agency some time before it gives up."""

    async def act(self, name, right, request, context):
        try:
            return await right(context)
        except NagorikError:
            await context.clock.sleep(120)
            raise


class TellsPassword(Misbehaving):
    """Logs its settings when something fails."""

    async def act(self, name, right, request, context):
        try:
            return await right(context)
        except NagorikError:
            logging.getLogger("permit_office").warning("with %s", context.settings.password.get_secret_value())
            raise


class PasswordInAnError(Misbehaving):
    """Says what it tried with, for whoever reads the error."""

    async def act(self, name, right, request, context):
        try:
            return await right(context)
        except NagorikError as error:
            raise RuntimeError(f"not with {context.settings.password.get_secret_value()}") from error


class PasswordInAField(Misbehaving):
    """Logs with what it asks, as a member of the line."""

    async def act(self, name, right, request, context):
        logging.getLogger("permit_office").info("asked", extra={"key": context.settings.password.get_secret_value()})
        return await right(context)


class PasswordInAQuery(Asking):
    async def tariff(self, context):
        params = {"key": context.settings.password.get_secret_value()}
        return await context.http.read("tariff", "GET", "/tariff", params=params, expect=Tariff)


class GivesUp(Misbehaving):
    """Calls every failure a refusal."""

    async def act(self, name, right, request, context):
        try:
            return await right(context)
        except NagorikError:
            raise AgencyRejected("failed") from None


class ReadsByHand(Asking):
    """Parses a status as text, whatever its bytes and its label are."""

    async def ask(self, context: Context, number: str) -> Filed:
        file = await context.http.download("status", f"/permits/{number}")
        return Filed.model_validate(json.loads(file.content.decode("utf-8", errors="replace")))


def blunt(answer: Any) -> NagorikError | None:
    """The ``error_reader`` of a plugin that knows one error only."""
    usual = answer.status < 300 and isinstance(answer.document, dict)
    return None if usual or answer.content_type == "application/pdf" else AgencyRejected("failed")
