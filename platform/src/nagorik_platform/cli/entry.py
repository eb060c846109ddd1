"""From the words on the command line to one command, run."""

import argparse
import errno
import gc
import io
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import ClassVar, Final, NoReturn

from nagorik_platform.cli.commands import (
    Command,
    CommandFailed,
    CommandUnusable,
    Contribution,
    ExitCode,
    find_commands,
)
from nagorik_platform.cli.output import may_be_somebodys, plain
from nagorik_platform.cli.streams import has_room, is_out_of_files, lost_output, open_streams
from nagorik_platform.tracebacks import frames_of, type_name

_OUT_OF_FILES: Final = (
    "this process, or this machine, has as many files and sockets open as it may. End what holds them, or raise the"
    " limit (ulimit -n), and run the command again"
)

_OPTION: Final = re.compile(r"--?[a-z]+(?:-[a-z]+)*(?=$|=)")

RARELY: Final = (150_000, 5, 5)
"""When the collector of a command's own process runs: after so many more objects, and over the older ones after so
many such runs. A command's modules are some 90,000; Python's own 700 are reached two hundred times before it has done
anything. What is never referred to again, but by itself, comes to some 30 MB in a worker until it is found."""


def run(argv: Sequence[str] | None) -> int:
    """Parse the words, run the command that they name, and turn every ending into an exit code."""
    own_process = argv is None
    if own_process:
        open_streams()
    _write_what_can_be_written()
    if own_process and not has_room():
        sys.stderr.write(f"nagorik: {_OUT_OF_FILES}; nothing was begun\n")
        return ExitCode.FAILED
    with _collecting_rarely(own_process=own_process):
        code = _code(list(sys.argv[1:] if argv is None else argv))
    if (lost := lost_output()) is not None:
        sys.stderr.write(f"nagorik: not all could be written to standard output ({lost}); what was done stays done\n")
        return ExitCode.FAILED
    return code


def _code(words: list[str]) -> int:
    if not all(_is_text(word) for word in words):
        sys.stderr.write("nagorik: the arguments are not valid UTF-8, so nothing was begun\n")
        return ExitCode.USAGE
    commands = find_commands()
    wanted = next((word for word in words if not word.startswith("-")), None)
    try:
        command = _load(commands, wanted)
        # Where the command is the first word, no list of all commands is shown, and none need tell its help.
        first = command is not None and words[:1] == [wanted]
        listed = [item for item in commands if item.name == wanted] if first else commands
        parser = _parser(listed, wanted, command, _parser_class(words))
        arguments, left_over = parser.parse_known_args(words)
        if left_over:
            parser.error(_not_expected(words, left_over))
    except CommandUnusable as problem:
        sys.stderr.write(f"nagorik: {plain(str(problem))}\n")
        return ExitCode.USAGE
    except SystemExit as end:
        # argparse has said what it had to say: help, the version, or what is wrong with the arguments.
        return ExitCode.OK if not end.code else ExitCode.USAGE
    return ExitCode.USAGE if command is None else _run(command, arguments)


def _not_expected(words: Sequence[str], left_over: Sequence[str]) -> str:
    """Which words no argument takes: options by name, others by where they stand, since they may be anything."""
    told, start = [], 0
    for word in left_over:
        start = words.index(word, start) + 1 if word in words[start:] else start
        option = _OPTION.match(word)
        told.append(option[0] if option is not None else f"word {start}")
    return f"not expected: {', '.join(told)}; a value of several words stands in quotes"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors show no word that may be somebody's number; so are those for a part of the words.

    Attributes:
        hidden: What is not shown, the longest first.
    """

    hidden: ClassVar[Sequence[str]] = ()

    def error(self, message: str) -> NoReturn:
        """End with ``message``, without what may be somebody's."""
        for value in self.hidden:
            message = message.replace(repr(value), "what is written").replace(value, "what is written")
        super().error(message)


def _parser_class(words: Sequence[str]) -> type[_Parser]:
    values = {part for word in words for part in (word, word.partition("=")[2])}
    hidden = sorted(filter(may_be_somebodys, values), key=len, reverse=True)
    return type("CommandParser", (_Parser,), {"hidden": hidden})


def _is_text(word: str) -> bool:
    # Bytes that are no UTF-8 come as surrogates, which no database, file of JSON or other program takes.
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def _collecting_rarely(*, own_process: bool) -> Iterator[None]:
    # What modules make stays for as long as the process: while they are imported, the collector walks through it all
    # again and again and finds nothing, and once more when the process ends. A process that is not the command's
    # alone keeps its collector as it is.
    if not own_process:
        yield
        return
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.freeze()


def _load(commands: Sequence[Contribution], wanted: str | None) -> Command | None:
    named = sorted((item for item in commands if item.name == wanted), key=_precedence)
    return named[0].load() if named else None


def _precedence(item: Contribution) -> tuple[bool, bool]:
    return not item.is_built_in, not item.is_ours


def _parser(
    commands: Sequence[Contribution],
    wanted: str | None,
    command: Command | None,
    parser_class: type[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    parser = parser_class(
        prog="nagorik",
        description="Nagorik connects a citizen-service platform with the agencies behind it.",
        epilog="Exit codes: 0 well, 1 something was found, 2 wrong arguments, 3 the command failed. "
        "nagorik COMMAND --help tells a command's arguments.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"nagorik {version('nagorik')}")
    listed = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", required=True)
    seen: set[str] = set()
    for item in sorted(commands, key=lambda item: (not item.is_built_in, item.name, not item.is_ours)):
        if item.name == wanted and command is not None and item.name not in seen:
            told = plain(command.help)
            described = f"{told[:1].upper()}{told[1:]}."
            own = listed.add_parser(item.name, help=_escaped(told), description=described, allow_abbrev=False)
            _configure(item, command, own)
        elif (shown := plain(item.name)) not in seen:
            listed.add_parser(shown, help=_escaped(plain(_summary(item))))
            seen.add(shown)
        seen.add(item.name)
    return parser


def _configure(item: Contribution, command: Command, parser: argparse.ArgumentParser) -> None:
    try:
        command.configure(parser)
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        raise CommandUnusable(
            f"the command {item.name} of {item.label} cannot be used: its arguments raised {_place(error)}"
        ) from None


def _summary(item: Contribution) -> str:
    # A stranger's command is not imported for its help: listing the commands must not take a second.
    if item.problem is not None:
        return f"broken: {item.problem} ({item.label})"
    return item.load().help if item.is_built_in else f"brought by {item.label}"


def _run(command: Command, arguments: argparse.Namespace) -> int:
    try:
        code = int(command.run(arguments))
    except CommandFailed as failed:
        sys.stderr.write(f"nagorik: {plain(str(failed))}\n")
        return failed.code
    except BrokenPipeError:
        return ExitCode.OK  # the reader of a stream that is not the command's own has seen enough
    except Exception as error:  # noqa: BLE001 - a command's fault is told as one line and a code
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            sys.stderr.write("nagorik: a path is longer than the name of any file may be; give a shorter one\n")
            return ExitCode.USAGE
        why = _OUT_OF_FILES if is_out_of_files(error) else _place(error)
        sys.stderr.write(plain(f"nagorik: the command {arguments.command} failed: {why}") + "\n")
        return ExitCode.FAILED
    return code


def _place(error: BaseException) -> str:
    # The text of an exception may hold anything; its type and place are enough to report it.
    frames = list(frames_of(error))
    return f"{type_name(error)} at {frames[-1].place}" if frames else type_name(error)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _write_what_can_be_written() -> None:
    # Bangla on a terminal or in a pipe that takes ASCII alone is escaped, not a crash.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
