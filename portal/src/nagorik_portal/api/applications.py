"""Applications: taken in, shown, acted on for the citizen, decided on by officers; and their documents."""

from collections.abc import AsyncIterator, Iterable, Iterator
from mimetypes import guess_extension
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from nagorik import Slots
from nagorik_host import ApplicationView, OfficerView, PageCursor
from nagorik_platform.lifecycle import Decided
from nagorik_portal.api import models as m
from nagorik_portal.api.before_filing import application_of, consent_of
from nagorik_portal.api.calls import ApplicationPath, Asked, Changing, Keyed, KeyHeader, LimitQuery, Paged
from nagorik_portal.hand_overs import Collector

ROUTERS = router, documents = APIRouter(tags=["applications"]), APIRouter(tags=["documents"])
InstantQuery = Annotated[m.ZonedInstant | None, Query(description="From or until when it suits, with its zone.")]
_COLUMNS: Final = ("id", "service", "state", "waits_for", "hold", "opened_at", "updated_at")
DocumentPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="The document's id.")]
ServiceQuery = Annotated[m.OfferId, Query(description="The service that it is for.")]
KindQuery = Annotated[str, Query(pattern=r"^[a-z][a-z0-9-]{0,59}$", description="One of the service's kinds.")]


def _listed(found: Iterable[Any]) -> Iterator[dict[str, Any]]:
    return ({name: getattr(row, name) for name in _COLUMNS} for row in found)


@router.post("/applications", status_code=201)
async def apply(given: m.JsonBody[m.ApplicationBody], keyed: Keyed) -> m.ApiJson:
    """Take an application in; a worker sends it to its agency later."""
    made = keyed.subject
    if made is None:
        made = await keyed.casework.apply(application_of(keyed, given.service, given), key=keyed.key)
    return await keyed.standing(keyed.locate("/applications", made))


@router.get("/applications")
async def list_applications(paging: Paged) -> m.RowPage:
    """List the centre's applications, the latest taken in first."""
    after = PageCursor.read(place) if (place := paging.place("applications")) is not None else None
    page = await paging.casework.queue(after=after, limit=paging.limit)
    return paging.page("applications", _listed(page.rows), page.next)


@router.post("/search")
async def search(asked: m.JsonBody[m.SearchBody], call: Asked) -> m.RowPage:
    """Find the centre's applications by an id, a reference or the applicant's mobile number, at most 20."""
    return m.RowPage.of(_listed(await call.casework.search(asked.text)))


@router.get("/applications/{application}")
async def show_application(application: ApplicationPath, call: Asked) -> ApplicationView:
    """Show an application with its timeline, as the citizen may see it."""
    view = await call.casework.view(application)
    call.etag(view.revision)
    return view


@router.post("/applications/{application}/consent")
async def give_consent(given: m.JsonBody[m.ConsentBody], change: Changing) -> m.ApiJson:
    """Take in a new consent of the citizen, in place of the one before."""
    casework = change.casework
    service = (await casework.own(change.application, "apply")).service
    return await change.change(casework.consent, consent_of(casework, service, given))


@router.post("/applications/{application}/acknowledgement")
async def acknowledge(change: Changing) -> m.ApiJson:
    """Apply although it is not known whether the citizen may."""
    return await change.change(change.casework.act, "go-on")


@router.post("/applications/{application}/payment")
async def pay(given: m.JsonBody[m.PaymentBody], change: Changing) -> m.ApiJson:
    """Begin to pay; the application shows the address or the instructions once the gateway gave them."""
    action = "pay-again" if given.again else "pay"
    return await change.change(change.casework.act, action, gateway=given.gateway)


@router.post("/applications/{application}/correction")
async def correct(given: m.JsonBody[m.CorrectionBody], change: Changing) -> m.ApiJson:
    """Correct the form, hand in later documents, or both."""
    documents = change.documents(given.documents)
    return await change.change(change.casework.act, "corrected", form=given.form, documents=documents)


@router.post("/applications/{application}/withdrawal")
async def withdraw(change: Changing) -> m.ApiJson:
    """Take an application back."""
    return await change.change(change.casework.act, "withdraw")


@router.get("/applications/{application}/slots")
async def list_slots(
    application: ApplicationPath, call: Asked, earliest: InstantQuery = None, latest: InstantQuery = None
) -> Slots:
    """Ask the agency for its free appointments."""
    return await call.casework.slots(application, earliest=earliest, latest=latest)


@router.post("/applications/{application}/booking")
async def book(given: m.JsonBody[m.BookingBody], change: Changing) -> m.ApiJson:
    """Take an appointment."""
    return await change.change(change.casework.book, given.slot)


@router.post("/applications/{application}/hand-over")
async def hand_over(collector: m.JsonBody[Collector], change: Changing) -> m.ApiJson:
    """Record that what was issued was handed over, and to whom."""
    return await change.change(change.casework.hand_over, collector)


@router.get("/cases")
async def list_cases(call: Asked, limit: LimitQuery = 50) -> m.RowPage:
    """List the centre's applications that wait for an officer, the longest first."""
    return m.RowPage.of(one._asdict() for one in await call.casework.cases(limit))


@router.get("/cases/{application}")
async def show_case(application: ApplicationPath, call: Asked) -> OfficerView:
    """Show an application as an officer sees it: the citizen masked, and what may be decided."""
    view = await call.casework.officer_view(application)
    call.etag(view.revision)
    return view


@router.post("/cases/{application}/decision")
async def decide(given: m.JsonBody[m.DecisionBody], change: Changing) -> m.ApiJson:
    """Decide. The caller is the officer."""
    casework = change.casework
    return await change.change(casework.decide, Decided(officer=casework.actor.id, **dict(given)))


@documents.post("/documents", status_code=201)
async def hand_in_document(call: Asked, key: KeyHeader, service: ServiceQuery, kind: KindQuery) -> m.ApiJson:
    """Hand in a document: its bytes are the body, and its type is what they show.

    It belongs to the draft, application or correction that names it first. A draft that is saved without it, or
    discarded, erases it.
    """
    taken, kept = await call.casework.put_document(service, kind, call.request.stream()), None
    # What is asked for is known once all of it came.
    given = call.casework.request_key("hand_in_document", key, service, kind, taken.sha256)
    try:
        kept = await call.portal.host.remember(given, taken.id)
    finally:
        if kept != taken.id:
            call.portal.documents.remove(taken.id)
    if kept != taken.id:
        call.say_replayed()
    name = call.name_document(taken.model_copy(update={"id": kept}))
    return {"document": name, "kind": kind, "media_type": taken.media_type, "bytes": taken.bytes}


@documents.get("/applications/{application}/deliverables")
async def list_deliverables(application: ApplicationPath, call: Asked) -> m.RowPage:
    """List what the agency issued, each with its document once the host has it."""
    found = await call.casework.deliverables(application)
    return m.RowPage.of(
        {"deliverable": one, "document": kept and kept.reference, "fetched_at": kept and kept.at}
        for one, kept in found
    )


@documents.get("/applications/{application}/documents")
async def list_documents(application: ApplicationPath, call: Asked) -> m.RowPage:
    """List the documents of an application, those of the agency included, in the order in which they came."""
    return m.RowPage.of(one._asdict() for one in await call.casework.documents(application))


@documents.get("/applications/{application}/documents/{document}", response_class=StreamingResponse)
async def download(application: ApplicationPath, document: DocumentPath, call: Asked) -> Response:
    """Download a document of an application, as a file."""
    reference, pieces = await call.casework.open_document(application, document)
    first = await anext(pieces, b"")  # what cannot be opened is a problem, and no broken file

    async def content() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    name = f"{reference.kind}{guess_extension(reference.media_type) or '.bin'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(reference.bytes)}
    return StreamingResponse(content(), headers=headers, media_type=reference.media_type)
