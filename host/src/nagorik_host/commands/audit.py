"""``nagorik audit``: what was changed behind the host's back, and papers without an owner."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nagorik_host.commands import HELP
from nagorik_host.commands.running import CommandRefused, now, run_command, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document, add_json_argument, print_error, print_json, print_lines

if TYPE_CHECKING:
    from nagorik_host.store.audit import Anchor, AuditFinding

LARGEST_FILE: Final = 1_000_000
_NO_ANCHOR: Final = (
    "Only a value that is kept elsewhere shows whether the database as a whole, or the end of a chain of the ledger"
    " with all that it recorded, is an older one: nagorik audit anchor, and then --anchor FILE."
)


class AuditCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = HELP["audit"]

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        what = "verify that nothing was changed, dropped or added"
        verify = actions.add_parser("verify", help=what, allow_abbrev=False)
        continues = "what nagorik audit anchor has printed, one or more lines: the database must continue from each"
        verify.add_argument("--anchor", type=Path, metavar="FILE", help=continues)
        add_json_argument(verify)
        what = "print how far the ledger has come, to be kept where no one who writes the database can write"
        actions.add_parser("anchor", help=what, allow_abbrev=False)
        what = "compare the documents' folder with the database"
        documents = actions.add_parser("documents", help=what, allow_abbrev=False)
        what = "remove what is a day old and no application refers to"
        documents.add_argument("--remove", action="store_true", help=what)
        add_json_argument(documents)

    def run(self, arguments: argparse.Namespace) -> int:
        """Exit code 1 where anything is not as it should be."""
        act = {"verify": _verify, "anchor": _anchor, "documents": _documents}[arguments.action]
        return run_command(lambda: act(arguments))


async def _verify(arguments: argparse.Namespace) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.audit import verify_journals, verify_ledger

    anchors = _anchors(arguments.anchor) if arguments.anchor is not None else []
    counts = {"applications": 0, "records": 0}
    findings: list[AuditFinding] = []
    async with unlocked_database(load_host_settings()) as (database, vault):
        async for one in verify_journals(database, vault):
            counts["applications"] += 1
            findings += one.findings
        async for page in verify_ledger(database, vault, anchors=anchors):
            counts["records"] += page.records
            findings += page.findings
    found, code = [_as_document(finding) for finding in findings], ExitCode.FINDINGS if findings else ExitCode.OK
    if arguments.json:
        print_json({**counts, "anchors": len(anchors), "problems": found})
        return code
    for finding in findings:
        print_error(f"{finding.subject}: {finding}")
    for name, means in {one["code"]: one["means"] for one in found if one["means"] is not None}.items():
        print_lines(f"{name}: {means['bn']}", f"  {means['en']}")
    number = len({finding.subject for finding in findings})
    sound = f"{number} of all that was looked at are not what was written." if number else "All is as it was written."
    print_lines(f"{counts['applications']} applications, {counts['records']} records. {sound}")
    if not anchors:
        print_lines(_NO_ANCHOR)
    return code


def _as_document(finding: "AuditFinding") -> Document:
    from nagorik_host.extensions import finding_text
    from nagorik_host.texts import sentence

    text = sentence("audit", finding.code) or finding_text(finding.code)
    return {
        "application": finding.subject,
        "problem": str(finding),
        "code": finding.code,
        "detail": finding.detail,
        "means": {"en": text.en, "bn": text.bn} if text is not None else None,
    }


def _anchors(file: Path) -> "list[Anchor]":
    from nagorik.data_files import DataFileInvalid, read_file
    from nagorik_host.store.audit import read_anchors

    try:
        return read_anchors(read_file(file, largest=LARGEST_FILE).decode())
    except (DataFileInvalid, ValueError):
        raise CommandRefused(
            "the anchors' file cannot be used: it cannot be read, or a line is not as nagorik audit anchor prints it"
        ) from None


async def _anchor(_: argparse.Namespace) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.audit import make_anchor

    async with unlocked_database(load_host_settings()) as (database, _vault):
        anchor = await make_anchor(database, now())
    sys.stdout.write(f"{anchor.model_dump_json()}\n")
    return ExitCode.OK


async def _documents(arguments: argparse.Namespace) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.application_store import ApplicationStore
    from nagorik_host.store.audit import compare_documents
    from nagorik_host.store.documents import FolderDocumentStore

    settings, remove = load_host_settings(), arguments.remove
    async with unlocked_database(settings) as (database, vault):
        documents = FolderDocumentStore(settings.documents, vault)
        found = await compare_documents(database, ApplicationStore(vault), documents, now())
    # What these keys do not open is another host's, whose database says that it is referred to; or it is damaged.
    own = [one for one in found.orphans if documents.opens(one)]
    removed = sum(documents.remove(one) for one in own) if remove and not found.unreadable else 0
    unfinished = documents.sweep() if remove else documents.unfinished()
    counts = {
        "documents": found.documents,
        "orphans": len(found.orphans),
        "removed": removed,
        "foreign": len(found.orphans) - len(own),
        "unfinished": 0 if remove else unfinished,
        "unfinished_removed": unfinished if remove else 0,
    }
    if arguments.json:
        print_json({**counts, "missing": found.missing, "untold": list(found.unreadable)})
    else:
        if counts["foreign"]:
            print_error(f"{counts['foreign']} documents are not opened by these keys, and are left: whose are they?")
        for application in found.unreadable:
            print_error(f"{application}: what it says of its documents is damaged, so that nothing is removed")
        for application, number in found.missing.items():
            print_error(f"{application}: {number} of its documents are missing; restore the folder from a backup")
        print_lines(
            f"{found.documents} documents; {len(found.orphans)} belong to no application; {removed} were removed."
            f" {unfinished} files that a process never finished {'were removed' if remove else 'are left'}."
        )
    is_clean = removed == len(found.orphans) and not found.missing and not found.unreadable
    return ExitCode.OK if is_clean else ExitCode.FINDINGS


command: Final = AuditCommand()
