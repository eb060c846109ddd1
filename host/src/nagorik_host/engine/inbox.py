"""Messages that claim to come from an agency or a gateway.

A message is kept before anything is made of it, once however often it comes, and answered at once: whoever sent it
need not wait for what it leads to. What it says is read by the plugin. An agency's report counts when the plugin has
proved where it is from; a gateway's notice is only a hint to ask the gateway.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from nagorik import NagorikError, Platform
from nagorik.clock import Clock
from nagorik.journey import Noticed, NotPossible, Outcome, Reported, step
from nagorik.model.payment import PaymentNoticeRequest
from nagorik.model.status import CallbackRequest
from nagorik_host.engine.plans import Plans
from nagorik_host.store.books import Books, NoSuchApplication
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.schema import inbox, payments
from nagorik_host.vault import Erased, Vault

MESSAGE: Final = "message"
PAGE: Final = 50


@dataclass(frozen=True, slots=True, repr=False)
class _Message:
    id: str
    offer: str
    headers: Mapping[str, str]
    body: bytes


class Inbox:
    """Keeps messages, and lets the plugins read them."""

    def __init__(
        self, *, database: Database, platform: Platform, books: Books, vault: Vault, plans: Plans, clock: Clock
    ) -> None:
        """Keep messages in ``database``, sealed by ``vault``."""
        self._database = database
        self._platform = platform
        self._books = books
        self._vault = vault
        self._plans = plans
        self._clock = clock

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
        return await self._database.run(
            partial(self._keep, offer=offer, message=message, headers=dict(headers), body=body)
        )

    async def handle(self) -> int:
        """Read what has come in and is not read yet; how many messages there were."""
        messages = await self._database.run(self._unread)
        for message in messages:
            application, result = await self._read(message)
            await self._database.run(partial(self._handled, message=message, application=application, result=result))
        return len(messages)

    async def _read(self, message: _Message) -> tuple[str | None, str]:
        """The application that a message was about, and what came of it."""
        try:
            if self._is_gateway(message.offer):
                return await self._notice(message)
            return await self._callback(message)
        except NagorikError as error:
            return None, error.code

    async def _notice(self, message: _Message) -> tuple[str | None, str]:
        notice = await self._platform.parse_payment_notice(
            PaymentNoticeRequest(gateway=message.offer, headers=dict(message.headers), body=message.body)
        )

        def find(transaction: Transaction) -> str | None:
            query = select(payments.c.application).where(payments.c.id == notice.payment)
            return transaction.connection.scalar(query)

        application = await self._database.run(find)
        if application is None:
            return None, "unknown-payment"
        return application, await self._take_in(application, Noticed(notice.payment))

    async def _callback(self, message: _Message) -> tuple[str | None, str]:
        report = await self._platform.parse_callback(
            CallbackRequest(service=message.offer, headers=dict(message.headers), body=message.body)
        )
        plugin = message.offer.partition(".")[0]
        try:
            application = await self._database.run(
                lambda transaction: self._books.find(
                    transaction, plugin=plugin, agency_reference=report.agency_reference
                )
            )
        except NoSuchApplication:
            return None, "unknown-reference"
        return application, await self._take_in(application, Reported(report.agency_reference, report.status))

    async def _take_in(self, application: str, outcome: Outcome) -> str:
        try:
            await self._database.run(partial(self._step, application=application, outcome=outcome))
        except NotPossible as refused:
            return str(refused)
        except Erased:
            return "erased"
        return "taken"

    # In transactions

    def _step(self, transaction: Transaction, *, application: str, outcome: Outcome) -> None:
        now = self._clock.now()
        kept = self._books.read(transaction, application, for_change=True)
        plan = self._plans.plan(kept.progress.service, kept.gateway)
        self._books.change(transaction, kept, step(kept.progress, outcome, plan, now), now, lease=kept.lease)

    def _keep(
        self, transaction: Transaction, *, offer: str, message: str, headers: dict[str, str], body: bytes
    ) -> bool:
        identity = str(uuid4())
        key, wrapped = self._vault.make_data_key(identity)
        content = json.dumps({"headers": headers, "body": b64encode(body).decode()})
        values = {
            "id": identity,
            "offer": offer,
            "message": message,
            "received_at": self._clock.now(),
            "data_key": wrapped,
            "sealed": key.seal(content.encode(), MESSAGE),
        }
        try:
            with transaction.connection.begin_nested():
                transaction.connection.execute(insert(inbox).values(**values))
        except IntegrityError:
            return False
        return True

    def _unread(self, transaction: Transaction) -> list[_Message]:
        query = (
            select(inbox.c.id, inbox.c.offer, inbox.c.data_key, inbox.c.sealed)
            .where(inbox.c.handled_at.is_(None))
            .order_by(inbox.c.received_at)
            .limit(PAGE)
        )
        return [
            self._opened(row.id, row.offer, row.data_key, row.sealed) for row in transaction.connection.execute(query)
        ]

    def _opened(self, identity: str, offer: str, wrapped: bytes, sealed: bytes) -> _Message:
        content = json.loads(self._vault.data_key(wrapped, identity).open(sealed, MESSAGE))
        return _Message(identity, offer, content["headers"], b64decode(content["body"]))

    def _handled(self, transaction: Transaction, *, message: _Message, application: str | None, result: str) -> None:
        transaction.connection.execute(
            update(inbox)
            .where(inbox.c.id == message.id)
            .values(handled_at=self._clock.now(), application=application, result=result)
        )

    def _is_gateway(self, offer: str) -> bool:
        if any(gateway.id == offer for gateway in self._platform.gateways):
            return True
        self._platform.service(offer)
        return False
