"""The door of the inbox: which messages are let in, and how they are kept.

Anybody may send anything. So until it is proved, a message is the same as another only where all of both is the same:
a forged one takes no genuine one's place.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final
from uuid import uuid4

from sqlalchemy import bindparam, insert, select

from nagorik.clock import Clock
from nagorik_host.engine.message_reader import LONGEST_PAUSE, MESSAGE, MessageReader
from nagorik_host.store.database import Transaction, Unit
from nagorik_host.store.schema import UNREAD, inbox
from nagorik_host.vault import Vault

LARGEST_BODY: Final = 1_000_000
"""Bytes of a message's body."""
MOST_HEADERS: Final = 100
LARGEST_HEADERS: Final = 16_384
"""Bytes of all headers of a message together, names and values in UTF-8."""
LONGEST_MESSAGE_ID: Final = 1_000
MOST_UNREAD: Final = 20_000
"""Messages of one offer that nobody has proved yet and that wait to be read; while there are so many, no further one
is taken in."""

_SAME: Final = (
    select(inbox.c.id)
    .where(
        inbox.c.offer == bindparam("offer_"),
        inbox.c.arrival == bindparam("arrival_"),
        UNREAD,
    )
    .limit(1)
)
COUNTED: Final = select(inbox.c.id).where(
    inbox.c.offer == bindparam("offer_"), inbox.c.proved == bindparam("message_")
)
"""Finds a message that has counted, by what makes two proved messages one."""

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


class InboxDoor:
    """Lets messages in, and keeps them sealed before anything is made of them."""

    def __init__(self, reader: MessageReader, vault: Vault, clock: Clock) -> None:
        """Let in what ``reader`` has a plugin for, sealed by ``vault``."""
        self._reader = reader
        self._vault = vault
        self._clock = clock

    def admit(self, offer: str, *, headers: Mapping[str, str], body: bytes, message_id: str | None) -> Unit[bool]:
        """What keeps a message in a transaction, and says whether it is new.

        Raises:
            MessageRefused: It is too large, or its parts are of no kind that a message has.
            ServiceNotOffered: No installed plugin that this host lets in offers it, or not messages to it.
        """
        _check(headers, body, message_id)
        self._reader.require(offer)
        told = f"{message_id if message_id is not None else ''}\x00{hashlib.sha256(body).hexdigest()}"
        message = self._vault.lookup(f"message/{offer}", told)
        arrival = self._vault.lookup(f"arrival/{offer}", f"{told}\x00{json.dumps(sorted(headers.items()))}")
        return partial(self.keep, offer=offer, message=message, arrival=arrival, headers=dict(headers), body=body)

    def keep(
        self,
        transaction: Transaction,
        *,
        offer: str,
        message: str,
        arrival: str,
        headers: dict[str, str],
        body: bytes,
    ) -> bool:
        """Keep a message in a transaction; whether it is new.

        Raises:
            InboxFull: Too many messages of this offer are not read yet.
        """
        identity, now = str(uuid4()), self._clock.now()
        asked = {"offer_": offer, "arrival_": arrival, "message_": message}
        if any(transaction.connection.scalar(query, asked) is not None for query in (_SAME, COUNTED)):
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
        return True


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
