"""How agencies take the credentials that this host's workers log in with, as the database knows it.

While workers are restarted one by one there are several at one agency: those of before, which it may refuse by now,
and others. Each worker writes down which it has, as a keyed hash of its settings, so that one whose own are refused
knows whether a living one has better.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import bindparam, or_, select, update

from nagorik_host.store.clock import LEASE_NOW, lasts
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import agency_tokens, workers
from nagorik_platform.agency_client.tokens import refused_pause

_OF_THE_AGENCY: Final = agency_tokens.c.plugin == bindparam("name")
_IS_REFUSED: Final = agency_tokens.c.refused.is_not(None)
_REFUSALS: Final = select(agency_tokens.c.id, agency_tokens.c.refused_at, agency_tokens.c.refusals).where(
    _OF_THE_AGENCY, _IS_REFUSED
)
_LOGIN: Final = (
    select(agency_tokens.c.id)
    .where(
        _OF_THE_AGENCY,
        or_(agency_tokens.c.login.is_not(None), agency_tokens.c.failed.is_not(None), _IS_REFUSED),
    )
    .limit(1)
)
_LET_IN: Final = select(agency_tokens.c.id).where(
    agency_tokens.c.id == bindparam("id_"),
    agency_tokens.c.login.is_not(None),
    agency_tokens.c.refused.is_(None),
    agency_tokens.c.failed.is_(None),
    agency_tokens.c.let_in_at >= bindparam("since"),
)
_REFUSED_AMONG: Final = select(agency_tokens.c.id).where(
    agency_tokens.c.id.in_(bindparam("ids", expanding=True)), _IS_REFUSED
)
_HELD: Final = select(workers.c.credentials).where(workers.c.credentials.is_not(None), lasts(workers.c.lease_until))
_NOTE: Final = update(workers).where(workers.c.id == bindparam("worker")).values(credentials=bindparam("told"))


class RefusedLogin(NamedTuple):
    """When a login was refused, and for how long nobody logs in after it."""

    at: datetime
    pause: timedelta


def refused_login(transaction: Transaction, plugin: str, identity: str | None) -> RefusedLogin | None:
    """The refused login with these settings; where they are not known, the one that is tried again first."""
    found = transaction.connection.execute(_REFUSALS, {"name": plugin}).all()
    refusals = [
        RefusedLogin(row.refused_at, refused_pause(row.refusals))
        for row in found
        if row.refused_at is not None and isinstance(row.refusals, int) and identity in (None, row.id)
    ]
    return min(refusals, key=lambda refusal: refusal.at + refusal.pause, default=None)


def has_logins(transaction: Transaction, plugin: str) -> bool:
    """Whether anybody has logged in at an agency, with or without success."""
    return transaction.connection.scalar(_LOGIN, {"name": plugin}) is not None


def is_let_in(transaction: Transaction, identity: str | None, since: datetime) -> bool:
    """Whether a login with these settings has succeeded since then, and none of theirs has failed after it."""
    if identity is None:
        return False
    return transaction.connection.scalar(_LET_IN, {"id_": identity, "since": since}) is not None


def are_refused(transaction: Transaction, identity: str | None) -> bool:
    """Whether the agency has refused the credentials of these settings, and has let in none of theirs since."""
    return identity is not None and bool(_refused(transaction, [identity]))


def others_stand(
    transaction: Transaction, plugin: str, identity: str | None, lease_now: datetime | None = None
) -> bool:
    """Whether a living worker has other settings for an agency than these, which it has not refused.

    Args:
        transaction: Of the host's database.
        plugin: The agency's plugin.
        identity: The settings that it has refused, as ``settings_identity``.
        lease_now: The time, where that is not the database's to say.
    """
    told = transaction.connection.scalars(_HELD, {LEASE_NOW: lease_now})
    found = (_read(text).get(plugin) for text in told)
    others = {one for one in found if isinstance(one, str) and one.isascii() and one.isprintable()} - {identity}
    return identity is not None and bool(others - _refused(transaction, sorted(others)))


def note_credentials(transaction: Transaction, worker: str, identities: Mapping[str, str]) -> None:
    """Write down which settings a worker, by its id, has for which agency, by plugin."""
    told = json.dumps(dict(sorted(identities.items()))) if identities else None
    transaction.connection.execute(_NOTE, {"worker": worker, "told": told})


def _refused(transaction: Transaction, identities: list[str]) -> set[str]:
    return set(transaction.connection.scalars(_REFUSED_AMONG, {"ids": identities})) if identities else set()


def _read(written: object) -> Mapping[str, object]:
    """What a worker has told; damage tells nothing."""
    try:
        told = json.loads(written) if isinstance(written, str) else None
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
