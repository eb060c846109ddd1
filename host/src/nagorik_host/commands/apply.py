"""``nagorik apply``: applications are taken in from files, and the result of each file is printed."""

import argparse
from functools import partial
from typing import Any, Final

from sqlalchemy import Select, select

from nagorik.data_files import DataFileInvalid
from nagorik_host.application_file import application_files
from nagorik_host.commands.intake import AppliedFile, apply_files
from nagorik_host.commands.result import CommandResult, Headings, Part, Table
from nagorik_host.commands.running import CommandRefused, opened_host
from nagorik_host.engine.restoration import catching_up
from nagorik_host.engine.suspensions import list_suspensions
from nagorik_host.host import Host
from nagorik_host.settings import load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.schema import applications
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.explanation_page import charge_document, charge_lines
from nagorik_platform.cli.output import Document, print_error
from nagorik_toolkit.texts import moment_text

_RESULTS: Final = {"taken": "taken in · গৃহীত", "already-open": "was taken in before · আগেই গৃহীত"}
_COLUMNS: Final[Headings] = {
    "file": "file",
    "result": lambda one: _RESULTS[one["result"]],
    "application": "application",
}
_PAGE: Final = 500
PROGRESS: Final = 1000
"""Files after which a line says how far it is."""


async def apply(arguments: argparse.Namespace) -> CommandResult:
    """Take in what can be taken in, and print each file's result."""
    try:
        files = application_files(arguments.path)
    except DataFileInvalid as problem:
        raise CommandRefused(str(problem)) from None
    settings = load_host_settings()
    async with opened_host(settings) as host:
        found: list[AppliedFile] = []
        async for some in apply_files(host, FolderDocumentStore(settings.documents, host.vault), files):
            found += some
            if len(found) % PROGRESS == 0:
                print_error(f"{len(found)} of {len(files)} files are done")
        taken = [one._asdict() for one in found if one.application is not None]
        charged = await _charged(host, [one["application"] for one in taken])
        stopped = await host.database.run(list_suspensions)
        restoration = await host.database.run(catching_up)
    shown: list[Part] = [Table(_COLUMNS, taken)] if taken else []
    for charges in charged:
        shown += ["", " · ".join(filter(None, (charges["service"], charges["gateway"]))), *charge_lines(charges)]
    shown += [f"Stopped now: {one.kind} {one.name}. {one.reason.en} {one.reason.bn}" for one in stopped]
    if restoration is not None:
        shown.append(
            f"The database was restored on {moment_text(restoration.at).en}: what was taken in now is looked up"
            " before it is sent, until nagorik db caught-up."
        )
    problems = [f"{one.file}: {one.problem}" for one in found if one.problem]
    document = {"applications": [one._asdict() for one in found], "charges": charged}
    results = {one.result for one in found}
    code = ExitCode.FINDINGS if problems else ExitCode.OK
    if "refused" in results and files == (arguments.path,):
        code = ExitCode.USAGE
    return CommandResult(document, shown, ExitCode.FAILED if "failed" in results else code, problems)


async def _charged(host: Host, taken: list[str]) -> list[Document]:
    """What is asked for today beside the fees of what was taken in, by service and gateway."""
    chosen: set[tuple[str, str | None]] = set()
    for start in range(0, len(taken) if host.charges.charges else 0, _PAGE):
        some = applications.c.id.in_(taken[start : start + _PAGE])
        query = select(applications.c.service, applications.c.gateway).where(some).distinct()
        chosen |= await host.database.run(partial(_pairs, query=query))
    return [
        {"service": service, "gateway": gateway, **charges}
        for service, gateway in sorted(chosen, key=str)
        if (charges := charge_document(host.capabilities(service, gateway).charges)) is not None
    ]


def _pairs(transaction: Transaction, *, query: Select[Any]) -> set[tuple[str, str | None]]:
    return {(row.service, row.gateway) for row in transaction.connection.execute(query)}
