"""The steps of a draft, from the citizen at the counter to handing it in: what is done, and what comes next."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.responses import Response

from nagorik import Text
from nagorik.manifest import PublicService
from nagorik_platform.documents import missing_documents
from nagorik_portal.desk.drafting import DraftHandler, change_draft, on_draft, with_entry
from nagorik_portal.desk.fields import Field, read_fields
from nagorik_portal.desk.visits import PageHandler, Visit
from nagorik_portal.desk.wording import text
from nagorik_portal.drafts import Draft


class DraftStep(NamedTuple):
    """One step: ``path`` below the draft's address, and whether it is done and whether it may be done now."""

    path: str
    label: Text
    is_done: bool
    is_open: bool = True


class DraftStage(NamedTuple):
    """How far a draft is, and what its service asks for."""

    service: PublicService | None
    fields: tuple[Field, ...]
    steps: tuple[DraftStep, ...]


async def service_fields(visit: Visit, service: str | None) -> tuple[Field, ...]:
    """The fields of a service's form."""
    schema = await visit.casework.form_schema(service) if service is not None else None
    return read_fields(schema) if schema is not None else ()


async def stage_of(visit: Visit, draft: Draft) -> DraftStage:
    """How far a draft is."""
    content, seen, consent = draft.content, draft.content.entries, draft.content.consent
    service = visit.casework.service(draft.service) if draft.service is not None else None
    fields, is_known = await service_fields(visit, draft.service), content.applicant is not None
    steps = [
        DraftStep("citizen", text("step.citizen"), is_known),
        DraftStep("identity", text("step.identity"), content.identity_check is not None, is_known),
        DraftStep("services", text("step.services"), service is not None, is_known),
    ]
    if service is not None:
        is_filled = all(field.key in content.form for field in fields)
        missing = any(missing_documents(service, [one.kind for one in content.documents], content.form))
        steps.append(DraftStep("bring", text("step.bring"), "bring" in seen))
        steps += [DraftStep(f"form/{one.key}", one.label, one.key in content.form) for one in fields]
        if service.documents:
            steps.append(
                DraftStep("documents", text("step.documents"), "documents" in seen and not missing, is_filled)
            )
        steps.append(DraftStep("consent", text("step.consent"), consent is not None, is_filled))
        steps.append(DraftStep("fee", text("step.fee"), consent is not None and "fee" in seen, is_filled))
    return DraftStage(service, fields, tuple(steps))


async def next_page(visit: Visit, draft: Draft) -> str:
    """The address of the first step that is not done; at the end of the check of all answers."""
    steps = (await stage_of(visit, draft)).steps
    return f"/drafts/{draft.id}/{next((step.path for step in steps if not step.is_done), 'check')}"


def on_service(handler: Callable[[Visit, Draft, PublicService], Awaitable[Response]]) -> PageHandler:
    """Open the draft of the address for a handler that needs its service; ask for the service first."""

    async def opened(visit: Visit, draft: Draft) -> Response:
        if draft.service is None:
            return visit.go(f"/drafts/{draft.id}/services")
        return await handler(visit, draft, visit.casework.service(draft.service))

    return on_draft(opened)


def go_on_from(key: str) -> DraftHandler:
    """Record that a page was seen on which nothing is typed, and go on to the next step."""

    async def go_on(visit: Visit, draft: Draft) -> Response:
        draft = await change_draft(visit, draft, lambda content: with_entry(content, key))
        return visit.go(await next_page(visit, draft))

    return go_on
