"""``nagorik plugins``: what is installed."""

import argparse
from typing import Final

from nagorik_platform.cli.commands import ExitCode


class PluginsCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "list the installed plugins, and why any of them is kept out"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        from nagorik_platform.cli.output import add_json_argument

        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Print the plugins; imports none of them, so that a fault found by importing shows in ``doctor`` only."""
        from nagorik_platform.cli.admission import host_admission
        from nagorik_platform.cli.catalogue import plugin_of
        from nagorik_platform.cli.output import print_json, print_lines, print_table
        from nagorik_platform.cli.quarantines import worker_quarantines
        from nagorik_platform.registry import Registry

        records = Registry.discover(admission=host_admission()).records
        at_run_time = worker_quarantines()
        if arguments.json:
            print_json({"plugins": [plugin_of(record, at_run_time) for record in records]})
            return ExitCode.OK
        if not records:
            print_lines("No plugin is installed. Install one with pip, such as nagorik-nid.")
            return ExitCode.OK
        print_table(
            ("plugin", "name", "নাম", "distribution", "evidence", "state"),
            (
                (
                    record.id,
                    record.manifest.name.en if record.manifest else "",
                    record.manifest.name.bn if record.manifest else "",
                    record.source.label,
                    record.manifest.evidence.value if record.manifest else "",
                    record.state.value,
                )
                for record in records
            ),
        )
        for record in records:
            if record.quarantine is not None:
                quarantine = record.quarantine
                print_lines(f"{record.id} is kept out ({quarantine.code}): {quarantine.reason} {quarantine.hint}")
        for found in at_run_time:
            print_lines(f"{found}.")
        return ExitCode.OK


command: Final = PluginsCommand()
