"""The arguments of ``nagorik act``, ``apply``, ``documents`` and ``track``."""

import argparse
from pathlib import Path
from typing import Final

from nagorik_host.commands import HELP
from nagorik_host.commands.command import HostCommand, works

ACTIONS: Final = ("go-on", "corrected", "pay", "pay-again", "withdraw", "received", "consent")


def add_application(parser: argparse.ArgumentParser) -> None:
    """The application that a command is about."""
    parser.add_argument("application", metavar="ID", help="the application's id, or its client reference")


def _act(parser: argparse.ArgumentParser) -> None:
    add_application(parser)
    parser.add_argument("action", choices=ACTIONS, help="what the citizen does")
    parser.add_argument(
        "--form", type=Path, metavar="FILE", help="with corrected: a JSON object of the fields that change"
    )
    parser.add_argument(
        "--document",
        action="append",
        default=[],
        metavar="KIND=FILE",
        dest="documents",
        help="with corrected, as often as needed: a document, in place of all of its kind that are there",
    )
    parser.add_argument(
        "--acting",
        metavar="WHO",
        help="with --document: who hands it in for the citizen, by an id that is no name; by default the one who acts"
        " by the consent",
    )
    parser.add_argument(
        "--gateway", metavar="ID", help="with pay: what to pay by, such as cashdesk.counter, if none is chosen yet"
    )
    parser.add_argument(
        "--consent", type=Path, metavar="FILE", help="with consent: a JSON object as in an application's file"
    )
    works(parser, "applications:act")


def _apply(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "A file is taken in once: applying it again names the application that it became, so after an interruption"
        " apply the folder again. Nothing is sent before a worker takes the application in hand. The exit code is 2"
        " if the file was refused, 1 if any of a folder was or if one that was taken in before has other documents"
        " beside it now, and 3 if any could not be taken in for a fault that is not its own, or was not reached."
    )
    parser.add_argument("path", type=Path, metavar="FILE|FOLDER", help="a JSON file, or a folder of them")
    works(parser, "apply:apply")


def _documents(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "A document that came in place of another of its kind supersedes it; both are kept until the application is"
        " erased. What is exported is no longer sealed: it is written as a new file that only its owner can read, and"
        " never over another one."
    )
    add_application(parser)
    parser.add_argument(
        "--export",
        nargs=2,
        metavar=("KIND", "PATH"),
        help="write the documents of a kind that are not superseded, or the one of a number in the list, into a"
        " folder that is there, or a single one as a file",
    )
    works(parser, "documents:documents")


def _track(parser: argparse.ArgumentParser) -> None:
    add_application(parser)
    works(parser, "applications:track")


act: Final = HostCommand(HELP["act"], _act)
apply: Final = HostCommand(HELP["apply"], _apply)
documents: Final = HostCommand(HELP["documents"], _documents)
track: Final = HostCommand(HELP["track"], _track)
