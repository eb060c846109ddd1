"""Indexes over a part of a table, which only makers of tables need."""

from sqlalchemy import Index, text

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

_A, _I = applications.c, inbox.c
for _name, _columns, _where in (
    ("ix_applications_person", [_A.updated_at], FOR_A_PERSON),
    ("ix_applications_closed", [_A.closed_at], text("erased_at IS NULL AND closed_at IS NOT NULL")),
    # Per agency, in the order in which applications fall due.
    ("ix_applications_due", [_A.target_plugin, _A.due_at], IN_QUEUE),
    ("ix_applications_lease", [_A.lease_until], _A.lease.is_not(None)),
    ("ix_applications_hold", [_A.hold_code, _A.opened_at, _A.id], _A.hold_code.is_not(None)),
    ("ix_applications_blocked", [_A.blocked, _A.opened_at, _A.id], _A.blocked.is_not(None)),
    ("ix_inbox_due", [_I.offer, _I.due_at], UNREAD),
    ("ix_payment_cases_waiting", [payment_cases.c.opened_at], CASE_WAITS),
    ("ix_payments_to_give_back", [payments.c.application], TO_GIVE_BACK),
):
    Index(_name, *_columns, sqlite_where=_where, postgresql_where=_where)
