"""Pages of a draft: what is typed is saved on the server, page by page, and no operator overwrites another's words.

Each page that is shown gets a random mark, and the draft keeps, beside what was typed on a page, the mark of its
last save. A form carries its own mark and the one that the draft had when the page was shown: if the draft has
neither, another page saved meanwhile, and the operator sees both and chooses.
"""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from nagorik import FieldProblem, InputRejected, NagorikError, Text
from nagorik_portal.desk.field_views import FieldView, field_view
from nagorik_portal.desk.fields import BLANK, Field, Typed
from nagorik_portal.desk.visits import CSRF, LANGUAGE, PageError, Visit, page
from nagorik_portal.drafts import Draft, DraftChanged, DraftContent

BASE: Final = "base"
MARK: Final = "mark"
ADD: Final = "add"
REMOVE: Final = "remove"
_OWN: Final = frozenset({CSRF, LANGUAGE, BASE, MARK, ADD, REMOVE})
_MOST_TRIES: Final = 8
FORM: Final = "/form"

Change = Callable[[DraftContent], DraftContent]


class Wrong(Exception):
    """What was typed cannot be taken; ``problems`` says what is wrong with which field."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__()
        self.problems = problems


class PageChanged(Exception):
    """Another operator, or another window, saved this page meanwhile."""

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft


@dataclass(frozen=True, slots=True)
class Taken:
    """What a page changes in its draft."""

    change: Change
    service: str | None = None


class TypedPage(ABC):
    """A page on which an operator types; made for one request.

    Attributes:
        key: What the page's entry in the draft is called.
        path: The page's own address.
        title: The heading: a code of the desk's texts, or a text.
        fields: What is typed, in order.
    """

    template: str = "typed.html"

    def __init__(self, visit: Visit, draft: Draft, key: str, path: str, title: Text, fields: Sequence[Field]) -> None:
        self.visit, self.draft, self.key, self.path, self.title, self.fields = visit, draft, key, path, title, fields

    @abstractmethod
    def held(self, content: DraftContent) -> Mapping[str, JsonValue]:
        """The valid values that the draft holds, by the fields' keys."""

    @abstractmethod
    async def take(self, values: Mapping[str, JsonValue]) -> Taken:
        """Check the values and return what they change.

        Raises:
            Wrong: They cannot be taken.
        """

    async def context(self) -> dict[str, object]:
        """What else the template shows."""
        return {}

    def shown(self, content: DraftContent) -> Typed:
        """What stands in the inputs: what was typed and not taken yet, else the values."""
        entry = content.entries.get(self.key)
        typed = entry.get("typed") if isinstance(entry, dict) else None
        if isinstance(typed, dict):
            return {name: str(value) for name, value in typed.items()}
        held = self.held(content)
        parts = (field.write(held[field.key], field.key) for field in self.fields if field.key in held)
        return {name: word for part in parts for name, word in part.items()}

    def values(self, typed: Typed) -> dict[str, JsonValue]:
        """What was typed, as the form takes it."""
        found = {field.key: field.value(typed, field.key) for field in self.fields}
        return {key: value for key, value in found.items() if value is not BLANK}  # type: ignore[misc]

    def answers(self, typed: Typed) -> list[dict[str, str]]:
        """What was typed, as a summary shows it."""
        values, say = self.values(typed), self.visit.say
        parts = (field.answers(values[field.key]) for field in self.fields if values.get(field.key) is not None)
        return [{"key": say(label), "value": say(value)} for part in parts for label, value in part]


Made = Callable[[Visit, Draft], Awaitable[TypedPage]]


async def open_draft(visit: Visit) -> Draft | Response:
    """The draft of the address; a redirect to its application once it was handed in."""
    draft = await visit.casework.draft(visit.request.path_params["draft"])
    return draft if draft.application is None else visit.go(f"/applications/{draft.application}")


def typed_page(path: str, name: str, make: Made, go_on: Callable[[Visit, Draft], Awaitable[str]]) -> list[Route]:
    """The routes of a page below ``/drafts/{draft}/`` and of its autosave; ``go_on`` says where it leads to."""

    async def show(visit: Visit) -> Response:
        draft = await open_draft(visit)
        return draft if isinstance(draft, Response) else await _shown(await make(visit, draft))

    async def send(visit: Visit) -> Response:
        draft = await open_draft(visit)
        if isinstance(draft, Response):
            return draft
        one, typed = await make(visit, draft), _typed(visit)
        try:
            return await _sent(one, typed, go_on)
        except PageChanged as changed:
            return _conflict(one, typed, changed.draft)

    async def autosave(visit: Visit) -> Response:
        try:
            draft = await open_draft(visit)
            if isinstance(draft, Response):
                return PlainTextResponse(visit.t("saving.handed-in"), status_code=409)
            one = await make(visit, draft)
            saved = await save(one, _typed(visit))
        except PageChanged:
            return PlainTextResponse(visit.t("saving.changed"), status_code=409)
        except NagorikError as error:
            return PlainTextResponse(visit.say(error.message), status_code=error.status)
        return PlainTextResponse(visit.t("saving.saved", at=saved.updated_at))

    async def refused(visit: Visit) -> Response:
        return visit.go(f"/drafts/{visit.request.path_params['draft']}")

    send.keeps_typed = True  # type: ignore[attr-defined]
    whole = f"/drafts/{{draft}}/{path}"
    return [page(whole, name, show, send), page(f"{whole}/autosave", f"{name}-autosave", refused, autosave)]


async def _sent(one: TypedPage, typed: Typed, go_on: Callable[[Visit, Draft], Awaitable[str]]) -> Response:
    visit = one.visit
    changed = entries_changed(visit, typed)
    if changed is not None or visit.is_language_change:
        await save(one, typed if changed is None else changed)
        return visit.go(one.path)
    try:
        taken = await one.take(one.values(typed))
    except Wrong as wrong:
        saved = await save(one, typed)
        one.draft = saved
        return await _shown(one, wrong.problems)
    draft = await save(one, typed, taken)
    return visit.go(await go_on(visit, draft))


async def save(one: TypedPage, typed: Typed, taken: Taken | None = None) -> Draft:
    """Save a page: what was typed, or once it was taken what it changes.

    Raises:
        PageChanged: The page was saved from elsewhere since it was shown.
    """
    visit, draft = one.visit, one.draft
    mark = visit.typed_text(MARK)[:64] or secrets.token_urlsafe(12)
    known = {visit.typed_text(BASE), mark}
    for _ in range(_MOST_TRIES):
        entry = draft.content.entries.get(one.key)
        last = str(entry.get(MARK, "")) if isinstance(entry, dict) else ""
        if last not in known and dict(one.shown(draft.content)) != dict(typed):
            raise PageChanged(draft)
        content = draft.content if taken is None else taken.change(draft.content)
        kept: dict[str, JsonValue] = {MARK: mark, "by": visit.operator.name}
        if taken is None:
            kept["typed"] = dict(typed)
        content = content.model_copy(update={"entries": {**content.entries, one.key: kept}, "page": one.key})
        try:
            service = None if taken is None else taken.service
            return await visit.casework.save_draft(draft.id, content, revision=draft.revision, service=service)
        except DraftChanged:
            draft = await visit.casework.draft(draft.id)
    raise DraftChanged


async def change_draft(visit: Visit, draft: Draft, change: Change, *, service: str | None = None) -> Draft:
    """Change a draft on whose page nothing is typed; what others saved meanwhile stays."""
    for _ in range(_MOST_TRIES):
        try:
            content = change(draft.content)
            return await visit.casework.save_draft(draft.id, content, revision=draft.revision, service=service)
        except DraftChanged:
            draft = await visit.casework.draft(draft.id)
    raise DraftChanged


def visited(key: str) -> Change:
    """Record that a page on which nothing is typed was seen."""
    return lambda content: content.model_copy(update={"entries": {**content.entries, key: {}}, "page": key})


async def _shown(one: TypedPage, problems: Sequence[FieldProblem] = ()) -> Response:
    visit, draft = one.visit, one.draft
    typed = one.shown(draft.content)
    views, errors = field_views(visit, one.fields, typed, problems)
    entry = draft.content.entries.get(one.key)
    return visit.page(
        one.template,
        visit.say(one.title),
        errors=errors,
        status=422 if errors else 200,
        form="page",
        draft=draft,
        views=views,
        action=one.path,
        base=entry.get(MARK, "") if isinstance(entry, dict) else "",
        mark=secrets.token_urlsafe(12),
        back=f"/drafts/{draft.id}",
        **await one.context(),
    )


def field_views(
    visit: Visit,
    fields: Sequence[Field],
    typed: Typed,
    problems: Iterable[FieldProblem] = (),
    *,
    has_heading: bool = False,
) -> tuple[list[FieldView], list[PageError]]:
    """The fields as the templates draw them, and each problem at the first input that it belongs to.

    The label of a field that is alone is the page's heading, unless the page has one.
    """
    said: dict[str, Text] = {}
    for problem in problems:
        said.setdefault(problem.pointer.removeprefix(f"{FORM}/").replace("/", "."), problem.text)
    is_alone = len(fields) == 1 and not has_heading
    views = [field_view(field, field.key, typed, visit.language, said, is_heading=is_alone) for field in fields]
    inputs = {view.at: view.first for view in views for view in view.all_views()}
    fallback = views[0].first if views else "main-content"
    return views, [PageError(inputs.get(at, fallback), sentence) for at, sentence in said.items()]


def _conflict(one: TypedPage, typed: Typed, draft: Draft) -> Response:
    visit, entry = one.visit, draft.content.entries.get(one.key)
    held = entry if isinstance(entry, dict) else {}
    return visit.page(
        "conflict.html",
        "conflict.title",
        status=409,
        form="page",
        draft=draft,
        by=str(held.get("by", "")) or draft.operator,
        at=draft.updated_at,
        theirs=one.answers(one.shown(draft.content)),
        mine=one.answers(typed),
        typed_fields=typed,
        action=one.path,
        base=held.get(MARK, ""),
        mark=secrets.token_urlsafe(12),
    )


def _typed(visit: Visit) -> dict[str, str]:
    return {name: value for name, value in visit.typed.items() if isinstance(value, str) and name not in _OWN}


def entries_changed(visit: Visit, typed: Typed) -> dict[str, str] | None:
    """What stands in the inputs after the button that adds an entry to a list, or takes one away; else ``None``."""
    if added := visit.typed_text(ADD):
        count = typed.get(f"{added}.count", "1")
        return {**typed, f"{added}.count": str(int(count) + 1 if count.isascii() and count.isdigit() else 2)}
    at, _, index = visit.typed_text(REMOVE).rpartition(".")
    if not at or not index.isdecimal():
        return None
    gone, left = int(index), {}
    for name, value in typed.items():
        number, _, rest = name.removeprefix(f"{at}.").partition(".")
        if not name.startswith(f"{at}.") or not number.isdecimal():
            left[name] = value
        elif int(number) != gone:
            moved = f"{at}.{int(number) - (int(number) > gone)}"
            left[f"{moved}.{rest}" if rest else moved] = value
    count = typed.get(f"{at}.count", "1")
    left[f"{at}.count"] = str(max(int(count) - 1, 1) if count.isascii() and count.isdigit() else 1)
    return left


def rejected(error: InputRejected, *fields: Field) -> None:
    """Raise ``Wrong`` with the problems of these fields, if there are any."""
    places = tuple(f"{FORM}/{field.key}" for field in fields)
    found = [
        one for one in error.fields if one.pointer in places or one.pointer.startswith(tuple(f"{p}/" for p in places))
    ]
    if found:
        raise Wrong(found)
