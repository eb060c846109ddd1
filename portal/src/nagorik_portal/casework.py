"""What an actor may do, in terms of the host: each call checks scope, service and centre, and names who acts.

An application or a draft of another centre is answered as one that does not exist: ``NoSuchApplication`` and
``NoSuchDraft``. What the actor may not do is ``NotPermitted``. Everything else is as in the host's own methods.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from nagorik import Applicant, ApplicationDraft, ApplicationState, Consent, DocumentReference, InputRejected, Quote
from nagorik.manifest import PublicService
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import QuoteLine
from nagorik.model.status import Deliverable, Slot, Slots
from nagorik.operations import Operation
from nagorik.values import Money, dhaka_date
from nagorik_host.application_file import GivenConsent
from nagorik_host.host import Action, Host
from nagorik_host.store.application_store import NoSuchApplication
from nagorik_host.store.cases import OfficerCase
from nagorik_host.store.changes import ChangePage
from nagorik_host.store.database import Transaction
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.kept_documents import KeptDocument, kept_documents
from nagorik_host.store.listings import ApplicationFilter, Page, PageCursor
from nagorik_host.store.request_keys import RequestKey
from nagorik_host.vault import Erased
from nagorik_host.view_reader import expected_decision, service_of
from nagorik_host.views import CITIZEN, OFFICER, ApplicationView, OfficerView
from nagorik_platform.documents import document_problems, not_their_own
from nagorik_platform.lifecycle import CitizenActed, Decided, Progress
from nagorik_portal.actors import PortalActor, Scope
from nagorik_portal.documents import DocumentNotHeld, take_document
from nagorik_portal.drafts import Draft, DraftChanged, DraftContent, Drafts
from nagorik_portal.errors import PortalError
from nagorik_portal.hand_overs import Collector, HandOver, read_collection, record_collection

if TYPE_CHECKING:
    from nagorik_platform.dispatch.survey import ServiceEligibility

_S = ApplicationState
NOT_AT_THE_AGENCY: Final = frozenset(
    one.value for one in (_S.DRAFT, _S.READY, _S.AWAITING_PAYMENT, _S.SUBMITTING, _S.SUBMISSION_UNKNOWN)
)
"""States in which it is not known that the agency has the application."""


class DraftIncomplete(PortalError):
    """The draft names no service or no applicant yet."""

    code, status = "draft-incomplete", 422


class Casework(Drafts):
    """The work of one actor; made for one request."""

    def __init__(self, host: Host, documents: FolderDocumentStore, actor: PortalActor) -> None:
        """Act as ``actor``."""
        super().__init__(host.database, host.vault, host.clock, actor, documents)
        self._host = host

    def request_key(self, operation: str, key: str, *request: object) -> RequestKey:
        """The key of a request. Operators of a centre are one client: one may repeat what another began."""
        client = self.actor.centre if self.actor.kind == "operator" else self.actor.id
        plain = json.dumps(to_jsonable_python(request), sort_keys=True, separators=(",", ":"))
        return RequestKey(client, operation, key, hashlib.sha256(plain.encode()).digest())

    # Before filing

    def services(self) -> tuple[PublicService, ...]:
        """The services on offer that the actor may act on."""
        return tuple(one for one in self._host.platform.services if self.actor.serves(one.id))

    def service(self, service: str) -> PublicService:
        """What the catalogue says of a service."""
        self.actor.require("apply", service)
        return self._host.platform.service(service)

    async def form_schema(self, service: str) -> dict[str, JsonValue] | None:
        """The JSON Schema of a service's form; ``None`` for a service without a form."""
        return await self._host.platform.form_schema(self.service(service).id)

    async def eligible(self, applicant: Applicant) -> "tuple[ServiceEligibility, ...]":
        """What the applicant may apply for, among the actor's services; asks no agency."""
        self.actor.require("apply")
        return await self._host.platform.eligible_services(applicant, services=[one.id for one in self.services()])

    async def eligibility(
        self, service: str, applicant: Applicant, form: Mapping[str, JsonValue] | None = None
    ) -> EligibilityDecision:
        """May this applicant apply for a service, with the form as far as known?"""
        return await self._host.platform.check_eligibility(self.service(service).id, applicant, form=form)

    async def validate(self, service: str, form: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """What the form's fields hold, as JSON."""
        return await self._host.platform.form_values(self.service(service).id, form)

    def make_consent(self, service: str, fee_ceiling: Money, *, days: int, asks: Iterable[str] = ()) -> Consent:
        """A consent to all that a service needs, given now, under which the actor acts."""
        given = GivenConsent(fee_ceiling=fee_ceiling, days=days, asks=frozenset(asks))
        return self._own_consent(given.consent(self.service(service), self._host.clock.now()))

    async def quote(self, draft: Draft | ApplicationDraft) -> tuple[Quote | None, tuple[QuoteLine, ...]]:
        """What has to be paid for a draft, and the host's charges beside it; ``None`` where no quote is offered."""
        given = _application_of(draft) if isinstance(draft, Draft) else draft
        if Operation.QUOTE not in self.service(given.service).reads:
            return None, ()
        quote = await self._host.platform.quote_fees(given)
        return quote, self.charges(given.service, given.gateway, quote.total)

    def charges(self, service: str, gateway: str | None, fee: Money) -> tuple[QuoteLine, ...]:
        """The host's charges beside a fee, in its currency; empty where nothing has to be paid."""
        lines = self._host.charges.lines(service, gateway, dhaka_date(self._host.clock.now()))
        return tuple(one for one in lines if fee.poisha and one.amount.currency == fee.currency)

    # Filing

    async def submit(
        self, draft: str, consent: Consent | None = None, key: RequestKey | None = None, *, revision: int
    ) -> str:
        """Hand a draft in as it was at ``revision``; returns the application's id.

        The draft's id makes a second submission the same one. Raises ``DraftChanged``.
        """
        held = await self.draft(draft)
        if held.application is not None:
            return held.application
        if held.revision != revision:
            raise DraftChanged
        given, key = _application_of(held, consent), key or self.request_key("submit", held.id, held.id)
        return await self.apply(given, key, held)

    async def apply(self, draft: ApplicationDraft, key: RequestKey | None = None, saved: Draft | None = None) -> str:
        """Take an application in, with the consent in it; returns its id. ``saved`` is the form it was, if any."""
        service, given = self.service(draft.service), draft.consent
        if key is not None and (done := await self._host.replayed(key)) is not None:
            return done
        values = await self._host.platform.form_values(draft.service, draft.form)
        if problems := list(document_problems(service, draft.documents, values)):
            raise InputRejected(problems)
        for number, one in enumerate(draft.documents):
            if not self._documents.opens(one.id):
                raise not_their_own(number)
        also = None
        if saved is not None:
            # From now on the application holds what was filled in.
            also = partial(self._alter, identity=saved.id, at=saved.revision, content=DraftContent())
        return await self._host.apply(
            draft.model_copy(update={"consent": None}),
            consent=given and self._own_consent(given),
            client_reference=saved.reference if saved is not None else None,
            owner=self.actor.centre,
            key=key,
            also=also,
        )

    # After filing

    async def view(self, application: str) -> ApplicationView:
        """An application of the centre, as the citizen may see it."""
        return await self._host.view((await self.own(application, "view")).id, CITIZEN)

    async def act(self, application: str, action: Action, **given: Any) -> Progress:
        """Let the citizen do what only they can do; ``given`` as ``Host.act`` has it."""
        await self.own(application, "apply")
        return await self._host.act(application, action, by=self.actor.id, **given)

    async def consent(self, application: str, consent: Consent, **condition: Any) -> Progress:
        """Take in a new consent of the citizen, under which the actor acts."""
        await self.own(application, "apply")
        return await self._host.consent(application, self._own_consent(consent), **condition)

    async def slots(self, application: str, **between: datetime | None) -> Slots:
        """The free appointments of an application, between ``earliest`` and ``latest`` if given."""
        await self.own(application, "apply")
        return await self._host.slots(application, **between)

    async def book(self, application: str, slot: Slot, **condition: Any) -> Progress:
        """Book an appointment."""
        await self.own(application, "apply")
        return await self._host.book(application, slot, **condition)

    async def hand_over(
        self, application: str, collector: Collector, *, key: RequestKey | None = None, revision: int | None = None
    ) -> Progress:
        """Hand over what was issued, and record who collected it, as one."""
        found, host, by = (await self.own(application, "apply")).id, self._host, self.actor.id

        def receive(unit: Transaction) -> Progress:
            progress = host.store.read(unit, found).progress
            # What was downloaded closes by itself, and is printed and handed over then.
            is_closed = progress.fetched and progress.state in {_S.DELIVERED, _S.CLOSED}
            if not is_closed:
                progress = host.take_in(unit, found, CitizenActed("received"), revision=revision)
            # Until it was received, the last who was recorded counts; afterwards the first.
            if not is_closed or read_collection(unit, host.vault, found) is None:
                record_collection(unit, host.vault, found, collector, by, host.clock.now())
            return progress

        return await host.once(found, key, receive)

    async def collection(self, application: str) -> HandOver | None:
        """Who collected what an application brought; ``None`` where it was not handed over here."""
        found, vault = (await self.own(application, "view")).id, self._host.vault
        return await self._host.database.run(lambda unit: read_collection(unit, vault, found))

    async def filed_draft(self, application: str) -> ApplicationDraft:
        """What the citizen handed in, as it was corrected since."""
        found, store = (await self.own(application, "apply")).id, self._host.store
        return await self._host.database.run(lambda unit: store.draft(unit, store.read(unit, found)))

    # Documents

    async def put_document(self, service: str, kind: str, pieces: AsyncIterator[bytes]) -> DocumentReference:
        """Keep a document for an application to a service; its type is detected."""
        return await take_document(self._documents, self.service(service), kind, pieces)

    async def documents(self, application: str) -> Sequence[KeptDocument]:
        """All documents of an application, in the order in which they came."""
        found, store = (await self.own(application, "view")).id, self._host.store
        return await self._host.database.run(lambda unit: kept_documents(unit, store.read(unit, found)))

    async def open_document(self, application: str, document: str) -> tuple[DocumentReference, AsyncIterator[bytes]]:
        """A document of an application, and its content in pieces; raises ``DocumentNotHeld``."""
        kept = {one.reference.id: one.reference for one in await self.documents(application)}
        if document not in kept:
            raise DocumentNotHeld
        return kept[document], self._documents.open(kept[document])

    async def deliverables(self, application: str) -> Sequence[tuple[Deliverable, KeptDocument | None]]:
        """What the agency issued, with the document where it was fetched."""
        progress = await self.own(application, "view")
        fetched = {one.reference.kind: one for one in await self.documents(application) if one.source == "agency"}
        return [(one, fetched.get(one.kind)) for one in progress.deliverables]

    # Lists

    async def search(self, text: str) -> Sequence[Any]:
        """The centre's applications under a tracking number, an id, a reference or a mobile number."""
        self.actor.require("view")
        found = await self._host.search(text, owner=self.actor.centre)
        return [one for one in found if self.actor.serves(one.service)]

    async def queue(
        self, wanted: ApplicationFilter | None = None, *, after: PageCursor | None = None, limit: int = 50
    ) -> Page:
        """Applications of the centre, page by page."""
        self.actor.require("view")
        chosen, own = replace(wanted or ApplicationFilter(), owner=self.actor.centre), self.actor.services
        if own is not None:
            chosen = replace(chosen, services=(set(chosen.services) & own if chosen.services else own) or {""})
        return await self._host.applications(chosen, after=after, limit=limit)

    async def briefs(self, rows: Iterable[Any]) -> Mapping[str, Mapping[str, Any]]:
        """What a list says beside these rows of ``queue`` or ``search``, by their ids.

        It is the reference, the ``agency_reference`` and ``expected_by``; nothing where the data were erased.
        """
        self.actor.require("view")
        return await self._host.database.snapshot(lambda unit: {row.id: self._brief(unit, row.id) for row in rows})

    def _brief(self, unit: Transaction, application: str) -> Mapping[str, Any]:
        try:
            progress = self._host.store.read(unit, application).progress
        except Erased:
            return {}
        host = self._host
        expected = expected_decision(unit, service_of(host, progress.service), progress, host.clock.now())
        known = {"reference": progress.client_reference, "agency_reference": progress.agency_reference}
        return {**known, "expected_by": expected and expected.at}

    async def changes(self, after: str | None = None, *, limit: int = 100) -> ChangePage:
        """What happened to the centre's applications after a cursor, in the order of commits."""
        self.actor.require("events")
        return await self._host.changes(after, owner=self.actor.centre, limit=limit)

    # Officers

    async def cases(self, limit: int = 50) -> Sequence[OfficerCase]:
        """The centre's applications that wait for an officer."""
        self.actor.require("decide")
        found = await self._host.cases(limit, owner=self.actor.centre)
        return [one for one in found if self.actor.serves(one.service)]

    async def officer_view(self, application: str) -> OfficerView:
        """An application as an officer sees it."""
        return cast("OfficerView", await self._host.view((await self.own(application, "decide")).id, OFFICER))

    async def decide(self, application: str, decision: Decided, **condition: Any) -> Progress:
        """Take in a decision; the actor is the officer."""
        await self.own(application, "decide")
        return await self._host.decide(application, replace(decision, officer=self.actor.id), **condition)

    async def own(self, application: str, scope: Scope) -> Progress:
        """The application, if it is the centre's and the actor may do this to it."""
        self.actor.require(scope)
        if await self._host.owner(application) != self.actor.centre:
            raise NoSuchApplication
        progress = await self._host.progress(application)
        self.actor.require(scope, progress.service)
        return progress

    def _own_consent(self, consent: Consent) -> Consent:
        return consent.model_copy(update={"acting": self.actor.id})


def sum_of(fee: Money, charges: Iterable[QuoteLine]) -> Money:
    """What a fee and the charges beside it come to."""
    return Money(poisha=fee.poisha + sum(one.total.poisha for one in charges), currency=fee.currency)


def _application_of(draft: Draft, consent: Consent | None = None) -> ApplicationDraft:
    held = draft.content
    if draft.service is None or held.applicant is None:
        raise DraftIncomplete
    parts = {name: getattr(held, name) for name in ("applicant", "form", "documents", "gateway", "payer")}
    return ApplicationDraft(service=draft.service, consent=consent or held.consent, **parts)
