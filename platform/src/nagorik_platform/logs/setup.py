"""One set-up for structlog and the standard library's logging, and each call's logger: every line is redacted.

structlog is imported with the first line that is written: it brings half of rich, and most short commands write none.
"""

import logging
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from nagorik_platform.logs.at_import import AtImport
from nagorik_platform.logs.exceptions import place
from nagorik_platform.logs.redaction import redact

if TYPE_CHECKING:
    import structlog

_LEVELS: Final[Mapping[str, int]] = {
    name: getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
}
_VERBOSE_LIBRARIES: Final = ("aiohttp", "asyncio", "h11", "httpcore", "httpx", "urllib", "urllib3")
"""Loggers that tell URLs, headers or tasks at INFO and below."""


def configure_logging(*, level: str = "INFO", json: bool | None = None, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's lines through redaction to ``stream``, by default standard error.

    So does what a thread or an object's end raises, which Python would write there as it is.

    ``json`` chooses one JSON object per line or text for a person; by default JSON where ``stream`` is no terminal.
    Handlers of the root logger are replaced, since they would write lines unredacted; handlers that a library puts
    on a logger of its own are its host's to remove. Python's warnings become log lines, because pydantic's quote
    values. May be called again; the last call counts.

    Raises:
        ValueError: ``level`` is not DEBUG, INFO, WARNING, ERROR or CRITICAL.
    """
    number = _LEVELS.get(level.upper())
    if number is None:
        raise ValueError(f"level is one of {', '.join(_LEVELS)}")
    target = stream if stream is not None else cast("TextIO", _StandardError())
    as_json = not target.isatty() if json is None else json
    _configure_structlog(partial(_configured, target, number, as_json=as_json))
    root = logging.getLogger()
    root.handlers[:] = [_RedactingHandler(target, as_json=as_json)]
    root.setLevel(number)
    for name in _VERBOSE_LIBRARIES:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    logging.captureWarnings(capture=True)
    threading.excepthook = _tell_of_a_thread
    sys.unraisablehook = _tell_of_what_nobody_catches


def _tell_of_a_thread(ended: threading.ExceptHookArgs) -> None:
    """Log that a thread ended with an exception, by its kind and place: the text may hold anything."""
    if ended.exc_type is not SystemExit:
        logging.getLogger("nagorik").error("thread_broke", exc_info=_of(ended.exc_value))


def _tell_of_what_nobody_catches(lost: "sys.UnraisableHookArgs") -> None:
    logging.getLogger("nagorik").error("exception_lost", exc_info=_of(lost.exc_value))


def _of(error: BaseException | None) -> tuple[type[BaseException], BaseException, TracebackType | None] | None:
    return (type(error), error, error.__traceback__) if error is not None else None


def quiet_transports() -> None:
    """Keep the libraries below the agency's client from telling addresses and headers, such as ``Location``.

    For a host that configured no logging here, or another's. A logger whose level the host has set itself is left.
    """
    for name in _VERBOSE_LIBRARIES:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)


def is_configured() -> bool:
    """Whether structlog and the root logger are set up so that every line is redacted."""
    import structlog

    processors = structlog.get_config()["processors"]
    handlers = logging.getLogger().handlers
    return redact in processors and bool(handlers) and all(isinstance(item, _RedactingHandler) for item in handlers)


class _StandardError:
    """Standard error as it is when a line is written: a host may redirect it, or close the one it began with.

    Where there is none, or nobody reads it, a line goes nowhere: logging must not stop the one who logs.
    """

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # a reader that went away, and a stream that is closed
            if sys.stderr is not None:
                sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            if sys.stderr is not None:
                sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()


_ASYNCIO: Final = (
    "exception in callback",
    "fatal error",
    "future exception was never retrieved",
    "task exception was never retrieved",
    "task was destroyed but it is pending",
    "unclosed event loop",
    "unhandled error in exception handler",
    "unhandled exception in event loop",
)
"""How asyncio's own messages begin; what follows may hold anything."""


def _of_asyncio(message: object) -> object:
    """The event of a message of asyncio's, which puts values into its text and all lines come from one place."""
    begins = str(message).lower()
    return next((known.replace(" ", "_") for known in _ASYNCIO if begins.startswith(known)), message)


class _RedactingHandler(logging.Handler):
    """Turns a record of the standard library into a redacted line; what was formatted into it is never read."""

    def __init__(self, stream: TextIO, *, as_json: bool) -> None:
        super().__init__()
        self._stream = stream
        self._as_json = as_json

    @cached_property
    def _finish(self) -> "tuple[structlog.typing.Processor, ...]":
        return _finishing(self._stream, as_json=self._as_json)

    def handle(self, record: logging.LogRecord) -> bool:
        """Import what writes lines before the handler's lock is taken: nobody is to wait for both at once."""
        assert self._finish  # noqa: S101 - read for its import
        return bool(super().handle(record))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or nothing where that fails."""
        level = record.levelname.lower()
        event = None if record.args else _of_asyncio(record.msg) if record.name == "asyncio" else record.msg
        line: Any = redact(None, level, {"event": event, "logger": record.name, "exc_info": record.exc_info})
        # The place is the platform's own reading, and is what finds a call whose text is masked.
        line |= {"at": place(record.pathname, record.lineno, record.funcName or ""), "level": level}
        try:
            for processor in self._finish:
                line = processor(None, level, line)
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except Exception:  # noqa: BLE001 - logging must not stop the one who logs
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Say nothing: the library's own way prints the record with its arguments to standard error."""


_waiting: AtImport | None = None
"""Configures structlog when it is imported; ``None`` where it has been, or nothing was set up."""


def _configure_structlog(configure: Callable[[], None]) -> None:
    global _waiting  # noqa: PLW0603 - structlog's configuration is the process's, too
    if _waiting is not None:
        _waiting.cancel()
        _waiting = None
    if "structlog" in sys.modules:
        configure()
    else:
        _waiting = AtImport("structlog", configure)


def _configured(stream: TextIO, level: int, *, as_json: bool) -> None:
    import structlog

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            redact,
            structlog.processors.add_log_level,
            *_finishing(stream, as_json=as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def _finishing(stream: TextIO, *, as_json: bool) -> "tuple[structlog.typing.Processor, ...]":
    import structlog

    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False)
    )
    return structlog.processors.TimeStamper(fmt="iso", utc=True), renderer


class _Log:
    """A logger of structlog, looked up with each line."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        import structlog

        return getattr(structlog.stdlib.get_logger(self._name), method)


def get_logger(name: str) -> "structlog.stdlib.BoundLogger":
    """A logger that imports structlog with its first line."""
    return cast("structlog.stdlib.BoundLogger", _Log(name))


@dataclass(frozen=True, slots=True)
class BoundCallLog:
    """A ``CallLog`` whose lines carry plugin, service and operation.

    It redacts by itself before structlog sees anything, so that a plugin's line is safe in a host that has set up
    logging in its own way, or not at all. Nothing is bound until a line is written.
    """

    plugin: str
    service: str | None
    operation: str

    def info(self, event: str, **fields: object) -> None:
        """Something worth knowing; see ``redact_value`` for what of ``fields`` is shown."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something that the plugin's owner should look at."""
        self._write("warning", event, fields)

    def _write(self, method: str, event: str, fields: dict[str, object]) -> None:
        line = redact(
            None,
            method,
            {**fields, "plugin": self.plugin, "service": self.service, "operation": self.operation, "event": event},
        )
        shown = str(line.pop("event"))
        logger = get_logger("nagorik.plugin")
        (logger.info if method == "info" else logger.warning)(shown, **line)


def get_call_log(plugin: str, service: str | None, operation: str) -> BoundCallLog:
    """A logger for one call; making it costs well under a microsecond."""
    return BoundCallLog(plugin, service, str(operation))
