"""Messages that claim to come from an agency or a gateway.

A message is kept before anything is made of it, once however often it comes, and answered at once: whoever sent it
need not wait for what it leads to. What it says is read by the plugin. An agency's report counts when the plugin has
proved where it is from; a gateway's notice is only a hint to ask the gateway.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, NamedTuple
from uuid import uuid4

from sqlalchemy import bindparam, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from nagorik import NagorikError
from nagorik.clock import Clock
from nagorik.model.payment import PaymentNoticeRequest
from nagorik.model.status import CallbackRequest
from nagorik_host.engine.plugins import CapabilitiesCache
from nagorik_host.store.application_store import ApplicationStore, NoSuchApplication
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.schema import Instant, inbox, payments
from nagorik_host.vault import Erased, SealBroken, Vault
from nagorik_platform import Platform
from nagorik_platform.lifecycle import IllegalTransition, JournalBroken, Noticed, NotPossible, Reported, step
from nagorik_platform.logs import get_logger

_log = get_logger("nagorik.host")

MESSAGE: Final = "message"
INBOX: Final = "inbox"
"""What a hint names in an application's place when a message has come in."""
PAGE: Final = 50

_PLACE: Final = tuple_(inbox.c.received_at, inbox.c.id)
_AFTER: Final = tuple_(bindparam("received_at_", type_=Instant), bindparam("id_"))
_UNREAD: Final = (
    select(inbox.c.id, inbox.c.offer, inbox.c.received_at, inbox.c.data_key, inbox.c.sealed)
    .where(inbox.c.handled_at.is_(None), _PLACE > _AFTER)
    .order_by(inbox.c.received_at, inbox.c.id)
    .limit(bindparam("page"))
)
"""Made once: every look asks it, and mostly finds nothing."""
_ANY_UNREAD: Final = select(inbox.c.id).where(inbox.c.handled_at.is_(None)).limit(1)
PATIENCE: Final = timedelta(minutes=1)
"""How long a message that names nothing known is kept for the answer that makes it known."""
UNKNOWN: Final = "unknown-reference"
DEFECT: Final = "defect"


class _InboxCursor(NamedTuple):
    received_at: datetime
    id: str


_BEGINNING: Final = _InboxCursor(datetime(1970, 1, 1, tzinfo=UTC), "")


@dataclass(frozen=True, slots=True, repr=False)
class _Message:
    id: str
    offer: str
    received_at: datetime
    wrapped: bytes | None
    sealed: bytes

    @property
    def place(self) -> _InboxCursor:
        return _InboxCursor(self.received_at, self.id)


@dataclass(frozen=True, slots=True, repr=False)
class _Reading:
    """What a plugin made of a message: something that happened, or why it says nothing."""

    outcome: Noticed | Reported | None
    result: str = ""


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

        Args:
            offer: The service, or the gateway, whose address it came to.
            headers: As received.
            body: As received, at most 1,000,000 bytes.
            message_id: The sender's own id of it; without one, the same content is the same message.

        Raises:
            ServiceNotOffered: No installed plugin offers it.
        """
        self._is_gateway(offer)
        kind = f"message/{offer}"
        known_by = message_id if message_id is not None else hashlib.sha256(body).hexdigest()
        message = self._vault.lookup(kind, known_by)
        new = await self._database.run(
            partial(self._keep, offer=offer, message=message, headers=dict(headers), body=body)
        )
        if new:
            self._has_news = True
            for heard in self._listeners:
                heard()
        return new

    @property
    def has_news(self) -> bool:
        """Whether a message came in through this process that was not looked at yet."""
        return self._has_news

    @contextmanager
    def listening(self, heard: Callable[[], None]) -> Iterator[None]:
        """Call ``heard`` whenever a message comes in through this process."""
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
        """Read what has come in and is not read yet; how many messages are done with.

        One that names nothing known stays unread for a minute: its application may be being filed just now.
        """
        self._has_news = False
        done, after = 0, _BEGINNING
        while page := await self._database.run(partial(self._unread, after=after)):
            for message in page:
                reading = await self._read(message)
                done += await self._database.run(partial(self._apply_message, message=message, reading=reading))
            after = page[-1].place
        return done

    async def _read(self, message: _Message) -> _Reading:
        """What the plugin makes of a message."""
        try:
            key = self._vault.data_key(message.wrapped, message.id)
            content = json.loads(key.open(message.sealed, MESSAGE))
            headers, body = content["headers"], b64decode(content["body"])
            if self._is_gateway(message.offer):
                notice = await self._platform.parse_payment_notice(
                    PaymentNoticeRequest(gateway=message.offer, headers=headers, body=body)
                )
                return _Reading(Noticed(notice.payment))
            report = await self._platform.parse_callback(
                CallbackRequest(service=message.offer, headers=headers, body=body)
            )
        except NagorikError as error:
            return _Reading(None, error.code)
        except (SealBroken, Erased) as error:
            _log.error("message_unreadable", defect=type(error).__name__, offer=message.offer)
            return _Reading(None, DEFECT)
        return _Reading(Reported(report.agency_reference, report.status))

    # In transactions

    def _apply_message(self, transaction: Transaction, *, message: _Message, reading: _Reading) -> bool:
        """Take in what a message says and be done with it, both or neither; whether it is done with."""
        query = select(inbox.c.handled_at).where(inbox.c.id == message.id).with_for_update()
        if transaction.connection.scalar(query) is not None:
            return False  # another worker was quicker
        now = self._clock.now()
        application, result = None, reading.result
        if reading.outcome is not None:
            application = self._application_of(transaction, message.offer, reading.outcome)
            if application is None and now - message.received_at < PATIENCE:
                return False
            result = UNKNOWN if application is None else self._take_in(transaction, application, reading.outcome, now)
        transaction.connection.execute(
            update(inbox)
            .where(inbox.c.id == message.id)
            .values(handled_at=now, application=application, result=result)
        )
        transaction.record_row(inbox, message.id, at=now)
        return True

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

    def _take_in(self, transaction: Transaction, application: str, outcome: Noticed | Reported, now: datetime) -> str:
        """Step, if that is possible; nothing is written where it is not. What came of it."""
        try:
            stored = self._store.read(transaction, application, for_change=True)
            capabilities = self._capabilities.of(stored.progress.service, stored.gateway)
            done = step(stored.progress, outcome, capabilities, now)
        except (NotPossible, NagorikError) as refused:
            return refused.code
        except Erased:
            return "erased"
        except (IllegalTransition, JournalBroken, SealBroken) as error:
            _log.error("message_not_taken", defect=type(error).__name__)
            return DEFECT
        self._store.change(transaction, stored, done, now, lease=stored.lease)
        return "taken"

    def _keep(
        self, transaction: Transaction, *, offer: str, message: str, headers: dict[str, str], body: bytes
    ) -> bool:
        identity = str(uuid4())
        key, wrapped = self._vault.make_data_key(identity)
        content = json.dumps({"headers": headers, "body": b64encode(body).decode()})
        now = self._clock.now()
        values = {
            "id": identity,
            "offer": offer,
            "message": message,
            "received_at": now,
            "data_key": wrapped,
            "sealed": key.seal(content.encode(), MESSAGE),
        }
        try:
            with transaction.connection.begin_nested():
                transaction.connection.execute(insert(inbox).values(**values))
        except IntegrityError:
            return False
        transaction.record_row(inbox, identity, at=now)
        transaction.add_hint(INBOX, offer.partition(".")[0])
        return True

    @staticmethod
    def _unread(transaction: Transaction, *, after: _InboxCursor) -> list[_Message]:
        wanted = {"received_at_": after.received_at, "id_": after.id, "page": PAGE}
        return [
            _Message(row.id, row.offer, row.received_at, row.data_key, row.sealed)
            for row in transaction.connection.execute(_UNREAD, wanted)
        ]

    def _is_gateway(self, offer: str) -> bool:
        if any(gateway.id == offer for gateway in self._platform.gateways):
            return True
        self._platform.service(offer)
        return False
