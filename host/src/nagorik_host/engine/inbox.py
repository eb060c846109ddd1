"""Messages that claim to come from an agency or a gateway.

A message is kept, sealed, before its plugin reads it, and acknowledged at once. An agency's report counts when the
plugin has proved where it is from, and then once. A gateway's notice is only a hint to ask the gateway: anybody may
send one, so a payment is asked about at most once a minute because of notices.

Anybody may send anything. So until it is proved, a message is the same as another only where both are the same in
every byte, headers included: a forged one takes no genuine one's place.
"""

import asyncio
import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Row, and_, bindparam, insert, or_, select, update

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
from nagorik_platform.tracebacks import type_name

_log = get_logger("nagorik.host")

LARGEST_BODY: Final = 1_000_000
MOST_HEADERS: Final = 100
LARGEST_HEADERS: Final = 16_384
LONGEST_MESSAGE_ID: Final = 1_000
MOST_UNREAD: Final = 20_000
"""Messages of one offer that wait to be read and are not proved; while there are so many, no further one is kept."""
SHARE: Final = 10
"""Most messages of one offer that are read together."""
READ_SECONDS: Final = 2.0
"""Seconds that a plugin has for one message."""
READINGS: Final = 4
"""How often a message is read whose reading does not end in time."""
LEASE: Final = timedelta(minutes=2)
"""How long a message is left to the worker that reads it."""
LOST_LOOKS: Final = 3
"""How often in a row a message is read and its worker not heard of again; then it is set aside."""
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=10)
"""Time until a message that cannot be read now is tried again; it doubles from the first to the longest."""
PATIENCE: Final = timedelta(days=3)
"""How long a proved report about nothing known is kept for the response that makes its application known."""
NOTICES_APART: Final = timedelta(minutes=1)
"""How long after a payment was asked about because of a notice it is asked about because of another."""
TAKEN: Final = "taken"
REPEATED: Final = "repeated"
UNKNOWN: Final = "unknown-reference"
DEFECT: Final = "defect"
_PLACE: Final = "message"
_READS: Final = frozenset({Operation.CALLBACK, Operation.PAYMENT_NOTICE})
_OUT_OF_TIME: Final = frozenset({"deadline", "abandoned", "cancelled"})
_NOT_NOW: Final = (
    AgencyClosed,
    AgencyUnavailable,
    CredentialsRejected,
    RateLimited,
    ServiceNotOffered,
    SettingsRejected,
)
"""Errors that say nothing about a message: its plugin is kept out, or lacks what it proves messages with."""

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite, and nearly every poll finds
# nothing.
_OF_OFFER: Final = inbox.c.offer == bindparam("offer_")
_SAME: Final = select(inbox.c.id).where(_OF_OFFER, inbox.c.arrival == bindparam("arrival_"), UNREAD).limit(1)
_COUNTED: Final = select(inbox.c.id).where(_OF_OFFER, inbox.c.proved == bindparam("message_"))
_NOT_PROVED: Final = select(inbox.c.id).where(_OF_OFFER, inbox.c.reference.is_(None), UNREAD).limit(1)
_OFFERS: Final = select(inbox.c.offer).where(UNREAD).distinct().order_by(inbox.c.offer)
_IS_KNOWN_NOW: Final = and_(
    inbox.c.reference.is_not(None),
    select(applications.c.id)
    .where(applications.c.plugin == bindparam("plugin"), applications.c.agency_reference == inbox.c.reference)
    .exists(),
)
_DUE: Final = (
    select(inbox)
    .where(_OF_OFFER, UNREAD, or_(inbox.c.due_at <= bindparam("now"), _IS_KNOWN_NOW))
    .order_by(inbox.c.due_at)
    .limit(SHARE)
    .with_for_update(of=inbox, skip_locked=True)
)
_TAKE: Final = (
    update(inbox)
    .where(inbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(due_at=bindparam("until"), reference=None, looks=inbox.c.looks + 1, lost_looks=inbox.c.lost_looks + 1)
)
_STILL_UNREAD: Final = select(inbox.c.id).where(inbox.c.id == bindparam("id_"), UNREAD).with_for_update()


class MessageRefused(ValueError):
    """A message is not kept: it is larger than any that an agency sends. The text names the bound."""


class InboxFull(Exception):
    """Too many messages of this offer wait to be read; the sender has to come again."""


@dataclass(slots=True, repr=False, kw_only=True)
class Inbox:
    """Keeps messages, and lets the plugins read them."""

    database: Database
    platform: Platform
    store: ApplicationStore
    vault: Vault
    capabilities: CapabilitiesCache
    clock: Clock

    async def receive(
        self, offer: str, *, headers: Mapping[str, str], body: bytes, message_id: str | None = None
    ) -> bool:
        """Keep a message; whether it is new.

        It is not where one that is the same in every byte is not read yet, or where a proved one of the same content
        and ``message_id`` has counted already.

        Args:
            offer: The service, or the gateway, whose address it came to.
            headers: As received, at most 100 and 16,384 letters as JSON.
            body: As received, at most 1,000,000 bytes.
            message_id: The sender's own id of it, if any; with different ids, the same content is two messages.

        Raises:
            MessageRefused: It is too large.
            ServiceNotOffered: No installed plugin that this host lets in offers it, or not messages to it.
            InboxFull: Too many messages of this offer are not read yet.
        """
        _check(headers, body, message_id)
        self._require(offer)
        return await self.database.run(
            partial(self.keep, offer=offer, headers=headers, body=body, message_id=message_id)
        )

    def keep(
        self,
        transaction: Transaction,
        *,
        offer: str,
        headers: Mapping[str, str],
        body: bytes,
        message_id: str | None = None,
    ) -> bool:
        """Keep a message as ``receive`` does, within a transaction of the host's database.

        Raises:
            InboxFull: Too many messages of this offer are not read yet.
        """
        content = json.dumps([message_id, hashlib.sha256(body).hexdigest()])
        message = self.vault.lookup(f"message/{offer}", content)
        arrival = self.vault.lookup(f"arrival/{offer}", json.dumps([content, sorted(headers.items())]))
        same = {"offer_": offer, "arrival_": arrival, "message_": message}
        if any(transaction.connection.scalar(query, same) is not None for query in (_SAME, _COUNTED)):
            return False
        identity, now = str(uuid4()), self.clock.now()
        if transaction.connection.scalar(_NOT_PROVED.offset(MOST_UNREAD - 1), same) is not None:
            raise InboxFull(f"{MOST_UNREAD} messages to {offer} wait to be read; let the sender try again later")
        key, wrapped = self.vault.make_data_key(identity)
        sealed = json.dumps({"headers": dict(headers), "body": b64encode(body).decode()}).encode()
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
                sealed=key.seal(sealed, _PLACE),
            )
        )
        transaction.record_row(inbox, identity, at=now)
        transaction.add_hint("inbox", _plugin_of(offer))
        return True

    async def handle(self) -> int:
        """Read a few messages of each offer that has any; how many were read.

        Several workers may call this at once; each message is read by one.

        Raises:
            DatabaseUnavailable: The database is away. What was not settled is read again.
        """
        messages = await self.database.run(self._take)
        # Together, so that one plugin whose messages hang delays another's by no more than ``READ_SECONDS``.
        outcomes = await asyncio.gather(*(self._read(message) for message in messages))
        for message, outcome in zip(messages, outcomes, strict=True):
            try:
                await self.database.run(partial(self._settle, message=message, outcome=outcome))
            except Exception as error:
                if is_the_machines(error) and not isinstance(error, KeyMissing):
                    raise
                failed = _failed("message_not_taken", message, error)
                await self.database.run(partial(self._settle, message=message, outcome=failed))
        return len(messages)

    # What a plugin makes of a message

    async def _read(self, message: Row[Any]) -> Noticed | Reported | str | None:
        """What happened, or the code of why a message says nothing; ``None`` where it is to be read again."""
        try:
            key = self.vault.data_key(message.data_key, message.id)
            content = json.loads(key.open(message.sealed, _PLACE))
            headers, body = content["headers"], b64decode(content["body"])
            if isinstance(self._offer(message.offer), PaymentGateway):
                paid = PaymentNoticeRequest(gateway=message.offer, headers=headers, body=body)
                return Noticed((await self.platform.parse_payment_notice(paid, seconds=READ_SECONDS)).payment)
            called = CallbackRequest(service=message.offer, headers=headers, body=body)
            report = await self.platform.parse_callback(called, seconds=READ_SECONDS)
        except _NOT_NOW:
            return None
        except PluginFault as fault:
            # A reading that did not end in time may be the machine's fault.
            is_late = fault.fault in _OUT_OF_TIME and message.looks + 1 < READINGS
            return None if is_late else fault.code
        except NagorikError as error:
            return error.code
        except Exception as error:  # noqa: BLE001 - a defect of one message ends no other
            return _failed("message_unreadable", message, error)
        return Reported(report.agency_reference, report.status)

    def _require(self, offer: str) -> None:
        """See that a message can be for an offer, that of a plugin in quarantine for a fault included."""
        found = self._offer(offer)
        if found is None:
            self.platform.service(offer)
            raise ServiceNotOffered("unknown-service")
        if not _READS.intersection(found.reads):
            raise ServiceNotOffered("operation-not-offered")

    def _offer(self, offer: str) -> AnyOffer | None:
        manifests = (record.manifest for record in self.platform.plugins)
        offers = (found for manifest in manifests if manifest is not None for found in manifest.offers)
        return next((found for found in offers if found.id == offer), None)

    def _readable_plugins(self, now: datetime) -> set[str]:
        """The plugins that can be used, or are to be tried again by now."""
        return {
            record.id
            for record in self.platform.plugins
            if record.quarantine is None
            or (record.quarantine.probe_at is not None and now >= record.quarantine.probe_at)
        }

    # In transactions

    def _take(self, transaction: Transaction) -> Sequence[Row[Any]]:
        """Lease a few due messages of each offer; one that may have ended its reader is leased alone."""
        now, suspended = self.clock.now(), suspended_offers(transaction)
        readable = self._readable_plugins(now)
        due: list[Row[Any]] = []
        for offer in transaction.connection.scalars(_OFFERS).all():
            plugin = _plugin_of(offer)
            if plugin in readable and not suspended.covers(plugin=plugin, service=offer, target_plugin=plugin):
                due += transaction.connection.execute(_DUE, {"offer_": offer, "plugin": plugin, "now": now})
        for message in [one for one in due if one.lost_looks >= LOST_LOOKS]:
            _end(transaction, message.id, now, READERS_LOST)
            _log.error("message_set_aside", defect=READERS_LOST, offer=message.offer, message=message.id)
            due.remove(message)
        if any(message.lost_looks for message in due):
            due = [max(due, key=lambda message: message.lost_looks)]
        if due:
            transaction.connection.execute(_TAKE, {"ids": [one.id for one in due], "until": now + LEASE})
        return due

    def _settle(
        self, transaction: Transaction, *, message: Row[Any], outcome: Noticed | Reported | str | None
    ) -> None:
        """Take in what a message says and be done with it, or put it off; all of that or nothing."""
        if transaction.connection.scalar(_STILL_UNREAD, {"id_": message.id}) is None:
            return  # another worker was quicker, or its time was over
        now = self.clock.now()
        application = proved = reference = None
        result: str | datetime = UNKNOWN
        if outcome is None:
            result = now + min(FIRST_PAUSE * 2 ** min(message.looks, 16), LONGEST_PAUSE)
        elif isinstance(outcome, str):
            result = outcome
        elif (application := self._application_of(transaction, message.offer, outcome)) is not None:
            result = self._take_in(transaction, application, message, outcome, now)
            proved = message.message if result == TAKEN and isinstance(outcome, Reported) else None
        elif isinstance(outcome, Reported) and now < message.received_at + PATIENCE:
            # Read again as soon as an application is known by the reference, or at the end for the last time.
            reference = self.store.hash_agency_reference(_plugin_of(message.offer), outcome.agency_reference)
            result = message.received_at + PATIENCE
        if isinstance(result, datetime):
            _write(transaction, message.id, due_at=result, reference=reference, lost_looks=0)
        else:
            _end(transaction, message.id, now, result, application=application, proved=proved)

    def _application_of(self, transaction: Transaction, offer: str, outcome: Noticed | Reported) -> str | None:
        if isinstance(outcome, Noticed):
            # A gateway speaks of its own payments only; a payment is known before its gateway hears of it.
            of_gateway = (payments.c.id == outcome.payment, payments.c.gateway == offer)
            found: str | None = transaction.connection.scalar(select(payments.c.application).where(*of_gateway))
            return found
        try:
            return self.store.find_by_agency_reference(
                transaction, plugin=_plugin_of(offer), agency_reference=outcome.agency_reference
            )
        except NoSuchApplication:
            return None

    def _take_in(
        self,
        transaction: Transaction,
        application: str,
        message: Row[Any],
        outcome: Noticed | Reported,
        now: datetime,
    ) -> str | datetime:
        """Step, if that is possible; what came of it, or when the message is read again. Else nothing is written."""
        try:
            stored = self.store.read(transaction, application, for_change=True)
            # Asked once the application is this transaction's: of two of the same, the second sees the first here.
            counted = {"offer_": message.offer, "message_": message.message}
            if transaction.connection.scalar(_COUNTED, counted) is not None:
                return REPEATED
            capabilities = self.capabilities.of(stored.progress.service, stored.gateway)
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
            return _failed("message_not_taken", message, error) or DEFECT
        self.store.change(transaction, stored, done, now, lease=stored.lease)
        return TAKEN


def _put_off(progress: Progress, payment: str, capabilities: ServiceCapabilities, now: datetime) -> datetime | None:
    """Until when a notice of a payment waits; now, where a question that is to come answers it, too."""
    coming = next_action(progress, capabilities, now)
    is_due = coming.due is not None and coming.due <= now and progress.attempt is None
    if is_due and (coming.operation, coming.payment) == (Operation.QUERY_PAYMENT, payment):
        return now
    found = next((one for one in progress.payments if one.id == payment), None)
    latest = (found.noticed_at or found.asked_at) if found is not None else None
    return latest + NOTICES_APART if latest is not None and latest + NOTICES_APART > now else None


def _failed(event: str, message: Row[Any], error: Exception) -> str | None:
    """Log what is wrong with a message, by the names of things alone. A process that holds its key can read it."""
    _log.error(event, defect=type_name(error), offer=message.offer, message=message.id)
    return None if isinstance(error, KeyMissing) else DEFECT


def _end(transaction: Transaction, identity: str, now: datetime, result: str, **values: object) -> None:
    """Be done with a message."""
    _write(transaction, identity, due_at=None, handled_at=now, result=result, **values)
    transaction.record_row(inbox, identity, at=now)


def _write(transaction: Transaction, identity: str, **values: object) -> None:
    transaction.connection.execute(update(inbox).where(inbox.c.id == identity).values(**values))


def _plugin_of(offer: str) -> str:
    return offer.partition(".")[0]


def _check(headers: Mapping[str, str], body: bytes, message_id: str | None) -> None:
    for what, size, most in (
        ("a body has at most {} bytes", len(body), LARGEST_BODY),
        ("a message has at most {} headers", len(headers), MOST_HEADERS),
        ("the headers have at most {} letters as JSON", len(json.dumps(dict(headers))), LARGEST_HEADERS),
        ("a message's id has at most {} letters", len(message_id or ""), LONGEST_MESSAGE_ID),
    ):
        if size > most:
            raise MessageRefused(what.format(most))
