"""The host, for programs that embed it: a few lines open it, take applications in, and work on them.

The worker is imported when it is made: a program that only reads does not wait for it.
"""

import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import InitVar, dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar
from uuid import UUID, uuid4

from pydantic import JsonValue, SecretStr
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from nagorik import ApplicationDraft, Consent, DocumentReference, DocumentStore, InputRejected, ServiceNotOffered
from nagorik.clock import Clock
from nagorik.errors import FieldProblem
from nagorik.model.status import ApplicationState, Slot, Slots
from nagorik.operations import Operation
from nagorik.values import MobileNumber, NationalDataError, Text
from nagorik_host.charges import NO_CHARGES, HostCharges
from nagorik_host.engine.health import HealthTracker
from nagorik_host.engine.plugins import CapabilitiesCache, PluginTakeover, take_over
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.engine.tokens import SharedTokenStore
from nagorik_host.store import cases, listings
from nagorik_host.store.application_store import (
    LEASE,
    AlreadyOpen,
    ApplicationStore,
    Correction,
    LeaseTooShort,
    RevisionOutdated,
)
from nagorik_host.store.changes import ChangePage, list_changes
from nagorik_host.store.checkouts import drop_ended
from nagorik_host.store.database import Database, Transaction, Unit, open_database
from nagorik_host.store.host_keys import admit_keys
from nagorik_host.store.request_keys import KeyReused, RequestKey, RequestKeys
from nagorik_host.store.restoration import catching_up, in_doubt
from nagorik_host.vault import Keyring, Vault
from nagorik_platform import Platform, PlatformSettings
from nagorik_platform.configuration import outlasting_calls
from nagorik_platform.documents import OwnedDocuments, not_their_own, with_documents
from nagorik_platform.lifecycle import (
    CitizenActed,
    ConsentGranted,
    Decided,
    Event,
    Input,
    NotPossible,
    Opened,
    Progress,
    Step,
    open_application,
    step,
)
from nagorik_platform.lifecycle.events import UNCHANGED

if TYPE_CHECKING:
    from nagorik_host.engine.housekeeping import ReadSettings
    from nagorik_host.engine.inbox import Inbox
    from nagorik_host.engine.observers import WorkerObserver
    from nagorik_host.engine.worker import Worker
    from nagorik_host.views import ApplicationView, Audience

T = TypeVar("T")
LARGEST_FORM: Final = 200_000
"""Bytes of JSON that a citizen's form may have."""
_TOO_LARGE: Final = Text(
    en="The form is too large. Shorten what it holds.", bn="ফরমটি অনেক বড়। তথ্য সংক্ষেপ করে আবার জমা দিন।"
)
BOOKED_AHEAD: Final = timedelta(days=30)
"""How far ahead of now appointments are looked for, if the caller does not say."""
Action = Literal["go-on", "corrected", "pay", "pay-again", "withdraw", "received"]


@dataclass(frozen=True, slots=True, repr=False)
class Tracked:
    """Where an application is, and its journal, in order."""

    progress: Progress
    events: tuple[Event, ...]


class NewApplication(NamedTuple):
    """An application to be taken in; fields as the arguments of ``Host.apply``."""

    draft: ApplicationDraft
    consent: Consent | None = None
    application: str | None = None
    client_reference: str | None = None
    owner: str | None = None
    also: Callable[[Transaction, str], object] | None = None


class TakenIn(NamedTuple):
    """The id of an application, and whether it was taken in now; if not, its client reference was there before."""

    application: str
    is_new: bool


@dataclass(kw_only=True, eq=False, repr=False)
class Host:
    """Composes the installed plugins and keeps the applications; ``open_host`` makes it of its own arguments.

    A method that takes an application's id raises ``NoSuchApplication`` where the database has no such application,
    and ``Erased`` where the citizen's data were erased. Where it takes a ``key``, a second call with the key changes
    nothing and returns how things stand by then; it raises ``KeyReused`` where the key came with another request.
    Where it takes a ``revision``, as a view has it, it raises ``RevisionOutdated`` if something has changed since.
    """

    database: Database
    platform: Platform
    keyring: InitVar[Keyring]
    clock: Clock
    lease_clock: Clock | None = None
    lease: timedelta = LEASE
    rate_limiter: SharedRateLimiter | None = None
    documents: DocumentStore | None = None
    charges: HostCharges = NO_CHARGES

    def __post_init__(self, keyring: Keyring) -> None:
        self.vault = Vault(keyring)
        self.database.use_ledger(self.vault)
        self.store = ApplicationStore(self.vault)
        self.request_keys = RequestKeys(self.vault)
        self.capabilities = CapabilitiesCache(self.platform, self.charges, self.clock)
        manifests = {one.id: one.manifest for one in self.platform.plugins if one.manifest is not None}
        self.health = HealthTracker(manifests)
        self._releases = {record.id: record.source.label for record in self.platform.plugins}

    @cached_property
    def inbox(self) -> "Inbox":
        """Where messages from agencies and gateways come in."""
        from nagorik_host.engine.inbox import Inbox

        return Inbox(self)

    async def apply(
        self,
        draft: ApplicationDraft,
        *,
        consent: Consent | None = None,
        application: str | None = None,
        client_reference: str | None = None,
        owner: str | None = None,
        key: RequestKey | None = None,
        also: Callable[[Transaction, str], object] | None = None,
    ) -> str:
        """Take an application in and return its id; a worker sends it later.

        Args:
            draft: What the citizen handed in.
            consent: What the citizen allows.
            application: Its id, a UUID; if not given, a new one, or one that follows from the key.
            client_reference: The reference that agencies get; derived from the id if not given. A second application
                with the same is refused, so a caller that does not know whether it got through may call again.
            owner: Who takes it in, of at most 120 letters, such as ``centre-0042``; no citizen's name or number.
            key: The request's key. A second call with it returns the id of the application that the first made.
            also: Called with the transaction that takes it in, and its id.

        Raises:
            ServiceNotOffered: No installed plugin offers the service or the gateway.
            InputRejected: A field of the form is not valid, the form is larger than ``LARGEST_FORM``, or a document
                is another application's. Nothing is kept.
            AlreadyOpen: An application with this reference is in the database; the error names it.
            AlreadyErased: One with this reference was taken in before, and was erased since.
        """
        if key is not None:
            if (there := await self.replayed(key)) is not None:
                return there
            # The same again, so that documents belong to it and no two are opened, however the calls overlap.
            application = application or self.request_keys.application_of(key)
        given = NewApplication(draft, consent, application, client_reference, owner, also)
        (taken,) = await self.apply_all([given], key)
        if not taken.is_new and (key is None or await self.replayed(key) != taken.application):
            raise AlreadyOpen(taken.application)
        return taken.application

    async def apply_all(self, given: Sequence[NewApplication], key: RequestKey | None = None) -> list[TakenIn]:
        """Take in several applications, some dozens at best, by one transaction; on any error of ``apply`` none."""
        now = self.clock.now()
        for one in given:
            _refuse_large(one.draft.form)
            # Of a plugin that is kept out for a moment, a worker checks the form before it files anything.
            with suppress(ServiceNotOffered):
                await self.platform.form_values(one.draft.service, one.draft.form)
        opened = [(one.draft, self._first_step(one, now)) for one in given]
        owners = {first.progress.id: one.owner for one, (_, first) in zip(given, opened, strict=True)}
        for draft, first in opened:
            await self._claim(draft.documents, first.progress.client_reference)

        def keep(transaction: Transaction) -> list[TakenIn]:
            if key is not None and (there := self.request_keys.find(transaction, key)) is not None:
                return [TakenIn(there, is_new=False)]
            restoration = catching_up(transaction)
            firsts = [(draft, in_doubt(first, restoration, now)) for draft, first in opened]
            kept = self.store.open_all(transaction, firsts, owners)
            for new, one in zip(given, kept, strict=True):
                if key is not None and not isinstance(one, str):
                    self.request_keys.keep(transaction, key, one.id, now)
                if new.also is not None and not isinstance(one, str):
                    new.also(transaction, one.id)
            return [TakenIn(one if isinstance(one, str) else one.id, not isinstance(one, str)) for one in kept]

        return await self._find_or_make(keep)

    def _first_step(self, given: NewApplication, now: datetime) -> Step:
        draft, identity = given.draft, given.application or str(uuid4())
        capabilities = self.capabilities.of(draft.service, draft.gateway)
        reference = given.client_reference or f"NGK-{identity.replace('-', '')[:16].upper()}"
        opened = Opened(
            at=now,
            id=identity,
            service=draft.service,
            plugin_version=self._releases[draft.service.partition(".")[0]],
            client_reference=reference,
            # The same for the same reference: an application that is taken in again after a restore is found.
            idempotency_key=str(UUID(self.vault.lookup("idempotency-key", reference)[:32], version=4)),
            consent=given.consent if given.consent is not None else draft.consent,
        )
        return open_application(opened, capabilities, draft.documents)

    async def _claim(self, documents: Sequence[DocumentReference], client_reference: str) -> None:
        """Refuse another application's documents; the owner is known by what is the same in a retry."""
        if isinstance(self.documents, OwnedDocuments):
            owner = self.store.hash_client_reference(client_reference)
            for number, one in enumerate(documents):
                if not await self.documents.claim(one.id, owner):
                    raise not_their_own(number)

    async def progress(self, application: str) -> Progress:
        """Where an application is."""
        return await self.database.run(lambda transaction: self.store.read(transaction, application).progress)

    async def view(self, application: str, for_: "Audience") -> "ApplicationView":
        """An application, by its id or its client reference, as a citizen or an officer may see it.

        ``for_`` is ``CITIZEN`` or ``OFFICER``; for an officer it is an ``OfficerView``.
        """
        from nagorik_host.view_reader import read_view

        return await read_view(self, application, for_)

    async def track(self, application: str) -> Tracked:
        """Where an application is, and its journal."""

        def read(transaction: Transaction) -> Tracked:
            stored = self.store.read(transaction, application)
            return Tracked(stored.progress, self.store.events(transaction, stored))

        return await self.database.run(read)

    async def act(
        self,
        application: str,
        action: Action,
        *,
        form: Mapping[str, JsonValue] | None = None,
        documents: Sequence[DocumentReference] = (),
        by: str | None = None,
        gateway: str | None = None,
        key: RequestKey | None = None,
        revision: int | None = None,
    ) -> Progress:
        """Let the citizen do what only they can do.

        With ``corrected``, ``form`` replaces the fields that it names, and ``documents``, from the host's store, all
        of the same kinds; ``by`` hands them in, if not the one who acts by the consent. With ``pay``, the citizen
        pays by ``gateway``, where the application names no gateway.

        Raises:
            NotPossible: It is not open to the application now.
            InputRejected: As ``apply``, or there are more documents than an application can carry.
        """
        _refuse_large(form or {})
        if documents:
            await self._claim(documents, (await self.progress(application)).client_reference)

        def correct(draft: ApplicationDraft) -> ApplicationDraft:
            if gateway is not None and draft.gateway is not None:
                # Earlier payments are asked about, and given back, where they were made.
                raise NotPossible("no-gateway-to-choose")
            changed = {"form": {**draft.form, **(form or {})}, "gateway": gateway or draft.gateway}
            return with_documents(draft.model_copy(update=changed), tuple(documents))

        received = CitizenActed(action, tuple(documents), by)
        correction = correct if form or documents or gateway else None
        return await self.once(
            application, key, lambda unit: self.take_in(unit, application, received, correction, revision=revision)
        )

    async def slots(
        self, application: str, *, earliest: datetime | None = None, latest: datetime | None = None
    ) -> Slots:
        """Ask the agency which appointments are free between two aware instants, in order of time.

        From now on if ``earliest`` is not given, and for ``BOOKED_AHEAD`` if ``latest`` is not. The call waits for a
        permit of its own beside those of the workers.

        Raises:
            NotPossible: The agency offers no appointments, or does not wait for this citizen.
            NagorikError: As any call; nothing has changed.
        """

        def read(transaction: Transaction) -> tuple[Progress, str | None, ApplicationDraft]:
            stored = self.store.read(transaction, application)
            return stored.progress, stored.gateway, self.store.draft(transaction, stored)

        progress, gateway, draft = await self.database.run(read)
        if not self.capabilities.of(progress.service, gateway).offers(Operation.SLOTS):
            raise NotPossible("agency-offers-no-appointments")
        if progress.state is not ApplicationState.AWAITING_APPEARANCE:
            raise NotPossible("no-appointment-to-choose")
        first = earliest or self.clock.now()
        last, reference = latest or first + BOOKED_AHEAD, progress.agency_reference
        return await self.platform.list_slots(draft, earliest=first, latest=last, agency_reference=reference)

    async def book(
        self, application: str, slot: Slot, *, key: RequestKey | None = None, revision: int | None = None
    ) -> Progress:
        """Take in which of the free appointments the citizen chose; a worker has the agency book it.

        The view says what became of it. A later choice replaces an earlier one, and at the agency its appointment.

        Raises:
            NotPossible: It is not open to the application now, such as while an earlier booking's answer is lost.
        """
        chosen = CitizenActed("book", slot=slot)
        return await self.once(
            application, key, lambda unit: self.take_in(unit, application, chosen, revision=revision)
        )

    async def consent(
        self, application: str, consent: Consent, *, key: RequestKey | None = None, revision: int | None = None
    ) -> Progress:
        """Take in a new consent of the citizen."""
        return await self.once(
            application, key, lambda unit: self.take_in(unit, application, ConsentGranted(consent), revision=revision)
        )

    async def decide(
        self, application: str, decision: Decided, *, key: RequestKey | None = None, revision: int | None = None
    ) -> Progress:
        """Take in what a named officer decided.

        Raises:
            NotPossible: It is not theirs to decide.
        """
        return await self.once(
            application, key, lambda unit: self.take_in(unit, application, decision, revision=revision)
        )

    # Requests that may come twice

    async def replayed(self, key: RequestKey) -> str | None:
        """The id of the application, or the subject of ``remember``, that a key was used for; ``None`` if it is new.

        Raises:
            KeyReused: It came with another request.
        """
        return await self.database.run(lambda unit: self.request_keys.find(unit, key))

    async def remember(self, key: RequestKey, subject: str) -> str:
        """Keep a key with what its request made, of at most 120 letters; returns what it was used for first.

        A program that keeps what it made in this database calls ``request_keys.keep`` in that transaction instead.

        Raises:
            KeyReused: It came with another request.
        """

        def keep(transaction: Transaction) -> str:
            if (there := self.request_keys.find(transaction, key)) is not None:
                return there
            self.request_keys.keep(transaction, key, subject, self.clock.now())
            return subject

        return await self._find_or_make(keep)

    async def once(self, application: str, key: RequestKey | None, unit: Unit[Progress]) -> Progress:
        """Run a unit that changes an application, but not a second time for the same key; where it is then."""
        if key is None:
            return await self.database.run(unit)

        def keyed(transaction: Transaction) -> Progress | None:
            there = self.request_keys.find(transaction, key)
            if there is None:
                self.request_keys.keep(transaction, key, application, self.clock.now())
                return unit(transaction)
            if there != application:
                raise KeyReused
            return None

        done = await self._find_or_make(keyed)
        return done if done is not None else await self.progress(application)

    async def _find_or_make(self, unit: Unit[T]) -> T:
        """Run a unit that looks first for what it makes; where another process makes it meanwhile, it is found."""
        try:
            return await self.database.run(unit)
        except IntegrityError:
            return await self.database.run(unit)

    # What there is

    async def owner(self, application: str) -> str | None:
        """Who took an application in, as ``apply`` has it; also once it was erased."""
        return await self.database.run(lambda unit: self.store.owner(unit, application))

    async def search(self, text: str, *, owner: str | None = None, limit: int = 20) -> Sequence[Row[Any]]:
        """At most ``limit`` applications, as rows of ``applications``, the latest taken in first.

        ``text`` is, as it was given, an id, a client reference, an agency's reference or a payment's id; or the
        applicant's mobile number in any form. With ``owner``, only those that it took in are found.
        """
        mobile: MobileNumber | None = None
        with suppress(NationalDataError):  # then it is something else
            mobile = MobileNumber.parse(text)

        def read(transaction: Transaction) -> Sequence[Row[Any]]:
            found = self.store.search(transaction, text, limit=limit)
            if mobile is not None:
                found += self.store.of_applicant_mobile(transaction, mobile, owner=owner, limit=limit)
            return listings.applications_by_id(transaction, found, owner=owner)[:limit]

        return await self.database.snapshot(read)

    async def applications(
        self, wanted: listings.ApplicationFilter, *, after: listings.PageCursor | None = None, limit: int
    ) -> listings.Page:
        """A page of at most ``limit`` (at least 1) applications that match, in the order that the filter says."""
        return await self.database.snapshot(
            lambda unit: listings.list_applications(unit, wanted, after=after, limit=limit)
        )

    async def cases(self, limit: int, *, owner: str | None = None) -> list[cases.OfficerCase]:
        """At most ``limit`` applications that wait for an officer, the longest first; of an ``owner``, if given."""
        return await self.database.snapshot(lambda unit: cases.list_cases(unit, limit, self.clock.now(), owner=owner))

    async def changes(self, after: str | None = None, *, owner: str | None = None, limit: int = 100) -> ChangePage:
        """At most ``limit`` changes of applications' standing, in order, after the cursor of an earlier page.

        Without a cursor, from the earliest that is kept: changes are kept as long as messages (``message_days``).
        Every commit that leaves an application in another state, hold or flags, or a payment or the booking of it in
        another state, is one change. A reader who goes on with ``next`` misses none, also where transactions overlap.

        Raises:
            PlaceInvalid: ``after`` is no cursor.
        """
        return await self.database.run(
            lambda unit: list_changes(unit, after=after, owner=owner, limit=limit, now=self.clock.now())
        )

    async def take_over(self) -> list[PluginTakeover]:
        """Take open applications over to the installed plugins, or block them; done before working."""
        now = self.clock.now()
        return await self.database.run(lambda transaction: take_over(transaction, self._releases, now))

    def worker(
        self,
        name: str = "worker",
        observer: "WorkerObserver | None" = None,
        *,
        read_settings: "ReadSettings | None" = None,
        only: Collection[str] | None = None,
    ) -> "Worker":
        """A worker on this database, to be run; as far as its caller knows, an ``Engine``.

        An operator knows it by ``name``, and ``observer`` is called with what it does. ``read_settings`` reads what
        the host says of each plugin, whenever ``nagorik settings reload`` asks for it. It makes the calls of the
        plugins in ``only``, by their ids; of all that are installed, if not given.
        """
        from nagorik_host.engine.worker import Worker

        return Worker(self, name, observer, read_settings=read_settings, only=only)

    def take_in(
        self,
        transaction: Transaction,
        application: str,
        received: Input,
        correction: Correction | None = None,
        *,
        revision: int | None = None,
    ) -> Progress:
        """Advance an application without a call, by what was received; a worker that holds it keeps its lease.

        Raises:
            NotPossible: It is not open to the application now.
            ServiceNotOffered: No installed plugin offers the service, or the gateway.
            RevisionOutdated: It is not at ``revision``, and has not only been asked about since.
        """
        now = self.clock.now()
        stored = self.store.read(transaction, application, for_change=True)
        if revision is not None and revision != stored.entries:
            later = self.store.events(transaction, stored, after=revision)
            if not later or any(getattr(one, "result", None) != UNCHANGED for one in later):
                raise RevisionOutdated
        if correction is not None:
            draft = self.store.correct(transaction, stored, correction, now)
            stored = replace(stored, gateway=draft.gateway)
        capabilities = self.capabilities.of(stored.progress.service, stored.gateway)
        done = step(stored.progress, received, capabilities, now)
        progress = self.store.change(transaction, stored, done, now, lease=stored.lease).progress
        if isinstance(received, Decided):
            drop_ended(transaction, progress)
        return progress


@asynccontextmanager
async def open_host(
    database: str | SecretStr | Database,
    keyring: Keyring,
    settings: PlatformSettings,
    *,
    lease_clock: Clock | None = None,
    lease: timedelta = LEASE,
    charges: HostCharges = NO_CHARGES,
) -> AsyncIterator[Host]:
    """Open a host on a database that ``nagorik db upgrade`` has brought up to date.

    Args:
        database: Its URL, ``sqlite:///FILE`` or ``postgresql://…``, or an open database, which stays open.
        keyring: The keys that citizens' data are sealed with.
        settings: How the platform is composed; its clock is the host's. It has the rate limiter that all
            processes on this database share, and without a token store of its own also that.
        lease_clock: The clock of leases, where that is not the database's clock: simulated time.
        lease: How long a worker may be silent before another takes over its applications, an hour at most.
        charges: What the host itself asks for beside an agency's fee, once for an application.

    Raises:
        DatabaseInvalid: The URL cannot be used.
        DatabaseUnavailable: The database does not respond.
        KeysRefused: The keys are not those that this database belongs to.
        LeaseTooShort: A call of an installed plugin could outlast the lease, and its application be filed twice.
    """
    async with AsyncExitStack() as stack:
        if not isinstance(database, Database):
            database = await open_database(database if isinstance(database, str) else database.get_secret_value())
            stack.push_async_callback(database.close)
        limiter = SharedRateLimiter(database, settings.clock)
        admitted = await admit_keys(database, keyring, settings.clock.now())
        shared = replace(
            settings,
            call_middleware=(*settings.call_middleware, limiter),
            rate_limiter=limiter,
            has_circuit=False,  # what is down stands in the database, for all processes
            token_store=settings.token_store or SharedTokenStore(database, Vault(admitted), settings.clock),
        )
        platform = await stack.enter_async_context(Platform.discover(shared))
        host = Host(
            database=database,
            platform=platform,
            keyring=admitted,
            clock=settings.clock,
            lease_clock=lease_clock,
            lease=lease,
            rate_limiter=limiter,
            documents=settings.documents,
            charges=charges,
        )
        manifests = [record.manifest for record in platform.plugins if record.manifest is not None]
        for manifest in manifests:
            for why, least in outlasting_calls(manifest, lease):
                raise LeaseTooShort(
                    f"plugin {manifest.id}: {why}. Set lease_seconds above {least:g}, or deny the plugin until its"
                    " owner has lowered limits.deadline"
                )
        limiter.concurrency = {one.id: one.limits.concurrency for one in manifests}
        yield host


def _refuse_large(form: Mapping[str, JsonValue]) -> None:
    """Refuse a form before anything looks at each of its values, which takes time with their number."""
    if len(json.dumps(form)) > LARGEST_FORM:
        raise InputRejected([FieldProblem(pointer="/form", code="too-large", text=_TOO_LARGE)])
