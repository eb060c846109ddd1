"""The codes of all checks and faults, what they were called before, and the page that explains each."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final, NamedTuple

from nagorik import Operation
from nagorik_testing.contract.checks import CHECKS, __name__ as checks_package
from nagorik_testing.contract.checks.check import Check
from nagorik_testing.contract.matrix import ROWS, OperationKind


class FaultText(NamedTuple):
    """A fault of the matrix: what it stands for, and what an author does when its row fails.

    Attributes:
        code: Stable, such as ``NGK002``; rows that begin alike share it.
        id: Such as ``F02``.
        why: What it stands for in the real world.
        fix: What an author does about a failure.
    """

    code: str
    id: str
    why: str
    fix: str


_TEXTS: Final = tomllib.loads(files(checks_package).joinpath("faults.toml").read_text("utf-8"))
FAULTS: Final[Mapping[str, FaultText]] = MappingProxyType(
    {text["id"]: FaultText(code, **text) for code, text in _TEXTS.items()}
)
"""By id; ``F02`` explains ``F02-for-ever``; ``suite`` and ``waivers`` are what the suite finds of its own run."""
BY_CODE: Final[Mapping[str, "Check | FaultText"]] = MappingProxyType(
    {fault.code: fault for fault in FAULTS.values()} | {check.code: check for check in CHECKS}
)
_BY_ID: Final = {name: check for check in CHECKS for name in (*check.former, check.id)}
_OPERATIONS: Final = {operation.value: operation for operation in Operation}
_KINDS: Final = {
    OperationKind.READ: "read, or `safe` write",
    OperationKind.NATIVE: "`native` write",
    OperationKind.LOOKED_UP: "`client-reference` write",
    OperationKind.NEITHER: "`none` write",
}


class CodedCheck(NamedTuple):
    """What a waiver names: a code, and for a fault of the matrix the operation and which of the fault's rows."""

    code: str
    operation: Operation | None = None
    row: str | None = None
    """What follows the fault in the row's id, such as ``404``; ``None`` for the row that is called like the fault."""

    def __str__(self) -> str:
        given = {name: value for name, value in self._asdict().items() if value}
        return ", ".join(f'{name} = "{value}"' for name, value in given.items())


def coded(check: str) -> CodedCheck | None:
    """The code of a check by its id, today's or a former one; ``None`` for one that there has never been."""
    if check in _BY_ID:
        return CodedCheck(_BY_ID[check].code)
    first, _, row = check.partition("/")
    fault = FAULTS.get(row) or FAULTS.get(row.partition("-")[0])
    if fault is not None and first in _OPERATIONS:
        return CodedCheck(fault.code, _OPERATIONS[first], row.removeprefix(fault.id).removeprefix("-") or None)
    own = FAULTS.get(first)
    return None if own is None else CodedCheck(own.code)


def code_of(check: str) -> str:
    """The code of a check that the suite has made; empty for one that is not its own."""
    found = coded(check)
    return "" if found is None else found.code


def is_of_matrix(code: str) -> bool:
    """Whether a code is of a fault, which each operation meets by itself."""
    return isinstance(found := BY_CODE.get(code), FaultText) and found.id.startswith("F")


def page_of(code: str) -> str:
    """The page that explains a code, in Markdown.

    Raises:
        KeyError: There is no such code.
    """
    explained = BY_CODE[code]
    lines = [f"# {code} {explained.id}\n"]
    if isinstance(explained, FaultText):
        lines += ["## Why\n", explained.why + "\n", *_rows(explained.id)]
    else:
        modes = ", ".join(f"[{mode}](../reference/failure-modes.md#mode-{mode})" for mode in explained.modes)
        lines += [
            f"{explained.title[0].upper()}{explained.title[1:]}.\n",
            f"Family: {explained.family.value}. Severity: {explained.severity.value}.\n",
            *([f"Formerly: {', '.join(f'`{name}`' for name in explained.former)}.\n"] if explained.former else []),
            *("## Why\n", explained.why + "\n", f"Failure modes: {modes}.\n"),
            *("## What must come of it\n", explained.expected + "\n"),
        ]
    return "\n".join([*lines, "## When it fails\n", explained.fix, ""])


def _rows(fault: str) -> Iterator[str]:
    """What must come of each row of a fault, by what doing the operation twice would do."""
    rows = [row for row in ROWS if row.id.partition("-")[0] == fault]
    if rows:
        yield "## What must come of it\n"
        yield "Every operation that asks the agency meets it, below the plugin, or the report says why not.\n"
    for row in rows:
        yield f"### {row.id}: {row.title}\n"
        yield "| operation | the call ends in | requests at the agency | effects in its ledger |"
        yield "| --- | --- | --- | --- |"
        for kind, cell in row.expected.items():
            ends = " or ".join(f"`{end if isinstance(end, str) else end.__name__}`" for end in cell.outcome)
            least, most = cell.requests
            count = str(least) if least == most else f"{least} to {most}"
            yield f"| {_KINDS[kind]} | {ends} | {count} | {cell.effects or 0} |"
        yield ""
