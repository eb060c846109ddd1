"""What an audit finds, and of which applications."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple


class AuditFinding(NamedTuple):
    """Something that is not as it was written.

    Attributes:
        code: What it is; ``texts.toml`` has a sentence for each under ``audit``.
        subject: An application's id, or a row of another table as ``table/key``, or a record of the ledger.
        detail: Which entry, column or table, nothing that leads to a citizen.
    """

    code: str
    subject: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.code} ({self.detail})" if self.detail else self.code


CODES: Final = frozenset(
    {
        "anchor-missed",
        "application-missing",
        "application-rolled-back",
        "application-unknown",
        "attempts-differ",
        "blocked-differs",
        "checkouts-differ",
        "consents-differ",
        "decisions-differ",
        "draft-differs",
        "draft-missing",
        "due-differs",
        "due-lost",
        "erased-references-differ",
        "erased-unrecorded",
        "erasure-undone",
        "file-damaged",
        "foreign-program",
        "held-by-nobody",
        "inbox-differ",
        "journal-broken",
        "key-broken",
        "ledger-broken",
        "ledger-cut",
        "ledger-forged",
        "orphaned-rows",
        "payment-cases-differ",
        "payments-differ",
        "quotes-differ",
        "record-missing",
        "restorations-differ",
        "row-behind",
        "row-differs",
        "schema-differs",
        "suspensions-differ",
        "wrong-type",
    }
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one application.

    Attributes:
        application: Its id.
        entries: How many entries its journal has.
        findings: What is wrong.
        erased: Whether the citizen's data were erased, so that the events themselves cannot be read.
        is_present: Whether there is a row of it at all.
    """

    application: str
    entries: int
    findings: Sequence[AuditFinding] = ()
    erased: bool = False
    is_present: bool = True

    @property
    def problem(self) -> str | None:
        """What is wrong, or ``None``."""
        return "; ".join(str(finding) for finding in self.findings) or None


@dataclass(frozen=True, slots=True)
class Part:
    """One of so many parts of about the same size that all applications and all chains of the ledger fall into.

    Attributes:
        number: Which part, counted from 1.
        parts: How many there are.
    """

    number: int = 1
    parts: int = 1

    @property
    def begins(self) -> str | None:
        """What the ids of this part are after; the first part has all that are in no other, and nothing before it."""
        return None if self.number == 1 else _bound(self.number - 1, self.parts)

    @property
    def ends(self) -> str | None:
        """What they are not after; the last part has all that is left."""
        return None if self.number == self.parts else _bound(self.number, self.parts)

    def has_chain(self, writer: int) -> bool:
        """Whether a chain of the ledger is in this part; the root is in every one."""
        return writer % self.parts == self.number - 1


def _bound(number: int, parts: int) -> str:
    """Ids are random UUIDs, so that their first digits part them evenly."""
    return f"{number * 2**32 // parts:08x}"


ALL: Final = Part()
