"""Messages that claim to come from an agency or a gateway.

A message is kept before anything is made of it, and acknowledged at once. Its plugin reads it. An agency's report
counts when the plugin has proved where it is from, and then once, however often it comes. A gateway's notice is only
a hint to ask the gateway: anybody may send one, so a payment is asked about for it at most once a minute.

Each offer's messages are read in turn, a few at a time, beside the calls; what is wrong with one ends that one alone.
One that may have ended its reader is read with no other message beside it, and after a third time not again.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, select, update

from nagorik import NagorikError, Operation
from nagorik.clock import Clock
from nagorik_host.engine.inbox_door import COUNTED, InboxDoor
from nagorik_host.engine.message_reader import (
    DEFECT,
    FIRST_PAUSE,
    KEY_MISSING,
    LONGEST_PAUSE,
    MessageReader,
    Reading,
    UnreadMessage,
    log_defect,
)
from nagorik_host.engine.plugins import CapabilitiesCache
from nagorik_host.engine.queues import suspended_offers
from nagorik_host.store.application_store import ApplicationStore, NoSuchApplication
from nagorik_host.store.database import Database, Transaction, is_the_machines
from nagorik_host.store.messages import READERS_LOST
from nagorik_host.store.schema import UNREAD, applications, inbox, payments
from nagorik_host.vault import Erased, KeyMissing, SealBroken, Vault
from nagorik_platform import Platform
from nagorik_platform.lifecycle import (
    IllegalTransition,
    JournalBroken,
    Noticed,
    NotPossible,
    Progress,
    Reported,
    ServiceCapabilities,
    next_action,
    step,
)
from nagorik_platform.logs import get_logger

_log = get_logger("nagorik.host")

INBOX: Final = "inbox"
"""What a hint is of when a message has come in."""

MOST_WAITING: Final = 20_000
"""Proved reports of one offer that wait for an application to be known; those that came first are given up for more.
They take no place of what is still to be read, and nothing that is not proved takes theirs."""

SHARE: Final = 20
"""Most messages of one offer that are read in its turn."""
SLICE: Final = 0.5
"""Seconds after which an offer's turn is over; what it did not come to is left for the next."""
LEASE: Final = timedelta(minutes=2)
"""How long a message is left to whoever took it to read it; after that, anybody's again."""
PATIENCE: Final = timedelta(days=3)
"""How long a proved report about nothing known is kept for the answer that makes its application known."""
NOTICE_PATIENCE: Final = timedelta(minutes=1)
"""How long a gateway's notice of an unknown payment is kept; a payment is known before its gateway hears of it."""
NOTICES_APART: Final = timedelta(minutes=1)
"""How long after a payment was asked about because of a notice it is asked about because of another."""
LOST_LOOKS: Final = 3
"""How often in a row a message is taken to be read and not heard of again; then it is set aside."""
TAKEN: Final = "taken"
REPEATED: Final = "repeated"
UNKNOWN: Final = "unknown-reference"
# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite, and nearly every look finds
# nothing.
_FIRST_OFFER: Final = select(func.min(inbox.c.offer)).where(UNREAD)
_NEXT_OFFER: Final = _FIRST_OFFER.where(inbox.c.offer > bindparam("after"))
_OF_OFFER: Final = select(
    inbox.c.id,
    inbox.c.offer,
    inbox.c.message,
    inbox.c.received_at,
    inbox.c.looks,
    inbox.c.lost_looks,
    inbox.c.data_key,
    inbox.c.sealed,
).where(inbox.c.offer == bindparam("offer_"), UNREAD)
_DUE: Final = (
    _OF_OFFER.where(inbox.c.due_at <= bindparam("now"))
    .order_by(inbox.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_NOW_KNOWN: Final = (
    _OF_OFFER.where(
        inbox.c.due_at > bindparam("now"),
        inbox.c.reference.is_not(None),
        select(applications.c.id)
        .where(applications.c.plugin == bindparam("plugin"), applications.c.agency_reference == inbox.c.reference)
        .exists(),
    )
    .limit(bindparam("most"))
    .with_for_update(of=inbox, skip_locked=True)
)
_TAKE: Final = (
    update(inbox)
    .where(inbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(due_at=bindparam("until"), looks=inbox.c.looks + 1, lost_looks=inbox.c.lost_looks + 1)
)
_LEAVE: Final = (
    update(inbox)
    .where(inbox.c.id.in_(bindparam("ids", expanding=True)), UNREAD)
    .values(due_at=bindparam("now"), looks=inbox.c.looks - 1, lost_looks=inbox.c.lost_looks - 1)
)
_NOT_LOST: Final = (
    update(inbox)
    .where(inbox.c.id.in_(bindparam("ids", expanding=True)), UNREAD, inbox.c.lost_looks > 0)
    .values(lost_looks=inbox.c.lost_looks - 1)
)
_WAITED_LONGEST: Final = (
    select(inbox.c.id)
    .where(inbox.c.offer == bindparam("offer_"), inbox.c.reference.is_not(None), UNREAD)
    .order_by(inbox.c.received_at.desc())
    .limit(1)
    .offset(bindparam("most"))
)
_FREE: Final = select(inbox.c.id).where(inbox.c.id == bindparam("id_"), UNREAD).with_for_update(skip_locked=True)


class _Batch(NamedTuple):
    """Messages that were taken to be read, by offer; and whether there are probably more."""

    turns: list[list[UnreadMessage]]
    more: bool


class Inbox:
    """Keeps messages, and lets the plugins read them."""

    def __init__(
        self,
        *,
        database: Database,
        platform: Platform,
        store: ApplicationStore,
        vault: Vault,
        capabilities: CapabilitiesCache,
        clock: Clock,
    ) -> None:
        """Keep messages in ``database``, sealed by ``vault``."""
        self._database = database
        self._reader = MessageReader(platform, vault)
        self._door = InboxDoor(self._reader, vault, clock)
        self._store = store
        self._capabilities = capabilities
        self._clock = clock
        self._not_lost: set[str] = set()
        self._listeners: list[Callable[[], None]] = []

    async def receive(
        self, offer: str, *, headers: Mapping[str, str], body: bytes, message_id: str | None = None
    ) -> bool:
        """Keep a message; whether it is new.

        It is not where one that is the same in every byte is not read yet, or where a proved one of the same content
        and ``message_id`` has counted already.

        Args:
            offer: The service, or the gateway, whose address it came to.
            headers: As received, at most 100 and 16,384 bytes.
            body: As received, at most 1,000,000 bytes.
            message_id: The sender's own id of it, where there is one; two of the same content and different ids are
                two messages.

        Raises:
            MessageRefused: It is too large, or its parts are of no kind that a message has.
            ServiceNotOffered: No installed plugin that this host lets in offers it, or not messages to it.
            InboxFull: Too many messages of this offer are not read yet.
        """
        keep = self._door.admit(offer, headers=headers, body=body, message_id=message_id)

        def kept(transaction: Transaction) -> bool:
            is_new = keep(transaction)
            if is_new:
                transaction.add_hint(INBOX, offer.partition(".")[0])
            return is_new

        new = await self._database.run(kept)
        if new:
            self._announce()
        return new

    @contextmanager
    def listening(self, heard: Callable[[], None]) -> Iterator[None]:
        """Call ``heard`` whenever this process has kept a message, or has left one unread."""
        self._listeners.append(heard)
        try:
            yield
        finally:
            self._listeners.remove(heard)

    async def handle(self) -> int:
        """Read a few messages of each offer that has any; how many were looked at.

        Where more is left, listeners are called. Several workers may call this at once; each message is read by one.

        Raises:
            DatabaseUnavailable: The database is away. What was not done with is read again.
        """
        batch = await self._database.run(self._take)
        left = {message.id for turn in batch.turns for message in turn}
        try:
            # Each offer by itself: one whose messages take long to read delays no other's.
            turns = await asyncio.gather(
                *(self._read_in_turn(turn, left) for turn in batch.turns), return_exceptions=True
            )
        finally:
            # Whatever kept them from being done with, such as a database that is away, it has not ended this process.
            self._not_lost |= left
        for ended in turns:
            if isinstance(ended, BaseException):
                raise ended
        if batch.more:
            self._announce()
        return sum(ended for ended in turns if isinstance(ended, int))

    def _announce(self) -> None:
        for heard in tuple(self._listeners):
            heard()

    async def _read_in_turn(self, messages: Sequence[UnreadMessage], left: set[str]) -> int:
        """Read messages, and take from ``left`` what is not left as it was taken; how many were read."""
        loop = asyncio.get_running_loop()
        end = loop.time() + SLICE
        for number, message in enumerate(messages):
            if number and loop.time() > end:
                others = [one.id for one in messages[number:]]
                await self._database.run(partial(self._leave, ids=others))
                left.difference_update(others)
                self._announce()
                return number
            await self._handle_one(message)
            left.discard(message.id)
        return len(messages)

    async def _handle_one(self, message: UnreadMessage) -> None:
        """Read a message and be done with it, or put it off; whatever is wrong with it is its own affair."""
        reading = await self._reader.read(message)
        for attempt in (reading, Reading(None, DEFECT)):
            try:
                await self._database.run(partial(self._settle, message=message, reading=attempt))
            except KeyMissing as error:
                log_defect("message_left_to_others", message, error)
                later = Reading(None, KEY_MISSING, again=True)
                await self._database.run(partial(self._settle, message=message, reading=later))
                return
            except Exception as error:
                if is_the_machines(error):
                    raise
                # Where not even the defect can be written down, whoever looks next finds the message again.
                log_defect("message_not_taken", message, error)
            else:
                return

    # In transactions

    def _take(self, transaction: Transaction) -> _Batch:
        """Lease a few due messages of each offer; one that may have ended its reader is leased alone."""
        now, suspended = self._clock.now(), suspended_offers(transaction)
        not_lost, self._not_lost = self._not_lost, set()
        if not_lost:
            transaction.connection.execute(_NOT_LOST, {"ids": list(not_lost)})
        readable = self._reader.readable(now)
        turns: list[list[UnreadMessage]] = []
        offer: str | None = transaction.connection.scalar(_FIRST_OFFER)
        while offer is not None:
            plugin = offer.partition(".")[0]
            if offer in readable and not suspended.covers(plugin=plugin, service=offer, target_plugin=plugin):
                turns.append(_due(transaction, offer, plugin, now))
            offer = transaction.connection.scalar(_NEXT_OFFER, {"after": offer})
        turns = [turn for turn in turns if turn]
        more = any(len(turn) >= SHARE for turn in turns)
        suspects = [message for turn in turns for message in turn if message.lost_looks]
        if suspects:
            more = more or sum(map(len, turns)) > 1
            turns = [[max(suspects, key=lambda message: message.lost_looks)]]
        if turns:
            ids = [message.id for turn in turns for message in turn]
            transaction.connection.execute(_TAKE, {"ids": ids, "until": now + LEASE})
        return _Batch(turns, more)

    def _leave(self, transaction: Transaction, *, ids: Sequence[str]) -> None:
        """Give messages back that were taken and not read."""
        transaction.connection.execute(_LEAVE, {"ids": list(ids), "now": self._clock.now()})

    def _settle(self, transaction: Transaction, *, message: UnreadMessage, reading: Reading) -> None:
        """Take in what a message says and be done with it, or put it off; all of that or nothing."""
        query = select(inbox.c.id).where(inbox.c.id == message.id, UNREAD).with_for_update()
        if transaction.connection.scalar(query) is None:
            return  # another worker was quicker, or its time was over
        now = self._clock.now()
        if reading.again:
            pause = min(FIRST_PAUSE * 2 ** min(message.looks, 16), LONGEST_PAUSE)
            _write(transaction, message.id, due_at=now + pause, lost_looks=0)
            return
        outcome = reading.outcome
        if outcome is None:
            _end(transaction, message.id, now, reading.result)
            return
        application = self._application_of(transaction, message.offer, outcome)
        patience = NOTICE_PATIENCE if isinstance(outcome, Noticed) else PATIENCE
        if application is None and now - message.received_at < patience:
            # Read again as soon as an application is known by the reference, or at the end for the last time.
            reference = self._reference_of(message, outcome)
            due_at = message.received_at + patience
            _write(transaction, message.id, due_at=due_at, reference=reference, lost_looks=0)
            if reference is not None:
                _bound_waiting(transaction, message.offer, now)
            return
        result: str | datetime = UNKNOWN
        if application is not None:
            result = self._take_in(transaction, application, message, outcome, now)
        if isinstance(result, datetime):
            _write(transaction, message.id, due_at=result, lost_looks=0)
            return
        counts = result == TAKEN and isinstance(outcome, Reported)
        proved = message.message if counts else None
        _end(transaction, message.id, now, result, application=application, proved=proved)

    def _application_of(self, transaction: Transaction, offer: str, outcome: Noticed | Reported) -> str | None:
        if isinstance(outcome, Noticed):
            # A gateway speaks of its own payments only.
            query = select(payments.c.application).where(
                payments.c.id == outcome.payment, payments.c.gateway == offer
            )
            found: str | None = transaction.connection.scalar(query)
            return found
        plugin = offer.partition(".")[0]
        try:
            return self._store.find_by_agency_reference(
                transaction, plugin=plugin, agency_reference=outcome.agency_reference
            )
        except NoSuchApplication:
            return None

    def _reference_of(self, message: UnreadMessage, outcome: Noticed | Reported) -> str | None:
        # A payment is in the books before its gateway hears of it: a notice waits for nothing that will be known.
        if isinstance(outcome, Noticed):
            return None
        return self._store.hash_agency_reference(message.plugin, outcome.agency_reference)

    def _take_in(
        self,
        transaction: Transaction,
        application: str,
        message: UnreadMessage,
        outcome: Noticed | Reported,
        now: datetime,
    ) -> str | datetime:
        """Step, if that is possible; what came of it, or when the message is read again. Else nothing is written."""
        try:
            stored = self._store.read(transaction, application, for_change=True)
            # Asked once the application is this transaction's: of two of the same, the second sees the first here.
            counted = {"offer_": message.offer, "message_": message.message}
            if transaction.connection.scalar(COUNTED, counted) is not None:
                return REPEATED
            capabilities = self._capabilities.of(stored.progress.service, stored.gateway)
            if isinstance(outcome, Noticed):
                put_off = _put_off(stored.progress, outcome.payment, capabilities, now)
                if put_off is not None:
                    return REPEATED if put_off <= now else put_off
            done = step(stored.progress, outcome, capabilities, now)
        except (NotPossible, NagorikError) as refused:
            return refused.code
        except Erased:
            return "erased"
        except (IllegalTransition, JournalBroken, SealBroken) as error:
            log_defect("message_not_taken", message, error)
            return DEFECT
        self._store.change(transaction, stored, done, now, lease=stored.lease)
        return TAKEN


def _put_off(progress: Progress, payment: str, capabilities: ServiceCapabilities, now: datetime) -> datetime | None:
    """Until when a notice of a payment waits; now, where a question that is to come answers it, too."""
    found = next((one for one in progress.payments if one.id == payment), None)
    coming = next_action(progress, capabilities, now)
    is_due = coming.due is not None and coming.due <= now and progress.attempt is None
    if is_due and (coming.operation, coming.payment) == (Operation.QUERY_PAYMENT, payment):
        return now
    latest = (found.noticed_at or found.asked_at) if found is not None else None
    return latest + NOTICES_APART if latest is not None and latest + NOTICES_APART > now else None


def _due(transaction: Transaction, offer: str, plugin: str, now: datetime) -> list[UnreadMessage]:
    """What is due of an offer, and what waited for a reference that is known now; locked.

    What has ended one process after another as it was read is set aside.
    """
    asked = {"offer_": offer, "plugin": plugin, "now": now, "most": SHARE}
    found = transaction.connection.execute(_DUE, asked).all()
    if len(found) < SHARE:
        found = [*found, *transaction.connection.execute(_NOW_KNOWN, asked | {"most": SHARE - len(found)})]
    due = []
    for row in found:
        message = UnreadMessage(
            row.id, row.offer, row.message, row.received_at, row.looks, row.lost_looks, row.data_key, row.sealed
        )
        if message.lost_looks < LOST_LOOKS:
            due.append(message)
            continue
        _end(transaction, message.id, now, READERS_LOST)
        _log.error("message_set_aside", defect=READERS_LOST, offer=offer, message=message.id)
    return due


def _bound_waiting(transaction: Transaction, offer: str, now: datetime) -> None:
    """Give up the reports that have waited longest, where more wait than may."""
    most = {"offer_": offer, "most": MOST_WAITING}
    while (longest := transaction.connection.scalar(_WAITED_LONGEST, most)) is not None:
        if transaction.connection.scalar(_FREE, {"id_": longest}) is None:
            return  # another worker is at it; whoever puts off the next finds it again
        _end(transaction, longest, now, UNKNOWN)


def _end(transaction: Transaction, identity: str, now: datetime, result: str, **values: object) -> None:
    """Be done with a message."""
    _write(transaction, identity, due_at=None, handled_at=now, result=result, reference=None, **values)
    transaction.record_row(inbox, identity, at=now)


def _write(transaction: Transaction, identity: str, **values: object) -> None:
    transaction.connection.execute(update(inbox).where(inbox.c.id == identity).values(**values))
