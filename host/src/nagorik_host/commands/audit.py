"""``nagorik audit``: proof that nobody changed the database behind the host's back, and that papers have an owner."""

import argparse
import re
from typing import Final

from nagorik_host.commands.running import now, opened_database, run_command
from nagorik_host.settings import load_host_settings
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.audit import ALL, ORPHAN_GRACE, Part, compare_documents, verify_journals
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.upgrade import require_newest
from nagorik_host.vault import Vault
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_json_argument, print_error, print_json, print_lines


class AuditCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "verify every journal; find documents that no application refers to, and those that are missing"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        verify = actions.add_parser(
            "verify", help="verify that nothing was changed, dropped or added", allow_abbrev=False
        )
        verify.add_argument(
            "--part",
            type=_part,
            default=ALL,
            metavar="N/M",
            help="one of M parts of about the same size, such as 3/30; all M together are everything",
        )
        add_json_argument(verify)
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
            return run_command(lambda: _verify(arguments.part, as_json=arguments.json))
        return run_command(lambda: _documents(remove=arguments.remove, as_json=arguments.json))


def _part(text: str) -> Part:
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError("write N/M, such as 3/30, with N from 1 to M")
    return Part(int(found[1]), int(found[2]))


async def _verify(part: Part, *, as_json: bool) -> int:
    settings = load_host_settings()
    vault = Vault(settings.keyring())
    applications = entries = erased = 0
    problems = []
    async with opened_database(settings) as database:
        await require_newest(database)
        async for one in verify_journals(database, vault, part):
            applications, entries, erased = applications + 1, entries + one.entries, erased + one.erased
            if one.problem is not None:
                problems.append(one)
    if as_json:
        document = [{"application": one.application, "problem": one.problem} for one in problems]
        print_json({"applications": applications, "entries": entries, "erased": erased, "problems": document})
    else:
        for one in problems:
            print_error(f"{one.application}: {one.problem}")
        sound = f"{len(problems)} applications are not what was written." if problems else "All is as it was written."
        print_lines(f"{applications} applications, {entries} entries, {erased} erased. {sound}")
    return ExitCode.FINDINGS if problems else ExitCode.OK


async def _documents(*, remove: bool, as_json: bool) -> int:
    settings = load_host_settings()
    vault = Vault(settings.keyring())
    store, documents = ApplicationStore(vault), FolderDocumentStore(settings.documents, vault)
    async with opened_database(settings) as database:
        await require_newest(database)
        found = await compare_documents(database, store, documents, now())
    removed = sum(documents.remove(one) for one in found.orphans) if remove else 0
    unfinished = documents.sweep(now() - ORPHAN_GRACE) if remove else 0
    if as_json:
        document = {"documents": found.documents, "orphans": len(found.orphans), "removed": removed}
        print_json(document | {"unfinished_removed": unfinished, "missing": found.missing})
    else:
        for application, number in found.missing.items():
            print_error(f"{application}: {number} of its documents are missing; restore the folder from a backup")
        ended = f"{removed} were removed" if remove else "--remove removes them" if found.orphans else ""
        print_lines(
            f"{found.documents} documents; {len(found.orphans)} belong to no application"
            + (f"; {ended}." if ended else ".")
        )
    left = len(found.orphans) - removed
    return ExitCode.FINDINGS if left or found.missing else ExitCode.OK


command: Final = AuditCommand()
