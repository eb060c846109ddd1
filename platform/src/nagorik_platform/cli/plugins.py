"""``nagorik plugins``: what is installed."""

import argparse
from typing import Final

from nagorik_platform.cli.admission import host_admission
from nagorik_platform.cli.catalogue import plugin_of
from nagorik_platform.cli.commands import BUILT_IN, QUARANTINES, BuiltInCommand, ExitCode, reported
from nagorik_platform.cli.output import add_json_argument, print_json, print_lines, print_table
from nagorik_platform.registry import Registry


def _configure(parser: argparse.ArgumentParser) -> None:
    add_json_argument(parser)


def _run(arguments: argparse.Namespace) -> int:
    """Print the plugins. Imports no plugin: a fault that importing shows is found by ``doctor``."""
    records = Registry.discover(admission=host_admission()).records
    at_run_time = reported(QUARANTINES)
    plugins = [plugin_of(record, at_run_time) for record in records]
    if arguments.json:
        print_json({"plugins": plugins})
        return ExitCode.OK
    if not plugins:
        print_lines("No plugin is installed. Install one with pip, such as nagorik-nid.")
        return ExitCode.OK
    rows = []
    for record, one in zip(records, plugins, strict=True):
        name = one["name"] or {"en": "", "bn": ""}
        rows.append((record.id, name["en"], name["bn"], record.source.label, one["evidence"] or "", one["state"]))
    print_table(("plugin", "name", "নাম", "distribution", "evidence", "state"), rows)
    for record in records:
        if (why := record.quarantine) is not None:
            print_lines(f"{record.id} is kept out ({why.code}): {why.reason} {why.hint}")
    print_lines(*(f"{found}." for found in at_run_time))
    return ExitCode.OK


command: Final = BuiltInCommand(BUILT_IN["plugins"], _configure, _run)
