"""Hooks that keep to themselves what the office says, tell it at another place, or leave it to chance."""

import random
import uuid
from datetime import timedelta
from typing import Any

from nagorik import (
    AgencyRejected,
    AgencyStatus,
    CallbackReport,
    CredentialProblem,
    CredentialsRejected,
    FetchedDeliverable,
    FieldProblem,
    InputRejected,
    NagorikError,
    PaymentAdvice,
    PaymentReport,
    Text,
    hookimpl,
)
from permit_office.plugin import Context, Filed, Hooks, Refund, Told
from permit_office.untruthful import Reporting

REFUSED = Text(bn="এই তথ্যটি গ্রহণ করা হয়নি", en="This was not accepted")
DRAWS = random.Random("permits")  # noqa: S311 - no secret
"""Seeded, and no less a draw for it."""


class Undated(Reporting):
    def say(self, right):
        return right.model_copy(update={"at": None})

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        right = await super().nagorik_submit(request, context)
        return right.model_copy(update={"status": self.say(right.status)})

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        right = await super().nagorik_find_submission(request, context)
        return right.model_copy(update={"status": self.say(right.status)}) if hasattr(right, "status") else right

    @hookimpl
    async def nagorik_answer_correction(self, request: Any, context: Context) -> AgencyStatus:
        return self.say(await super().nagorik_answer_correction(request, context))

    @hookimpl
    async def nagorik_withdraw(self, request: Any, context: Context) -> Any:
        right = await super().nagorik_withdraw(request, context)
        return right.model_copy(update={"status": self.say(right.status)})


class WithoutReceipts(Hooks):
    def report(self, bill: Any) -> PaymentReport:
        return super().report(bill).model_copy(update={"reference": None})


class DatesByItsClock(Hooks):
    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        right = await super().nagorik_get_status(request, context)
        return right.model_copy(update={"at": context.clock.now()})


class NumbersByItself(Hooks):
    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        right = await super().nagorik_get_status(request, context)
        return right.model_copy(update={"event": str(uuid.uuid4())})


class DatesADayLater(Reporting):
    def say(self, right):
        return right.model_copy(update={"at": right.at and right.at + timedelta(days=1)})


class AYearLateInWords(Reporting):
    def say(self, right):
        later = right.at.replace(year=right.at.year + 1)
        return right.model_copy(update={"at": None, "event": later.isoformat()})


class FetchesTheFirst(Hooks):
    @hookimpl
    async def nagorik_fetch_deliverable(self, request: Any, context: Context) -> FetchedDeliverable:
        of_the_first = request.model_copy(update={"agency_reference": "P-0001"})
        return await super().nagorik_fetch_deliverable(of_the_first, context)


class KeepsWhateverComes(Hooks):
    @hookimpl
    async def nagorik_fetch_deliverable(self, request: Any, context: Context) -> FetchedDeliverable:
        file = await context.http.download("paper", f"/permits/{request.agency_reference}/paper")
        document = await context.documents.put("permit", "application/pdf", file)
        return FetchedDeliverable(deliverable=request.deliverable, document=document)


class MistakesTheFile(Hooks):
    @hookimpl
    async def nagorik_fetch_deliverable(self, request: Any, context: Context) -> FetchedDeliverable:
        right = await super().nagorik_fetch_deliverable(request, context)
        return right.model_copy(
            update={"document": right.document.model_copy(update={"media_type": "image/png", "kind": "plan"})}
        )


class HeedsTurnedAway(Hooks):
    """Right: what the office has turned away is a person's case."""

    @hookimpl
    async def nagorik_advise_payment(self, request: Any, context: Context) -> PaymentAdvice:
        path = f"/permits/{request.agency_reference}/payment"
        content = {"reference": request.receipt.reference, "amount": request.receipt.amount.plain()}
        told = await context.http.write("advise", "POST", path, json=content, expect=Refund)
        if told.word == "TURNED AWAY":
            raise AgencyRejected("payment-turned-away")
        return PaymentAdvice(confirmed=told.word == "PAID")


class DatesBySending(Hooks):
    @hookimpl
    async def nagorik_parse_callback(self, request: Any, context: Context) -> CallbackReport:
        right = await super().nagorik_parse_callback(request, context)
        sent = Told.model_validate_json(request.body).sent_at
        return right.model_copy(update={"status": right.status.model_copy(update={"at": sent})})


class HearsNoDates(Hooks):
    @hookimpl
    async def nagorik_parse_callback(self, request: Any, context: Context) -> CallbackReport:
        right = await super().nagorik_parse_callback(request, context)
        return right.model_copy(update={"status": right.status.model_copy(update={"at": None})})


class HearsNoEnd(Hooks):
    @hookimpl
    async def nagorik_parse_callback(self, request: Any, context: Context) -> CallbackReport:
        right = await super().nagorik_parse_callback(request, context)
        return right.model_copy(update={"status": right.status.model_copy(update={"final": False})})


class HearsBeginnings(Hooks):
    @hookimpl
    async def nagorik_parse_callback(self, request: Any, context: Context) -> CallbackReport:
        right = await super().nagorik_parse_callback(request, context)
        if right.status.raw not in {"RECEIVED", "REVIEW"}:
            raise AgencyRejected("message-unknown")
        return right


class DrawsNumbers(Hooks):
    def content(self, request: Any) -> dict[str, str]:
        return {**super().content(request), "folder": str(uuid.uuid4())}


class DrawsFromItsOwn(Hooks):
    def content(self, request: Any) -> dict[str, str]:
        return {**super().content(request), "folder": str(DRAWS.randrange(10**6))}


class SeldomDated(Hooks):
    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        right = await super().nagorik_get_status(request, context)
        return right.model_copy(update={"at": None}) if random.random() < 0.001 else right  # noqa: S311


class DrawsNonces(Hooks):
    """Right: what has to be another each time, and is called so."""

    async def file(self, context: Context, content: dict[str, str], papers: list[Any]) -> Filed:
        return await super().file(context, {**content, "nonce": uuid.uuid4().hex}, papers)


class HasItsNumbersFromTheHost(Hooks):
    """Right: drawn by nobody."""

    def content(self, request: Any) -> dict[str, str]:
        return {**super().content(request), "folder": str(uuid.uuid5(uuid.NAMESPACE_URL, request.client_reference))}


FIELDS = {
    "nid": "/form/nid",
    "name": "/form/name",
    "mobile": "/form/mobile",
    "road": "/form/address/road",
}


def reads_fields(answer: Any) -> NagorikError | None:
    """Right."""
    return _refused(answer, FIELDS)


def reads_whole_groups(answer: Any) -> NagorikError | None:
    """Right: told at the group that the field is a part of."""
    return _refused(answer, {**FIELDS, "road": "/form/address"})


def crosses_fields(answer: Any) -> NagorikError | None:
    return _refused(answer, {**FIELDS, "mobile": "/form/nid"})


def blames_the_name(answer: Any) -> NagorikError | None:
    return _refused(answer, dict.fromkeys(FIELDS, "/form/name"))


def takes_the_unknown_for_the_name(answer: Any) -> NagorikError | None:
    named = answer.document.get("field") if isinstance(answer.document, dict) else None
    return _refused(answer, {**FIELDS, named: FIELDS.get(named, "/form/name")}) if named else None


def marks_the_name_too(answer: Any) -> NagorikError | None:
    """Right: the office refuses whatever belongs to a name, and says what it was."""
    named = answer.document.get("field") if isinstance(answer.document, dict) else None
    if named is None:
        return None
    pointers = dict.fromkeys(["/form/name", FIELDS.get(named, "/form/name")])
    return InputRejected([FieldProblem(pointer=each, code="permit.refused", text=REFUSED) for each in pointers])


def _refused(answer: Any, fields: dict[str, str]) -> NagorikError | None:
    named = answer.document.get("field") if isinstance(answer.document, dict) else None
    if named not in fields:
        return None
    return InputRejected([FieldProblem(pointer=fields[named], code="permit.refused", text=REFUSED)])


def reads_ended_sessions(answer: Any) -> NagorikError | None:
    """Right."""
    return _ended(answer, CredentialsRejected(CredentialProblem.EXPIRED))


def takes_ended_for_wrong(answer: Any) -> NagorikError | None:
    return _ended(answer, CredentialsRejected(CredentialProblem.WRONG))


def takes_ended_for_refusal(answer: Any) -> NagorikError | None:
    return _ended(answer, AgencyRejected("session"))


def _ended(answer: Any, error: NagorikError) -> NagorikError | None:
    said = answer.document.get("error") if isinstance(answer.document, dict) else None
    return error if said == "the session has ended" else None
