"""Applications: taken in, shown, and acted on."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from nagorik import ApplicationDraft, ApplicationState, Slots
from nagorik_host import ApplicationFilter, ApplicationView, PageCursor
from nagorik_portal.api import models as m
from nagorik_portal.api.calls import (
    AfterQuery,
    ApplicationPath,
    Changing,
    Keyed,
    LimitQuery,
    State,
    Work,
    etag,
    next_link,
)
from nagorik_portal.api.routes.catalogue import consent_of
from nagorik_portal.api.strict_json import JsonBody
from nagorik_portal.hand_overs import Collector

router = APIRouter(tags=["applications"])
StandingQuery = Annotated[Literal["open", "all"], Query(description="Those not closed, or all.")]
StateQuery = Annotated[ApplicationState | None, Query(alias="state", description="In this state.")]
ServiceQuery = Annotated[m.OfferId | None, Query(description="To this service.")]
InstantQuery = Annotated[
    m.ZonedInstant | None, Query(description="From or until when an appointment suits, with its zone.")
]


@router.post("/applications", status_code=201)
async def apply(given: JsonBody[m.ApplicationBody], once: Keyed) -> m.StandingView:
    """Take an application in; a worker sends it to its agency later."""
    casework = once.casework

    async def take_in() -> str:
        draft = ApplicationDraft(
            service=given.service,
            applicant=given.applicant,
            form=given.form,
            documents=once.documents(given.documents),
            gateway=given.gateway,
            payer=given.payer,
        )
        return await casework.apply(draft, consent_of(casework, given.service, given.consent), once.key)

    application = await once.once(take_in)
    once.locate(f"/applications/{application}")
    return await once.standing(application)


@router.get("/applications")
async def list_applications(
    state: State,
    casework: Work,
    request: Request,
    response: Response,
    standing: StandingQuery = "open",
    in_state: StateQuery = None,
    service: ServiceQuery = None,
    after: AfterQuery = None,
    limit: LimitQuery = 50,
) -> m.RowPage[m.ApplicationListed]:
    """List the centre's applications, the latest taken in first."""
    states, services = [in_state.value] if in_state else [], [service] if service else []
    wanted = ApplicationFilter(states=states, services=services, open_only=standing == "open")
    of = f"applications/{casework.actor.centre}/{standing}/{states}/{services}"
    place = PageCursor.read(state.cursors.read(of, after)) if after is not None else None
    page = await casework.queue(wanted, after=place, limit=limit)
    following = state.cursors.write(of, str(page.next)) if page.next is not None else None
    if following is not None:
        next_link(request, response, following)
    return m.RowPage(rows=[m.ApplicationListed.model_validate(row) for row in page.rows], next=following)


@router.post("/search")
async def search(asked: JsonBody[m.SearchBody], casework: Work) -> m.RowPage[m.ApplicationListed]:
    """Find the centre's applications by an id, a reference or the applicant's mobile number, at most 20."""
    found = await casework.search(asked.text)
    return m.RowPage(rows=[m.ApplicationListed.model_validate(row) for row in found.applications])


@router.get("/applications/{application}")
async def show_application(application: ApplicationPath, casework: Work, response: Response) -> ApplicationView:
    """Show an application with its timeline, as the citizen may see it."""
    view = await casework.view(application)
    response.headers["ETag"] = etag(view.revision)
    return view


@router.post("/applications/{application}/consent")
async def give_consent(
    application: ApplicationPath, given: JsonBody[m.ConsentBody], change: Changing
) -> m.StandingView:
    """Take in a new consent of the citizen, in place of the one before."""
    casework = change.effect.casework
    consent = consent_of(casework, await casework.service_of(application), given)
    return await change.by(casework.consent, consent)


@router.post("/applications/{application}/acknowledgement")
async def acknowledge(change: Changing) -> m.StandingView:
    """Apply although it is not known whether the citizen may."""
    return await change.act("go-on")


@router.post("/applications/{application}/payment")
async def pay(given: JsonBody[m.PaymentBody], change: Changing) -> m.StandingView:
    """Begin to pay; the application shows the address or the instructions once the gateway gave them."""
    return await change.act("pay-again" if given.again else "pay", gateway=given.gateway)


@router.post("/applications/{application}/correction")
async def correct(given: JsonBody[m.CorrectionBody], change: Changing) -> m.StandingView:
    """Correct the form, hand in later documents, or both."""
    return await change.act("corrected", form=given.form, documents=change.effect.documents(given.documents))


@router.post("/applications/{application}/withdrawal")
async def withdraw(change: Changing) -> m.StandingView:
    """Take an application back."""
    return await change.act("withdraw")


@router.get("/applications/{application}/slots")
async def list_slots(
    application: ApplicationPath, casework: Work, earliest: InstantQuery = None, latest: InstantQuery = None
) -> Slots:
    """Ask the agency for its free appointments."""
    return await casework.slots(application, earliest=earliest, latest=latest)


@router.post("/applications/{application}/booking")
async def book(given: JsonBody[m.BookingBody], change: Changing) -> m.StandingView:
    """Take an appointment."""
    return await change.by(change.effect.casework.book, given.slot)


@router.post("/applications/{application}/hand-over")
async def hand_over(given: JsonBody[m.HandOverBody], change: Changing) -> m.StandingView:
    """Record that what was issued was handed over, and to whom."""
    collector = Collector(name=given.name, relation=given.relation, identity_seen=given.identity_seen)
    return await change.by(change.effect.casework.hand_over, collector)
