"""Pages of a draft: what is typed is saved on the server, page by page, and no operator overwrites another's words.

Each page that is shown gets a random mark, and the draft keeps, beside what was typed on a page, the mark of its
last save. A form carries its own mark and the one that the draft had when the page was shown: if the draft has
neither, another page saved meanwhile, and the operator sees both and chooses.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pydantic import JsonValue
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from nagorik import FieldProblem, InputRejected, NagorikError, Text
from nagorik.manifest import PublicService
from nagorik_platform.documents import missing_documents
from nagorik_portal.desk.fields import Field, Typed, field_views, inputs_of, read_fields, values_of
from nagorik_portal.desk.visits import CSRF, LANGUAGE, PageHandler, Visit, page
from nagorik_portal.desk.wording import text
from nagorik_portal.drafts import Draft, DraftChanged, DraftContent

BASE: Final = "base"
MARK: Final = "mark"
_NOT_TYPED: Final = frozenset({CSRF, LANGUAGE, BASE, MARK, "add", "remove"})
_MOST_TRIES: Final = 8

DraftChange = Callable[[DraftContent], DraftContent]


class PageSavedTwice(Exception):
    """Another operator, or another window, saved this page meanwhile."""


@dataclass
class TypedPage:
    """A page on which an operator types; ``key`` is its path below the draft's address.

    ``held`` gives a draft's valid values; ``take`` checks values, raises ``InputRejected``, returns what they change.
    """

    visit: Visit
    draft: Draft
    key: str
    title: Text
    fields: Sequence[Field]
    held: Callable[[DraftContent], Mapping[str, JsonValue]]
    take: Callable[[Mapping[str, JsonValue]], Awaitable[DraftChange]]
    template: str = "typed.html"
    more: Mapping[str, Any] = field(default_factory=dict)

    def shown(self, content: DraftContent) -> dict[str, str]:
        """What stands in the inputs: what was typed and not taken yet, else the values."""
        typed = entry_of(content, self.key).get("typed")
        if isinstance(typed, dict):
            return {name: str(value) for name, value in typed.items()}
        return inputs_of(self.fields, self.held(content))

    def answers(self, typed: Typed) -> list[dict[str, str]]:
        """What was typed, as a summary shows it."""
        values, say = values_of(self.fields, typed), self.visit.say
        parts = [one.answers(values[one.key]) for one in self.fields if values.get(one.key) is not None]
        return [{"key": say(label), "value": say(value)} for part in parts for label, value in part]

    def render(self, template: str, title: str, **context: Any) -> Response:
        """Render the page with the marks that its form carries, and where it is sent."""
        address, last = f"/drafts/{self.draft.id}", entry_of(self.draft.content, self.key).get(MARK, "")
        context |= {"draft": self.draft, "action": f"{address}/{self.key}", "back": address}
        context |= {BASE: last, MARK: secrets.token_urlsafe(12)}
        return self.visit.page(template, title, form="page", **context)


PageMaker = Callable[[Visit, Draft], Awaitable[TypedPage]]


def entry_of(content: DraftContent, key: str) -> Mapping[str, JsonValue]:
    """What a draft keeps of a page beside its values."""
    entry = content.entries.get(key)
    return entry if isinstance(entry, dict) else {}


def with_entry(content: DraftContent, key: str, entry: Mapping[str, JsonValue] | None = None) -> DraftContent:
    """A draft's content whose page ``key`` was seen last, with what is kept of the page."""
    return content.model_copy(update={"entries": {**content.entries, key: dict(entry or {})}, "page": key})


def on_draft(handler: Callable[[Visit, Draft], Awaitable[Response]]) -> PageHandler:
    """Open the draft of the address for a handler; once it was handed in, redirect to its application."""

    async def opened(visit: Visit) -> Response:
        draft = await visit.casework.draft(visit.request.path_params["draft"])
        return visit.go(f"/applications/{draft.application}") if draft.application else await handler(visit, draft)

    return opened


def typed_page(path: str, name: str, make: PageMaker) -> list[Route]:
    """The routes of a page below ``/drafts/{draft}/`` and of its autosave."""

    async def show(visit: Visit, draft: Draft) -> Response:
        return _shown(await make(visit, draft))

    async def send(visit: Visit, draft: Draft) -> Response:
        one, typed = await make(visit, draft), typed_inputs(visit)
        try:
            entries = entries_changed(visit, typed)
            if entries is not None or visit.is_language_change:
                await _save(one, typed if entries is None else entries)
                return visit.go(f"/drafts/{draft.id}/{one.key}")
            try:
                change = await one.take(values_of(one.fields, typed))
            except InputRejected as rejected:
                one.draft = await _save(one, typed)
                return _shown(one, rejected.fields)
            return visit.go(await next_page(visit, await _save(one, typed, change)))
        except PageSavedTwice:
            one.draft = await visit.casework.draft(draft.id)
            content = one.draft.content
            both = {"mine": one.answers(typed), "theirs": one.answers(one.shown(content)), "typed_fields": typed}
            by = entry_of(content, one.key).get("by", one.draft.operator)
            return one.render("conflict.html", "conflict.title", status=409, by=by, **both)

    whole = f"/drafts/{{draft}}/{path}"
    return [
        page(whole, name, on_draft(show), on_draft(send), keeps_typed=True),
        page(f"{whole}/autosave", f"{name}-autosave", on_draft(show), _autosave(make)),
    ]


def _autosave(make: PageMaker) -> PageHandler:
    async def autosave(visit: Visit) -> Response:
        try:
            draft = await visit.casework.draft(visit.request.path_params["draft"])
            saved = await _save(await make(visit, draft), typed_inputs(visit))
        except PageSavedTwice:
            return PlainTextResponse(visit.t("saving.changed"), status_code=409)
        except NagorikError as error:
            return PlainTextResponse(visit.say(error.message), status_code=error.status)
        return PlainTextResponse(visit.t("saving.saved", at=saved.updated_at))

    return autosave


async def _save(one: TypedPage, typed: Typed, change: DraftChange | None = None) -> Draft:
    """Save what was typed, or once it was taken what it changes; raises ``PageSavedTwice``."""
    mark = one.visit.typed_text(MARK)[:64] or secrets.token_urlsafe(12)
    known = {one.visit.typed_text(BASE), mark}

    def save(content: DraftContent) -> DraftContent:
        if entry_of(content, one.key).get(MARK, "") not in known and one.shown(content) != typed:
            raise PageSavedTwice
        entry: dict[str, JsonValue] = {MARK: mark, "by": one.visit.operator.name}
        entry |= {"typed": dict(typed)} if change is None else {}
        return with_entry(content if change is None else change(content), one.key, entry)

    return await change_draft(one.visit, one.draft, save)


async def change_draft(visit: Visit, draft: Draft, change: DraftChange, *, service: str | None = None) -> Draft:
    """Change a draft; what others saved meanwhile on other pages stays."""
    for _ in range(_MOST_TRIES):
        try:
            content = change(draft.content)
            return await visit.casework.save_draft(draft.id, content, revision=draft.revision, service=service)
        except DraftChanged:
            draft = await visit.casework.draft(draft.id)
    raise DraftChanged


def _shown(one: TypedPage, problems: Sequence[FieldProblem] = ()) -> Response:
    views, errors = field_views(one.visit, one.fields, one.shown(one.draft.content), problems)
    return one.render(one.template, one.visit.say(one.title), errors=errors, views=views, **one.more)


def typed_inputs(visit: Visit) -> dict[str, str]:
    """What stands in the inputs of the page."""
    return {name: one for name, one in visit.typed.items() if isinstance(one, str) and name not in _NOT_TYPED}


def entries_changed(visit: Visit, typed: Typed) -> dict[str, str] | None:
    """What stands in the inputs after the button that adds an entry to a list, or takes one away; else ``None``."""
    if at := visit.typed_text("add"):
        return {**typed, f"{at}.count": str(whole(typed.get(f"{at}.count")) + 1)}
    at, _, index = visit.typed_text("remove").rpartition(".")
    if not at:
        return None
    gone, left = whole(index), {}
    for name, value in typed.items():
        number, _, rest = name.removeprefix(f"{at}.").partition(".")
        if not name.startswith(f"{at}.") or not number.isdecimal():
            left[name] = value
        elif int(number) != gone:
            left[".".join(filter(None, (at, str(int(number) - (int(number) > gone)), rest)))] = value
    return {**left, f"{at}.count": str(whole(typed.get(f"{at}.count")) - 1)}


def whole(written: str | None) -> int:
    """A whole number that stands in an input; 1 where none does."""
    return int(written) if written and written.isascii() and written.isdigit() else 1


# The steps of a draft, from the citizen at the counter to handing it in.


class DraftStep(NamedTuple):
    """One step: ``path`` below the draft's address, and whether it is done and whether it may be done now."""

    path: str
    label: Text
    is_done: bool
    is_open: bool = True


async def service_fields(visit: Visit, service: str | None) -> tuple[Field, ...]:
    """The fields of a service's form."""
    schema = await visit.casework.form_schema(service) if service is not None else None
    return read_fields(schema) if schema is not None else ()


async def steps_of(visit: Visit, draft: Draft) -> list[DraftStep]:
    """The steps of a draft, as far as they are known before a service is chosen."""
    content, seen, is_known = draft.content, draft.content.entries, draft.content.applicant is not None
    steps = [
        DraftStep("citizen", text("step.citizen"), is_known),
        DraftStep("identity", text("step.identity"), content.identity_check is not None, is_known),
        DraftStep("services", text("step.services"), draft.service is not None, is_known),
    ]
    if draft.service is not None:
        service, fields = visit.casework.service(draft.service), await service_fields(visit, draft.service)
        is_filled, consents = all(field.key in content.form for field in fields), content.consent is not None
        missing = any(missing_documents(service, [one.kind for one in content.documents], content.form))
        documents = DraftStep("documents", text("step.documents"), "documents" in seen and not missing, is_filled)
        steps += [DraftStep("bring", text("step.bring"), "bring" in seen)]
        steps += [DraftStep(f"form/{one.key}", one.label, one.key in content.form) for one in fields]
        steps += [documents] if service.documents else []
        steps += [DraftStep("consent", text("step.consent"), consents, is_filled)]
        steps += [DraftStep("fee", text("step.fee"), consents and "fee" in seen, is_filled)]
    return steps


async def next_page(visit: Visit, draft: Draft) -> str:
    """The address of the first step that is not done; at the end of the check of all answers."""
    undone = (step.path for step in await steps_of(visit, draft) if not step.is_done)
    return f"/drafts/{draft.id}/{next(undone, 'check')}"


def on_service(handler: Callable[[Visit, Draft, PublicService], Awaitable[Response]]) -> PageHandler:
    """Open the draft of the address for a handler that needs its service; ask for the service first."""

    async def opened(visit: Visit, draft: Draft) -> Response:
        if draft.service is None:
            return visit.go(f"/drafts/{draft.id}/services")
        return await handler(visit, draft, visit.casework.service(draft.service))

    return on_draft(opened)


async def seen(visit: Visit, draft: Draft) -> Response:
    """Record that the page of the address was seen, on which nothing is typed, and go on to the next step."""
    key = visit.request.url.path.rpartition("/")[2]
    draft = await change_draft(visit, draft, lambda content: with_entry(content, key))
    return visit.go(await next_page(visit, draft))
