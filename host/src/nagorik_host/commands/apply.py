"""``nagorik apply``: applications are taken in from files, and the result of each file is printed."""

import argparse
import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from sqlalchemy import Select, select

from nagorik.data_files import DataFileInvalid
from nagorik_host.application_file import application_files
from nagorik_host.commands.intake import AppliedFile, FolderOutcome, apply_files
from nagorik_host.commands.running import CommandRefused, ending_of, opened_host
from nagorik_host.engine.restoration import Restoration, catching_up
from nagorik_host.engine.suspensions import SuspensionRecord, list_suspensions
from nagorik_host.host import Host
from nagorik_host.settings import load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.schema import applications
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.explanation_page import charge_document, charge_lines
from nagorik_platform.cli.output import Document, print_error, print_json, print_lines, print_plain, print_table
from nagorik_platform.tracebacks import type_name
from nagorik_toolkit.texts import moment_text

TOLD: Final = 1000
"""Files after which a line says how far it is."""
LISTED: Final = 200
"""Results up to which they are laid out as a table."""


async def apply(arguments: argparse.Namespace) -> int:
    """Take in what can be taken in, and print each file's result."""
    try:
        files = application_files(arguments.path)
    except DataFileInvalid as problem:
        raise CommandRefused(str(problem)) from None
    settings = load_host_settings()
    stopped: Sequence[SuspensionRecord] = ()
    restoration: Restoration | None = None
    charged: Sequence[Document] = ()
    async with opened_host(settings) as host:
        documents = FolderDocumentStore(settings.documents, host.vault)
        with _heeding_signals() as is_ending:
            outcome = await apply_files(host, documents, files, progress=_Lines(len(files)), is_ending=is_ending)
        if outcome.ended_by is None:
            stopped = await host.database.run(list_suspensions)
            restoration = await host.database.run(catching_up)
            charged = await _charged(host, outcome)
    if outcome.ended_by is not None and all(one.application is None for one in outcome.files):
        raise outcome.ended_by
    if arguments.json:
        print_json({"applications": [one._asdict() for one in outcome.files], "charges": list(charged)})
    else:
        _print(outcome.files, stopped, charged, restoration)
    _print_ending(outcome)
    return _exit_code(outcome, is_one=files == (arguments.path,))


def _exit_code(outcome: FolderOutcome, *, is_one: bool) -> ExitCode:
    results = {one.result for one in outcome.files}
    if results & {"failed", "not-reached"}:
        return ExitCode.FAILED
    if "refused" in results:
        return ExitCode.USAGE if is_one else ExitCode.FINDINGS
    return ExitCode.FINDINGS if any(one.problem for one in outcome.files) else ExitCode.OK


@contextmanager
def _heeding_signals() -> Iterator[Callable[[], bool]]:
    """Whether it is to end: the first signal lets what was begun come to its end, the next does not."""
    asked: list[int] = []
    loop = asyncio.get_running_loop()

    def heed(number: int) -> None:
        asked.append(number)
        loop.remove_signal_handler(number)

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, heed, number)
    try:
        yield lambda: bool(asked)
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


class _Lines:
    """Prints how far it is, for every ``TOLD`` files."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._done = self._in = 0

    def __call__(self, found: Sequence[AppliedFile]) -> None:
        before, self._done = self._done, self._done + len(found)
        self._in += sum(one.application is not None for one in found)
        if self._done // TOLD > before // TOLD and self._done < self._number:
            print_error(f"{self._done} of {self._number} files: {self._in} are in")


async def _charged(host: Host, outcome: FolderOutcome) -> list[Document]:
    """What is asked for today beside the fees of what was taken in, by service and gateway."""
    if not host.charges.charges:
        return []
    chosen: set[tuple[str, str | None]] = set()
    taken = [one.application for one in outcome.files if one.application is not None]
    for start in range(0, len(taken), LISTED):
        some = applications.c.id.in_(taken[start : start + LISTED])
        query = select(applications.c.service, applications.c.gateway).where(some).distinct()
        chosen |= await host.database.run(partial(_pairs, query=query))
    return [
        {"service": service, "gateway": gateway, **charges}
        for service, gateway in sorted(chosen, key=lambda one: (one[0], one[1] or ""))
        if (charges := charge_document(host.capabilities(service, gateway).charges)) is not None
    ]


def _pairs(transaction: Transaction, *, query: Select[Any]) -> set[tuple[str, str | None]]:
    return {(row.service, row.gateway) for row in transaction.connection.execute(query)}


def _print(
    files: Sequence[AppliedFile],
    stopped: Sequence[SuspensionRecord],
    charged: Sequence[Document],
    restoration: Restoration | None,
) -> None:
    results = {"taken": "taken in · গৃহীত", "already-open": "was taken in before · আগেই গৃহীত"}
    rows = [(one.file, results[one.result], one.application) for one in files if one.application is not None]
    if len(rows) > LISTED:
        # So many are read by another program, and laying out takes longer than taking in.
        print_plain(f"{file}  {application}  {result}" for file, result, application in rows)
    elif rows:
        print_table(("file", "result", "application"), rows)
    _print_problems(
        [one for one in files if one.application is not None and one.problem], "have other papers beside them"
    )
    _print_problems([one for one in files if one.application is None], "are not in")
    for one in charged:
        print_lines("", " · ".join(filter(None, (one["service"], one["gateway"]))), *charge_lines(one))
    for record in stopped:
        print_lines(f"Stopped now: {record.kind} {record.name}. {record.reason.en} {record.reason.bn}")
    if restoration is not None:
        print_lines(
            f"The database was restored on {moment_text(restoration.at).en}: what was taken in now is looked up"
            " before it is sent, until nagorik db caught-up."
        )


def _print_problems(files: Sequence[AppliedFile], what: str) -> None:
    for one in files[:LISTED]:
        print_error(f"{one.file}: {one.problem}")
    if len(files) > LISTED:
        print_error(f"{len(files) - LISTED} more {what}, the last of them {files[-1].file}; --json tells each")


def _print_ending(outcome: FolderOutcome) -> None:
    if outcome.ended_by is not None:
        ending = ending_of(outcome.ended_by)
        print_error(ending[0] if ending is not None else type_name(outcome.ended_by))
    left = [one for one in outcome.files if one.application is None and one.result != "refused"]
    if left and len(outcome.files) > 1:
        taken = sum(one.application is not None for one in outcome.files)
        print_error(f"{taken} of {len(outcome.files)} files are in; apply again: what is in is not taken in twice")
