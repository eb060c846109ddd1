"""The cells of the fault matrix: what must come of a fault, by what doing an operation twice would do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue

from nagorik.errors import (
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    DuplicateApplication,
    InputRejected,
    NagorikError,
    OutcomeUnknown,
)
from nagorik.operations import Idempotency
from nagorik_testing.faults.kinds import Fault, InjectedResponse

ATTEMPTS: Final = 4
"""The most attempts that the platform makes of one request."""
FOR_EVER: Final = None


class OperationKind(StrEnum):
    """What doing an operation twice would do; ``safe`` writes are read like reads."""

    READ = "read"
    NATIVE = "native"
    LOOKED_UP = "client-reference"
    NEITHER = "none"

    @classmethod
    def of(cls, idempotency: Idempotency | None) -> "OperationKind":
        """The kind of an operation by its declared class; reads have none."""
        if idempotency is None or idempotency is Idempotency.SAFE:
            return cls.READ
        return cls(idempotency.value)


RESULT: Final = "result"
"""Stands for any of the results that the operation's hook may return."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What must come of one fault for one kind of operation.

    Attributes:
        ends: Error types that the call may end in; ``RESULT`` where it may succeed.
        requests: Requests that must arrive at the agency for the step that meets the fault: least and most.
        effects: Effects of the step that the agency's ledger must hold afterwards; ``None`` for a read.
    """

    ends: tuple[type[NagorikError] | str, ...]
    requests: tuple[int, int]
    effects: int | None = None


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault.

    Attributes:
        id: Stable, ``F02`` or ``F02-for-ever``.
        title: What happens, in English.
        fault: What is injected.
        count: How many requests in a row meet it; ``FOR_EVER`` for all.
        cells: What must come of it.
        login_only: Whether it concerns only plugins that log in.
        document_only: Whether it concerns only answers that are documents, and no files.
        same: Whether a result has to say what it says without the fault, the agency's raw words apart.
        longest: Most simulated seconds that the call may take.
        then: What the requests after those meet; nothing if not given.
    """

    id: str
    title: str
    fault: Fault
    count: int | None
    cells: Mapping[OperationKind, Cell] = field(repr=False)
    login_only: bool = False
    longest: float = 60.0
    document_only: bool = False
    same: bool = False
    then: Fault | None = None


Cells = Mapping[OperationKind, Cell]


def by_kind(*, read: Cell, native: Cell, other: Cell) -> Cells:
    """Cells for reads, for native writes, and for all other writes."""
    return MappingProxyType(
        {
            OperationKind.READ: read,
            OperationKind.NATIVE: native,
            OperationKind.LOOKED_UP: other,
            OperationKind.NEITHER: other,
        }
    )


def everywhere(ends: tuple[type[NagorikError] | str, ...], requests: tuple[int, int], *, effects: int) -> Cells:
    """The same for every kind, but that only writes have effects."""
    write = Cell(ends, requests, effects)
    return by_kind(read=Cell(ends, requests), native=write, other=write)


OK_AGAIN: Final = Cell((RESULT,), (2, 2))
OK_AGAIN_ONCE: Final = Cell((RESULT,), (2, 2), 1)
GONE: Final = Cell((AgencyUnavailable,), (ATTEMPTS, ATTEMPTS))
NEVER: Final = Cell((AgencyUnavailable,), (1, ATTEMPTS))
LOST: Final = Cell((OutcomeUnknown,), (1, 1), 1)
IN_DOUBT: Final = Cell((OutcomeUnknown,), (1, 1), 0)
BROKEN: Final = Cell((ContractViolation, AgencyUnavailable), (1, ATTEMPTS))
DEFINITE: Final = (AgencyRejected, CredentialsRejected, DuplicateApplication)
REFUSED: Final = (*DEFINITE, InputRejected)


def answered_with(status: int, document: JsonValue | None = None) -> InjectedResponse:
    """A refusal of the agency's own, which it has not processed."""
    return InjectedResponse(status=status, document={} if document is None else document)


def unreadable() -> Cells:
    """What must come of an answer that holds nothing of what was asked for, after processing."""
    return by_kind(read=BROKEN, native=LOST, other=LOST)


def read_or_refused() -> Cells:
    """What must come of an answer that a plugin may understand, but not misunderstand, after processing."""
    write = Cell((RESULT, OutcomeUnknown), (1, 1), 1)
    return by_kind(read=Cell((RESULT, ContractViolation), (1, 1)), native=write, other=write)


AS_EVER: Final = everywhere((RESULT,), (1, 1), effects=1)
