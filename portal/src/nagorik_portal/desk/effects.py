"""Forms with an effect on an application: sent twice they act once, and sent late they show what happened meanwhile.

A form carries a key that was made as it was shown, the application's revision, and the instant. What is typed stays
on the page until it was taken in.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from starlette.responses import Response

from nagorik import FieldProblem, InputRejected, Text
from nagorik_host.store.application_store import RevisionOutdated
from nagorik_host.texts import text_of
from nagorik_host.views import ApplicationView
from nagorik_platform.lifecycle import NotPossible
from nagorik_portal.desk.visits import FormOutdated, PageError, Visit
from nagorik_portal.desk.wording import catalogue, text

if TYPE_CHECKING:
    from nagorik_host.store.request_keys import RequestKey

KEY: Final = "key"
REVISION: Final = "revision"
SEEN: Final = "seen"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_REVISION: Final = re.compile(r"[0-9]{1,9}")

KeyedEffect = Callable[["RequestKey", int], Awaitable[object]]


class ShowAgain(Protocol):
    """Renders the page of a form again."""

    async def __call__(
        self, visit: Visit, *, problems: Sequence[FieldProblem] = (), is_outdated: bool = False
    ) -> Response:
        """Render it with what is typed; ``is_outdated`` where the application changed since the form was shown."""
        ...


def application_of(visit: Visit) -> str:
    """The application's id in the address."""
    found: str = visit.request.path_params["application"]
    return found


async def read_view(visit: Visit) -> ApplicationView:
    """The application of the address, as the citizen may see it."""
    return await visit.casework.view(application_of(visit))


def effect_page(
    visit: Visit,
    template: str,
    title: str,
    view: ApplicationView,
    *,
    errors: Sequence[PageError] = (),
    is_outdated: bool = False,
    **context: object,
) -> Response:
    """Render a page with a form that has an effect on an application; ``effect.html`` holds its hidden fields."""
    is_again = KEY in visit.typed and not is_outdated
    known = {
        "form": "page",
        "view": view,
        "back": f"/applications/{view.application}",
        KEY: visit.typed_text(KEY) if is_again else secrets.token_urlsafe(18),
        REVISION: visit.typed_text(REVISION) if is_again else view.revision,
        SEEN: visit.typed_text(SEEN) if is_again else visit.portal.host.clock.now().isoformat(),
        "is_outdated": is_outdated,
        "changes": _since(visit, view) if is_outdated else (),
    }
    status = 409 if is_outdated else 422 if errors else 200
    return visit.page(template, title, errors=errors, status=status, **{**known, **context})


def _since(visit: Visit, view: ApplicationView) -> list[dict[str, object]]:
    """What the timeline has since the form was shown."""
    with suppress(ValueError, TypeError):  # then the form did not say when, and all of it is shown
        since = datetime.fromisoformat(visit.typed_text(SEEN))
        return [{"at": one.at, "text": one.text} for one in view.timeline if one.at >= since]
    return [{"at": one.at, "text": one.text} for one in view.timeline]


async def take_effect(
    visit: Visit, show: ShowAgain, operation: str, asked: object, effect: KeyedEffect, *, to: str | None = None
) -> Response:
    """Take a form in once, and go to the application's page, or to ``to``.

    Args:
        visit: The request with the form.
        show: Renders the form's page again.
        operation: What the form does; keys of different operations are different.
        asked: What was typed, by which a form that was changed is known from one that is sent again.
        effect: Does it, with the request's key and the revision that the operator saw.
        to: Where it leads to.
    """
    application, typed_key = application_of(visit), visit.typed_text(KEY)
    if not _KEY.fullmatch(typed_key) or not _REVISION.fullmatch(visit.typed_text(REVISION)):
        raise FormOutdated
    key = visit.casework.request_key(operation, typed_key, application, asked)
    try:
        await effect(key, int(visit.typed_text(REVISION)))
    except RevisionOutdated:
        return await show(visit, is_outdated=True)
    except InputRejected as error:
        return await show(visit, problems=error.fields)
    except NotPossible as refused:
        said = own_sentence(f"refused.{refused.code}", text_of("not-possible", refused.code))
        return refusal_page(visit, said, 409)
    return visit.go(to or f"/applications/{application}")


def refusal_page(visit: Visit, said: Text, status: int = 200) -> Response:
    """A page that says why something cannot be done with an application, and leads back to it."""
    address = f"/applications/{application_of(visit)}"
    return visit.page("refused.html", "problem.title", text=said, back=address, address=address, status=status)


def own_sentence(code: str, otherwise: Text) -> Text:
    """The desk's text of a code where it has one: some of the host's sentences name commands."""
    return text(code) if code in catalogue() else otherwise
