"""The steps of a draft, from the citizen at the counter to handing it in: what is done, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass

from nagorik import Text
from nagorik.manifest import PublicService
from nagorik_platform.documents import missing_documents
from nagorik_portal.desk.fields import Field, read_fields
from nagorik_portal.desk.visits import Visit
from nagorik_portal.desk.wording import text
from nagorik_portal.drafts import Draft


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``path`` below the draft's address, and whether it is done or may be done now."""

    path: str
    label: Text
    is_done: bool
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Stage:
    """What the service of a draft asks for."""

    service: PublicService | None
    fields: tuple[Field, ...]
    steps: tuple[Step, ...]

    @property
    def next_path(self) -> str:
        """The first step that is not done; at the end the check of all answers."""
        return next((step.path for step in self.steps if not step.is_done), "check")


async def service_fields(visit: Visit, service: str) -> tuple[Field, ...]:
    """The fields of a service's form."""
    schema = await visit.casework.form_schema(service)
    return read_fields(schema) if schema is not None else ()


async def stage_of(visit: Visit, draft: Draft) -> Stage:
    """How far a draft is."""
    content, visited = draft.content, draft.content.entries
    service = visit.casework.service(draft.service) if draft.service is not None else None
    fields = await service_fields(visit, service.id) if service is not None else ()
    has_citizen, has_identity = content.applicant is not None, content.identity_check is not None
    begun = has_citizen and has_identity
    steps = [
        Step("citizen", text("step.citizen"), has_citizen),
        Step("identity", text("step.identity"), has_identity, has_citizen),
        Step("services", text("step.services"), service is not None, begun),
    ]
    if service is not None:
        form_done = all(field.key in content.form for field in fields)
        has_documents = "documents" in visited and not _missing(service, draft)
        has_consent = content.consent is not None and content.consent.service == service.id
        steps.append(Step("bring", text("step.bring"), "bring" in visited, begun))
        steps += [Step(f"form/{one.key}", one.label, one.key in content.form, begun) for one in fields]
        if service.documents:
            steps.append(Step("documents", text("step.documents"), has_documents, begun and form_done))
        steps.append(Step("consent", text("step.consent"), has_consent, begun and form_done))
        steps.append(
            Step("fee", text("step.fee"), has_consent and "fee" in visited, begun and form_done and has_consent)
        )
    return Stage(service, fields, tuple(steps))


def _missing(service: PublicService, draft: Draft) -> Sequence[object]:
    kinds = [document.kind for document in draft.content.documents]
    return list(missing_documents(service, kinds, draft.content.form))


async def next_page(visit: Visit, draft: Draft) -> str:
    """The address of the first step that is not done."""
    return f"/drafts/{draft.id}/{(await stage_of(visit, draft)).next_path}"
