"""The arguments of ``nagorik db``, ``erase``, ``keys`` and ``settings``."""

import argparse
from pathlib import Path
from typing import Final

from nagorik_host.commands import HELP
from nagorik_host.commands.command import HostCommand, actions_of, add_action, add_signature, works


def _db(parser: argparse.ArgumentParser) -> None:
    actions = actions_of(parser)
    add_action(actions, "upgrade", "database:upgrade_tables", "make the tables or bring them up to date")
    add_action(actions, "status", "database:status", "say whether the tables are up to date; exit code 1 if not")
    restored = add_action(
        actions,
        "restored",
        "database:restored",
        "say that the database was restored from a copy, so that what was sent since is not sent again",
        epilog="With all workers stopped. Every write of every open application is then looked up before it is first"
        " made, repeated with its key where the agency does it once, or left to an officer. What is taken in from now"
        " on is treated alike, until nagorik db caught-up.",
    )
    add_signature(restored, "who restored them")
    what = "say that all that was taken in since the copy was taken in again"
    add_signature(add_action(actions, "caught-up", "database:caught_up", what), "who says so")


def _erase(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Forms and documents are deleted and the key of everything else is destroyed: it cannot be read again, and"
        " backups die with their keys only. States, times and codes stay, and the journal still verifies. Without"
        " arguments, the setting retention_days says how long is long enough."
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("application", nargs="?", metavar="ID", help="one application: id or client reference")
    which.add_argument("--closed-for", type=int, metavar="DAYS", help="all that have been closed for so long")
    works(parser, "erasing:erase")


def _keys(parser: argparse.ArgumentParser) -> None:
    actions = actions_of(parser)
    new = actions.add_parser("new", help="make a keyring for a new host", allow_abbrev=False)
    new.add_argument("name", metavar="NAME", help="what the key is called, such as the month: 2026-11")
    new.add_argument("--out", type=Path, metavar="FILE", help="write it into a new file that only you can read")
    new.set_defaults(work="nagorik_host.commands.keys:new")
    add = actions.add_parser("add", help="make one more key, to be put above the others", allow_abbrev=False)
    add.add_argument("name", metavar="NAME", help="what the key is called")
    add.add_argument("--into", type=Path, metavar="FILE", help="put it into a keyring's file, above the others")
    add.set_defaults(work="nagorik_host.commands.keys:add")
    add_action(actions, "rotate", "keys:rotate_keys", "wrap all data keys by the key in use, which is the first")


def _settings(parser: argparse.ArgumentParser) -> None:
    add_action(
        actions_of(parser),
        "reload",
        "settings:reload",
        "have every worker read the settings of its plugins anew",
        epilog="Each worker takes them up at its next heartbeat, between two calls: calls under way keep what they"
        " have. Settings that cannot be used change nothing, and are named without their values. What a process has"
        " from its environment, and all settings but those of plugins, need a restart.",
    )


db: Final = HostCommand(HELP["db"], _db)
erase: Final = HostCommand(HELP["erase"], _erase)
keys: Final = HostCommand(HELP["keys"], _keys)
settings: Final = HostCommand(HELP["settings"], _settings)
