"""Indexes over a part of a table, which only makers of tables need."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Index, TextClause, text

from nagorik_host.store.schema import (
    CASE_WAITS,
    FOR_A_PERSON,
    IN_QUEUE,
    TO_GIVE_BACK,
    UNREAD,
    applications,
    inbox,
    payment_cases,
    payments,
)


def _add(name: str, *columns: Column[Any], where: ColumnElement[bool] | TextClause) -> None:
    Index(name, *columns, sqlite_where=where, postgresql_where=where)


_add("ix_applications_person", applications.c.updated_at, where=FOR_A_PERSON)
_add(
    "ix_applications_closed",
    applications.c.closed_at,
    where=text("erased_at IS NULL AND closed_at IS NOT NULL"),
)
# What is due is found per agency, in the order in which it fell due; what waits for somebody is not in the index.
_add("ix_applications_due", applications.c.target_plugin, applications.c.due_at, where=IN_QUEUE)
_add("ix_applications_parked", applications.c.service, where=applications.c.parked_at.is_not(None))
_add("ix_applications_lease", applications.c.lease_until, where=applications.c.lease.is_not(None))
_add(
    "ix_applications_hold",
    applications.c.hold_code,
    applications.c.opened_at,
    applications.c.id,
    where=applications.c.hold_code.is_not(None),
)
_add(
    "ix_applications_blocked",
    applications.c.blocked,
    applications.c.opened_at,
    applications.c.id,
    where=applications.c.blocked.is_not(None),
)
# What waits to be read, by whoever is to read it: however much has been read, or waits at another, is passed over.
_add("ix_inbox_due", inbox.c.offer, inbox.c.due_at, where=UNREAD)
_add("ix_inbox_reference", inbox.c.reference, where=inbox.c.reference.is_not(None))
_add("ix_payment_cases_waiting", payment_cases.c.opened_at, where=CASE_WAITS)
# Money that is to be given back is few rows among all that was ever paid.
_add("ix_payments_to_give_back", payments.c.application, where=TO_GIVE_BACK)
