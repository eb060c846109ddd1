"""From the words on the command line to one command, run."""

import argparse
import errno
import gc
import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final, NoReturn

from nagorik_platform.cli.commands import (
    Command,
    CommandFailed,
    CommandUnusable,
    Contribution,
    ExitCode,
    find_commands,
    find_helps,
)
from nagorik_platform.cli.output import may_be_somebodys, plain, unknown
from nagorik_platform.tracebacks import failure

RARELY: Final = (150_000, 5, 5)
"""The garbage collector's thresholds in a command's own process: while modules are imported it finds nothing."""


def run(argv: Sequence[str] | None) -> int:
    """Parse the words, run the command that they name, and turn every ending into an exit code."""
    if argv is not None:
        return _code(list(argv))
    outputs = [_open(name) for name in ("stdout", "stderr")]
    gc.set_threshold(*RARELY)
    code = _code(sys.argv[1:])
    sys.stdout.flush()
    if outputs[0].lost is not None:
        why = f"not all could be written to standard output ({outputs[0].lost}); what was done stays done"
        code = _refuse(why, ExitCode.FAILED)
    gc.freeze()  # the collector would walk through everything once more as the process ends
    return code


class _Output(io.FileIO):
    """A process's standard output or error until its reader leaves; what is printed from then on is dropped."""

    lost: str | None = None
    """The error for which something could not be written; ``None`` where its reader had seen enough."""

    def write(self, content: Any, /) -> int:
        try:
            return super().write(content)
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.lost = errno.errorcode.get(error.errno or 0, "OSError")
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return memoryview(content).nbytes


def _open(name: str) -> _Output:
    """Put such a stream in the place of this process's own."""
    before: io.TextIOWrapper = getattr(sys, name)
    before.flush()
    raw, encoding = _Output(before.fileno(), "w", closefd=False), before.encoding
    eager = before.line_buffering or before.write_through
    # Bangla in a pipe that takes ASCII alone is no crash.
    made = io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=eager)
    setattr(sys, name, made)
    return raw


def _code(words: list[str]) -> int:
    # Bytes that are no UTF-8 come as surrogates, which no database, file of JSON or other program takes.
    if any("\ud800" <= char <= "\udfff" for word in words for char in word):
        return _refuse("the arguments are not valid UTF-8, so nothing was begun")
    wanted = next((word for word in words if not word.startswith("-")), None)
    try:
        commands = find_commands()
        named = next((item for item in commands if item.name == wanted), None)
        if wanted is None or words[0] != wanted:
            parser, command = _overview(commands, words), None
        elif named is None:
            names = [item.name for item in commands if item.problem is None]
            return _refuse(unknown("command", wanted, names, "nagorik --help lists them"))
        else:
            command = named.load()
            parser = _parser(words)
            _configure(named, command, parser)
        arguments = parser.parse_args(words)
    except (CommandUnusable, CommandFailed) as problem:
        return _refuse(str(problem))
    except SystemExit as end:
        # argparse has printed help, the version, or what is wrong with the arguments.
        return ExitCode.OK if not end.code else ExitCode.USAGE
    return ExitCode.USAGE if command is None else _run(command, arguments)


def _refuse(why: str, code: ExitCode = ExitCode.USAGE) -> int:
    sys.stderr.write(f"nagorik: {plain(why)}\n")
    return code


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    values = {part for word in words for part in (word, word.partition("=")[2])}
    hidden = sorted(filter(may_be_somebodys, values), key=len, reverse=True)

    class CommandParser(argparse.ArgumentParser):
        """A parser whose errors, and those of its commands, show no word that may be a person's number."""

        def error(self, message: str) -> NoReturn:
            for value in hidden:
                message = message.replace(repr(value), "what is written").replace(value, "what is written")
            super().error(message)

    parser = CommandParser(
        prog="nagorik",
        description="Nagorik connects a citizen-service platform with the agencies behind it.",
        epilog="Exit codes: 0 well, 1 something was found, 2 wrong arguments, 3 the command failed. "
        "nagorik COMMAND --help shows a command's arguments.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"nagorik {version('nagorik')}")
    return parser


def _overview(commands: Sequence[Contribution], words: Sequence[str]) -> argparse.ArgumentParser:
    """A parser that lists all commands, for help. Imports no other distribution's command: it answers at once."""
    parser, helps = _parser(words), find_helps()
    listed = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", required=True)
    for name, item in sorted({plain(item.name): item for item in reversed(commands)}.items()):
        if item.problem is not None:
            summary = f"broken: {item.problem} ({item.label})"
        else:
            summary = (item.is_ours and helps.get(item.name)) or f"brought by {item.label}"
        listed.add_parser(name, help=plain(summary).replace("%", "%%"))
    return parser


def _configure(item: Contribution, command: Command, parser: argparse.ArgumentParser) -> None:
    listed = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", required=True)
    text = plain(command.help)
    own = listed.add_parser(item.name, description=f"{text[:1].upper()}{text[1:]}.", allow_abbrev=False)
    try:
        command.configure(own)
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        raise item.unusable(f"its arguments raised {failure(error)}") from None


def _run(command: Command, arguments: argparse.Namespace) -> int:
    try:
        return int(command.run(arguments))
    except CommandFailed as failed:
        return _refuse(str(failed), failed.code)
    except BrokenPipeError:
        return ExitCode.OK  # the reader of a stream that is not the command's own has seen enough
    except Exception as error:  # noqa: BLE001 - a command's fault is reported as one line and a code
        return _refuse(f"the command {arguments.command} failed: {failure(error)}", ExitCode.FAILED)
