"""``nagorik audit``: what was changed behind the host's back, and papers without an owner."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nagorik_host.commands import HELP
from nagorik_host.commands.command import HostCommand, argument
from nagorik_host.commands.result import CommandResult
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document

if TYPE_CHECKING:
    from nagorik_host.store.audit import Anchor, AuditFinding

_NO_ANCHOR: Final = (
    "Only a value that is kept elsewhere shows whether the database as a whole, or the end of a chain of the ledger"
    " with all that it recorded, is an older one: nagorik audit anchor, and then --anchor FILE."
)
command: Final = HostCommand(
    HELP["audit"],
    verify=HostCommand(
        "verify that nothing was changed, dropped or added",
        "audit:verify",
        argument("--anchor", type=Path, metavar="FILE", help="lines of nagorik audit anchor, all to be continued"),
    ),
    anchor=HostCommand(
        "print how far the ledger has come, to be kept where no one who writes the database can write",
        "audit:anchor",
        offers_json=False,
    ),
    documents=HostCommand(
        "compare the documents' folder with the database",
        "audit:documents",
        argument("--remove", action="store_true", help="remove what is a day old and no application refers to"),
    ),
)


async def verify(arguments: argparse.Namespace) -> CommandResult:
    """Verify all that was written; exit code 1 where anything is not as it should be."""
    from nagorik_host.store.audit import verify_journals, verify_ledger

    anchors = _anchors(arguments.anchor) if arguments.anchor is not None else []
    counts = {"applications": 0, "records": 0}
    findings: list[AuditFinding] = []
    async with unlocked_database() as (database, vault):
        async for one in verify_journals(database, vault):
            counts["applications"] += 1
            findings += one.findings
        async for page in verify_ledger(database, vault, anchors=anchors):
            counts["records"] += page.records
            findings += page.findings
    found = [_as_document(finding) for finding in findings]
    meant = ((f"{one['code']}: {one['means']['bn']}", f"  {one['means']['en']}") for one in found if one["means"])
    number = len({finding.subject for finding in findings})
    sound = f"{number} of all that was looked at are not what was written." if number else "All is as it was written."
    return CommandResult(
        {**counts, "anchors": len(anchors), "problems": found},
        [
            *(line for lines in dict.fromkeys(meant) for line in lines),
            f"{counts['applications']} applications, {counts['records']} records. {sound}",
            *([_NO_ANCHOR] if not anchors else []),
        ],
        ExitCode.FINDINGS if findings else ExitCode.OK,
        [f"{finding.subject}: {finding}" for finding in findings],
    )


def _as_document(finding: "AuditFinding") -> Document:
    from nagorik_host.extensions import finding_text
    from nagorik_host.texts import sentence

    text = sentence("audit", finding.code) or finding_text(finding.code)
    return {
        "application": finding.subject,
        "problem": str(finding),
        "code": finding.code,
        "detail": finding.detail,
        "means": text and text.model_dump(),
    }


def _anchors(file: Path) -> "list[Anchor]":
    from nagorik.data_files import DataFileInvalid, read_file
    from nagorik_host.store.audit import read_anchors

    try:
        return read_anchors(read_file(file).decode())
    except (DataFileInvalid, ValueError):
        raise CommandRefused(
            "the anchors' file cannot be used: it cannot be read, or a line is not as nagorik audit anchor prints it"
        ) from None


async def anchor(_: argparse.Namespace) -> ExitCode:
    """Print an anchor on a line."""
    from nagorik_host.store.audit import make_anchor

    async with unlocked_database() as (database, _vault):
        made = await make_anchor(database, now())
    sys.stdout.write(f"{made.model_dump_json()}\n")
    return ExitCode.OK


async def documents(arguments: argparse.Namespace) -> CommandResult:
    """Compare the folder with the database; exit code 1 where a document is missing or has no owner."""
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.application_store import ApplicationStore
    from nagorik_host.store.audit import compare_documents
    from nagorik_host.store.documents import FolderDocumentStore

    settings, remove = load_host_settings(), arguments.remove
    async with unlocked_database(settings) as (database, vault):
        kept = FolderDocumentStore(settings.documents, vault)
        found = await compare_documents(database, ApplicationStore(vault), kept, now())
    # What these keys do not open is another host's, whose database says that it is referred to; or it is damaged.
    own = [one for one in found.orphans if kept.opens(one)]
    removed = sum(kept.remove(one) for one in own) if remove and not found.unreadable else 0
    unfinished, foreign = kept.sweep() if remove else kept.unfinished(), len(found.orphans) - len(own)
    said = (
        f"{found.documents} documents; {len(found.orphans)} belong to no application; {removed} were removed."
        f" {unfinished} files that a process never finished {'were removed' if remove else 'are left'}."
    )
    problems = [f"{foreign} documents are not opened by these keys, and are left: whose are they?"] if foreign else []
    problems += [f"{name}: its list of documents is damaged; nothing is removed" for name in found.unreadable]
    problems += [f"{name}: {n} of its documents are missing: restore the folder" for name, n in found.missing.items()]
    document = {
        "documents": found.documents,
        "orphans": len(found.orphans),
        "removed": removed,
        "foreign": foreign,
        "unfinished": unfinished,
        "missing": found.missing,
        "damaged": found.unreadable,
    }
    is_clean = removed == len(found.orphans) and not found.missing and not found.unreadable
    return CommandResult(document, [said], ExitCode.OK if is_clean else ExitCode.FINDINGS, problems)
