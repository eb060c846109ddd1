"""What the ledger records of an application: each state of its row, each attempt, and what an erasure leaves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from nagorik_host.store import projections
from nagorik_host.store.database import Transaction
from nagorik_host.store.ledger import APPLICATION, digest, digest_of_attempt, digest_of_rows, head_of
from nagorik_host.store.schema import attempts, microseconds

OPEN_COLUMNS: Final = (
    "service",
    "plugin",
    "plugin_version",
    "gateway",
    "state",
    "hold_party",
    "hold_code",
    "target_plugin",
)
"""What stays readable of a row when the citizen's data are erased, besides times."""


def record_of_row(row: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """What the ledger says of a row of ``applications`` that was changed at ``at``."""
    due = row.get("due_at")
    return {
        "revision": row["revision"],
        "entries": row["entries"],
        "head": head_of(row["chain"]),
        "due": microseconds(due) if due is not None else None,
        "operation": row["operation"],
        "lease": row["lease"],
        "blocked": row["blocked"],
        "closed": microseconds(row["closed_at"]) if row["closed_at"] is not None else None,
        # Of a change that leaves it as it was, whenever it was due before.
        "kept": None if "due_at" in row else True,
        "updated": microseconds(row["updated_at"]) if row["updated_at"] != at else None,
    }


def record_erasure(transaction: Transaction, row: Mapping[str, Any], now: datetime) -> None:
    """Let the ledger say what is left of an application: nothing that could be read says it from now on."""
    left = {name: row[name] for name in OPEN_COLUMNS if row[name] is not None}
    # What is sealed cannot be opened any more; that it is still the same can be told.
    left |= {"opened_at": microseconds(row["opened_at"]), "progress": digest([row["progress"]])}
    projected = {
        table.name: digest_of_rows(transaction.connection, table, row["id"])
        for table in (*projections.TABLES, attempts)
    }
    transaction.record(
        APPLICATION,
        row["id"],
        now,
        **record_of_row(row, now),
        erased=microseconds(now),
        left=left,
        projected=projected,
    )


def record_attempt(transaction: Transaction, row: Mapping[str, Any], now: datetime) -> None:
    """Let the ledger say what a row of ``attempts`` is: as it was begun, or once it has an end."""
    instants = {name: microseconds(at) for name in ("began_at", "ended_at") if (at := row.get(name)) is not None}
    stage = "begun" if row.get("ended_at") is None else "ended"
    content = {stage: {str(row["entry"]): digest_of_attempt({**row, **instants})}}
    transaction.record(APPLICATION, row["application"], now, **content)
