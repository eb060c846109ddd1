"""The inbox as an operator sees it: what came and what became of it, without its content."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, func, select, update

from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import UNREAD, inbox

TAKEN: Final = "taken"
"""The result of a message that counts."""
READERS_LOST: Final = "readers-lost"
"""The result of a message whose reading ended one worker after another."""
WAITING: Final = "waiting"
"""The result of a message that is not done with."""


class KeptMessage(NamedTuple):
    """One message to a service or gateway (``offer``), without its content.

    ``result`` is ``waiting`` until it is done with, at ``handled_at``; it is read next at ``due_at``.
    ``is_readable`` says whether its content is kept, sealed in so many ``bytes``.
    """

    id: str
    offer: str
    received_at: datetime
    result: str
    handled_at: datetime | None
    due_at: datetime | None
    application: str | None
    is_readable: bool
    bytes: int


class MessageFilter(NamedTuple):
    """Messages of an offer, with a result, by id. ``None`` matches all."""

    offer: str | None = None
    result: str | None = None
    message: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions on a row."""
        wanted = (
            (self.offer, inbox.c.offer == self.offer),
            (self.result, UNREAD if self.result == WAITING else inbox.c.result == self.result),
            (self.message, inbox.c.id == self.message),
        )
        return [condition for value, condition in wanted if value is not None]


_COLUMNS: Final = (
    *(inbox.c.id, inbox.c.offer, inbox.c.received_at, inbox.c.result, inbox.c.handled_at, inbox.c.due_at),
    *(inbox.c.application, inbox.c.data_key.is_not(None).label("is_readable")),
    func.length(inbox.c.sealed).label("bytes"),
)
_MAY_BE_READ_AGAIN: Final = (
    inbox.c.handled_at.is_not(None),
    inbox.c.result != TAKEN,
    inbox.c.data_key.is_not(None),
)
PAGE: Final = 500
"""Most messages that one transaction lets be read again."""


def list_messages(transaction: Transaction, wanted: MessageFilter, limit: int) -> Sequence[KeptMessage]:
    """Messages, the latest first, at most ``limit``."""
    query = select(*_COLUMNS).where(*wanted.conditions()).order_by(inbox.c.received_at.desc(), inbox.c.id)
    return [_message(row) for row in transaction.connection.execute(query.limit(limit))]


def count_messages(transaction: Transaction, wanted: MessageFilter) -> dict[str, int]:
    """How many messages match, by result."""
    query = select(inbox.c.result, func.count()).where(*wanted.conditions()).group_by(inbox.c.result)
    found = {result or WAITING: number for result, number in transaction.connection.execute(query)}
    return dict(sorted(found.items()))


def read_page_again(transaction: Transaction, wanted: MessageFilter, now: datetime) -> int:
    """Let at most ``PAGE`` messages be read anew, as if they had just come; returns how many.

    Not those that count already, wait to be read anyway, or whose content is gone.
    """
    query = (
        select(inbox.c.id).where(*wanted.conditions(), *_MAY_BE_READ_AGAIN).order_by(inbox.c.received_at, inbox.c.id)
    )
    ids = transaction.connection.scalars(query.limit(PAGE).with_for_update()).all()
    transaction.connection.execute(
        update(inbox)
        .where(inbox.c.id.in_(ids))
        .values(handled_at=None, result=None, application=None, due_at=now, lost_looks=0)
    )
    for identity in ids:
        transaction.record_row(inbox, identity, at=now)
    return len(ids)


def _message(row: Any) -> KeptMessage:
    result = row.result if row.handled_at is not None else WAITING
    return KeptMessage(**row._asdict() | {"result": result, "is_readable": bool(row.is_readable)})
