"""What every route needs of a request: who calls, with which key, on which revision."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from nagorik import DocumentReference
from nagorik_host import RequestKey
from nagorik_host.host import Action
from nagorik_platform.lifecycle import state_label
from nagorik_portal.api.cursors import Cursor, Cursors
from nagorik_portal.api.edge import ApiMetrics
from nagorik_portal.api.models import OFFER, UUID, StandingView
from nagorik_portal.api.problems import IDEMPOTENCY_KEY, RequestRefused
from nagorik_portal.casework import Casework
from nagorik_portal.portal import Portal

REPLAYED: Final = "Idempotent-Replayed"
_bearer = HTTPBearer(
    scheme_name="machineKey",
    bearerFormat="ngk_live_…",
    description="A machine's key, made by `nagorik portal keys add`; it has scopes, and expires.",
    auto_error=False,
)

ApplicationPath = Annotated[str, Path(pattern=UUID, description="The application's id.")]
DraftPath = Annotated[str, Path(pattern=UUID, description="The draft's id.")]
ServicePath = Annotated[
    str, Path(pattern=OFFER, max_length=80, description="The service's id, such as `nid.reissue`.")
]
LimitQuery = Annotated[int, Query(ge=1, le=200, description="RowPage of a page.")]
AfterQuery = Annotated[Cursor | None, Query(description="Where to go on: the `next` of the page before.")]
KeyText = Annotated[
    str,
    Header(
        alias=IDEMPOTENCY_KEY,
        pattern=r"^[!-~]([ -~]{0,253}[!-~])?$",
        description="Your own key of this request, 1 to 255 printable ASCII characters, kept for 30 days.",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        pattern=r'^"[0-9]{1,18}"$',
        description="Required: the ETag of what is changed, as read last. Without it 428, with an older one 412.",
    ),
]


@dataclass(frozen=True, slots=True)
class ApiState:
    """What the routes of one API share; ``in_flight`` has the keys of requests under way in this process."""

    portal: Portal
    cursors: Cursors
    metrics: ApiMetrics
    in_flight: set[tuple[str, str, str]]


def _state(request: Request) -> ApiState:
    state: ApiState = request.app.state.api
    return state


State = Annotated[ApiState, Depends(_state)]


async def _casework(
    state: State, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Casework:
    """What the machine may do whose key came, which counts as one request of it."""
    actor = await state.portal.accounts.machine(given.credentials) if given is not None else None
    if actor is None:
        raise RequestRefused("not-signed-in", 401, headers={"WWW-Authenticate": "Bearer"})
    return state.portal.casework(actor)


Work = Annotated[Casework, Depends(_casework)]


@contextmanager
def in_flight(state: ApiState, key: RequestKey) -> Iterator[None]:
    """Hold a key in this process.

    Raises:
        RequestRefused: It is held already.
    """
    held = (key.client, key.operation, key.key)
    if held in state.in_flight:
        raise RequestRefused("request-in-flight", 409, headers={"Retry-After": "1"})
    state.in_flight.add(held)
    try:
        yield
    finally:
        state.in_flight.discard(held)


@dataclass(slots=True)
class KeyedRequest:
    """A request that has an effect.

    Attributes:
        key: The request's key, kept in the transaction of the effect.
        subject: What the key was used for, where it was used before.
    """

    state: ApiState
    casework: Casework
    request: Request
    response: Response
    key: RequestKey
    subject: str | None

    async def once(self, do: Callable[[], Awaitable[str]]) -> str:
        """Do it, unless it was done with this key; returns the id of what it made."""
        if self.subject is None:
            return await do()
        self.response.headers[REPLAYED] = "true"
        return self.subject

    def documents(self, handles: Iterable[str]) -> tuple[DocumentReference, ...]:
        """The documents that handles name."""
        return self.state.cursors.documents(self.casework.actor.centre, handles)

    def locate(self, path: str) -> None:
        """Say where something new is, below where the API is mounted."""
        self.response.headers["Location"] = f"{self.request.scope.get('root_path', '')}{path}"

    async def standing(self, application: str) -> StandingView:
        """Where an application is now that the caller acted on, with its revision as the response's ETag."""
        progress = await self.state.portal.host.progress(application)
        self.response.headers["ETag"] = etag(progress.events)
        state = progress.state
        return StandingView(
            application=progress.id, revision=progress.events, state=state.value, means=state_label(state)
        )


def operation_of(request: Request) -> str:
    """The name of the route, for which a key counts."""
    return str(request.scope["route"].name)


async def _effect(
    request: Request, response: Response, state: State, casework: Work, key: KeyText
) -> AsyncIterator[KeyedRequest]:
    """The request with its key, held for as long as the request lasts.

    The digest is of what is asked for: the ids in the path, and the body without its spaces and order.
    """
    body = await request.body()
    asked = [sorted(request.path_params.items()), json.loads(body) if body else None]
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()
    given = RequestKey(casework.actor.id, operation_of(request), key, digest)
    with in_flight(state, given):
        yield KeyedRequest(state, casework, request, response, given, await state.portal.host.replayed(given))


Keyed = Annotated[KeyedRequest, Depends(_effect)]


def revision_of(if_match: IfMatch = None) -> int:
    """The revision that a request changes.

    Raises:
        RequestRefused: It names none.
    """
    if if_match is None:
        raise RequestRefused("revision-required", 428)
    return int(if_match.strip('"'))


Revision = Annotated[int, Depends(revision_of)]


@dataclass(slots=True)
class KeyedChange:
    """A request that changes an application, at a revision."""

    effect: KeyedRequest
    application: str
    revision: int

    async def act(self, action: Action, **what: Any) -> StandingView:
        """Let the citizen do what only they can do."""
        return await self.by(self.effect.casework.act, action, **what)

    async def by(self, do: Callable[..., Awaitable[object]], *what: object, **named: object) -> StandingView:
        """Call what changes an application, once; where it is then."""

        async def change() -> str:
            await do(self.application, *what, key=self.effect.key, revision=self.revision, **named)
            return self.application

        return await self.effect.standing(await self.effect.once(change))


def _change(application: ApplicationPath, effect: Keyed, revision: Revision) -> KeyedChange:
    return KeyedChange(effect, application, revision)


Changing = Annotated[KeyedChange, Depends(_change)]


def etag(revision: int) -> str:
    """A revision as an ETag."""
    return f'"{revision}"'


def next_link(request: Request, response: Response, after: str) -> None:
    """Say where the next page is."""
    link = request.url.include_query_params(after=after)
    response.headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
