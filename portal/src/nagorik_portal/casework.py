"""What an actor may do, in terms of the host: each call checks scope, service and centre, and names who acts.

An application or a draft of another centre is answered as one that does not exist.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import uuid4

from pydantic import BaseModel, JsonValue
from pydantic_core import to_jsonable_python

from nagorik import Applicant, ApplicationDraft, ApplicationState, Consent, DocumentReference, InputRejected, Quote
from nagorik.manifest import PublicService
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import QuoteLine
from nagorik.model.status import Deliverable, Slot, Slots
from nagorik.operations import Operation
from nagorik.values import Money, dhaka_date
from nagorik_host.host import Action, Host
from nagorik_host.store.application_store import NoSuchApplication
from nagorik_host.store.cases import OfficerCase
from nagorik_host.store.changes import ChangePage
from nagorik_host.store.database import Transaction
from nagorik_host.store.kept_documents import KeptDocument, kept_documents
from nagorik_host.store.listings import ApplicationFilter, Page, PageCursor
from nagorik_host.store.request_keys import RequestKey
from nagorik_host.vault import Erased
from nagorik_host.view_reader import expected_decision, service_of
from nagorik_host.views import CITIZEN, OFFICER, ApplicationView, OfficerView, consent_operations
from nagorik_platform.documents import document_problems
from nagorik_platform.lifecycle import Decided, NotPossible, Progress
from nagorik_portal.actors import PortalActor, Scope
from nagorik_portal.documents import DocumentDesk, DocumentNotHeld
from nagorik_portal.drafts import Draft, DraftContent, DraftEntry, Drafts
from nagorik_portal.errors import PortalError
from nagorik_portal.hand_overs import Collector, HandOver, read_collection, record_collection

if TYPE_CHECKING:
    from nagorik_platform.dispatch.survey import ServiceEligibility

NOT_AT_THE_AGENCY: Final = frozenset(
    one.value
    for one in (
        ApplicationState.DRAFT,
        ApplicationState.READY,
        ApplicationState.AWAITING_PAYMENT,
        ApplicationState.SUBMITTING,
        ApplicationState.SUBMISSION_UNKNOWN,
    )
)
"""States in which it is not known that the agency has the application."""


class DraftIncomplete(PortalError):
    """The draft names no service or no applicant yet."""

    code = "draft-incomplete"
    status = 422


class DraftPrice(NamedTuple):
    """What is asked for: the agency's quote, and the host's charges beside it, in the same currency.

    All three are empty where the service offers no quote.
    """

    quote: Quote | None = None
    charges: tuple[QuoteLine, ...] = ()
    total: Money | None = None


class IssuedDeliverable(NamedTuple):
    """Something that the agency issued, and its document where it was fetched."""

    deliverable: Deliverable
    document: DocumentReference | None
    fetched_at: datetime | None


class ApplicationBrief(NamedTuple):
    """What a list says of an application beside its row.

    ``reference`` is its tracking number, ``expected_by`` when the agency should be done. Both are ``None`` where the
    citizen's data were erased.
    """

    reference: str | None
    agency_reference: str | None
    expected_by: datetime | None


class FoundCases(NamedTuple):
    """What a search found in the centre: rows of applications, and drafts."""

    applications: Sequence[Any]
    drafts: Sequence[DraftEntry]


class Casework:
    """The work of one actor; made for one request."""

    def __init__(self, host: Host, drafts: Drafts, documents: DocumentDesk, actor: PortalActor) -> None:
        """Act as ``actor``."""
        self._host, self._drafts, self._documents, self.actor = host, drafts, documents, actor

    def request_key(self, operation: str, key: str, *request: object) -> RequestKey:
        """The key of a request: what the client sent, and a digest of what it asks for.

        Operators of a centre are one client, so that one of them may repeat what another began.
        """
        client = self.actor.centre if self.actor.kind == "operator" else self.actor.id
        return RequestKey(client, operation, key, digest_of(request))

    # Before filing

    def services(self) -> tuple[PublicService, ...]:
        """The services on offer that the actor may act on."""
        return tuple(one for one in self._host.platform.services if self.actor.serves(one.id))

    def service(self, service: str) -> PublicService:
        """What the catalogue says of a service; raises ``ServiceNotOffered`` or ``NotPermitted``."""
        self.actor.require("apply", service)
        return self._host.platform.service(service)

    async def form_schema(self, service: str) -> dict[str, JsonValue] | None:
        """The JSON Schema of a service's form; ``None`` for a service without a form."""
        self.actor.require("apply", service)
        return await self._host.platform.form_schema(service)

    async def eligible(self, applicant: Applicant) -> "tuple[ServiceEligibility, ...]":
        """What the applicant may apply for, among the actor's services; asks no agency."""
        self.actor.require("apply")
        ids = [one.id for one in self.services()]
        return await self._host.platform.eligible_services(applicant, services=ids)

    async def eligibility(
        self, service: str, applicant: Applicant, form: Mapping[str, JsonValue] | None = None
    ) -> EligibilityDecision:
        """May this applicant apply for a service, with the form as far as known?"""
        self.actor.require("apply", service)
        return await self._host.platform.check_eligibility(service, applicant, form=form)

    async def validate(self, service: str, form: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """What the form's fields hold, as JSON; raises ``InputRejected`` with each field's problem."""
        self.actor.require("apply", service)
        return await self._host.platform.form_values(service, form)

    def make_consent(
        self,
        service: str,
        fee_ceiling: Money,
        *,
        days: int,
        asks: Iterable[str] = (),
        given_at: datetime | None = None,
    ) -> Consent:
        """A consent to all that a service needs, given now or at an instant, under which the actor acts."""
        given = given_at or self._host.clock.now()
        return Consent(
            id=str(uuid4()),
            service=service,
            operations=consent_operations(self.service(service)),
            fee_ceiling=fee_ceiling,
            given_at=given,
            expires_at=given + timedelta(days=days),
            asks=frozenset(asks),
            acting=self.actor.id,
        )

    # Drafts

    async def new_draft(
        self, content: DraftContent | None = None, *, service: str | None = None, key: RequestKey | None = None
    ) -> Draft:
        """Begin a draft; a second request with the same key returns the same draft."""
        self.actor.require("apply", service)
        return await self._drafts.create(self.actor.centre, self.actor.id, content, service=service, key=key)

    async def draft(self, identity: str) -> Draft:
        """A draft of the centre."""
        self.actor.require("apply")
        return await self._drafts.read(identity, self.actor.centre)

    async def save_draft(
        self, identity: str, content: DraftContent, *, revision: int, service: str | None = None
    ) -> Draft:
        """Replace what a draft of the centre holds, if it is still at ``revision``; documents left out are erased."""
        self.actor.require("apply", service)
        before = await self.draft(identity)
        known = {one.id for one in before.content.documents}
        new = [one for one in content.documents if one.id not in known]
        await self._documents.claim(new, self._host.store.hash_client_reference(before.reference))
        centre, by = self.actor.centre, self.actor.id
        saved = await self._drafts.save(identity, centre, by, content, revision=revision, service=service)
        left = {one.id for one in content.documents}
        self._documents.remove([one for one in before.content.documents if one.id not in left])
        return saved

    async def drafts(self, *, limit: int = 200) -> Sequence[DraftEntry]:
        """The drafts of the centre, the last saved first."""
        self.actor.require("apply")
        return await self._drafts.list(self.actor.centre, limit=limit)

    async def discard_draft(self, identity: str) -> None:
        """Delete a draft and its documents."""
        self.actor.require("apply")
        gone = await self._drafts.discard(identity, self.actor.centre)
        self._documents.remove(gone.content.documents)

    async def quote(self, draft: Draft | ApplicationDraft) -> DraftPrice:
        """What has to be paid for a draft, before anything is filed."""
        given = _application_of(draft) if isinstance(draft, Draft) else draft
        self.actor.require("apply", given.service)
        if Operation.QUOTE not in self._host.platform.service(given.service).reads:
            return DraftPrice()
        quote = await self._host.platform.quote_fees(given)
        poisha, currency = quote.total.poisha, quote.total.currency
        if poisha == 0:
            return DraftPrice(quote, (), quote.total)
        lines = self._host.charges.lines(given.service, given.gateway, dhaka_date(self._host.clock.now()))
        charges = tuple(one for one in lines if one.amount.currency == currency)
        total = Money(poisha=poisha + sum(one.total.poisha for one in charges), currency=currency)
        return DraftPrice(quote, charges, total)

    # Filing

    async def submit(self, draft: str, consent: Consent | None = None, key: RequestKey | None = None) -> str:
        """Hand a draft in; returns the application's id. The draft's id makes a second submission the same one.

        Raises:
            DraftIncomplete: It names no service or no applicant.
            InputRejected: A field is wrong or a document is missing; nothing is kept.
        """
        self.actor.require("apply")
        held = await self._drafts.read(draft, self.actor.centre)
        if held.application is not None:
            return held.application
        given = _application_of(held)
        consent = consent or given.consent
        application = await self.apply(given, consent, key or self.request_key("submit", held.id, held.id), held)
        await self._drafts.submitted(held.id, self.actor.centre, application)
        return application

    async def apply(
        self,
        draft: ApplicationDraft,
        consent: Consent | None = None,
        key: RequestKey | None = None,
        saved: Draft | None = None,
    ) -> str:
        """Take an application in; returns its id. ``saved`` is the draft that it comes from, if any.

        Raises:
            InputRejected: A field is wrong or a document is missing; nothing is kept.
            KeyReused: The key came before with another request.
        """
        self.actor.require("apply", draft.service)
        if key is not None and (done := await self._host.replayed(key)) is not None:
            return done
        service = self._host.platform.service(draft.service)
        values = await self._host.platform.form_values(draft.service, draft.form)
        if problems := list(document_problems(service, draft.documents, values)):
            raise InputRejected(problems)
        given = consent or draft.consent
        return await self._host.apply(
            draft.model_copy(update={"consent": None}),
            consent=given and self._own_consent(given),
            client_reference=saved.reference if saved is not None else None,
            owner=self.actor.centre,
            key=key,
        )

    # After filing

    async def view(self, application: str) -> ApplicationView:
        """An application of the centre, as the citizen may see it."""
        await self._own(application, "view")
        return await self._host.view(application, CITIZEN)

    async def act(
        self,
        application: str,
        action: Action,
        *,
        form: Mapping[str, JsonValue] | None = None,
        documents: Sequence[DocumentReference] = (),
        gateway: str | None = None,
        key: RequestKey | None = None,
        revision: int | None = None,
    ) -> Progress:
        """Let the citizen do what only they can do; as ``Host.act``."""
        await self._own(application, "apply")
        by = self.actor.id if documents else None
        return await self._host.act(
            application, action, form=form, documents=documents, by=by, gateway=gateway, key=key, revision=revision
        )

    async def withdraw(
        self, application: str, *, key: RequestKey | None = None, revision: int | None = None
    ) -> Progress:
        """Take an application back, as the citizen wishes."""
        return await self.act(application, "withdraw", key=key, revision=revision)

    async def consent(
        self, application: str, consent: Consent, *, key: RequestKey | None = None, revision: int | None = None
    ) -> Progress:
        """Take in a new consent of the citizen, under which the actor acts."""
        await self._own(application, "apply")
        return await self._host.consent(application, self._own_consent(consent), key=key, revision=revision)

    async def slots(
        self, application: str, *, earliest: datetime | None = None, latest: datetime | None = None
    ) -> Slots:
        """The free appointments of an application."""
        await self._own(application, "apply")
        return await self._host.slots(application, earliest=earliest, latest=latest)

    async def book(
        self, application: str, slot: Slot, *, key: RequestKey | None = None, revision: int | None = None
    ) -> Progress:
        """Book an appointment."""
        await self._own(application, "apply")
        return await self._host.book(application, slot, key=key, revision=revision)

    async def hand_over(
        self, application: str, collector: Collector, *, key: RequestKey | None = None, revision: int | None = None
    ) -> Progress:
        """Hand over what was issued, and record who collected it; the record comes first.

        Raises:
            NotPossible: Nothing was issued that could be handed over.
        """
        progress = await self._own(application, "apply")
        if key is not None and await self._host.replayed(key) is not None:
            return progress
        is_waiting = progress.state in {ApplicationState.ISSUED, ApplicationState.DELIVERY_FAILED}
        # What was downloaded closes by itself, and is printed and handed over then.
        if not is_waiting and not progress.fetched:
            raise NotPossible("nothing-to-receive")
        now, by, vault = self._host.clock.now(), self.actor.id, self._host.vault

        def record(transaction: Transaction) -> None:
            # Until it was received, the last who was recorded counts; afterwards the first.
            if is_waiting or read_collection(transaction, vault, progress.id) is None:
                record_collection(transaction, vault, progress.id, collector, by, now)

        await self._host.database.run(record)
        if is_waiting:
            return await self._host.act(application, "received", key=key, revision=revision)
        if key is not None:
            await self._host.remember(key, progress.id)
        return progress

    async def collection(self, application: str) -> HandOver | None:
        """Who collected what an application brought; ``None`` where it was not handed over here."""
        found = (await self._own(application, "view")).id
        vault = self._host.vault
        return await self._host.database.run(lambda transaction: read_collection(transaction, vault, found))

    async def service_of(self, application: str) -> str:
        """The service that an application of the centre is for, by id."""
        return (await self._own(application, "apply")).service

    async def filed_draft(self, application: str) -> ApplicationDraft:
        """What the citizen handed in, as it was corrected since."""
        found = (await self._own(application, "apply")).id

        def read(transaction: Transaction) -> ApplicationDraft:
            return self._host.store.draft(transaction, self._host.store.read(transaction, found))

        return await self._host.database.run(read)

    # Documents

    async def put_document(
        self, service: str, kind: str, pieces: AsyncIterator[bytes], *, key: RequestKey | None = None
    ) -> DocumentReference:
        """Keep a document for an application to a service; its type is detected.

        A second request with the same key returns the same document.

        Raises:
            InputRejected: It is empty, too large, or of a kind or type that the service does not take.
        """
        offered = self.service(service)
        if key is not None and (kept := await self._host.replayed(key)) is not None:
            return await self._documents.describe(kind, kept)
        taken = await self._documents.take(offered, kind, pieces)
        if key is not None:
            await self._host.remember(key, taken.id)
        return taken

    async def documents(self, application: str) -> Sequence[KeptDocument]:
        """All documents of an application, in the order in which they came."""
        await self._own(application, "view")

        def read(transaction: Transaction) -> list[KeptDocument]:
            return kept_documents(transaction, self._host.store.read(transaction, application))

        return await self._host.database.run(read)

    async def open_document(self, application: str, document: str) -> tuple[DocumentReference, AsyncIterator[bytes]]:
        """A document of an application, and its content in pieces.

        Raises:
            DocumentNotHeld: The application has no such document.
        """
        kept = {one.reference.id: one.reference for one in await self.documents(application)}
        if document not in kept:
            raise DocumentNotHeld
        return kept[document], self._documents.open(kept[document])

    async def deliverables(self, application: str) -> Sequence[IssuedDeliverable]:
        """What the agency issued, with the document where it was fetched."""
        progress = await self._own(application, "view")
        fetched = {one.reference.kind: one for one in await self.documents(application) if one.source == "agency"}
        found = ((one, fetched.get(one.kind)) for one in progress.deliverables)
        return [IssuedDeliverable(one, kept and kept.reference, kept and kept.at) for one, kept in found]

    # Lists

    async def search(self, text: str) -> FoundCases:
        """What the centre has under a tracking number, an id, a reference or a mobile number, exactly as written."""
        self.actor.require("view")
        found = await self._host.search(text, owner=self.actor.centre)
        return FoundCases(found, await self._drafts.find(text, self.actor.centre))

    async def queue(
        self, wanted: ApplicationFilter | None = None, *, after: PageCursor | None = None, limit: int = 50
    ) -> Page:
        """Applications of the centre, page by page."""
        self.actor.require("view")
        chosen = replace(wanted or ApplicationFilter(), owner=self.actor.centre)
        if self.actor.services is not None:
            services = set(chosen.services) & self.actor.services if chosen.services else self.actor.services
            chosen = replace(chosen, services=services or {""})
        return await self._host.applications(chosen, after=after, limit=limit)

    async def briefs(self, rows: Iterable[Any]) -> Mapping[str, ApplicationBrief]:
        """What a list says of these rows of ``queue`` or ``search``, by their ids."""
        self.actor.require("view")
        ids, now = [row.id for row in rows], self._host.clock.now()

        def read(transaction: Transaction) -> dict[str, ApplicationBrief]:
            return {one: self._brief(transaction, one, now) for one in ids}

        return await self._host.database.snapshot(read)

    def _brief(self, transaction: Transaction, application: str, now: datetime) -> ApplicationBrief:
        try:
            progress = self._host.store.read(transaction, application).progress
        except Erased:
            return ApplicationBrief(None, None, None)
        expected = expected_decision(transaction, service_of(self._host, progress.service), progress, now)
        return ApplicationBrief(progress.client_reference, progress.agency_reference, expected and expected.at)

    async def outbox(self, *, after: PageCursor | None = None, limit: int = 50) -> Page:
        """Applications of the centre of which it is not known that their agency has them."""
        return await self.queue(ApplicationFilter(states=NOT_AT_THE_AGENCY, open_only=True), after=after, limit=limit)

    async def changes(self, after: str | None = None, *, limit: int = 100) -> ChangePage:
        """What happened to the centre's applications after a cursor, in the order of commits."""
        self.actor.require("events")
        return await self._host.changes(after, owner=self.actor.centre, limit=limit)

    # Officers

    async def cases(self, limit: int = 50) -> Sequence[OfficerCase]:
        """The centre's applications that wait for an officer."""
        self.actor.require("decide")
        return await self._host.cases(limit, owner=self.actor.centre)

    async def officer_view(self, application: str) -> OfficerView:
        """An application as an officer sees it."""
        await self._own(application, "decide")
        found = await self._host.view(application, OFFICER)
        assert isinstance(found, OfficerView)  # noqa: S101 - the host gives this view for this audience
        return found

    async def decide(
        self, application: str, decision: Decided, *, key: RequestKey | None = None, revision: int | None = None
    ) -> Progress:
        """Take in a decision; the actor is the officer."""
        await self._own(application, "decide")
        named = replace(decision, officer=self.actor.id)
        return await self._host.decide(application, named, key=key, revision=revision)

    # Below

    async def _own(self, application: str, scope: Scope) -> Progress:
        """The application, if it is the centre's and the actor may do this to it."""
        self.actor.require(scope)
        if await self._host.owner(application) != self.actor.centre:
            raise NoSuchApplication
        progress = await self._host.progress(application)
        self.actor.require(scope, progress.service)
        return progress

    def _own_consent(self, consent: Consent) -> Consent:
        return consent.model_copy(update={"acting": self.actor.id})


def digest_of(request: object) -> bytes:
    """The SHA-256 of a request's canonical JSON."""
    plain = to_jsonable_python(request, fallback=_dumped)
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).digest()


def _dumped(value: object) -> object:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


def _application_of(draft: Draft) -> ApplicationDraft:
    if draft.service is None or draft.content.applicant is None:
        raise DraftIncomplete
    return ApplicationDraft(
        service=draft.service,
        applicant=draft.content.applicant,
        form=draft.content.form,
        documents=draft.content.documents,
        gateway=draft.content.gateway,
        payer=draft.content.payer,
        consent=draft.content.consent,
    )
