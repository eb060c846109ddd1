"""Forms with an effect on an application: sent twice they act once, and sent late they show what happened meanwhile.

A page is two functions: one says what its form shows, one reads what was typed and returns the call of the casework
that does it. ``effect_page`` makes a route of them. A form carries a key that was made as it was shown, and the
application's revision. What is typed stays on the page until it was taken in.
"""

import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import JsonValue
from starlette.responses import Response
from starlette.routing import Route

from nagorik import FieldProblem, InputRejected, Model
from nagorik_host.store.application_store import RevisionOutdated
from nagorik_host.texts import text_of
from nagorik_host.views import ApplicationView
from nagorik_platform.lifecycle import NotPossible
from nagorik_portal.desk.drafting import typed_inputs
from nagorik_portal.desk.fields import Field, field_views, inputs_of
from nagorik_portal.desk.standing import about, application_of, own_sentence
from nagorik_portal.desk.visits import CSRF, LANGUAGE, FormOutdated, PageError, PageHandler, Visit, page

KEY: Final = "key"
REVISION: Final = "revision"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_REVISION: Final = re.compile(r"[0-9]{1,9}")
_HIDDEN: Final = frozenset({KEY, REVISION, CSRF, LANGUAGE})
_Model = TypeVar("_Model", bound=Model)

KeyedCall = Callable[..., Awaitable[object]]
"""Does what a form asks for, once under ``key``, and only at the application's ``revision``."""


class StepRefused(Exception):
    """A step cannot be taken with this application: its argument, a ``Text``, says why."""


class FormRejected(Exception):
    """What was typed is shown again, with the arguments, ``PageError`` each, if any."""


@dataclass(frozen=True)
class FormShown:
    """What a page of a form shows: an application, fields with what they hold at first, and ``more``."""

    view: ApplicationView
    template: str
    title: str
    fields: Sequence[Field] = ()
    held: Mapping[str, JsonValue] = field(default_factory=dict)
    more: Mapping[str, object] = field(default_factory=dict)


def effect_page(
    name: str,
    show: Callable[[Visit], Awaitable[FormShown]],
    read: Callable[[Visit], Awaitable[KeyedCall]],
    *,
    path: str = "/applications/{application}/%s",
    to: str = "/applications/{application}",
    keeps_typed: bool = False,
) -> Route:
    """Make the route of a page with such a form.

    ``show`` may raise ``StepRefused``, and ``read`` ``FormRejected``. After the call the desk goes to ``to``, or
    shows the page that the call returned.
    """

    async def shown(
        visit: Visit,
        errors: Sequence[PageError] = (),
        problems: Sequence[FieldProblem] = (),
        *,
        is_outdated: bool = False,
    ) -> Response:
        form, is_sent = await show(visit), KEY in visit.typed
        typed = typed_inputs(visit) if is_sent else inputs_of(form.fields, form.held)
        views, wrong = field_views(visit, form.fields, typed, problems, has_heading=True)
        hidden: dict[str, object] = {KEY: secrets.token_urlsafe(18), REVISION: form.view.revision}
        if is_sent and not is_outdated:
            hidden = {one: visit.typed_text(one) for one in hidden}
        context: dict[str, Any] = {"form": "page", "views": views, "is_outdated": is_outdated}
        context = {**about(visit, form.view), **context, **hidden, **form.more, "errors": [*errors, *wrong]}
        return visit.page(form.template, form.title, status=409 if is_outdated else 200, **context)

    async def sent(visit: Visit) -> Response:
        key, revision = visit.typed_text(KEY), visit.typed_text(REVISION)
        if not _KEY.fullmatch(key) or not _REVISION.fullmatch(revision):
            raise FormOutdated
        try:
            call = await read(visit)
            typed = [one for one in visit.typed.multi_items() if one[0] not in _HIDDEN and isinstance(one[1], str)]
            keyed = visit.casework.request_key(name, key, application_of(visit), typed)
            done = await call(key=keyed, revision=int(revision))
        except FormRejected as rejected:
            return await shown(visit, rejected.args)
        except InputRejected as error:
            return await shown(visit, (), error.fields)
        except RevisionOutdated:
            return await shown(visit, is_outdated=True)
        return done if isinstance(done, Response) else visit.go(to.format(**visit.request.path_params))

    return page(path.replace("%s", name), name, _refusing(shown), _refusing(sent), keeps_typed=keeps_typed)


def _refusing(handler: PageHandler) -> PageHandler:
    async def handle(visit: Visit) -> Response:
        try:
            return await handler(visit)
        except StepRefused as refused:
            said = refused.args[0]
        except NotPossible as refused:
            said = own_sentence(f"refused.{refused.code}", text_of("not-possible", refused.code))
        address = f"/applications/{application_of(visit)}"
        return visit.page("refused.html", "problem.title", text=said, back=address, address=address, status=409)

    return handle


def choices(
    visit: Visit, name: str, offered: Mapping[str, object], hints: Mapping[str, str] | None = None
) -> list[dict[str, object]]:
    """Radios or checkboxes of a value and its label each, checked as they were sent."""
    typed, said = visit.typed.getlist(name), {one: {"text": hint} for one, hint in (hints or {}).items()}
    return [
        {"value": one, "text": visit.say(label), "hint": said.get(one), "checked": one in typed}
        for one, label in offered.items()
    ]


def seal(visit: Visit, held: Model) -> str:
    """A value as a form carries it: the host's mark shows that it was offered for this application."""
    written = json.dumps(held.model_dump(mode="json"), separators=(",", ":"), sort_keys=True)
    return f"{_mark(visit, type(held), written)} {written}"


def unseal(visit: Visit, kind: type[_Model], sealed: str) -> _Model | None:
    """The value that a form carried; ``None`` where it has no mark of the host."""
    mark, _, written = sealed.partition(" ")
    return kind.model_validate_json(written) if mark == _mark(visit, kind, written) else None


def _mark(visit: Visit, kind: type[Model], written: str) -> str:
    return visit.portal.host.vault.lookup(f"desk-{kind.__name__}", f"{application_of(visit)} {written}")
