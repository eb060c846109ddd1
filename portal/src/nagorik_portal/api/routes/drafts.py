"""Drafts: what was filled in and is not handed in yet, shared by the operators and machines of a centre."""

from fastapi import APIRouter, Response

from nagorik_portal.api import models as m
from nagorik_portal.api.calls import ApiState, DraftPath, Keyed, Revision, State, Work, etag
from nagorik_portal.api.routes.catalogue import consent_of, price_of
from nagorik_portal.api.strict_json import JsonBody
from nagorik_portal.casework import Casework, DraftIncomplete
from nagorik_portal.drafts import Draft, DraftContent

router = APIRouter(tags=["drafts"])


def _content(state: ApiState, casework: Casework, given: m.DraftBody, before: DraftContent) -> DraftContent:
    """What a draft holds from now on; what the desk alone keeps in it stays."""
    taken = {name: getattr(given, name) for name in ("applicant", "form", "gateway", "payer")}
    documents = state.cursors.documents(casework.actor.centre, given.documents)
    return before.model_copy(update={**taken, "documents": documents})


def _shown(state: ApiState, draft: Draft, response: Response) -> m.DraftView:
    response.headers["ETag"] = etag(draft.revision)
    held, same = draft.content, ("id", "reference", "service", "operator", "revision", "updated_at", "application")
    name_document = state.cursors.name_document
    documents = [
        m.DocumentTaken(
            document=name_document(draft.centre, one), kind=one.kind, media_type=one.media_type, bytes=one.bytes
        )
        for one in held.documents
    ]
    return m.DraftView(
        **{name: getattr(draft, name) for name in same},
        **{name: getattr(held, name) for name in ("applicant", "form", "gateway", "payer")},
        documents=documents,
    )


@router.post("/drafts", status_code=201)
async def begin_draft(given: JsonBody[m.DraftBody], once: Keyed) -> m.DraftView:
    """Begin a draft, which has a tracking number from now on."""
    casework, state = once.casework, once.state

    async def begin() -> str:
        content = _content(state, casework, given, DraftContent())
        made = await casework.new_draft(content, service=given.service)
        kept = await state.portal.host.remember(once.key, made.id)
        if kept != made.id:  # the same request came to another process at the same time
            await casework.discard_draft(made.id)
        return kept

    draft = await casework.draft(await once.once(begin))
    once.locate(f"/drafts/{draft.id}")
    return _shown(state, draft, once.response)


@router.get("/drafts")
async def list_drafts(casework: Work) -> m.RowPage[m.DraftListed]:
    """List the centre's drafts that were not handed in, the last saved first, at most 200."""
    found = await casework.drafts()
    return m.RowPage(
        rows=[
            m.DraftListed(id=one.id, service=one.service, operator=one.operator, updated_at=one.updated_at)
            for one in found
        ]
    )


@router.get("/drafts/{draft}")
async def show_draft(draft: DraftPath, state: State, casework: Work, response: Response) -> m.DraftView:
    """Show a draft."""
    return _shown(state, await casework.draft(draft), response)


@router.put("/drafts/{draft}")
async def save_draft(
    draft: DraftPath,
    given: JsonBody[m.DraftBody],
    state: State,
    casework: Work,
    revision: Revision,
    response: Response,
) -> m.DraftView:
    """Replace what a draft holds."""
    before = await casework.draft(draft)
    content = _content(state, casework, given, before.content)
    saved = await casework.save_draft(draft, content, revision=revision, service=given.service)
    return _shown(state, saved, response)


@router.delete("/drafts/{draft}", status_code=204)
async def discard_draft(draft: DraftPath, casework: Work) -> None:
    """Delete a draft and its documents."""
    await casework.discard_draft(draft)


@router.post("/drafts/{draft}/quote")
async def quote_draft(draft: DraftPath, casework: Work) -> m.PriceView:
    """Ask what has to be paid for a draft. Nothing is kept."""
    found = await casework.draft(draft)
    return await price_of(casework, found, _service_of(found))


@router.post("/drafts/{draft}/submission", status_code=201)
async def submit_draft(draft: DraftPath, given: JsonBody[m.SubmissionBody], once: Keyed) -> m.StandingView:
    """Hand a draft in; a draft becomes one application, whatever the key."""
    casework = once.casework

    async def submit() -> str:
        service = _service_of(await casework.draft(draft))
        return await casework.submit(draft, consent_of(casework, service, given.consent), once.key)

    application = await once.once(submit)
    once.locate(f"/applications/{application}")
    return await once.standing(application)


def _service_of(draft: Draft) -> str:
    if draft.service is None:
        raise DraftIncomplete
    return draft.service
