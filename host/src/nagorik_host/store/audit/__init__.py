"""Verifying what is kept: applications, the ledger, what people decided, and documents that have an owner."""

from nagorik_host.store.audit.applications import verify_journals
from nagorik_host.store.audit.chains import (
    Anchor,
    AnchorInvalid,
    AnchorRefused,
    make_anchor,
    read_anchors,
    verify_ledger,
)
from nagorik_host.store.audit.documents import ORPHAN_GRACE, DocumentComparison, compare_documents
from nagorik_host.store.audit.findings import ALL, CODES, AuditFinding, Part, Verified
from nagorik_host.store.audit.programs import foreign_programs
from nagorik_host.store.audit.tables import changed_tables

__all__ = [
    "ALL",
    "CODES",
    "ORPHAN_GRACE",
    "Anchor",
    "AnchorInvalid",
    "AnchorRefused",
    "AuditFinding",
    "DocumentComparison",
    "Part",
    "Verified",
    "changed_tables",
    "compare_documents",
    "foreign_programs",
    "make_anchor",
    "read_anchors",
    "verify_journals",
    "verify_ledger",
]
