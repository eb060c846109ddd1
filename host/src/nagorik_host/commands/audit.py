"""``nagorik audit``: what was changed behind the host's back, and papers without an owner."""

import argparse
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nagorik_host.commands import HELP
from nagorik_host.commands.running import CommandRefused, now, run_command, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document, add_json_argument, print_error, print_json, print_lines

if TYPE_CHECKING:
    from nagorik_host.store.audit import Anchor, AuditFinding, Part

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
            "--part",
            type=_part,
            default="1/1",
            metavar="N/M",
            help="one of M parts of about the same size, such as 3/30; all M together are everything",
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
            help="print how far the ledger has come, to be kept where nobody who writes the database can write",
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


def _part(text: str) -> "Part":
    from nagorik_host.store.audit import Part

    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError("write N/M, such as 3/30, with N from 1 to M")
    return Part(int(found[1]), int(found[2]))


async def _verify(arguments: argparse.Namespace) -> int:
    from nagorik_host.extensions import finding_text
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.audit import verify_journals, verify_ledger
    from nagorik_host.texts import sentence

    anchors = _anchors(arguments.anchor) if arguments.anchor is not None else []
    counts = Counter[str]()
    findings: list[AuditFinding] = []
    async with unlocked_database(load_host_settings()) as (database, vault):
        async for one in verify_journals(database, vault, arguments.part):
            counts.update(applications=int(one.is_present), entries=one.entries, erased=int(one.erased))
            findings += one.findings
        async for page in verify_ledger(database, vault, arguments.part, anchors=anchors):
            counts.update(records=page.records)
            findings += page.findings
    number = len({finding.subject for finding in findings})
    if arguments.json:
        names = ("applications", "entries", "erased", "records")
        document = {name: counts[name] for name in names} | {"anchors": len(anchors)}
        print_json(document | {"problems": [_as_document(finding) for finding in findings]})
        return ExitCode.FINDINGS if findings else ExitCode.OK
    for finding in findings:
        print_error(f"{finding.subject}: {finding}")
    for code in dict.fromkeys(finding.code for finding in findings):
        text = sentence("audit", code) or finding_text(code)
        if text is not None:
            print_lines(f"{code}: {text.bn}", f"  {text.en}")
    sound = (
        f"{number} of all that was looked at are not what was written." if findings else "All is as it was written."
    )
    print_lines(
        f"{counts['applications']} applications, {counts['entries']} entries, {counts['erased']} erased,"
        f" {counts['records']} records. {sound}"
    )
    if not anchors:
        print_lines(
            "Whether the database as a whole is an older one, only a value kept outside can tell:"
            " nagorik audit anchor, and then --anchor FILE."
        )
    return ExitCode.FINDINGS if findings else ExitCode.OK


def _as_document(finding: "AuditFinding") -> Document:
    from nagorik_host.extensions import finding_text
    from nagorik_host.texts import sentence

    text = sentence("audit", finding.code) or finding_text(finding.code)
    means = {"en": text.en, "bn": text.bn} if text is not None else None
    return {
        "application": finding.subject,
        "problem": str(finding),
        "code": finding.code,
        "detail": finding.detail,
        "means": means,
    }


def _anchors(file: Path) -> "list[Anchor]":
    from nagorik.data_files import DataFileInvalid, read_file
    from nagorik_host.store.audit import AnchorInvalid, read_anchors

    try:
        return read_anchors(read_file(file, largest=LARGEST_FILE).decode())
    except UnicodeDecodeError:
        raise CommandRefused("the anchors' file cannot be read: it is not in UTF-8") from None
    except DataFileInvalid as invalid:
        told = "; ".join(problem.message for problem in invalid.problems)
        raise CommandRefused(f"the anchors' file cannot be read: {told}") from None
    except AnchorInvalid as invalid:
        raise CommandRefused(f"the anchors' file cannot be used: {invalid}") from None


async def _anchor() -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.audit import AnchorRefused, make_anchor

    async with unlocked_database(load_host_settings()) as (database, vault):
        try:
            anchor = await make_anchor(database, vault, now())
        except AnchorRefused as refused:
            raise CommandRefused(
                f"the ledger is not what was written ({refused}), so that no anchor was made and nothing was changed."
                " See what else is not: nagorik audit verify. The anchors that you have kept still hold",
                ExitCode.FINDINGS,
            ) from None
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
    removed = sum(documents.remove(one) for one in own) if remove and not found.untold else 0
    unfinished = documents.sweep() if remove else documents.unfinished()
    if as_json:
        document = {"documents": found.documents, "orphans": len(found.orphans), "removed": removed}
        left_behind = {"unfinished": 0, "unfinished_removed": unfinished}
        if not remove:
            left_behind = {"unfinished": unfinished, "unfinished_removed": 0}
        told = {**left_behind, "missing": found.missing}
        print_json(document | told | {"foreign": foreign, "untold": list(found.untold)})
    else:
        if foreign:
            print_error(f"{foreign} documents are not opened by these keys, and are left: whose folder is this?")
        for application in found.untold:
            print_error(f"{application}: what it says of its documents is damaged, so that nothing is removed")
        for application, number in found.missing.items():
            print_error(f"{application}: {number} of its documents are missing; restore the folder from a backup")
        ended = f"{removed} were removed" if remove else "--remove removes them" if found.orphans else ""
        print_lines(
            f"{found.documents} documents; {len(found.orphans)} belong to no application"
            + (f"; {ended}." if ended else ".")
        )
        if unfinished:
            what = "were removed" if remove else "are left; the next worker that starts removes them, or --remove"
            print_lines(f"{unfinished} files that a process began and never finished {what}.")
    left = len(found.orphans) - removed
    return ExitCode.FINDINGS if left or found.missing or found.untold else ExitCode.OK


command: Final = AuditCommand()
