"""Verifying what is kept: applications, the ledger, what people decided, and documents that have an owner."""

from nagorik_host.store.audit.applications import verify_journals
from nagorik_host.store.audit.chains import Anchor, make_anchor, read_anchors, verify_ledger
from nagorik_host.store.audit.documents import compare_documents
from nagorik_host.store.audit.findings import AuditFinding
from nagorik_host.store.audit.tables import changed_tables

__all__ = [
    "Anchor",
    "AuditFinding",
    "changed_tables",
    "compare_documents",
    "make_anchor",
    "read_anchors",
    "verify_journals",
    "verify_ledger",
]
