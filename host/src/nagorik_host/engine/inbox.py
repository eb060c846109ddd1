"""Messages that claim to come from an agency or a gateway.

A message is kept, sealed, before its plugin reads it, and acknowledged at once. An agency's report counts when the
plugin has proved where it is from, and then once. A gateway's notice is only a hint to ask the gateway: anybody may
send one, so a payment is asked about at most once a minute because of notices.
"""

import asyncio
import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import Row, and_, bindparam, func, insert, select, update

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
from nagorik.manifest import AnyOffer, PaymentGateway
from nagorik.model.payment import PaymentNoticeRequest
from nagorik.model.status import CallbackRequest
from nagorik_host.engine.queues import suspended_offers
from nagorik_host.store.database import Transaction, is_the_machines
from nagorik_host.store.messages import READERS_LOST, TAKEN
from nagorik_host.store.schema import UNREAD, inbox, payments
from nagorik_host.vault import Erased, KeyMissing
from nagorik_platform.lifecycle import Noticed, NotPossible, Reported
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

if TYPE_CHECKING:
    from nagorik_host.host import Host

_log = get_logger("nagorik.host")

LARGEST_BODY: Final = 1_000_000
LARGEST_HEADERS: Final = 16_384
MOST_UNREAD: Final = 20_000
"""Messages of one offer that wait; while there are so many, no further one is kept."""
SHARE: Final = 10
"""Most messages of one offer that are read together."""
READ_SECONDS: Final = 2.0
"""Seconds that a plugin has for one message."""
LEASE: Final = timedelta(minutes=2)
"""How long a message is left to the worker that reads it."""
LOST_LOOKS: Final = 3
"""How often in a row a message is read and its worker not heard of again; then it is set aside."""
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=10)
"""A message that cannot be taken in now is read again after as long as it has waited, within these bounds. One whose
reading does not end in time is read again until it is as old as the longest."""
PATIENCE: Final = timedelta(days=3)
"""How long a proved report waits for its application to be known."""
NOTICES_APART: Final = timedelta(minutes=1)
"""How long after a payment was asked about it is asked about because of a notice."""
_PLACE: Final = "message"
# Made once: nearly every poll finds nothing, and making a statement costs more than running it.
_IS_DUE: Final = and_(UNREAD, inbox.c.due_at <= bindparam("now"))
_PLACES: Final = (
    select(inbox.c.id, func.row_number().over(partition_by=inbox.c.offer, order_by=inbox.c.due_at).label("place"))
    .where(_IS_DUE, inbox.c.offer.in_(bindparam("offers", expanding=True)))
    .subquery()
)
_DUE: Final = (
    select(inbox)
    .where(inbox.c.id.in_(select(_PLACES.c.id).where(_PLACES.c.place <= SHARE)), _IS_DUE)
    .order_by(inbox.c.lost_looks.desc(), inbox.c.offer)
    .with_for_update(skip_locked=True)
)


class MessageRefused(ValueError):
    """A message is not kept: it is larger than any that an agency sends. The text names the bound."""


class InboxFull(Exception):
    """Too many messages of this offer wait; the sender has to come again."""


@dataclass(slots=True, repr=False)
class Inbox:
    """Keeps messages, and lets the plugins read them."""

    host: "Host"

    async def receive(
        self, offer: str, *, headers: Mapping[str, str], body: bytes, message_id: str | None = None
    ) -> None:
        """Keep a message; once this returns, the sender may be answered.

        Args:
            offer: The service, or the gateway, whose address it came to.
            headers: As received, at most 16,384 letters as JSON.
            body: As received, at most 1,000,000 bytes.
            message_id: The sender's own id of it, if any; with different ids, the same content is two messages.

        Raises:
            MessageRefused: It is too large.
            ServiceNotOffered: No installed plugin that this host lets in offers it, or not messages to it.
            InboxFull: Too many messages of this offer wait.
            DatabaseUnavailable: It is not kept.
        """
        if len(body) > LARGEST_BODY or len(json.dumps(dict(headers))) > LARGEST_HEADERS:
            raise MessageRefused(
                f"a body has at most {LARGEST_BODY} bytes, and all headers {LARGEST_HEADERS} letters"
            )
        found = self._offers().get(offer)
        if found is None or {Operation.CALLBACK, Operation.PAYMENT_NOTICE}.isdisjoint(found.reads):
            raise ServiceNotOffered("operation-not-offered" if found is not None else "unknown-service")
        keep = partial(self.keep, offer=offer, headers=headers, body=body, message_id=message_id or "")
        await self.host.database.run(keep)

    async def handle(self) -> int:
        """Read a few messages of each offer that has any; how many were read.

        Several workers may call this at once; each message is read by one.

        Raises:
            DatabaseUnavailable: The database is away. What was not settled is read again.
        """
        messages = await self.host.database.run(self._take)
        # Together, so that one plugin whose messages hang delays another's by no more than ``READ_SECONDS``.
        await asyncio.gather(*(self._handle(message) for message in messages))
        return len(messages)

    async def _handle(self, message: Row[Any]) -> None:
        """Read a message and settle it. One message's defect ends no other."""
        outcome: Noticed | Reported | str | None = READERS_LOST
        try:
            if message.lost_looks >= LOST_LOOKS:
                _log.error("message_set_aside", defect=READERS_LOST, offer=message.offer, message=message.id)
            else:
                outcome = await self._read(message)
            await self.host.database.run(partial(self._settle, message=message, outcome=outcome))
        except Exception as error:
            if is_the_machines(error) and not isinstance(error, KeyMissing):
                raise
            _log.error("message_not_taken", defect=type_name(error), offer=message.offer, message=message.id)
            outcome = None if isinstance(error, KeyMissing) else "defect"  # a process that holds its key can read it
            await self.host.database.run(partial(self._settle, message=message, outcome=outcome))

    async def _read(self, message: Row[Any]) -> Noticed | Reported | str | None:
        """What happened, or the code of why a message says nothing; ``None`` where it is to be read again."""
        key = self.host.vault.data_key(message.data_key, message.id)
        content = json.loads(key.open(message.sealed, _PLACE))
        headers, body = content["headers"], b64decode(content["body"])
        try:
            if isinstance(self._offers().get(message.offer), PaymentGateway):
                paid = PaymentNoticeRequest(gateway=message.offer, headers=headers, body=body)
                return Noticed((await self.host.platform.parse_payment_notice(paid, seconds=READ_SECONDS)).payment)
            called = CallbackRequest(service=message.offer, headers=headers, body=body)
            report = await self.host.platform.parse_callback(called, seconds=READ_SECONDS)
        except (
            AgencyClosed,
            AgencyUnavailable,
            CredentialsRejected,
            RateLimited,
            ServiceNotOffered,
            SettingsRejected,
        ):
            return None  # its plugin is kept out, or lacks what it proves messages with
        except NagorikError as error:
            # A reading that did not end in time may be the machine's fault.
            is_late = isinstance(error, PluginFault) and error.fault in {"deadline", "abandoned", "cancelled"}
            return None if is_late and self.host.clock.now() < message.received_at + LONGEST_PAUSE else error.code
        return Reported(report.agency_reference, report.status)

    def _offers(self) -> dict[str, AnyOffer]:
        """All that installed plugins offer, those in quarantine included."""
        manifests = [one.manifest for one in self.host.platform.plugins if one.manifest is not None]
        return {offer.id: offer for manifest in manifests for offer in manifest.offers}

    # In transactions

    def keep(
        self, transaction: Transaction, *, offer: str, headers: Mapping[str, str], body: bytes, message_id: str = ""
    ) -> None:
        """Keep a message as ``receive`` does, within a transaction of the host's database, unchecked."""
        waiting = select(inbox.c.id).where(inbox.c.offer == offer, UNREAD).limit(1).offset(MOST_UNREAD - 1)
        if transaction.connection.scalar(waiting) is not None:
            raise InboxFull(f"{MOST_UNREAD} messages to {offer} wait to be read; let the sender try again later")
        identity, now = str(uuid4()), self.host.clock.now()
        key, wrapped = self.host.vault.make_data_key(identity)
        content = json.dumps([message_id, hashlib.sha256(body).hexdigest()])
        sealed = json.dumps({"headers": dict(headers), "body": b64encode(body).decode()}).encode()
        transaction.connection.execute(
            insert(inbox).values(
                id=identity,
                offer=offer,
                message=self.host.vault.lookup(f"message/{offer}", content),
                received_at=now,
                due_at=now,
                data_key=wrapped,
                sealed=key.seal(sealed, _PLACE),
            )
        )
        transaction.record_row(inbox, identity, at=now)
        transaction.add_hint("inbox", _plugin_of(offer))

    def _take(self, transaction: Transaction) -> Sequence[Row[Any]]:
        """Lease a few due messages of each offer; one that may have ended its reader is leased alone."""
        now, suspended = self.host.clock.now(), suspended_offers(transaction)
        offers = [
            name
            for name in self._offers()
            if not suspended.covers(plugin=_plugin_of(name), service=name, target_plugin=_plugin_of(name))
        ]
        due = transaction.connection.execute(_DUE, {"offers": offers, "now": now}).all()
        due = [message for message in due if message.lost_looks][:1] or due
        if due:
            leased = {"due_at": now + LEASE, "lost_looks": inbox.c.lost_looks + 1}
            taken = update(inbox).where(inbox.c.id.in_([message.id for message in due]))
            transaction.connection.execute(taken.values(leased))
        return due

    def _settle(
        self, transaction: Transaction, *, message: Row[Any], outcome: Noticed | Reported | str | None
    ) -> None:
        """Take in what a message says and be done with it, or put it off; all of that or nothing."""
        still_unread = select(inbox.c.id).where(inbox.c.id == message.id, UNREAD).with_for_update()
        if transaction.connection.scalar(still_unread) is None:
            return  # another worker was quicker, or its time was over
        now, application = self.host.clock.now(), None
        later = now + min(max(now - message.received_at, FIRST_PAUSE), LONGEST_PAUSE)
        result: str | datetime = outcome if isinstance(outcome, str) else later
        if isinstance(outcome, Noticed | Reported):
            application = self._application_of(transaction, message.offer, outcome)
            if application is not None:
                result = self._take_in(transaction, application, message, outcome, now)
            elif isinstance(outcome, Noticed) or now >= message.received_at + PATIENCE:
                result = "unknown-reference"
        values: dict[str, Any] = {"due_at": result, "lost_looks": 0}
        if isinstance(result, str):
            values = {"due_at": None, "handled_at": now, "result": result, "application": application}
            transaction.record_row(inbox, message.id, at=now)
        transaction.connection.execute(update(inbox).where(inbox.c.id == message.id).values(values))

    def _application_of(self, transaction: Transaction, offer: str, outcome: Noticed | Reported) -> str | None:
        if isinstance(outcome, Reported):
            found = self.host.store.known_to_agency(transaction, _plugin_of(offer), outcome.agency_reference, 2)
        else:
            # A gateway speaks of its own payments only; a payment is known before its gateway hears of it.
            of_gateway = (payments.c.id == outcome.payment, payments.c.gateway == offer)
            found = transaction.connection.scalars(select(payments.c.application).where(*of_gateway)).all()
        return found[0] if len(found) == 1 else None

    def _take_in(
        self, transaction: Transaction, application: str, message: Row[Any], said: Noticed | Reported, now: datetime
    ) -> str | datetime:
        """Step, if that is possible; what came of it, or when the message is read again. Else nothing is written."""
        try:
            progress = self.host.store.read(transaction, application, for_change=True).progress
            if isinstance(said, Noticed):
                payment = next(one for one in progress.payments if one.id == said.payment)
                asked = payment.noticed_at or payment.asked_at
                if asked is not None and asked > message.received_at:
                    return "repeated"  # the gateway was asked since this came, or is about to be
                if asked is not None and asked + NOTICES_APART > now:
                    return asked + NOTICES_APART
            # Asked once the application is this transaction's: of two of the same, the second sees the first here.
            same = (inbox.c.offer == message.offer, inbox.c.message == message.message, inbox.c.result == TAKEN)
            if isinstance(said, Reported) and transaction.connection.scalar(select(inbox.c.id).where(*same)):
                return "repeated"
            self.host.take_in(transaction, application, said)
        except (NotPossible, NagorikError) as refused:
            return refused.code
        except Erased:
            return "erased"
        return TAKEN


def _plugin_of(offer: str) -> str:
    return offer.partition(".")[0]
