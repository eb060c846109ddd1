"""Applications in the database: opened, read and changed here, and nowhere else.

Every change is a step of the lifecycle: its events go into the journal, and the row becomes their fold, in one
transaction. An UPDATE names the revision that the change was worked out on.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, Row, Update, bindparam, delete, insert, or_, select, update

from nagorik import ApplicationDraft, NagorikError, Text
from nagorik.operations import OPERATIONS, Family
from nagorik.values import MobileNumber
from nagorik_host.store import changes, projections
from nagorik_host.store.chain import JournalEntry, anchor, entries_of, event_of
from nagorik_host.store.clock import LASTS, LEASE_NOW, UNTIL
from nagorik_host.store.database import Transaction
from nagorik_host.store.ledger import record_of_draft, record_of_row
from nagorik_host.store.schema import (
    MICROSECOND,
    Instant,
    applicant_mobiles,
    applications,
    erased_references,
    journal,
    payloads,
    payments,
)
from nagorik_host.vault import DataKey, Vault
from nagorik_platform.configuration import DEFAULT_LEASE
from nagorik_platform.lifecycle import Event, NextAction, Party, Progress, Step, application_targets

PROGRESS: Final = "progress"
DRAFT: Final = "draft"
CLIENT_REFERENCE: Final = "client-reference"
APPLICANT_MOBILE: Final = "applicant-mobile"

LEASE: Final = DEFAULT_LEASE
"""How long a silent worker keeps what it has. Calls may take longer: a living worker renews its leases."""

NO_OWNERS: Final[Mapping[str, str | None]] = MappingProxyType({})

Correction = Callable[[ApplicationDraft], ApplicationDraft]

_A: Final = applications.c

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite. Parameters name what an
# update or an insert sets.
_OPEN: Final = insert(applications)
_CHANGE: Final = update(applications).where(_A.id == bindparam("application_"), _A.revision == bindparam("revision_"))
_TAKE: Final = _CHANGE.values(lease_until=UNTIL)
_ASIDE: Final = {"blocked": bindparam("code"), "due_at": bindparam("again", type_=Instant)}
_SET_ASIDE: Final = (
    update(applications)
    .where(_A.id == bindparam("application_"))
    .values(revision=_A.revision + 1, lease=None, lease_until=None, **_ASIDE)
    .returning(applications)
)
_SET_ASIDE_IF_HELD: Final = _SET_ASIDE.where(_A.lease == bindparam("lease_"))
_IN_REFERENCES: Final[BindParameter[str]] = bindparam("references", expanding=True)
_BY_REFERENCES: Final = select(_A.id, _A.client_reference).where(_A.client_reference.in_(_IN_REFERENCES))
_ERASED_AMONG: Final = select(erased_references).where(erased_references.c.reference.in_(_IN_REFERENCES))
_BY_ID: Final = select(applications).where(_A.id == bindparam("application"))
_BY_ID_FOR_CHANGE: Final = _BY_ID.with_for_update()
_DRAFT: Final = select(payloads.c.draft).where(payloads.c.application == bindparam("application"))
_WRITE_DRAFT: Final = insert(payloads)
_DROP_DRAFT: Final = delete(payloads).where(payloads.c.application == bindparam("application"))
_WRITE_MOBILES: Final = insert(applicant_mobiles)
_DROP_MOBILE: Final = delete(applicant_mobiles).where(applicant_mobiles.c.application == bindparam("application"))
_JOURNAL: Final = (
    select(journal)
    .where(journal.c.application == bindparam("application"), journal.c.entry > bindparam("after"))
    .order_by(journal.c.entry)
)


def hash_erased(reference: str) -> str:
    """What is kept of a client reference's hash after an erasure, to know the same application if it comes again."""
    return hashlib.sha256(f"erased/{reference}".encode()).hexdigest()


class LeaseTooShort(ValueError):
    """A plugin lets a call take longer than a worker's lease lasts; the text names both."""


class NoSuchApplication(NagorikError, LookupError):
    """The database holds no application by this id or reference."""

    code = "no-such-application"
    status = 404

    @property
    def message(self) -> Text:
        """That there is no such application, and what to do. The id is left out: it may be a citizen's number."""
        return Text(
            en="There is no application of this number here. Compare the number with the one that you were given.",
            bn="এই নম্বরে কোনো আবেদন নেই। আপনাকে দেওয়া নম্বরের সঙ্গে মিলিয়ে দেখুন।",
        )


class AlreadyOpen(Exception):
    """An application with this client reference is in the database; ``application`` is its id."""

    def __init__(self, application: str) -> None:
        """Keep the id."""
        super().__init__("an application with this reference is in the database")
        self.application = application


class AlreadyErased(Exception):
    """An application with this client reference was taken in before, and was erased."""


class StaleRevision(Exception):
    """The row has changed since it was read."""


class RevisionOutdated(NagorikError):
    """The application has changed since its caller read it; nothing was taken in."""

    code = "revision-outdated"
    status = 412

    @property
    def message(self) -> Text:
        """That nothing was taken in, and what to do."""
        return Text(
            en="The application has changed since you read it. What you sent was not taken in. Read the application"
            " again, and send it once more if it is still right.",
            bn="আপনি দেখার পরে আবেদনটি বদলেছে। আপনি যা পাঠিয়েছেন তা নেওয়া হয়নি। আবেদনটি আবার দেখুন, এরপরও ঠিক থাকলে আবার পাঠান।",
        )


class Lease(NamedTuple):
    """Which worker has an application, by its id.

    ``taken_for`` is how long it lasts from now on; ``None`` for a lease that stays as it is. ``now`` is the time
    where that is not the database's.
    """

    worker: str
    taken_for: timedelta | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True, repr=False)
class StoredApplication:
    """An application as the database holds it at one moment.

    Every change raises ``revision``. ``entries`` counts its journal's, ``chain`` is the link of the last, ``key``
    seals its data, ``blocked`` is the code of why the host leaves it alone, and ``owner`` took it in.
    """

    id: str
    plugin: str
    gateway: str | None
    progress: Progress
    revision: int
    entries: int
    chain: bytes
    key: DataKey
    lease: Lease | None
    blocked: str | None = None
    owner: str | None = None


class ApplicationStore:
    """Reads and writes applications; keeps nothing in memory."""

    def __init__(self, vault: Vault) -> None:
        """Seal with the keys of ``vault``."""
        self._vault = vault

    # Opening

    def open_all(
        self,
        transaction: Transaction,
        given: Sequence[tuple[ApplicationDraft, Step]],
        owners: Mapping[str, str | None] = NO_OWNERS,
    ) -> list[StoredApplication | str]:
        """Take several applications in, with as few statements as one takes. ``owners`` has who does, by their ids.

        Returns for each what was stored, or the id of the application that has its client reference.

        Raises:
            AlreadyErased: One of them came before, and was erased since.
        """
        references = [self.hash_client_reference(first.progress.client_reference) for _, first in given]
        there = self.ids_by_reference(transaction, references)
        erased = {"references": [hash_erased(reference) for reference in references]}
        if transaction.connection.scalars(_ERASED_AMONG, erased).first() is not None:
            raise AlreadyErased
        taken: list[StoredApplication | str] = []
        opened: dict[str, _Opened] = {}
        for (draft, first), reference in zip(given, references, strict=True):
            if reference in there:
                taken.append(there[reference])
                continue
            opened[reference] = self._opened(draft, first, reference, owners.get(first.progress.id))
            there[reference] = first.progress.id
            taken.append(opened[reference].stored)
        if opened:
            # In one order, so that two transactions never wait for each other.
            self._insert(transaction, [opened[reference] for reference in sorted(opened)])
        return taken

    def _opened(self, draft: ApplicationDraft, first: Step, reference: str, owner: str | None) -> "_Opened":
        progress = first.progress
        plugin = progress.service.partition(".")[0]
        key, wrapped = self._vault.make_data_key(progress.id)
        stored = StoredApplication(
            id=progress.id,
            plugin=plugin,
            gateway=draft.gateway,
            progress=progress,
            revision=1,
            entries=0,
            chain=anchor(self._vault, progress.id),
            key=key,
            lease=None,
            owner=owner,
        )
        rows = self._entries(stored, first.events)
        values = {
            "id": progress.id,
            "service": progress.service,
            "plugin": plugin,
            "plugin_version": progress.plugin_version,
            "gateway": draft.gateway,
            "owner": owner,
            "client_reference": reference,
            "opened_at": progress.opened_at,
            "data_key": wrapped,
            "revision": 1,
            **self._row(stored, first, rows, progress.opened_at),
        }
        stored = replace(stored, entries=len(rows), chain=rows[-1].link)
        sealed, mobile = key.seal(draft.model_dump_json().encode(), DRAFT), self._hash_mobile(draft)
        return _Opened(stored, first, values, rows, sealed, mobile)

    def _insert(self, transaction: Transaction, opened: Sequence["_Opened"]) -> None:
        transaction.connection.execute(_OPEN, [one.values for one in opened])
        transaction.append_entries([row for one in opened for row in one.rows])
        self._insert_drafts(transaction, [(one.stored.id, one.draft, one.values["opened_at"]) for one in opened])
        _insert_mobiles(transaction, {one.stored.id: one.mobile for one in opened})
        for one in opened:
            at = one.values["opened_at"]
            projections.record(transaction, one.stored.progress, one.first.events)
            _note_change(transaction, one.stored, at)
            transaction.record(one.stored.id, at, record_of_row(one.values))
            self._hint(transaction, one.stored, one.first.next, at)

    # Reading

    def read(self, transaction: Transaction, application: str, *, for_change: bool = False) -> StoredApplication:
        """An application by its id; ``for_change`` locks its row.

        Raises:
            NoSuchApplication: It is not in the database.
            Erased: The citizen's data were erased.
        """
        query = _BY_ID_FOR_CHANGE if for_change else _BY_ID
        row = transaction.connection.execute(query, {"application": application}).one_or_none()
        if row is None:
            raise NoSuchApplication
        return self.from_row(row)

    def from_row(self, row: Row[Any]) -> StoredApplication:
        """An application from a whole row of its table.

        Raises:
            Erased: The citizen's data were erased.
        """
        key = self._vault.data_key(row.data_key, row.id)
        return StoredApplication(
            id=row.id,
            plugin=row.plugin,
            gateway=row.gateway,
            progress=Progress.model_validate_json(key.open(row.progress, PROGRESS)),
            revision=row.revision,
            entries=row.entries,
            chain=row.chain,
            key=key,
            lease=Lease(row.lease) if row.lease is not None else None,
            blocked=row.blocked,
            owner=row.owner,
        )

    def owner(self, transaction: Transaction, application: str) -> str | None:
        """Who took an application in, by its id; ``None`` where that was not said.

        Raises:
            NoSuchApplication: It is not in the database.
        """
        query = select(_A.owner).where(_A.id == application)
        row = transaction.connection.execute(query).one_or_none() if _is_storable(application) else None
        if row is None:
            raise NoSuchApplication
        found: str | None = row.owner
        return found

    def search(self, transaction: Transaction, name: str, *, limit: int) -> list[str]:
        """The ids of at most ``limit`` applications of which ``name`` is the id, a reference or a payment's id."""
        if not _is_storable(name):
            return []
        found: list[str] = []
        with suppress(NoSuchApplication):
            found.append(self.resolve(transaction, name))
        paid = select(payments.c.application).where(payments.c.id == name.lower())
        found += transaction.connection.scalars(paid).all()
        # Two agencies may count alike.
        for plugin in transaction.connection.scalars(select(_A.plugin).distinct()).all():
            found += self.known_to_agency(transaction, plugin, name, limit)
        return list(dict.fromkeys(found))[:limit]

    def of_applicant_mobile(
        self, transaction: Transaction, mobile: MobileNumber, *, owner: str | None, limit: int
    ) -> Sequence[str]:
        """The ids of at most ``limit`` applications whose applicant has this number, those taken in last first."""
        joined = select(_A.id).join(applicant_mobiles, applicant_mobiles.c.application == _A.id)
        query = joined.where(applicant_mobiles.c.mobile == self._vault.lookup(APPLICANT_MOBILE, mobile.e164))
        query = query if owner is None else query.where(_A.owner == owner)
        return transaction.connection.scalars(query.order_by(_A.opened_at.desc(), _A.id).limit(limit)).all()

    def known_to_agency(self, transaction: Transaction, plugin: str, name: str, limit: int) -> Sequence[str]:
        """The ids of at most ``limit`` applications that a plugin's agency knows by this reference."""
        reference = self.hash_agency_reference(plugin, name)
        query = select(_A.id).where(_A.plugin == plugin, _A.agency_reference == reference).limit(limit)
        return transaction.connection.scalars(query).all()

    def ids_by_reference(self, transaction: Transaction, references: Sequence[str]) -> dict[str, str]:
        """The ids of the applications whose client references have these hashes, by the hash."""
        found = transaction.connection.execute(_BY_REFERENCES, {"references": list(references)})
        return {row.client_reference: row.id for row in found}

    def hash_client_reference(self, reference: str) -> str:
        """The hash by which an application is found that has this client reference."""
        return self._vault.lookup(CLIENT_REFERENCE, reference)

    def resolve(self, transaction: Transaction, name: str) -> str:
        """The id of the application that ``name`` is the id or the client reference of.

        Raises:
            NoSuchApplication: It is not in the database.
        """
        if not _is_storable(name):
            raise NoSuchApplication
        reference = self._vault.lookup(CLIENT_REFERENCE, name)
        query = select(_A.id).where(or_(_A.id == name.lower(), _A.client_reference == reference))
        found: str | None = transaction.connection.scalar(query)
        if found is None:
            raise NoSuchApplication
        return found

    def draft(self, transaction: Transaction, stored: StoredApplication) -> ApplicationDraft:
        """What the citizen handed in; as ``open_draft``."""
        return self.open_draft(stored, transaction.connection.scalar(_DRAFT, {"application": stored.id}))

    def open_draft(self, stored: StoredApplication, sealed: bytes | None) -> ApplicationDraft:
        """Open a sealed draft.

        Raises:
            NoSuchApplication: It was erased.
        """
        if sealed is None:
            raise NoSuchApplication
        return ApplicationDraft.model_validate_json(stored.key.open(sealed, DRAFT))

    def events(self, transaction: Transaction, stored: StoredApplication, *, after: int = 0) -> tuple[Event, ...]:
        """The events of the application's journal that follow the ``after``-th entry, in order."""
        return tuple(event_of(row, stored.key) for row in entries_in(transaction, stored.id, after=after))

    # Changing

    def change(
        self,
        transaction: Transaction,
        stored: StoredApplication,
        done: Step,
        now: datetime,
        *,
        lease: Lease | None = None,
    ) -> StoredApplication:
        """Write a step that was worked out on ``stored``. A blocked application stays blocked.

        ``lease`` is the lease from now on; ``None`` ends it.

        Raises:
            StaleRevision: The row has changed since ``stored`` was read; nothing was written.
        """
        rows = self._entries(stored, done.events)
        values = self._row(stored, done, rows, now)
        taken = lease is not None and lease.taken_for is not None
        if lease is not None:
            # Nobody else finds it due; another worker takes it over when the lease has run out.
            del values["lease_until"]
            values |= {"lease": lease.worker, "due_at": None}
            if lease.taken_for is not None:
                values |= {LASTS: lease.taken_for // MICROSECOND, LEASE_NOW: lease.now}
        elif values["blocked"] is not None:
            del values["due_at"]
        values |= {"application_": stored.id, "revision_": stored.revision, "revision": stored.revision + 1}
        _change_one(transaction, _TAKE if taken else _CHANGE, values)
        if rows:
            transaction.append_entries(rows)
        projections.record(transaction, done.progress, done.events)
        if rows or lease is None:
            # A claim for a call that only reads changes nothing else.
            transaction.record(stored.id, now, record_of_row(values))
        if lease is not None:
            transaction.drop_hint(stored.id)
        elif stored.blocked is None:
            self._hint(transaction, stored, done.next, now)
        changed = replace(
            stored,
            progress=done.progress,
            blocked=values["blocked"],
            revision=stored.revision + 1,
            entries=stored.entries + len(rows),
            chain=rows[-1].link if rows else stored.chain,
            lease=Lease(lease.worker) if lease is not None else None,
        )
        if changes.standing(changed.progress) != changes.standing(stored.progress):
            _note_change(transaction, changed, now)
        return changed

    def correct(
        self, transaction: Transaction, stored: StoredApplication, correction: Correction, now: datetime
    ) -> ApplicationDraft:
        """Replace what the citizen handed in; the step that records it is a change of its own.

        Raises:
            StaleRevision: The row has changed since ``stored`` was read.
        """
        before = self.draft(transaction, stored)
        draft = correction(before)
        transaction.connection.execute(_DROP_DRAFT, {"application": stored.id})
        sealed = stored.key.seal(draft.model_dump_json().encode(), DRAFT)
        self._insert_drafts(transaction, [(stored.id, sealed, now)])
        if draft.applicant.phone != before.applicant.phone:
            transaction.connection.execute(_DROP_MOBILE, {"application": stored.id})
            _insert_mobiles(transaction, {stored.id: self._hash_mobile(draft)})
        values = {"application_": stored.id, "revision_": stored.revision, "gateway": draft.gateway}
        _change_one(transaction, _CHANGE, values)
        transaction.record(stored.id, now, {"gateway": draft.gateway})
        return draft

    # Parts

    def _entries(self, stored: StoredApplication, events: Sequence[Event]) -> list[JournalEntry]:
        after, previous, key = stored.entries, stored.chain, stored.key
        return entries_of(events, application=stored.id, after=after, previous=previous, key=key, vault=self._vault)

    def _row(
        self, stored: StoredApplication, done: Step, rows: Sequence[JournalEntry], now: datetime
    ) -> dict[str, Any]:
        progress, hold, reference = done.progress, done.progress.hold, done.progress.agency_reference
        # What an officer still has to settle, such as money to be given back by hand, is not over.
        for_person = hold is not None and hold.party is Party.PERSON
        closed = not application_targets(progress.state) and done.next.due is None and not for_person
        return {
            "state": progress.state.value,
            "hold_party": hold.party.value if hold is not None else None,
            "hold_code": hold.code if hold is not None else None,
            "agency_reference": None if reference is None else self.hash_agency_reference(stored.plugin, reference),
            "updated_at": now,
            "closed_at": now if closed else None,
            "due_at": done.next.due,
            "operation": done.next.operation.value if done.next.operation is not None else None,
            "target_plugin": target_plugin(done.next, stored.plugin, stored.gateway),
            "lease": None,
            "lease_until": None,
            "blocked": None if closed else stored.blocked,
            "entries": stored.entries + len(rows),
            "chain": rows[-1].link if rows else stored.chain,
            "progress": stored.key.seal(progress.model_dump_json(exclude_defaults=True).encode(), PROGRESS),
        }

    def hash_agency_reference(self, plugin: str, reference: str) -> str:
        """The hash by which an application is found that an agency knows by ``reference``."""
        return self._vault.lookup(f"agency-reference/{plugin}", reference)

    def _hash_mobile(self, draft: ApplicationDraft) -> str | None:
        phone = draft.applicant.phone
        return self._vault.lookup(APPLICANT_MOBILE, phone.e164) if phone is not None else None

    @staticmethod
    def _hint(transaction: Transaction, stored: StoredApplication, coming: NextAction, now: datetime) -> None:
        if coming.due is not None and coming.due <= now:
            transaction.add_hint(stored.id, target_plugin(coming, stored.plugin, stored.gateway))

    @staticmethod
    def _insert_drafts(transaction: Transaction, drafts: Sequence[tuple[str, bytes, datetime]]) -> None:
        rows = [{"application": application, "draft": sealed, "updated_at": at} for application, sealed, at in drafts]
        for (application, _, at), row in zip(drafts, rows, strict=True):
            transaction.record(application, at, record_of_draft(row))
        transaction.connection.execute(_WRITE_DRAFT, rows)


class _Opened(NamedTuple):
    """An application that is about to be written for the first time."""

    stored: StoredApplication
    first: Step
    values: dict[str, Any]
    rows: Sequence[JournalEntry]
    draft: bytes
    mobile: str | None


def _insert_mobiles(transaction: Transaction, mobiles: Mapping[str, str | None]) -> None:
    rows = [{"application": application, "mobile": mobile} for application, mobile in mobiles.items() if mobile]
    if rows:
        transaction.connection.execute(_WRITE_MOBILES, rows)


def _note_change(transaction: Transaction, stored: StoredApplication, at: datetime) -> None:
    """Note how this unit leaves an application's standing, for those who follow it."""
    transaction.records.standings[stored.id] = changes.row_of(stored.progress, stored.owner, stored.entries, at)


def _is_storable(name: str) -> bool:
    """Whether a database takes a text at all: a name that it refuses is of no application."""
    return not any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in name)


def _change_one(transaction: Transaction, statement: Update, values: Mapping[str, Any]) -> None:
    if transaction.connection.execute(statement, values).rowcount != 1:
        raise StaleRevision


def set_aside(
    transaction: Transaction,
    application: str,
    code: str | None,
    *,
    again: datetime | None,
    now: datetime,
    held_by: str | None = None,
) -> None:
    """End the lease of an application, and let the host leave it alone, or look at it ``again`` at an instant.

    ``code`` says why the host leaves it alone; ``None`` where it does not any more. With ``held_by``, nothing is
    changed unless this worker has it.
    """
    values: dict[str, Any] = {"application_": application, "code": code, "again": again, "lease_": held_by}
    query = _SET_ASIDE if held_by is None else _SET_ASIDE_IF_HELD
    row = transaction.connection.execute(query, values).one_or_none()
    if row is not None:
        transaction.record(application, now, record_of_row(row._mapping))


def target_plugin(coming: NextAction, plugin: str, gateway: str | None) -> str:
    """The plugin that an operation is made through."""
    through_gateway = coming.operation is not None and OPERATIONS[coming.operation].family is Family.GATEWAY
    return gateway.partition(".")[0] if through_gateway and gateway is not None else plugin


def entries_in(transaction: Transaction, application: str, *, after: int = 0) -> Iterable[JournalEntry]:
    """The entries of an application's journal that follow the ``after``-th, in order."""
    wanted = {"application": application, "after": after}
    return (JournalEntry(*row) for row in transaction.connection.execute(_JOURNAL, wanted))
