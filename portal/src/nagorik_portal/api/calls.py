"""What every route needs of a request: who calls, with which key, on which revision."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from nagorik import DocumentReference
from nagorik_host import RequestKey
from nagorik_platform.documents import not_their_own
from nagorik_platform.lifecycle import state_label
from nagorik_portal.api.models import OFFER, UUID, ApiJson, RowPage
from nagorik_portal.api.problems import IDEMPOTENCY_KEY
from nagorik_portal.casework import Casework
from nagorik_portal.portal import Portal

_MARK: Final = 32
"""Letters of the signature in front of what is signed: 128 bits."""
REPLAYED: Final = "Idempotent-Replayed"
_KEY: Final = "Your own key of this request, 1 to 255 printable ASCII characters, kept for 30 days."
_REVISION: Final = "Required: the ETag of what is changed, as read last. Without it 428, with an older one 412."
_bearer = HTTPBearer(scheme_name="machineKey", description="A key such as `ngk_…`.", auto_error=False)

ApplicationPath = Annotated[str, Path(pattern=UUID, description="The application's id.")]
DraftPath = Annotated[str, Path(pattern=UUID, description="The draft's id.")]
OfferPath = Annotated[str, Path(pattern=OFFER, max_length=80, description="A service's id, such as `nid.reissue`.")]
LimitQuery = Annotated[int, Query(ge=1, le=200, description="Rows of a page.")]
AfterQuery = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{4,600}$", description="The `next` of a page.")]
KeyHeader = Annotated[str, Header(alias=IDEMPOTENCY_KEY, pattern=r"^[!-~]([ -~]{0,253}[!-~])?$", description=_KEY)]
RevisionHeader = Annotated[str | None, Header(alias="If-Match", pattern=r'^"[0-9]{1,18}"$', description=_REVISION)]


def _portal(request: Request) -> Portal:
    return cast("Portal", request.app.state.portal)


Served = Annotated[Portal, Depends(_portal)]


async def _casework(
    portal: Served, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Casework:
    """What the machine may do whose key came, which counts as one request of it."""
    actor = await portal.accounts.machine(given.credentials) if given is not None else None
    if actor is None:
        raise HTTPException(401, "not-signed-in", {"WWW-Authenticate": "Bearer"})
    return portal.casework(actor)


@dataclass
class ApiCall:
    """A request of a machine whose key is good, and its response."""

    portal: Served
    casework: Annotated[Casework, Depends(_casework)]
    request: Request
    response: Response

    def etag(self, revision: int) -> None:
        """Say the revision of what is shown."""
        self.response.headers["ETag"] = f'"{revision}"'

    def sign(self, of: str, text: str) -> str:
        """What the centre carries and may not change, such as its place in the list ``of``: signed, for it alone."""
        mark = self.portal.host.vault.lookup(f"api/{of}/{self.casework.actor.centre}", text)[:_MARK]
        return urlsafe_b64encode((mark + text).encode()).decode().rstrip("=")

    def read(self, of: str, signed: str) -> str:
        """What was signed; raises ``HTTPException`` where it was not, or for something else."""
        with suppress(ValueError):
            text = urlsafe_b64decode(signed + "=" * (-len(signed) % 4)).decode()[_MARK:]
            if hmac.compare_digest(signed, self.sign(of, text)):
                return text
        raise HTTPException(422, "cursor-invalid")

    def name_document(self, document: DocumentReference) -> str:
        """A document as its centre names it: its type and its size stay what was detected."""
        return self.sign("document", document.model_dump_json())

    def documents(self, names: Iterable[str]) -> tuple[DocumentReference, ...]:
        """The documents that the centre names; raises ``InputRejected`` for one that it did not hand in."""
        found = []
        for number, name in enumerate(names):
            try:
                found.append(DocumentReference.model_validate_json(self.read("document", name)))
            except HTTPException:
                raise not_their_own(number) from None
        return tuple(found)

    def say_replayed(self) -> None:
        """Say that nothing was done now."""
        self.response.headers[REPLAYED] = "true"


Asked = Annotated[ApiCall, Depends()]


@dataclass
class Paging(ApiCall):
    """A page of a list that is asked for: after what, and how many rows."""

    after: AfterQuery = None
    limit: LimitQuery = 50

    def place(self, of: str) -> str | None:
        """The place in the centre's list where the page begins; ``None`` for the top."""
        return self.read(of, self.after) if self.after is not None else None

    def page(self, of: str, rows: Iterable[Mapping[str, Any]], following: object) -> RowPage:
        """A page, and the link to the next one, which begins at ``following``."""
        after = self.sign(of, str(following)) if following is not None else None
        if after is not None:
            link = self.request.url.include_query_params(after=after)
            self.response.headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
        return RowPage.of(rows, after)


Paged = Annotated[Paging, Depends()]


@dataclass
class KeyedRequest(ApiCall):
    """A request that has an effect.

    Attributes:
        subject: What its key was used for, where it was used before.
        application: What it changes, if it changes one, at ``revision``.
    """

    key: RequestKey
    subject: str | None
    application: str = ""
    revision: int = 0

    def locate(self, path: str, made: str) -> str:
        """Say where below ``path`` it is what was made with this key; returns its id."""
        self.response.headers["Location"] = f"{self.request.scope.get('root_path', '')}{path}/{made}"
        return made

    async def change(self, do: Callable[..., Awaitable[object]], *what: object, **named: object) -> ApiJson:
        """Call what changes the application, unless it was called with this key; where it is then."""
        if self.subject is None:
            await do(self.application, *what, key=self.key, revision=self.revision, **named)
        return await self.standing(self.application)

    async def standing(self, application: str) -> ApiJson:
        """Where an application is now that the caller acted on."""
        now = await self.portal.host.progress(application)
        self.etag(now.events)
        state = {"state": now.state.value, "means": state_label(now.state)}
        return {"application": now.id, "revision": now.events, **state}


async def _keyed(call: Asked, key: KeyHeader) -> KeyedRequest:
    """The request with its key. Of two that come at once with one key, the database lets one have its effect.

    The digest is of what is asked for: the ids in the path, and the body without its spaces and order.
    """
    request, body, operation = call.request, await call.request.body(), call.request.scope["route"].name
    try:
        asked = json.loads(body) if body else None
    except (ValueError, RecursionError):
        raise HTTPException(400) from None
    given = call.casework.request_key(operation, key, sorted(request.path_params.items()), asked)
    subject = await call.portal.host.replayed(given)
    if subject is not None:
        call.say_replayed()
    return KeyedRequest(call.portal, call.casework, request, call.response, given, subject)


Keyed = Annotated[KeyedRequest, Depends(_keyed)]


def _revision(if_match: RevisionHeader = None) -> int:
    if if_match is None:
        raise HTTPException(428, "revision-required")
    return int(if_match.strip('"'))


Revision = Annotated[int, Depends(_revision)]


def _changing(application: ApplicationPath, keyed: Keyed, revision: Revision) -> KeyedRequest:
    keyed.application, keyed.revision = application, revision
    return keyed


Changing = Annotated[KeyedRequest, Depends(_changing)]
