"""From the words on the command line to one command, run."""

import argparse
import errno
import gc
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
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
from nagorik_platform.tracebacks import frames_of, type_name

RARELY: Final = (150_000, 5, 5)
"""The garbage collector's thresholds in a command's own process: while modules are imported it finds nothing."""


def run(argv: Sequence[str] | None) -> int:
    """Parse the words, run the command that they name, and turn every ending into an exit code."""
    is_own_process = argv is None
    if is_own_process:
        _open_streams()
        gc.set_threshold(*RARELY)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # Bangla in a pipe that takes ASCII alone is no crash
    code = _code(list(sys.argv[1:] if argv is None else argv))
    with suppress(BrokenPipeError):  # of a stream that is not the command's own
        sys.stdout.flush()
    lost = getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "lost", None)
    if lost is not None:
        sys.stderr.write(f"nagorik: not all could be written to standard output ({lost}); what was done stays done\n")
        code = ExitCode.FAILED
    if is_own_process:
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
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            return memoryview(content).nbytes


def _open_streams() -> None:
    """Put such streams in the place of this process's own."""
    for name in ("stdout", "stderr"):
        before: object = getattr(sys, name)
        if not isinstance(before, io.TextIOWrapper):
            setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(_Output(os.devnull, "w")), encoding="utf-8"))
            continue
        before.flush()
        raw = io.BufferedWriter(_Output(before.fileno(), "w", closefd=False))
        is_eager = before.line_buffering or before.write_through
        made = io.TextIOWrapper(raw, encoding=before.encoding, errors=before.errors, line_buffering=is_eager)
        setattr(sys, name, made)


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
    except CommandUnusable as problem:
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
    by_name: dict[str, Contribution] = {}
    for item in sorted(commands, key=lambda item: item.rank):
        by_name.setdefault(plain(item.name), item)
    for name, item in sorted(by_name.items()):
        if item.problem is not None:
            summary = f"broken: {item.problem} ({item.label})"
        elif item.is_built_in:
            summary = item.load().help
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
        raise item.unusable(f"its arguments raised {_place(error)}") from None


def _run(command: Command, arguments: argparse.Namespace) -> int:
    try:
        return int(command.run(arguments))
    except CommandFailed as failed:
        return _refuse(str(failed), failed.code)
    except BrokenPipeError:
        return ExitCode.OK  # the reader of a stream that is not the command's own has seen enough
    except Exception as error:  # noqa: BLE001 - a command's fault is reported as one line and a code
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            return _refuse("a path is longer than the name of any file may be; give a shorter one")
        return _refuse(f"the command {arguments.command} failed: {_place(error)}", ExitCode.FAILED)


def _place(error: BaseException) -> str:
    # The text of an exception may hold anything; its type and place are enough to report it.
    frames = list(frames_of(error))
    return f"{type_name(error)} at {frames[-1].place}" if frames else type_name(error)
