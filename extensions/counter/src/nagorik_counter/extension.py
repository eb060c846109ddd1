"""The counter as an extension of a host: its tables, findings and checks."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from nagorik.values.sentences import read_sentence_tables
from nagorik_counter.schema import REVISION, metadata
from nagorik_host.extensions import Extension
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import shown

if TYPE_CHECKING:
    from nagorik_platform.cli.checks import DoctorCheck


def _checks(transaction: Transaction, now: datetime) -> "Iterator[DoctorCheck]":
    """Warn of sessions that were left open when the day ended in Dhaka."""
    from nagorik.values import dhaka_date, dhaka_time
    from nagorik_counter.tills import open_tills
    from nagorik_platform.cli.checks import DoctorCheck, DoctorStatus

    hint = (
        "Have it counted, by two people: nagorik till close --till ID. What comes in until then is part of it."
        " দুইজনে গুনে হিসাব বন্ধ করুন: nagorik till close --till ID। ততক্ষণ যা আসবে তা এই শিফটেরই হিসাব।"
    )
    for left in open_tills(transaction):
        if dhaka_date(left.opened_at) >= dhaka_date(now):
            continue
        since = dhaka_time(left.opened_at).isoformat(timespec="minutes")
        message = f"open since {since}, an earlier day; {shown(left.opened_by)} opened it"
        yield DoctorCheck(f"host till {shown(left.till)}", DoctorStatus.WARNING, message, hint)


extension: Final = Extension(
    name="counter",
    metadata=metadata,
    migrations="nagorik_counter:migrations",
    revision=REVISION,
    findings=lambda: read_sentence_tables("nagorik_counter", "audit.toml")["audit"],
    checks=_checks,
)
