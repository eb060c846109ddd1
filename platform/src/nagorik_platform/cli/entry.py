"""From the words on the command line to one command, run."""

import argparse
import errno
import gc
import io
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.metadata import version
from typing import Final, NoReturn

from nagorik_platform.cli.commands import (
    Command,
    CommandFailed,
    CommandUnusable,
    Contribution,
    ExitCode,
    find_commands,
    find_helps,
)
from nagorik_platform.cli.output import may_be_somebodys, plain
from nagorik_platform.cli.streams import lost_output, open_streams
from nagorik_platform.tracebacks import frames_of, type_name

RARELY: Final = (150_000, 5, 5)
"""The garbage collector's thresholds in a command's own process: while modules are imported it finds nothing."""
_COMMAND: Final = "COMMAND"


def run(argv: Sequence[str] | None) -> int:
    """Parse the words, run the command that they name, and turn every ending into an exit code."""
    is_own_process = argv is None
    if is_own_process:
        open_streams()
        gc.set_threshold(*RARELY)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # Bangla in a pipe that takes ASCII alone is no crash
    code = _code(list(sys.argv[1:] if argv is None else argv))
    if (lost := lost_output()) is not None:
        sys.stderr.write(f"nagorik: not all could be written to standard output ({lost}); what was done stays done\n")
        code = ExitCode.FAILED
    if is_own_process:
        gc.freeze()  # the collector would walk through everything once more as the process ends
    return code


def _code(words: list[str]) -> int:
    if not all(_is_text(word) for word in words):
        return _refuse("the arguments are not valid UTF-8, so nothing was begun")
    wanted = next((word for word in words if not word.startswith("-")), None)
    try:
        commands = find_commands()
        if wanted is None or words[0] != wanted:
            parser, command = _overview(commands, words), None
        else:
            named = [item for item in commands if item.name == wanted]
            if not named:
                return _refuse(_no_command(wanted, commands))
            command = named[0].load()
            parser = _parser(words)
            _configure(named[0], command, parser)
        arguments = parser.parse_args(words)
    except CommandUnusable as problem:
        return _refuse(str(problem))
    except SystemExit as end:
        # argparse has printed help, the version, or what is wrong with the arguments.
        return ExitCode.OK if not end.code else ExitCode.USAGE
    return ExitCode.USAGE if command is None else _run(command, arguments)


def _refuse(why: str) -> int:
    sys.stderr.write(f"nagorik: {plain(why)}\n")
    return ExitCode.USAGE


def _no_command(word: str, commands: Sequence[Contribution]) -> str:
    named = "such command" if may_be_somebodys(word) else f"command {word}"
    likely = get_close_matches(word, [item.name for item in commands if item.problem is None], n=1)
    return f"there is no {named}; " + (f"did you mean {likely[0]}?" if likely else "nagorik --help lists them")


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    values = {part for word in words for part in (word, word.partition("=")[2])}
    hidden = sorted(filter(may_be_somebodys, values), key=len, reverse=True)

    class CommandParser(argparse.ArgumentParser):
        """A parser whose errors, and those of its commands, show no word that may be somebody's number."""

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
    """A parser that lists all commands, for help."""
    parser, helps = _parser(words), find_helps()
    listed = parser.add_subparsers(dest="command", metavar=_COMMAND, title="commands", required=True)
    seen: set[str] = set()
    for item in sorted(commands, key=lambda item: not item.is_built_in):
        shown = plain(item.name)
        if shown in seen:
            continue
        seen.add(shown)
        # A stranger's command is not imported for its help: listing the commands must not take a second.
        if item.problem is not None:
            summary = f"broken: {item.problem} ({item.label})"
        elif item.is_built_in:
            summary = item.load().help
        else:
            line = helps.get(item.name) if item.is_ours else None
            summary = line or f"brought by {item.label}"
        listed.add_parser(shown, help=plain(summary).replace("%", "%%"))
    return parser


def _configure(item: Contribution, command: Command, parser: argparse.ArgumentParser) -> None:
    listed = parser.add_subparsers(dest="command", metavar=_COMMAND, title="commands", required=True)
    text = plain(command.help)
    own = listed.add_parser(item.name, description=f"{text[:1].upper()}{text[1:]}.", allow_abbrev=False)
    try:
        command.configure(own)
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        raise CommandUnusable(
            f"the command {item.name} of {item.label} cannot be used: its arguments raised {_place(error)}"
        ) from None


def _is_text(word: str) -> bool:
    # Bytes that are no UTF-8 come as surrogates, which no database, file of JSON or other program takes.
    return not any("\ud800" <= char <= "\udfff" for char in word)


def _run(command: Command, arguments: argparse.Namespace) -> int:
    try:
        return int(command.run(arguments))
    except CommandFailed as failed:
        sys.stderr.write(f"nagorik: {plain(str(failed))}\n")
        return failed.code
    except BrokenPipeError:
        return ExitCode.OK  # the reader of a stream that is not the command's own has seen enough
    except Exception as error:  # noqa: BLE001 - a command's fault is reported as one line and a code
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            return _refuse("a path is longer than the name of any file may be; give a shorter one")
        sys.stderr.write(plain(f"nagorik: the command {arguments.command} failed: {_place(error)}") + "\n")
        return ExitCode.FAILED


def _place(error: BaseException) -> str:
    # The text of an exception may hold anything; its type and place are enough to report it.
    frames = list(frames_of(error))
    return f"{type_name(error)} at {frames[-1].place}" if frames else type_name(error)
