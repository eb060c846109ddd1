"""Exceptions in a log line: what they are and where they arose, never what they say."""

import sys
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from nagorik.errors import NagorikError
from nagorik.values.sentences import NationalDataError
from nagorik_platform.tracebacks import frames_of, type_name

_MOST_FRAMES: Final = 30
_MOST_CAUSES: Final = 5
_DEEPEST: Final = 6
_ROOTS: Final = frozenset({"site-packages", "src", "tests"})


class ExceptionSummary(dict[str, object]):
    """An exception as it may be seen: ``type``, ``code`` where it has one, ``frames`` (outermost first), ``causes``.

    A type of its own, so that redacting a line twice leaves it alone.
    """


def exception_of(exc_info: object) -> BaseException | None:
    """The exception that ``exc_info`` means: an exception, a triple, or anything true for the one being handled."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if len(exc_info) > 1 and isinstance(exc_info[1], BaseException) else None
    return sys.exception() if exc_info else None


def describe_exception(error: BaseException, depth: int = 0) -> ExceptionSummary:
    """``error`` with its causes, without any message, argument, source line or local variable."""
    failure = ExceptionSummary(type=type_name(error, qualified=True))
    if isinstance(error, NagorikError | NationalDataError):
        failure["code"] = error.code
    frames = [place(*frame) for frame in frames_of(error)]
    if frames:
        failure["frames"] = frames[-_MOST_FRAMES:]
    causes = list(_causes(error)) if depth < _DEEPEST else []
    if causes:
        failure["causes"] = [describe_exception(cause, depth + 1) for cause in causes[:_MOST_CAUSES]]
    return failure


def name_exception(error: BaseException) -> str:
    """An exception in a field of a line: its type, and its code where it is one of the platform's."""
    kind = type_name(error, qualified=True)
    return f"{kind}({error.code})" if isinstance(error, NagorikError | NationalDataError) else kind


def place(file: str, line: int | None, function: str) -> str:
    """``package/module.py:12:function``, without the directories that an installation happens to have."""
    parts = PurePath(file).parts
    start = max((number + 1 for number, part in enumerate(parts[:-1]) if part in _ROOTS), default=len(parts) - 2)
    return f"{'/'.join(parts[max(0, start) :])}:{line or 0}:{function}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        yield from error.exceptions
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield cause
