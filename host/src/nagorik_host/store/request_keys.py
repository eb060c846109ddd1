"""Requests that came with a key: what each made or changed, so that a second one with its key changes nothing."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select

from nagorik import NagorikError, Text
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import request_keys
from nagorik_host.vault import Vault

KEPT: Final = timedelta(days=30)
"""How long a key is known."""
DROPPED_TOGETHER: Final = 5_000
"""Most keys that one transaction drops."""

_K: Final = request_keys.c
_FIND: Final = select(_K.subject, _K.digest).where(_K.id == bindparam("id"))
_KEEP: Final = insert(request_keys)


class RequestKey(NamedTuple):
    """A request's key, such as the header ``Idempotency-Key`` gives it; the host keeps hashes of it alone.

    Attributes:
        client: Who sends the request, by an id of the caller's.
        operation: What it asks for, such as ``apply``; keys of different operations are different.
        key: The client's own key of it; the API takes 1 to 255 characters of printable ASCII.
        digest: SHA-256 of the canonical request, by which the same key with another request is refused.
    """

    client: str
    operation: str
    key: str
    digest: bytes


class KeyReused(NagorikError):
    """The key came before, with another request; nothing was changed."""

    code = "key-reused"
    status = 422

    @property
    def message(self) -> Text:
        """That nothing was changed, and what to do."""
        return Text(
            en="This request has the key of an earlier, different request. Nothing was changed. Send it again with a"
            " key of its own.",
            bn="এই অনুরোধের কী আগে অন্য একটি অনুরোধে ব্যবহার করা হয়েছে। কিছুই বদলানো হয়নি। নতুন কী দিয়ে অনুরোধটি আবার পাঠান।",
        )


class RequestKeys:
    """Finds and keeps keys, each in the transaction of the change that it is for."""

    def __init__(self, vault: Vault) -> None:
        """Hash with the keys of ``vault``."""
        self._vault = vault

    def find(self, transaction: Transaction, key: RequestKey) -> str | None:
        """What the key was used for: an application's id, or the ``subject`` of ``keep``; ``None`` if it is new.

        Raises:
            KeyReused: It came with another request.
        """
        row = transaction.connection.execute(_FIND, {"id": self._id(key)}).one_or_none()
        if row is None:
            return None
        # Of an erased application there is no digest left to compare.
        if row.digest not in {None, self._digest(key)}:
            raise KeyReused
        subject: str = row.subject
        return subject

    def keep(self, transaction: Transaction, key: RequestKey, subject: str, now: datetime) -> None:
        """Keep a key that is new, with the id of what its request makes or changes, of at most 120 letters.

        Raises:
            IntegrityError: Another transaction has kept it meanwhile; roll back, and ``find`` it.
        """
        row = {"id": self._id(key), "digest": self._digest(key), "subject": subject, "at": now}
        transaction.connection.execute(_KEEP, row)

    def application_of(self, key: RequestKey) -> str:
        """An application's id, a UUID, that is the same whenever this request comes with this key."""
        hashed = self._vault.lookup("request-application", f"{self._id(key)}/{self._digest(key)}")
        return str(UUID(hashed[:32], version=4))

    def _id(self, key: RequestKey) -> str:
        return self._vault.lookup("request-key", "\x00".join((key.client, key.operation, key.key)))

    def _digest(self, key: RequestKey) -> str:
        # Keyed: a plain one of a form could be compared with those of all forms that there can be.
        return self._vault.lookup("request-digest", key.digest.hex())


def drop_old_keys(transaction: Transaction, now: datetime) -> None:
    """Drop keys that were kept for ``KEPT``, at most ``DROPPED_TOGETHER``; those that others drop are left."""
    old = select(_K.id).where(_K.at < now - KEPT).limit(DROPPED_TOGETHER).with_for_update(skip_locked=True)
    transaction.connection.execute(delete(request_keys).where(_K.id.in_(old)))
