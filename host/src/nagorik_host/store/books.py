"""The books: an application is opened, read and changed here, and nowhere else.

Every change is a step of the core: its events go into the journal, and the row becomes what they amount to, in one
transaction. A change is worked out on the row as it is in that transaction, never on a copy from before.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, bindparam, delete, insert, or_, select, update

from nagorik import ApplicationDraft
from nagorik.journey import Event, Next, Progress, Step
from nagorik.lifecycle import application_targets
from nagorik.operations import OPERATIONS, Family
from nagorik_host.store import projections
from nagorik_host.store.chain import Entry, anchor, entries_of, event_of
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications, journal, payloads
from nagorik_host.vault import DataKey, Vault

PROGRESS: Final = "progress"
DRAFT: Final = "draft"
CLIENT_REFERENCE: Final = "client-reference"

Correction = Callable[[ApplicationDraft], ApplicationDraft]

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite. What an update or an insert
# sets is named by its parameters.
_OPEN: Final = insert(applications)
_CHANGE: Final = update(applications).where(applications.c.id == bindparam("application_"))
_CHANGE_UNMOVED: Final = _CHANGE.where(
    applications.c.revision == bindparam("revision_"),
    applications.c.lease == bindparam("lease_"),
    applications.c.blocked.is_(None),
)
_APPEND: Final = insert(journal)
_BY_REFERENCE: Final = select(applications.c.id).where(applications.c.client_reference == bindparam("reference"))
_BY_ID: Final = select(applications).where(applications.c.id == bindparam("application"))
_BY_ID_FOR_CHANGE: Final = _BY_ID.with_for_update()
_DRAFT: Final = select(payloads.c.draft).where(payloads.c.application == bindparam("application"))
_WRITE_DRAFT: Final = insert(payloads)
_DROP_DRAFT: Final = delete(payloads).where(payloads.c.application == bindparam("application"))
_JOURNAL: Final = (
    select(journal)
    .where(journal.c.application == bindparam("application"), journal.c.entry > bindparam("after"))
    .order_by(journal.c.entry)
)


class NoSuchApplication(LookupError):
    """The books hold no application by this id or reference."""


class AlreadyOpen(Exception):
    """An application with this client reference is in the books."""

    def __init__(self, application: str) -> None:
        """Name the application that is there."""
        super().__init__("an application with this reference is in the books")
        self.application = application


class Moved(Exception):
    """The row is not what a change was worked out on any more."""


class Lease(NamedTuple):
    """Who has an application in hand, and until when if nothing more is heard of them."""

    worker: str
    until: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """An application as the books hold it at one moment.

    Attributes:
        id: The application's id.
        plugin: The plugin that owns its service.
        gateway: The gateway that the citizen chose, if any.
        progress: Where it is.
        revision: Raised by every change.
        entries: How many entries its journal has.
        chain: The link of the last of them.
        key: What its data are sealed with.
        lease: Who has it in hand, if anybody.
        blocked: Why the host itself leaves it alone, if it does.
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


class Books:
    """Reads and writes applications. Knows the keys, and keeps nothing in memory."""

    def __init__(self, vault: Vault) -> None:
        """Seal with the keys of ``vault``."""
        self._vault = vault

    # Opening

    def open(self, transaction: Transaction, draft: ApplicationDraft, first: Step) -> Kept:
        """Take an application in.

        Raises:
            AlreadyOpen: Its client reference is in the books: the same application came twice.
        """
        progress = first.progress
        plugin = progress.service.partition(".")[0]
        reference = self._vault.lookup(CLIENT_REFERENCE, progress.client_reference)
        there = transaction.connection.scalar(_BY_REFERENCE, {"reference": reference})
        if there is not None:
            raise AlreadyOpen(there)
        key, wrapped = self._vault.make_data_key(progress.id)
        kept = Kept(
            id=progress.id,
            plugin=plugin,
            gateway=draft.gateway,
            progress=progress,
            revision=1,
            entries=0,
            chain=anchor(self._vault, progress.id),
            key=key,
            lease=None,
        )
        rows = self._entries(kept, first.events)
        transaction.connection.execute(
            _OPEN,
            {
                "id": progress.id,
                "service": progress.service,
                "plugin": plugin,
                "plugin_version": progress.plugin_version,
                "gateway": draft.gateway,
                "client_reference": reference,
                "opened_at": progress.opened_at,
                "data_key": wrapped,
                "revision": 1,
                **self._row(kept, first, rows, progress.opened_at),
            },
        )
        self._append(transaction, rows)
        self._write_draft(transaction, kept, draft, progress.opened_at)
        projections.record(transaction, progress, first.events, after=0)
        self._hint(transaction, kept, first.next, progress.opened_at)
        return replace(kept, entries=len(rows), chain=rows[-1].link)

    # Reading

    def read(self, transaction: Transaction, application: str, *, for_change: bool = False) -> Kept:
        """An application by its id; with ``for_change``, nobody else changes it until the transaction ends.

        Raises:
            NoSuchApplication: There is none.
            Erased: The citizen's data were erased.
        """
        query = _BY_ID_FOR_CHANGE if for_change else _BY_ID
        row = transaction.connection.execute(query, {"application": application}).one_or_none()
        if row is None:
            raise NoSuchApplication(application)
        return self.kept_of(row)

    def kept_of(self, row: Row[Any]) -> Kept:
        """An application from a whole row of its table.

        Raises:
            Erased: The citizen's data were erased.
        """
        key = self._vault.data_key(row.data_key, row.id)
        return Kept(
            id=row.id,
            plugin=row.plugin,
            gateway=row.gateway,
            progress=Progress.model_validate_json(key.open(row.progress, PROGRESS)),
            revision=row.revision,
            entries=row.entries,
            chain=row.chain,
            key=key,
            lease=Lease(row.lease, row.lease_until) if row.lease is not None else None,
            blocked=row.blocked,
        )

    def find(self, transaction: Transaction, *, plugin: str, agency_reference: str) -> str:
        """The id of the application that an agency knows by this reference.

        Raises:
            NoSuchApplication: There is none, or more than one.
        """
        query = select(applications.c.id).where(
            applications.c.plugin == plugin,
            applications.c.agency_reference == self._agency_reference(plugin, agency_reference),
        )
        found: Sequence[str] = transaction.connection.scalars(query.limit(2)).all()
        if len(found) != 1:
            raise NoSuchApplication
        return found[0]

    def named(self, transaction: Transaction, name: str) -> str:
        """The id of the application that ``name`` is the id or the client reference of.

        Raises:
            NoSuchApplication: There is none.
        """
        reference = self._vault.lookup(CLIENT_REFERENCE, name)
        query = select(applications.c.id).where(
            or_(applications.c.id == name.lower(), applications.c.client_reference == reference)
        )
        found: str | None = transaction.connection.scalar(query)
        if found is None:
            raise NoSuchApplication
        return found

    def draft(self, transaction: Transaction, kept: Kept) -> ApplicationDraft:
        """What the citizen handed in.

        Raises:
            NoSuchApplication: It was erased.
        """
        return self.draft_of(kept, transaction.connection.scalar(_DRAFT, {"application": kept.id}))

    def draft_of(self, kept: Kept, sealed: bytes | None) -> ApplicationDraft:
        """What the citizen handed in, from what is kept of it.

        Raises:
            NoSuchApplication: It was erased.
        """
        if sealed is None:
            raise NoSuchApplication(kept.id)
        return ApplicationDraft.model_validate_json(kept.key.open(sealed, DRAFT))

    def events(self, transaction: Transaction, kept: Kept, *, after: int = 0) -> tuple[Event, ...]:
        """The application's journal, in order, from what follows the ``after``-th entry."""
        return tuple(event_of(row, kept.key) for row in entries_in(transaction, kept.id, after=after))

    # Changing

    def change(
        self,
        transaction: Transaction,
        kept: Kept,
        done: Step,
        now: datetime,
        *,
        lease: Lease | None = None,
        read: bool = True,
    ) -> Kept:
        """Write a step that was worked out on ``kept``.

        The application stays in hand where ``lease`` is given, and is let go where it is not. One that is blocked
        stays so, whatever happens to it, until it is unblocked in ``kept``.

        Args:
            transaction: Where the change is written.
            kept: The application as the step found it.
            done: The step.
            now: When it was done.
            lease: Who has the application in hand from now on.
            read: Whether ``kept`` was read for change in this transaction; where it was not, the change is written
                only if the row is still what it was when ``kept`` had been taken in hand.

        Raises:
            Moved: It is not, and nothing was written.
        """
        rows = self._entries(kept, done.events)
        values = self._row(kept, done, rows, now)
        if lease is not None:
            # In hand: nobody else finds it due, and a worker that dies is missed when its lease runs out.
            values |= {"lease": lease.worker, "lease_until": lease.until, "due_at": None}
        elif kept.blocked is not None:
            del values["due_at"]
        values |= {"application_": kept.id, "revision": kept.revision + 1}
        if read:
            transaction.connection.execute(_CHANGE, values)
        else:
            was = {"revision_": kept.revision, "lease_": kept.lease.worker if kept.lease is not None else None}
            if not transaction.connection.execute(_CHANGE_UNMOVED, values | was).rowcount:
                raise Moved
        self._append(transaction, rows)
        projections.record(transaction, done.progress, done.events, after=kept.entries)
        if lease is not None:
            transaction.settle(kept.id)
        elif kept.blocked is None:
            self._hint(transaction, kept, done.next, now)
        return replace(
            kept,
            progress=done.progress,
            revision=kept.revision + 1,
            entries=kept.entries + len(rows),
            chain=rows[-1].link if rows else kept.chain,
            lease=lease,
        )

    def correct(
        self,
        transaction: Transaction,
        kept: Kept,
        correction: Correction,
        now: datetime,
    ) -> ApplicationDraft:
        """Replace what the citizen handed in; the step that says so is a change of its own."""
        draft = correction(self.draft(transaction, kept))
        transaction.connection.execute(_DROP_DRAFT, {"application": kept.id})
        self._write_draft(transaction, kept, draft, now)
        transaction.connection.execute(_CHANGE, {"application_": kept.id, "gateway": draft.gateway})
        return draft

    # Parts

    def _entries(self, kept: Kept, events: Sequence[Event]) -> list[Entry]:
        return entries_of(
            events,
            application=kept.id,
            after=kept.entries,
            previous=kept.chain,
            key=kept.key,
            vault=self._vault,
        )

    def _row(self, kept: Kept, done: Step, rows: Sequence[Entry], now: datetime) -> dict[str, Any]:
        progress, hold, reference = done.progress, done.progress.hold, done.progress.agency_reference
        closed = not application_targets(progress.state) and done.next.due is None
        return {
            "state": progress.state.value,
            "hold_party": hold.party.value if hold is not None else None,
            "hold_code": hold.code if hold is not None else None,
            "agency_reference": self._agency_reference(kept.plugin, reference) if reference is not None else None,
            "updated_at": now,
            "closed_at": now if closed else None,
            "due_at": done.next.due,
            "operation": done.next.operation.value if done.next.operation is not None else None,
            "callee": callee(done.next, kept.plugin, kept.gateway),
            "aside_at": None,
            "lease": None,
            "lease_until": None,
            "blocked": kept.blocked,
            "entries": kept.entries + len(rows),
            "chain": rows[-1].link if rows else kept.chain,
            "progress": kept.key.seal(progress.model_dump_json(exclude_defaults=True).encode(), PROGRESS),
        }

    def _agency_reference(self, plugin: str, reference: str) -> str:
        return self._vault.lookup(f"agency-reference/{plugin}", reference)

    @staticmethod
    def _append(transaction: Transaction, rows: Sequence[Entry]) -> None:
        if rows:
            transaction.connection.execute(_APPEND, [row._asdict() for row in rows])

    @staticmethod
    def _hint(transaction: Transaction, kept: Kept, coming: Next, now: datetime) -> None:
        if coming.due is not None and coming.due <= now:
            transaction.wake(kept.id, callee(coming, kept.plugin, kept.gateway))

    @staticmethod
    def _write_draft(transaction: Transaction, kept: Kept, draft: ApplicationDraft, now: datetime) -> None:
        sealed = kept.key.seal(draft.model_dump_json().encode(), DRAFT)
        transaction.connection.execute(_WRITE_DRAFT, {"application": kept.id, "draft": sealed, "updated_at": now})


def callee(coming: Next, plugin: str, gateway: str | None) -> str:
    """The plugin that an operation is made through."""
    through_gateway = coming.operation is not None and OPERATIONS[coming.operation].family is Family.GATEWAY
    return gateway.partition(".")[0] if through_gateway and gateway is not None else plugin


def entries_in(transaction: Transaction, application: str, *, after: int = 0) -> Iterable[Entry]:
    """The entries of an application's journal that follow the ``after``-th, in order."""
    wanted = {"application": application, "after": after}
    return (Entry(*row) for row in transaction.connection.execute(_JOURNAL, wanted))
