"""``nagorik audit``: what was changed behind the host's back, and papers without an owner."""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nagorik_host.commands import HELP
from nagorik_host.commands.running import CommandRefused, now, run_command, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document, add_json_argument, print_error, print_json, print_lines

if TYPE_CHECKING:
    from nagorik_host.store.audit import Anchor, AuditFinding

LARGEST_FILE: Final = 1_000_000


class AuditCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = HELP["audit"]

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        verify = actions.add_parser(
            "verify", help="verify that nothing was changed, dropped or added", allow_abbrev=False
        )
        verify.add_argument(
            "--anchor",
            type=Path,
            metavar="FILE",
            help="what nagorik audit anchor has printed, one or more lines: the database must continue from each",
        )
        add_json_argument(verify)
        actions.add_parser(
            "anchor",
            help="print how far the ledger has come, to be kept where no one who writes the database can write",
            allow_abbrev=False,
        )
        documents = actions.add_parser(
            "documents", help="compare the documents' folder with the database", allow_abbrev=False
        )
        documents.add_argument(
            "--remove", action="store_true", help="remove what is a day old and no application refers to"
        )
        add_json_argument(documents)

    def run(self, arguments: argparse.Namespace) -> int:
        """Exit code 1 where anything is not as it should be."""
        if arguments.action == "verify":
            return run_command(lambda: _verify(arguments))
        if arguments.action == "anchor":
            return run_command(_anchor)
        return run_command(lambda: _documents(remove=arguments.remove, as_json=arguments.json))


async def _verify(arguments: argparse.Namespace) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.audit import verify_journals, verify_ledger

    anchors = _anchors(arguments.anchor) if arguments.anchor is not None else []
    counts = Counter[str](applications=0, entries=0, erased=0, records=0)
    findings: list[AuditFinding] = []
    async with unlocked_database(load_host_settings()) as (database, vault):
        async for one in verify_journals(database, vault):
            counts.update(applications=int(one.is_present), entries=one.entries, erased=int(one.erased))
            findings += one.findings
        async for page in verify_ledger(database, vault, anchors=anchors):
            counts.update(records=page.records)
            findings += page.findings
    found = [_as_document(finding) for finding in findings]
    if arguments.json:
        print_json({**counts, "anchors": len(anchors), "problems": found})
        return ExitCode.FINDINGS if findings else ExitCode.OK
    for finding in findings:
        print_error(f"{finding.subject}: {finding}")
    for code, means in {one["code"]: one["means"] for one in found}.items():
        if means is not None:
            print_lines(f"{code}: {means['bn']}", f"  {means['en']}")
    number = len({finding.subject for finding in findings})
    sound = (
        f"{number} of all that was looked at are not what was written." if findings else "All is as it was written."
    )
    counted = ", ".join(f"{number} {name}" for name, number in counts.items())
    print_lines(f"{counted}. {sound}")
    if not anchors:
        print_lines(
            "Only a value that is kept elsewhere shows whether the database as a whole, or the end of a chain of the"
            " ledger with all that it recorded, is an older one: nagorik audit anchor, and then --anchor FILE."
        )
    return ExitCode.FINDINGS if findings else ExitCode.OK


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
    from nagorik_host.store.audit import AnchorInvalid, read_anchors

    try:
        return read_anchors(read_file(file, largest=LARGEST_FILE).decode())
    except UnicodeDecodeError:
        raise CommandRefused("the anchors' file cannot be read: it is not in UTF-8") from None
    except DataFileInvalid as invalid:
        why = "; ".join(problem.message for problem in invalid.problems)
        raise CommandRefused(f"the anchors' file cannot be read: {why}") from None
    except AnchorInvalid as invalid:
        raise CommandRefused(f"the anchors' file cannot be used: {invalid}") from None


async def _anchor() -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.audit import make_anchor

    async with unlocked_database(load_host_settings()) as (database, _):
        anchor = await make_anchor(database, now())
    sys.stdout.write(f"{anchor.model_dump_json()}\n")
    return ExitCode.OK


async def _documents(*, remove: bool, as_json: bool) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.application_store import ApplicationStore
    from nagorik_host.store.audit import compare_documents
    from nagorik_host.store.documents import FolderDocumentStore

    settings = load_host_settings()
    async with unlocked_database(settings) as (database, vault):
        store, documents = ApplicationStore(vault), FolderDocumentStore(settings.documents, vault)
        found = await compare_documents(database, store, documents, now())
    # What these keys do not open is another host's, whose database says that it is referred to; or it is damaged.
    own = [one for one in found.orphans if documents.opens(one)]
    foreign = len(found.orphans) - len(own)
    removed = sum(documents.remove(one) for one in own) if remove and not found.unreadable else 0
    unfinished = documents.sweep() if remove else documents.unfinished()
    left = len(found.orphans) - removed
    code = ExitCode.FINDINGS if left or found.missing or found.unreadable else ExitCode.OK
    if as_json:
        print_json(
            {
                "documents": found.documents,
                "orphans": len(found.orphans),
                "removed": removed,
                "unfinished": 0 if remove else unfinished,
                "unfinished_removed": unfinished if remove else 0,
                "missing": found.missing,
                "foreign": foreign,
                "untold": list(found.unreadable),
            }
        )
        return code
    if foreign:
        print_error(f"{foreign} documents are not opened by these keys, and are left: whose folder is this?")
    for application in found.unreadable:
        print_error(f"{application}: what it says of its documents is damaged, so that nothing is removed")
    for application, number in found.missing.items():
        print_error(f"{application}: {number} of its documents are missing; restore the folder from a backup")
    ended = f"; {removed} were removed" if remove else "; --remove removes them" if found.orphans else ""
    print_lines(f"{found.documents} documents; {len(found.orphans)} belong to no application{ended}.")
    if unfinished:
        what = "were removed" if remove else "are left; the next worker that starts removes them, or --remove"
        print_lines(f"{unfinished} files that a process began and never finished {what}.")
    return code


command: Final = AuditCommand()
