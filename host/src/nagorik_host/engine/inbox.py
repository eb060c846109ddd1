"""Messages that claim to come from an agency or a gateway.

A message is kept before anything is made of it, and answered at once: whoever sent it need not wait for what it leads
to. What it says is read by the plugin. An agency's report counts when the plugin has proved where it is from, and
then once, however often it comes; a gateway's notice is only a hint to ask the gateway.

Anybody may send anything. So until it is proved, a message is the same as another only where all of both is the same:
a forged one takes no genuine one's place. Each offer's messages are read in their turn, a few at a time, beside the
work; what is wrong with one of them ends that one alone. One whose plugin cannot read it now waits until it can.
"""

import asyncio
import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple
from uuid import uuid4

from sqlalchemy import bindparam, func, insert, select, update

from nagorik import (
    AgencyClosed,
    AgencyUnavailable,
    CredentialsRejected,
    NagorikError,
    Operation,
    PluginFault,
    RateLimited,
    ServiceNotOffered,
    SettingsRejected,
)
from nagorik.clock import Clock
from nagorik.manifest import AnyOffer, PaymentGateway
from nagorik.model.payment import PaymentNoticeRequest
from nagorik.model.status import CallbackRequest
from nagorik_host.engine.plugins import CapabilitiesCache
from nagorik_host.engine.queues import suspended_offers
from nagorik_host.store.application_store import ApplicationStore, NoSuchApplication
from nagorik_host.store.database import Database, Transaction, is_the_machines
from nagorik_host.store.schema import UNREAD, applications, inbox, payments
from nagorik_host.vault import Erased, KeyMissing, SealBroken, Vault
from nagorik_platform import Platform
from nagorik_platform.lifecycle import IllegalTransition, JournalBroken, Noticed, NotPossible, Reported, step
from nagorik_platform.logs import get_logger
from nagorik_platform.registry import PluginRecord
from nagorik_platform.tracebacks import type_name

_log = get_logger("nagorik.host")

MESSAGE: Final = "message"
INBOX: Final = "inbox"
"""What a hint names in an application's place when a message has come in."""

LARGEST_BODY: Final = 1_000_000
"""Bytes of a message's body."""
MOST_HEADERS: Final = 100
LARGEST_HEADERS: Final = 16_384
"""Bytes of all headers of a message together, names and values in UTF-8."""
LONGEST_MESSAGE_ID: Final = 1_000
MOST_UNREAD: Final = 20_000
"""Messages of one offer that nobody has proved yet and that wait to be read; while there are so many, no further one
is taken in."""
MOST_WAITING: Final = 20_000
"""Proved reports of one offer that wait for an application to be known; those that came first are given up for more.
They take no place of what is still to be read, and nothing that is not proved takes theirs."""

SHARE: Final = 20
"""Most messages of one offer that are read in its turn."""
SLICE: Final = 0.5
"""Seconds after which an offer's turn is over; what it did not come to is left for the next."""
READ_SECONDS: Final = 2.0
"""Seconds that a plugin has for one message."""
LEASE: Final = timedelta(minutes=2)
"""How long a message is left to whoever took it to read it; after that, anybody's again."""
PATIENCE: Final = timedelta(days=3)
"""How long a proved report about nothing known is kept for the answer that makes its application known."""
NOTICE_PATIENCE: Final = timedelta(minutes=1)
"""How long a gateway's notice of an unknown payment is kept; a payment is known before its gateway hears of it."""
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=10)
"""Time until a message that cannot be read now is tried again; it doubles from the first to the longest."""
READINGS: Final = 4
"""How often a message is read whose reading does not end in time."""
_OUT_OF_TIME: Final = frozenset({"deadline", "abandoned", "cancelled"})

TAKEN: Final = "taken"
REPEATED: Final = "repeated"
UNKNOWN: Final = "unknown-reference"
DEFECT: Final = "defect"
KEY_MISSING: Final = "key-missing"

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite, and nearly every look finds
# nothing.
_ANY_UNREAD: Final = select(inbox.c.id).where(UNREAD).limit(1)
_FIRST_OFFER: Final = select(func.min(inbox.c.offer)).where(UNREAD)
_NEXT_OFFER: Final = _FIRST_OFFER.where(inbox.c.offer > bindparam("after"))
_OF_OFFER: Final = select(
    inbox.c.id, inbox.c.offer, inbox.c.message, inbox.c.received_at, inbox.c.looks, inbox.c.data_key, inbox.c.sealed
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
    .values(due_at=bindparam("until"), looks=inbox.c.looks + 1)
)
_LEAVE: Final = (
    update(inbox)
    .where(inbox.c.id.in_(bindparam("ids", expanding=True)), UNREAD)
    .values(due_at=bindparam("now"), looks=inbox.c.looks - 1)
)
_SAME: Final = (
    select(inbox.c.id)
    .where(
        inbox.c.offer == bindparam("offer_"),
        inbox.c.arrival == bindparam("arrival_"),
        UNREAD,
    )
    .limit(1)
)
_COUNTED: Final = select(inbox.c.id).where(
    inbox.c.offer == bindparam("offer_"), inbox.c.proved == bindparam("message_")
)
# What waits for a reference is due much later than all else, so that it is passed over on the index.
_TOO_MANY: Final = (
    select(inbox.c.id)
    .where(
        inbox.c.offer == bindparam("offer_"),
        inbox.c.due_at <= bindparam("soon"),
        inbox.c.reference.is_(None),
        UNREAD,
    )
    .limit(1)
    .offset(bindparam("most"))
)
_WAITED_LONGEST: Final = (
    select(inbox.c.id)
    .where(inbox.c.offer == bindparam("offer_"), inbox.c.reference.is_not(None), UNREAD)
    .order_by(inbox.c.received_at.desc())
    .limit(1)
    .offset(bindparam("most"))
)
_FREE: Final = select(inbox.c.id).where(inbox.c.id == bindparam("id_"), UNREAD).with_for_update(skip_locked=True)

_READS: Final = frozenset({Operation.CALLBACK, Operation.PAYMENT_NOTICE})
_NOT_NOW: Final = (
    AgencyClosed,
    AgencyUnavailable,
    CredentialsRejected,
    RateLimited,
    ServiceNotOffered,
    SettingsRejected,
)
"""Errors that say nothing about a message: its plugin is kept out, or lacks what it proves messages with."""


class MessageRefused(ValueError):
    """A message is not kept: it is none, or larger than any that an agency sends. It holds nothing of the message.

    Attributes:
        code: ``body-not-bytes``, ``body-too-large``, ``headers-not-text``, ``headers-too-many``,
            ``headers-too-large`` or ``message-id-invalid``.
    """

    def __init__(self, code: str, text: str) -> None:
        """Refuse for a reason."""
        super().__init__(f"{code}: {text}")
        self.code = code


class InboxFull(Exception):
    """So many messages of this offer wait to be read that no other is taken in; whoever sent it is to come again."""

    def __init__(self, offer: str) -> None:
        """Refuse a message to ``offer``, for now."""
        super().__init__(f"{MOST_UNREAD} messages to {offer} wait to be read; let the sender try again later")
        self.offer = offer


@dataclass(frozen=True, slots=True, repr=False)
class _Message:
    id: str
    offer: str
    message: str
    received_at: datetime
    looks: int
    wrapped: bytes | None
    sealed: bytes

    @property
    def plugin(self) -> str:
        return self.offer.partition(".")[0]


@dataclass(frozen=True, slots=True, repr=False)
class _Reading:
    """What a plugin made of a message: something that happened, or why it says nothing.

    ``again`` says that it says nothing yet: it is to be read again.
    """

    outcome: Noticed | Reported | None
    result: str = ""
    again: bool = False


class _Batch(NamedTuple):
    """Messages that were taken to be read, by offer; and whether there are probably more."""

    turns: list[list[_Message]]
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
        self._platform = platform
        self._store = store
        self._vault = vault
        self._capabilities = capabilities
        self._clock = clock
        self._has_news = False
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
        _check(headers, body, message_id)
        self._require(offer)
        told = f"{message_id if message_id is not None else ''}\x00{hashlib.sha256(body).hexdigest()}"
        message = self._vault.lookup(f"message/{offer}", told)
        arrival = self._vault.lookup(f"arrival/{offer}", f"{told}\x00{json.dumps(sorted(headers.items()))}")
        new = await self._database.run(
            partial(self._keep, offer=offer, message=message, arrival=arrival, headers=dict(headers), body=body)
        )
        if new:
            self._announce()
        return new

    @property
    def has_news(self) -> bool:
        """Whether there is a message, as far as this process knows, that nobody has begun to read."""
        return self._has_news

    @contextmanager
    def listening(self, heard: Callable[[], None]) -> Iterator[None]:
        """Call ``heard`` whenever there is something to read that nobody has begun to read."""
        self._listeners.append(heard)
        try:
            yield
        finally:
            self._listeners.remove(heard)

    @staticmethod
    def has_unread(transaction: Transaction) -> bool:
        """Whether there is a message that is not done with."""
        return transaction.connection.scalar(_ANY_UNREAD) is not None

    async def handle(self) -> int:
        """Read a few messages of each offer that has any; how many were looked at.

        Bounded, so that whoever calls this comes to their other work: where more is left, ``has_news`` says so and
        the listeners hear of it. Several workers may call it at once; none reads what another is reading.

        Raises:
            DatabaseUnavailable: The database is gone. What was not done with is read again, by anybody.
        """
        self._has_news = False
        batch = await self._database.run(self._take)
        # Each offer by itself: one whose messages take long to read delays no other's.
        turns = await asyncio.gather(*map(self._read_in_turn, batch.turns), return_exceptions=True)
        for ended in turns:
            if isinstance(ended, BaseException):
                raise ended
        if batch.more:
            self._announce()
        return sum(ended for ended in turns if isinstance(ended, int))

    def _announce(self) -> None:
        self._has_news = True
        for heard in tuple(self._listeners):
            heard()

    async def _read_in_turn(self, messages: Sequence[_Message]) -> int:
        loop = asyncio.get_running_loop()
        end = loop.time() + SLICE
        for number, message in enumerate(messages):
            if number and loop.time() > end:
                left = [one.id for one in messages[number:]]
                await self._database.run(partial(self._leave, ids=left))
                self._announce()
                return number
            await self._handle_one(message)
        return len(messages)

    async def _handle_one(self, message: _Message) -> None:
        """Read a message and be done with it, or put it off; whatever is wrong with it is its own affair."""
        reading = await self._read(message)
        for attempt in (reading, _Reading(None, DEFECT)):
            try:
                await self._database.run(partial(self._settle, message=message, reading=attempt))
            except KeyMissing as error:
                _log_defect("message_left_to_others", message, error)
                later = _Reading(None, KEY_MISSING, again=True)
                await self._database.run(partial(self._settle, message=message, reading=later))
                return
            except Exception as error:
                if is_the_machines(error):
                    raise
                # Where not even the defect can be written down, whoever looks next finds the message again.
                _log_defect("message_not_taken", message, error)
            else:
                return

    async def _read(self, message: _Message) -> _Reading:
        """What the plugin makes of a message."""
        try:
            key = self._vault.data_key(message.wrapped, message.id)
            content = json.loads(key.open(message.sealed, MESSAGE))
            headers, body = content["headers"], b64decode(content["body"])
            if isinstance(self._offer(message.offer), PaymentGateway):
                notice = await self._platform.parse_payment_notice(
                    PaymentNoticeRequest(gateway=message.offer, headers=headers, body=body), seconds=READ_SECONDS
                )
                return _Reading(Noticed(notice.payment))
            report = await self._platform.parse_callback(
                CallbackRequest(service=message.offer, headers=headers, body=body), seconds=READ_SECONDS
            )
        except _NOT_NOW as error:
            return _Reading(None, error.code, again=True)
        except KeyMissing as error:
            # A process that holds the key can read it.
            _log_defect("message_left_to_others", message, error)
            return _Reading(None, KEY_MISSING, again=True)
        except PluginFault as fault:
            # What ended a reading may be another's doing, such as whoever kept the process from running.
            in_vain = fault.fault in _OUT_OF_TIME and message.looks + 1 < READINGS
            return _Reading(None, fault.code, again=in_vain)
        except NagorikError as error:
            return _Reading(None, error.code)
        except Exception as error:  # noqa: BLE001 - one message's defect is nobody else's
            _log_defect("message_unreadable", message, error)
            return _Reading(None, DEFECT)
        return _Reading(Reported(report.agency_reference, report.status))

    # What may be kept and read

    def _offer(self, offer: str) -> AnyOffer | None:
        """What the manifest of an installed plugin says of an offer, one in quarantine for a fault included."""
        for record in self._platform.plugins:
            for found in record.manifest.offers if record.manifest is not None else ():
                if found.id == offer:
                    return found
        return None

    def _require(self, offer: str) -> None:
        found = self._offer(offer)
        if found is None:
            self._platform.service(offer)
            raise ServiceNotOffered("unknown-service")
        if not _READS.intersection(found.reads):
            raise ServiceNotOffered("operation-not-offered")

    def _readable(self, now: datetime) -> frozenset[str]:
        """The offers whose messages can be read by this process now."""
        return frozenset(
            offer.id
            for record in self._platform.plugins
            if record.manifest is not None and _is_worth_asking(record, now)
            for offer in record.manifest.offers
            if _READS.intersection(offer.reads)
        )

    # In transactions

    def _keep(
        self,
        transaction: Transaction,
        *,
        offer: str,
        message: str,
        arrival: str,
        headers: dict[str, str],
        body: bytes,
    ) -> bool:
        identity, now = str(uuid4()), self._clock.now()
        asked = {"offer_": offer, "arrival_": arrival, "message_": message}
        if any(transaction.connection.scalar(query, asked) is not None for query in (_SAME, _COUNTED)):
            return False
        bound = {"offer_": offer, "soon": now + LONGEST_PAUSE, "most": MOST_UNREAD - 1}
        if transaction.connection.scalar(_TOO_MANY, bound) is not None:
            raise InboxFull(offer)
        key, wrapped = self._vault.make_data_key(identity)
        content = json.dumps({"headers": headers, "body": b64encode(body).decode()})
        transaction.connection.execute(
            insert(inbox).values(
                id=identity,
                offer=offer,
                message=message,
                arrival=arrival,
                received_at=now,
                due_at=now,
                looks=0,
                data_key=wrapped,
                sealed=key.seal(content.encode(), MESSAGE),
            )
        )
        transaction.record_row(inbox, identity, at=now)
        transaction.add_hint(INBOX, offer.partition(".")[0])
        return True

    def _take(self, transaction: Transaction) -> _Batch:
        """Take a few due messages of each offer, to be read by nobody else for a while."""
        now, suspended = self._clock.now(), suspended_offers(transaction)
        readable = self._readable(now)
        turns, more = [], False
        offer: str | None = transaction.connection.scalar(_FIRST_OFFER)
        while offer is not None:
            plugin = offer.partition(".")[0]
            if offer in readable and not suspended.covers(plugin=plugin, service=offer, target_plugin=plugin):
                messages = _taken(transaction, offer, plugin, now)
                more = more or len(messages) >= SHARE
                if messages:
                    turns.append(messages)
            offer = transaction.connection.scalar(_NEXT_OFFER, {"after": offer})
        return _Batch(turns, more)

    def _leave(self, transaction: Transaction, *, ids: Sequence[str]) -> None:
        """Give messages back that were taken and not read."""
        transaction.connection.execute(_LEAVE, {"ids": list(ids), "now": self._clock.now()})

    def _settle(self, transaction: Transaction, *, message: _Message, reading: _Reading) -> None:
        """Take in what a message says and be done with it, or put it off; all of that or nothing."""
        query = select(inbox.c.id).where(inbox.c.id == message.id, UNREAD).with_for_update()
        if transaction.connection.scalar(query) is None:
            return  # another worker was quicker, or its time was over
        now = self._clock.now()
        if reading.again:
            pause = min(FIRST_PAUSE * 2 ** min(message.looks, 16), LONGEST_PAUSE)
            _write(transaction, message.id, due_at=now + pause)
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
            _write(transaction, message.id, due_at=message.received_at + patience, reference=reference)
            if reference is not None:
                _bound_waiting(transaction, message.offer, now)
            return
        result = UNKNOWN
        if application is not None:
            result = self._take_in(transaction, application, message, outcome, now)
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

    def _reference_of(self, message: _Message, outcome: Noticed | Reported) -> str | None:
        # A payment is in the books before its gateway hears of it: a notice waits for nothing that will be known.
        if isinstance(outcome, Noticed):
            return None
        return self._store.hash_agency_reference(message.plugin, outcome.agency_reference)

    def _take_in(
        self,
        transaction: Transaction,
        application: str,
        message: _Message,
        outcome: Noticed | Reported,
        now: datetime,
    ) -> str:
        """Step, if that is possible; nothing is written where it is not. What came of it."""
        try:
            stored = self._store.read(transaction, application, for_change=True)
            # Asked once the application is this transaction's: of two of the same, the second sees the first here.
            counted = {"offer_": message.offer, "message_": message.message}
            if transaction.connection.scalar(_COUNTED, counted) is not None:
                return REPEATED
            capabilities = self._capabilities.of(stored.progress.service, stored.gateway)
            done = step(stored.progress, outcome, capabilities, now)
        except (NotPossible, NagorikError) as refused:
            return refused.code
        except Erased:
            return "erased"
        except (IllegalTransition, JournalBroken, SealBroken) as error:
            _log_defect("message_not_taken", message, error)
            return DEFECT
        self._store.change(transaction, stored, done, now, lease=stored.lease)
        return TAKEN


def _taken(transaction: Transaction, offer: str, plugin: str, now: datetime) -> list[_Message]:
    """What is due of an offer, and what waited for a reference that is known now; nobody else's for a while."""
    asked = {"offer_": offer, "plugin": plugin, "now": now, "most": SHARE}
    found = transaction.connection.execute(_DUE, asked).all()
    if len(found) < SHARE:
        found = [*found, *transaction.connection.execute(_NOW_KNOWN, asked | {"most": SHARE - len(found)})]
    if found:
        transaction.connection.execute(_TAKE, {"ids": [row.id for row in found], "until": now + LEASE})
    return [
        _Message(row.id, row.offer, row.message, row.received_at, row.looks, row.data_key, row.sealed)
        for row in found
    ]


def _is_worth_asking(record: PluginRecord, now: datetime) -> bool:
    """Whether a plugin can be used, or is in quarantine until now at most."""
    refusal = record.quarantine
    return refusal is None or (refusal.probe_at is not None and now >= refusal.probe_at)


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


def _check(headers: Mapping[str, str], body: object, message_id: object) -> None:
    if not isinstance(body, bytes):
        raise MessageRefused("body-not-bytes", "a body is given as the bytes that came")
    if len(body) > LARGEST_BODY:
        raise MessageRefused("body-too-large", f"a body has at most {LARGEST_BODY} bytes")
    if len(headers) > MOST_HEADERS:
        raise MessageRefused("headers-too-many", f"a message has at most {MOST_HEADERS} headers")
    parts: Iterable[object] = (part for header in headers.items() for part in header)
    size = 0
    for part in parts:
        if not _is_text(part):
            raise MessageRefused("headers-not-text", "names and values of headers are text")
        size += len(str(part).encode())
    if size > LARGEST_HEADERS:
        raise MessageRefused("headers-too-large", f"the headers have at most {LARGEST_HEADERS} bytes together")
    if message_id is not None and not (_is_text(message_id) and len(str(message_id)) <= LONGEST_MESSAGE_ID):
        raise MessageRefused("message-id-invalid", f"a message's id is text of at most {LONGEST_MESSAGE_ID} letters")


def _is_text(value: object) -> bool:
    """Whether it is text that can be written down; half of a surrogate pair cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _log_defect(event: str, message: _Message, error: Exception) -> None:
    _log.error(event, defect=type_name(error), offer=message.offer, message=message.id)
