"""``nagorik apply``: applications are taken in from files, and the result of each file is printed."""

import argparse
from typing import Final

from nagorik.data_files import DataFileInvalid
from nagorik_host.application_file import application_files
from nagorik_host.commands.intake import AppliedFile, apply_files
from nagorik_host.commands.result import CommandResult, Headings, Table
from nagorik_host.commands.running import CommandRefused, opened_host
from nagorik_host.settings import load_host_settings
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_error

_RESULTS: Final = {"taken": "taken in · গৃহীত", "already-open": "was taken in before · আগেই গৃহীত"}
_COLUMNS: Final[Headings] = {
    "file": "file",
    "result": lambda one: _RESULTS[one["result"]],
    "application": "application",
}
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
    shown = [Table(_COLUMNS, taken)] if taken else []
    problems = [f"{one.file}: {one.problem}" for one in found if one.problem]
    document = {"applications": [one._asdict() for one in found]}
    results = {one.result for one in found}
    code = ExitCode.FINDINGS if problems else ExitCode.OK
    if "refused" in results and files == (arguments.path,):
        code = ExitCode.USAGE
    return CommandResult(document, shown, ExitCode.FAILED if "failed" in results else code, problems)
