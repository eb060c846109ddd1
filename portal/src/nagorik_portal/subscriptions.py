"""Subscriptions to the changes of a centre's applications, and the history of what was delivered."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from nagorik.clock import Clock
from nagorik_host.host import Host
from nagorik_host.store.changes import ApplicationChange
from nagorik_host.store.database import Database, Transaction
from nagorik_host.vault import Vault
from nagorik_platform.system_clock import SystemClock
from nagorik_portal.cloud_events import cloud_event
from nagorik_portal.schema import deliveries, leases, subscriptions
from nagorik_portal.webhooks import GONE, Receiver, Webhook, make_receiver

DELAYS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""How long after each failed attempt the next one follows: ten attempts in 75 hours and a half."""
HISTORY: Final = timedelta(days=90)
"""How long a delivery that ended is kept."""
TOGETHER: Final = 20
"""Deliveries that are sent side by side."""
_PLACE: Final = "portal-subscription"
_LEASE: Final = "events"
_LEASE_LASTS: Final = timedelta(seconds=60)
_S: Final = subscriptions.c
_D: Final = deliveries.c
_L: Final = leases.c


class SubscriptionInvalid(ValueError):
    """A subscription cannot be made or changed so; the text says why, in both languages, without the address."""


class SubscriptionEntry(NamedTuple):
    """A subscription in a list."""

    id: str
    centre: str
    made_at: datetime
    ended_at: datetime | None
    ended_as: str | None


class DeliveryEntry(NamedTuple):
    """A delivery in the history; ``due_at`` is ``None`` once it was delivered or given up."""

    id: str
    subscription: str
    application: str
    made_at: datetime
    due_at: datetime | None
    attempts: int
    ended_at: datetime | None
    result: str | None


class _Place(NamedTuple):
    """How far the changes of a centre were taken up for a subscription."""

    id: str
    centre: str
    cursor: str


class DueDelivery(NamedTuple):
    """A delivery that is to be sent now."""

    webhook: Webhook
    receiver: Receiver
    allow_private: bool
    attempts: int


class Subscriptions:
    """The subscriptions in a host's database; their times are the machine's."""

    def __init__(self, database: Database, vault: Vault, clock: Clock | None = None) -> None:
        """Use the machine's clock unless another is given."""
        self._database, self._vault, self._clock = database, vault, clock or SystemClock()

    async def subscribe(
        self, host: Host | None, centre: str, url: str, *, allow_private: bool
    ) -> tuple[str, Receiver]:
        """Call ``url`` for each change of a centre's applications from now on; returns the id and the keys.

        Args:
            host: Whose changes; without it, the earliest that is kept comes first.
            centre: Whose applications.
            url: Where to; ``https://…``, or ``http://…`` with ``allow_private``.
            allow_private: Whether addresses of the own network may be called.

        Raises:
            SubscriptionInvalid: The address cannot be used.
        """
        parts = urlsplit(url)
        schemes = {"https", "http"} if allow_private else {"https"}
        if parts.scheme not in schemes or not parts.hostname or parts.fragment or parts.username is not None:
            raise SubscriptionInvalid(_BAD_URL)
        receiver, identity = make_receiver(url, secrets.token_bytes(32)), str(uuid4())
        key, wrapped = self._vault.make_data_key(identity)
        now, cursor = self._clock.now(), "0"
        if host is not None:
            while (page := await host.changes(cursor, owner=centre)).changes:
                cursor = page.next
        values = {
            "id": identity,
            "centre": centre,
            "allow_private": int(allow_private),
            "made_at": now,
            "cursor": cursor,
            "data_key": wrapped,
            "sealed": key.seal(receiver.model_dump_json().encode(), _PLACE),
        }

        def write(transaction: Transaction) -> None:
            transaction.connection.execute(insert(subscriptions).values(**values))
            transaction.record_row(subscriptions, identity, at=now)

        await self._database.run(write)
        return identity, receiver

    async def unsubscribe(self, identity: str) -> None:
        """Call no more; what was not delivered is dropped.

        Raises:
            SubscriptionInvalid: There is no such subscription, or it ended before.
        """
        now = self._clock.now()
        if not await self._database.run(partial(_end, identity=identity, ended_as="unsubscribed", now=now)):
            raise SubscriptionInvalid(_NO_SUBSCRIPTION)

    async def subscriptions(self) -> Sequence[SubscriptionEntry]:
        """All subscriptions, by age."""
        query = select(*(_S[name] for name in SubscriptionEntry._fields)).order_by(_S.made_at)

        def read(transaction: Transaction) -> list[SubscriptionEntry]:
            return [SubscriptionEntry(*row) for row in transaction.connection.execute(query)]

        return await self._database.run(read)

    async def history(self, subscription: str | None = None, *, limit: int = 50) -> Sequence[DeliveryEntry]:
        """Deliveries, the last first."""
        query = select(*(_D[name] for name in DeliveryEntry._fields)).order_by(_D.made_at.desc(), _D.id).limit(limit)
        if subscription is not None:
            query = query.where(_D.subscription == subscription)

        def read(transaction: Transaction) -> list[DeliveryEntry]:
            return [DeliveryEntry(*row) for row in transaction.connection.execute(query)]

        return await self._database.run(read)

    async def replay(self, delivery: str) -> None:
        """Send a delivery once more, under the same id.

        Raises:
            SubscriptionInvalid: There is no such delivery, or its subscription ended.
        """
        goes_on = select(_S.id).where(_S.ended_at.is_(None))
        again = (
            update(deliveries)
            .where(_D.id == delivery, _D.subscription.in_(goes_on))
            .values(due_at=self._clock.now(), attempts=0, ended_at=None, result=None)
        )
        if not await self._database.run(lambda unit: unit.connection.execute(again).rowcount):
            raise SubscriptionInvalid(_NO_DELIVERY)

    # For the process that delivers

    async def hold_lease(self, holder: str) -> bool:
        """Take or renew the lease of the process that delivers; ``False`` where another has it."""
        now = self._clock.now()
        values = {"holder": holder, "lease_until": now + _LEASE_LASTS}
        is_free = or_(_L.holder == holder, _L.lease_until < now)

        def take(transaction: Transaction) -> bool:
            taken = update(leases).where(_L.id == _LEASE, is_free).values(**values)
            if transaction.connection.execute(taken).rowcount:
                return True
            if transaction.connection.scalar(select(_L.id).where(_L.id == _LEASE)) is not None:
                return False
            transaction.connection.execute(insert(leases).values(id=_LEASE, **values))
            transaction.record_row(leases, _LEASE, at=now)
            return True

        try:
            return await self._database.run(take)
        except IntegrityError:
            return False

    async def take_up(self, host: Host, base_url: str) -> None:
        """Make a delivery of each new change, for each subscription; none is missed or made twice."""
        going_on = select(*(_S[name] for name in _Place._fields)).where(_S.ended_at.is_(None))

        def read(transaction: Transaction) -> list[_Place]:
            return [_Place(*row) for row in transaction.connection.execute(going_on)]

        for place in await self._database.run(read):
            page = await host.changes(place.cursor, owner=place.centre)
            if page.changes:
                made = partial(_make, place=place, changes=page.changes, base_url=base_url, now=self._clock.now())
                await self._database.run(partial(made, cursor=page.next))

    async def due(self) -> Sequence[DueDelivery]:
        """The deliveries that are to be sent now, the longest due first."""
        joined = select(deliveries, _S.sealed, _S.data_key, _S.allow_private).join(
            subscriptions, _D.subscription == _S.id
        )
        query = joined.where(_D.due_at <= self._clock.now()).order_by(_D.due_at, _D.id).limit(TOGETHER)
        rows = await self._database.run(lambda unit: unit.connection.execute(query).all())
        return [
            DueDelivery(
                Webhook(row.id, row.body.encode()), self._receiver(row), bool(row.allow_private), row.attempts
            )
            for row in rows
        ]

    async def ended(self, delivery: DueDelivery, problem: str | None) -> None:
        """Record an attempt: it was taken, is tried again later, or is given up; 410 ends the subscription."""
        now, attempts = self._clock.now(), delivery.attempts + 1
        values: dict[str, Any] = {"attempts": attempts, "due_at": None, "ended_at": now, "result": "delivered"}
        if problem is not None:
            values["result"] = problem
            if problem != GONE and attempts <= len(DELAYS):
                values |= {"due_at": now + DELAYS[attempts - 1], "ended_at": None}
        is_this = _D.id == delivery.webhook.id

        def write(transaction: Transaction) -> None:
            transaction.connection.execute(update(deliveries).where(is_this).values(**values))
            if problem == GONE:
                subscription = transaction.connection.execute(select(_D.subscription).where(is_this)).scalar_one()
                _end(transaction, identity=subscription, ended_as="gone", now=now)

        await self._database.run(write)

    async def forget(self) -> None:
        """Delete deliveries that ended so long ago that their history is not kept, 500 at most."""
        now = self._clock.now()
        old = select(_D.id).where(_D.ended_at < now - HISTORY).limit(500)

        def write(transaction: Transaction) -> None:
            gone = transaction.connection.scalars(delete(deliveries).where(_D.id.in_(old)).returning(_D.id)).all()
            for identity in gone:
                transaction.record_row(deliveries, identity, at=now)

        await self._database.run(write)

    def now(self) -> datetime:
        """The time that deliveries are signed with."""
        return self._clock.now()

    def _receiver(self, row: Row[Any]) -> Receiver:
        opened = self._vault.data_key(row.data_key, row.subscription).open(row.sealed, _PLACE)
        return Receiver.model_validate_json(opened)


_BAD_URL: Final = (
    "write an address such as https://portal.example/events, without a name or a password in it; http:// needs"
    " --allow-private. ঠিকানা লিখুন, যেমন https://portal.example/events; নাম বা পাসওয়ার্ড ছাড়া। http:// হলে"
    " --allow-private দিতে হবে।"
)
_NO_SUBSCRIPTION: Final = "no subscription of this id goes on. এই আইডির কোনো সাবস্ক্রিপশন চালু নেই।"
_NO_DELIVERY: Final = (
    "there is no delivery of this id, or its subscription ended. এই আইডির কোনো খবর নেই, বা সাবস্ক্রিপশনটি বন্ধ।"
)


def _end(transaction: Transaction, *, identity: str, ended_as: str, now: datetime) -> bool:
    ended = update(subscriptions).where(_S.id == identity, _S.ended_at.is_(None))
    values = {"ended_at": now, "ended_as": ended_as, "data_key": None, "sealed": b""}
    if not transaction.connection.execute(ended.values(**values)).rowcount:
        return False
    transaction.record_row(subscriptions, identity, at=now)
    dropped = update(deliveries).where(_D.subscription == identity, _D.due_at.is_not(None))
    transaction.connection.execute(dropped.values(due_at=None, ended_at=now, result="ended"))
    return True


def _make(
    transaction: Transaction,
    *,
    place: _Place,
    changes: Sequence[ApplicationChange],
    base_url: str,
    now: datetime,
    cursor: str,
) -> None:
    """Make deliveries, unless another process has made them."""
    is_there = _S.id == place.id, _S.cursor == place.cursor, _S.ended_at.is_(None)
    if not transaction.connection.execute(update(subscriptions).where(*is_there).values(cursor=cursor)).rowcount:
        return
    for change in changes:
        values = {"id": str(uuid4()), "subscription": place.id, "application": change.application, "made_at": now}
        body = json.dumps(cloud_event(change, base_url), separators=(",", ":"))
        transaction.connection.execute(insert(deliveries).values(**values, body=body, due_at=now, attempts=0))
        transaction.record_row(deliveries, values["id"], at=now)
