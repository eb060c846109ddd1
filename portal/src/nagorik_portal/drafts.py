"""Saved forms: what operators filled in before it is handed in, sealed, taken up by any operator of the centre."""

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final, NamedTuple
from uuid import uuid4

from pydantic import AwareDatetime, Field, JsonValue
from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.exc import IntegrityError

from nagorik import PERSONAL, Applicant, Consent, DocumentReference, Model, Payer
from nagorik.clock import Clock
from nagorik.model.application import Acting
from nagorik.privacy import Code, Several
from nagorik.values import MobileNumber
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.listings import PageCursor
from nagorik_host.store.request_keys import RequestKey, RequestKeys
from nagorik_host.store.schema import Instant
from nagorik_host.vault import Vault
from nagorik_platform.documents import not_their_own
from nagorik_portal.actors import PortalActor
from nagorik_portal.errors import PortalError
from nagorik_portal.records import Rows, add_row, change_rows, delete_rows, seal, unseal
from nagorik_portal.schema import drafts

KEPT: Final = timedelta(days=30)
"""How long a draft is kept after its last save."""
_D: Final = drafts.c


class NoSuchDraft(PortalError, LookupError):
    """The centre has no draft by this id."""

    code, status = "no-such-draft", 404


class DraftChanged(PortalError):
    """Another save came first; nothing was saved."""

    code, status = "draft-changed", 412


class DraftSubmitted(PortalError):
    """The draft was handed in already, and is not changed any more."""

    code, status = "draft-submitted", 409


class IdentityCheck(Model):
    """How the applicant's identity was checked at the counter; it holds no number."""

    seen: Code
    """The kind of document that was seen, such as ``nid-card``."""
    at: AwareDatetime
    by: Acting
    """Who looked."""


class DraftContent(Model):
    """What a draft holds so far; all of it may be missing."""

    applicant: Applicant | None = None
    identity_check: IdentityCheck | None = None
    form: Annotated[dict[str, JsonValue], PERSONAL] = Field(default_factory=dict)
    documents: Several[DocumentReference] = ()
    gateway: str | None = None
    payer: Payer | None = None
    consent: Consent | None = None
    page: str | None = None
    """The page that the operator left."""
    entries: Annotated[dict[str, JsonValue], PERSONAL] = Field(default_factory=dict)
    """What was typed and is not valid yet, by page; the desk alone reads it."""


class Draft(Model):
    """A draft as it was saved last."""

    id: str = Field(default_factory=lambda: str(uuid4()))
    """Random; also the idempotency key of its submission."""
    reference: Annotated[str, PERSONAL] = Field(default_factory=lambda: f"NGK-{secrets.token_hex(8).upper()}")
    """Its tracking number, which becomes the application's client reference."""
    centre: str
    operator: str
    """Who saved it last."""
    service: str | None
    """Empty until one was chosen."""
    content: DraftContent
    revision: int = 1
    """Raised by each save, from 1."""
    updated_at: AwareDatetime
    application: str | None = None
    """The application's id, once it was handed in."""


class DraftPage(NamedTuple):
    """Some drafts, and where the next page begins; ``None`` at the end of the list."""

    rows: Sequence[Draft]
    next: PageCursor | None


class Drafts(Rows):
    """The saved forms of an actor's centre; what the centre does not have is ``NoSuchDraft``."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, actor: PortalActor, documents: FolderDocumentStore
    ) -> None:
        """Keep drafts in a host's database, sealed by its keys, by the host's time."""
        super().__init__(database, vault, clock)
        self.actor, self._documents = actor, documents

    async def new_draft(
        self, content: DraftContent | None = None, *, service: str | None = None, key: RequestKey | None = None
    ) -> Draft:
        """Begin a draft, which has a tracking number from now on; or return the one that the key was used for."""
        self.actor.require("apply", service)
        who, now, content = self.actor, self._clock.now(), content or DraftContent()
        draft = Draft(centre=who.centre, operator=who.id, service=service, content=content, updated_at=now)
        if key is not None:
            # The same again, however often and late the request comes, so that its documents belong to it.
            drawn = self._vault.lookup("portal-draft", json.dumps([*key[:3], key.digest.hex()]))[:16].upper()
            draft = draft.model_copy(update={"reference": f"NGK-{drawn}"})
        await self._claim(draft, content)
        reference = self._vault.lookup("portal-reference", draft.reference)

        def write(unit: Transaction) -> Draft:
            there = key and RequestKeys(self._vault).find(unit, key)
            there = there or unit.connection.scalar(select(_D.id).where(_D.reference == reference))
            if there is not None:
                return self._read(unit, there)
            if key is not None:
                RequestKeys(self._vault).keep(unit, key, draft.id, now)
            same = {"id": draft.id, "centre": draft.centre, "reference": reference}
            add_row(unit, drafts, now, **same, **self._columns(draft))
            return draft

        try:
            return await self._database.run(write)
        except IntegrityError:
            # The same request came twice at the same time: the other's draft is found this time.
            return await self._database.run(write)

    async def draft(self, identity: str) -> Draft:
        """A draft of the centre."""
        self.actor.require("apply")
        return await self._database.run(partial(self._read, identity=identity))

    async def save_draft(
        self, identity: str, content: DraftContent, *, revision: int, service: str | None = None
    ) -> Draft:
        """Replace what a draft holds, if it is still at ``revision``; ``service`` may stay as it was.

        Documents that are left out are erased.

        Raises:
            DraftChanged: It is not at ``revision`` any more.
            DraftSubmitted: It was handed in.
            InputRejected: A document is another's, or is not kept any more.
        """
        self.actor.require("apply", service)
        before, now = await self.draft(identity), self._clock.now()
        await self._claim(before, content)
        said: dict[str, Any] = {"operator": self.actor.id, "updated_at": now, "service": service or before.service}
        change = partial(self._alter, identity=identity, at=revision, content=content, revision=revision + 1, **said)
        saved = await self._database.run(change)
        for one in before.content.documents:
            if one.id not in {kept.id for kept in content.documents}:
                self._documents.remove(one.id)
        return saved

    async def drafts(
        self, *, operator: str | None = None, after: PageCursor | None = None, limit: int = 200
    ) -> DraftPage:
        """The drafts of the centre, or those that an operator saved last, not handed in: the last saved first."""
        self.actor.require("apply")
        wanted: ColumnElement[bool] = _D.application.is_(None)
        if operator is not None:
            wanted &= _D.operator == operator
        if after is not None:
            wanted &= tuple_(_D.updated_at, _D.id) < tuple_(literal(after.at, Instant), literal(after.id))
        return await self._find(wanted, limit)

    async def find_drafts(self, text: str) -> Sequence[Draft]:
        """The drafts of the centre with this tracking number or applicant's mobile number, 20 at most."""
        self.actor.require("view")
        number = text = text.strip()
        with suppress(ValueError):
            number = MobileNumber.parse(text).e164
        is_it = _D.reference == self._vault.lookup("portal-reference", text.upper())
        is_theirs = _D.mobile == self._vault.lookup("portal-mobile", number)
        return (await self._find(_D.application.is_(None) & (is_it | is_theirs), 20)).rows

    async def discard_draft(self, identity: str, *, revision: int) -> Draft:
        """Delete a draft and its documents; returns what it held. Raises ``DraftChanged`` and ``DraftSubmitted``."""
        self.actor.require("apply")

        def write(unit: Transaction) -> Draft:
            draft = _at(self._read(unit, identity, for_change=True), revision)
            delete_rows(unit, drafts, _D.id == identity, self._clock.now())
            return draft

        gone = await self._database.run(write)
        for one in gone.content.documents:
            self._documents.remove(one.id)
        return gone

    async def _claim(self, draft: Draft, content: DraftContent) -> None:
        """Give a draft the documents of its content: no other draft or application can have them from now on."""
        owner = ApplicationStore(self._vault).hash_client_reference(draft.reference)
        for number, one in enumerate(content.documents):
            if not (self._documents.opens(one.id) and await self._documents.claim(one.id, owner)):
                raise not_their_own(number)

    def _alter(self, unit: Transaction, application: str = "", *, identity: str, at: int, **said: Any) -> Draft:
        """Change what is said of a draft at a revision, as long as it was not handed in."""
        before = _at(self._read(unit, identity, for_change=True), at)
        became = {"application": application} if application else {}
        after = before.model_copy(update=said | became)
        change_rows(unit, drafts, _D.id == identity, self._clock.now(), **self._columns(after), **became)
        return after

    async def _find(self, where: ColumnElement[bool], limit: int) -> DraftPage:
        order = _D.updated_at.desc(), _D.id.desc()
        query = select(drafts).where(_D.centre == self.actor.centre, where).order_by(*order).limit(limit)
        rows = await self._rows(query)
        found = [unseal(self._vault, drafts, row, Draft) for row in rows]
        served = [one for one in found if one.service is None or self.actor.serves(one.service)]
        return DraftPage(served, PageCursor(rows[-1].updated_at, rows[-1].id) if len(rows) == limit else None)

    def _read(self, unit: Transaction, identity: str, *, for_change: bool = False) -> Draft:
        query = select(drafts).where(_D.id == identity, _D.centre == self.actor.centre)
        row = unit.connection.execute(query.with_for_update() if for_change else query).one_or_none()
        if row is None:
            raise NoSuchDraft
        draft = unseal(self._vault, drafts, row, Draft)
        self.actor.require("apply", draft.service)
        return draft

    def _columns(self, draft: Draft) -> dict[str, object]:
        """The columns that change with each save."""
        phone = draft.content.applicant.phone if draft.content.applicant is not None else None
        mobile = self._vault.lookup("portal-mobile", phone.e164) if phone is not None else None
        saved = {"updated_at": draft.updated_at, "operator": draft.operator}
        return {"mobile": mobile, **saved, **seal(self._vault, drafts, draft.id, draft)}


async def expire_drafts(database: Database, vault: Vault, documents: FolderDocumentStore, now: datetime) -> None:
    """Delete drafts that were not handed in and not saved for ``KEPT``, with their documents."""
    is_left = _D.application.is_(None) & (_D.updated_at < now - KEPT)
    for row in await database.run(lambda unit: delete_rows(unit, drafts, is_left, now)):
        for one in unseal(vault, drafts, row, Draft).content.documents:
            documents.remove(one.id)


def _at(draft: Draft, revision: int) -> Draft:
    if draft.application is not None:
        raise DraftSubmitted
    if draft.revision != revision:
        raise DraftChanged
    return draft
