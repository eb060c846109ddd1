"""Saved forms: what operators filled in before it is handed in, sealed, taken up by any operator of the centre."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final, NamedTuple
from uuid import uuid4

from pydantic import AwareDatetime, Field, JsonValue
from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from nagorik import PERSONAL, Applicant, Consent, DocumentReference, Model, Payer
from nagorik.clock import Clock
from nagorik.model.application import Acting
from nagorik.privacy import Code, Several
from nagorik.values import MobileNumber
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.request_keys import RequestKey, RequestKeys
from nagorik_host.vault import Vault
from nagorik_portal.errors import PortalError
from nagorik_portal.schema import drafts

PLACE: Final = "portal-draft"
_MOBILE: Final = "portal-mobile"
_REFERENCE: Final = "portal-reference"
_D: Final = drafts.c


class NoSuchDraft(PortalError, LookupError):
    """The centre has no draft by this id."""

    code = "no-such-draft"
    status = 404


class DraftChanged(PortalError):
    """Another save came first; nothing was saved."""

    code = "draft-changed"
    status = 412


class DraftSubmitted(PortalError):
    """The draft was handed in already, and is not changed any more."""

    code = "draft-submitted"
    status = 409


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


class _Sealed(Model):
    reference: Annotated[str, PERSONAL]
    content: DraftContent


@dataclass(frozen=True, slots=True, repr=False)
class Draft:
    """A draft. ``reference`` is its tracking number, which becomes the application's client reference.

    Attributes:
        id: Random; also the idempotency key of its submission.
        operator: Who saved it last.
        service: ``None`` until one was chosen.
        revision: Raised by each save, from 1.
        updated_at: When it was saved last, in UTC.
        application: The application's id, once it was handed in.
    """

    id: str
    reference: str
    centre: str
    operator: str
    service: str | None
    content: DraftContent
    revision: int
    updated_at: datetime
    application: str | None


class DraftEntry(NamedTuple):
    """A draft in a list; ``reference`` is its tracking number."""

    id: str
    reference: str
    operator: str
    service: str | None
    updated_at: datetime


class Drafts:
    """The drafts of all centres; each method is asked for one centre."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        """Keep drafts in a host's database, sealed by its keys, by the host's time."""
        self._database, self._vault, self._clock = database, vault, clock
        self._keys = RequestKeys(vault)

    async def create(
        self,
        centre: str,
        operator: str,
        content: DraftContent | None = None,
        *,
        service: str | None = None,
        key: RequestKey | None = None,
    ) -> Draft:
        """Begin a draft, which has a tracking number from now on; or return the one that the key was used for.

        Raises:
            KeyReused: The key came with another request.
        """
        content, now = content or DraftContent(), self._clock.now()
        reference = f"NGK-{secrets.token_hex(8).upper()}"
        draft = Draft(str(uuid4()), reference, centre, operator, service, content, 1, now, None)
        data_key, wrapped = self._vault.make_data_key(draft.id)
        row = {
            **self._columns(draft, data_key.seal(_sealed(draft), PLACE)),
            "id": draft.id,
            "reference": self._vault.lookup(_REFERENCE, reference),
            "centre": centre,
            "created_at": now,
            "application": None,
            "data_key": wrapped,
        }

        def write(transaction: Transaction) -> Draft:
            if key is not None:
                if (there := self._keys.find(transaction, key)) is not None:
                    return self._open(_row(transaction, identity=there, centre=centre))
                self._keys.keep(transaction, key, draft.id, now)
            transaction.connection.execute(insert(drafts).values(**row))
            transaction.record_row(drafts, draft.id, at=now)
            return draft

        try:
            return await self._database.run(write)
        except IntegrityError:
            # The same request came twice at the same time: the other's draft is found this time.
            return await self._database.run(write)

    async def read(self, identity: str, centre: str) -> Draft:
        """A draft of a centre.

        Raises:
            NoSuchDraft: The centre has no such draft.
        """
        return self._open(await self._database.run(partial(_row, identity=identity, centre=centre)))

    async def save(
        self,
        identity: str,
        centre: str,
        operator: str,
        content: DraftContent,
        *,
        revision: int,
        service: str | None = None,
    ) -> Draft:
        """Replace a draft's content; ``service`` stays as it was where it is ``None``.

        Raises:
            NoSuchDraft: The centre has no such draft.
            DraftChanged: It is not at ``revision`` any more.
            DraftSubmitted: It was handed in.
        """
        now = self._clock.now()

        def write(transaction: Transaction) -> Draft:
            row = _row(transaction, identity=identity, centre=centre, for_change=True)
            _require_open(row)
            if row.revision != revision:
                raise DraftChanged
            before = self._open(row)
            draft = Draft(
                identity,
                before.reference,
                centre,
                operator,
                service or before.service,
                content,
                revision + 1,
                now,
                None,
            )
            sealed = self._vault.data_key(row.data_key, identity).seal(_sealed(draft), PLACE)
            values = self._columns(draft, sealed)
            transaction.connection.execute(update(drafts).where(_D.id == identity).values(**values))
            return draft

        return await self._database.run(write)

    async def list(self, centre: str, *, limit: int = 200) -> Sequence[DraftEntry]:
        """The drafts of a centre that were not handed in, the last saved first."""
        return await self._entries([_D.centre == centre], limit)

    async def find(self, text: str, centre: str) -> Sequence[DraftEntry]:
        """The drafts of a centre with this tracking number or applicant's mobile number."""
        number = text.strip()
        with suppress(ValueError):
            number = MobileNumber.parse(number).e164
        reference = self._vault.lookup(_REFERENCE, text.strip().upper())
        mobile = self._vault.lookup(_MOBILE, number)
        return await self._entries([_D.centre == centre, (_D.reference == reference) | (_D.mobile == mobile)], 20)

    async def submitted(self, identity: str, centre: str, application: str) -> None:
        """Record that a draft became an application, which holds its content from now on."""
        now = self._clock.now()

        def write(transaction: Transaction) -> None:
            row = _row(transaction, identity=identity, centre=centre, for_change=True)
            if row.application is None:
                empty = replace(self._open(row), content=DraftContent(), updated_at=now)
                sealed = self._vault.data_key(row.data_key, identity).seal(_sealed(empty), PLACE)
                values = {**self._columns(empty, sealed), "application": application}
                transaction.connection.execute(update(drafts).where(_D.id == identity).values(**values))
                transaction.record_row(drafts, identity, at=now)

        await self._database.run(write)

    async def discard(self, identity: str, centre: str) -> Draft:
        """Delete a draft; returns what it held.

        Raises:
            NoSuchDraft: The centre has no such draft.
            DraftSubmitted: It was handed in.
        """
        now = self._clock.now()

        def write(transaction: Transaction) -> Draft:
            row = _row(transaction, identity=identity, centre=centre, for_change=True)
            _require_open(row)
            draft = self._open(row)
            _delete(transaction, identity, now)
            return draft

        return await self._database.run(write)

    async def expire(self, after: timedelta) -> Sequence[Draft]:
        """Delete drafts that were not handed in and not saved for so long; returns what they held, 100 at most."""
        now = self._clock.now()
        is_old = select(drafts).where(_D.application.is_(None), _D.updated_at < now - after).limit(100)

        def write(transaction: Transaction) -> list[Draft]:
            found = [self._open(row) for row in transaction.connection.execute(is_old.with_for_update())]
            for draft in found:
                _delete(transaction, draft.id, now)
            return found

        return await self._database.run(write)

    async def _entries(self, where: Sequence[ColumnElement[bool]], limit: int) -> Sequence[DraftEntry]:
        query = select(drafts).where(_D.application.is_(None), *where).order_by(_D.updated_at.desc()).limit(limit)

        def read(transaction: Transaction) -> list[DraftEntry]:
            found = map(self._open, transaction.connection.execute(query))
            return [DraftEntry(one.id, one.reference, one.operator, one.service, one.updated_at) for one in found]

        return await self._database.run(read)

    def _open(self, row: Row[Any]) -> Draft:
        opened = self._vault.data_key(row.data_key, row.id).open(row.sealed, PLACE)
        held = _Sealed.model_validate_json(opened)
        return Draft(
            row.id,
            held.reference,
            row.centre,
            row.operator,
            row.service,
            held.content,
            row.revision,
            row.updated_at,
            row.application,
        )

    def _columns(self, draft: Draft, sealed: bytes) -> dict[str, Any]:
        """The columns that change with each save."""
        applicant = draft.content.applicant
        phone = applicant.phone if applicant is not None else None
        return {
            "mobile": self._vault.lookup(_MOBILE, phone.e164) if phone is not None else None,
            "operator": draft.operator,
            "service": draft.service,
            "revision": draft.revision,
            "updated_at": draft.updated_at,
            "sealed": sealed,
        }


def erase_draft(transaction: Transaction, application: str, now: datetime) -> None:
    """Delete the draft that became an application."""
    found = transaction.connection.scalars(select(_D.id).where(_D.application == application)).all()
    for identity in found:
        _delete(transaction, identity, now)


def _delete(transaction: Transaction, identity: str, now: datetime) -> None:
    transaction.connection.execute(delete(drafts).where(_D.id == identity))
    transaction.record_row(drafts, identity, at=now)


def _row(transaction: Transaction, *, identity: str, centre: str, for_change: bool = False) -> Row[Any]:
    query = select(drafts).where(_D.id == identity, _D.centre == centre)
    row = transaction.connection.execute(query.with_for_update() if for_change else query).one_or_none()
    if row is None:
        raise NoSuchDraft
    return row


def _require_open(row: Row[Any]) -> None:
    if row.application is not None:
        raise DraftSubmitted


def _sealed(draft: Draft) -> bytes:
    return _Sealed(reference=draft.reference, content=draft.content).model_dump_json().encode()
