"""``nagorik audit``: proof that nobody changed the books behind the host's back."""

import argparse
from typing import Final

from nagorik.cli.command import ExitCode
from nagorik.cli.output import add_json_argument, print_error, print_json, print_lines
from nagorik_host.commands.running import opened_database, run_command
from nagorik_host.settings import load_host_settings
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.upgrade import require_newest
from nagorik_host.vault import Vault


class AuditCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "verify every journal: that nothing was changed, dropped or added"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("action", choices=("verify",), help="verify every application's journal and row")
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Verify; exit code 1 where anything is not what was written."""
        return run_command(lambda: _verify(as_json=arguments.json))


async def _verify(*, as_json: bool) -> int:
    settings = load_host_settings()
    vault = Vault(settings.keyring())
    applications = entries = erased = 0
    problems = []
    async with opened_database(settings) as database:
        await require_newest(database)
        async for one in verify_journals(database, vault):
            applications, entries, erased = applications + 1, entries + one.entries, erased + one.erased
            if one.problem is not None:
                problems.append(one)
    if as_json:
        told = [{"application": one.application, "problem": one.problem} for one in problems]
        print_json({"applications": applications, "entries": entries, "erased": erased, "problems": told})
    else:
        for one in problems:
            print_error(f"{one.application}: {one.problem}")
        sound = f"{len(problems)} applications are not what was written." if problems else "All is as it was written."
        print_lines(f"{applications} applications, {entries} entries, {erased} erased. {sound}")
    return ExitCode.FINDINGS if problems else ExitCode.OK


command: Final = AuditCommand()
