"""One set-up for structlog and the standard library's logging, and each call's logger: every line is redacted.

structlog is imported with the first line that is written: it brings half of rich, and short commands log nothing.
"""

import logging
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from nagorik_platform.logs.exceptions import place
from nagorik_platform.logs.redaction import redact

if TYPE_CHECKING:
    import structlog

_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_VERBOSE_LIBRARIES: Final = ("aiohttp", "asyncio", "h11", "httpcore", "httpx", "urllib", "urllib3")
"""Loggers that show URLs, headers or tasks at INFO and below."""


def configure_logging(*, level: str = "INFO", json: bool | None = None, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's lines through redaction to ``stream``, by default standard error.

    Python's warnings, and what a thread or an object's end raises, become log lines. The root logger's handlers are
    replaced; the last call counts. ``json`` chooses one JSON object per line or text for a person; by default JSON
    where ``stream`` is no terminal.

    Raises:
        ValueError: ``level`` is not DEBUG, INFO, WARNING, ERROR or CRITICAL.
    """
    if level.upper() not in _LEVELS:
        raise ValueError(f"level is one of {', '.join(_LEVELS)}")
    number = logging.getLevelNamesMapping()[level.upper()]
    target = stream if stream is not None else cast("TextIO", _StandardError())
    as_json = not target.isatty() if json is None else json
    _waiting[:] = [partial(_configure_structlog, target, number, as_json=as_json)]
    if "structlog" in sys.modules:
        _set_structlog_up()
    root = logging.getLogger()
    root.handlers[:] = [_RedactingHandler(target, as_json=as_json)]
    root.setLevel(number)
    for name in _VERBOSE_LIBRARIES:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    logging.captureWarnings(capture=True)
    threading.excepthook = partial(_log_lost, "thread_broke")
    sys.unraisablehook = partial(_log_lost, "exception_lost")


def _log_lost(event: str, lost: "threading.ExceptHookArgs | sys.UnraisableHookArgs") -> None:
    if lost.exc_type is not SystemExit:
        logging.getLogger("nagorik").error(event, exc_info=lost.exc_value)


def quiet_transports() -> None:
    """Keep the libraries below the agency's client from logging addresses and headers, such as ``Location``.

    For a host that configured no logging here, or another's. A logger whose level the host has set itself is left.
    """
    for name in _VERBOSE_LIBRARIES:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)


def is_configured() -> bool:
    """Whether structlog and the root logger are set up so that every line is redacted."""
    import structlog

    _set_structlog_up()
    processors = structlog.get_config()["processors"]
    handlers = logging.getLogger().handlers
    return redact in processors and bool(handlers) and all(isinstance(item, _RedactingHandler) for item in handlers)


class _StandardError:
    """Standard error as it is when a line is written; a line is lost where it takes no more."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()

    def isatty(self) -> bool:
        with suppress(ValueError, AttributeError):
            return sys.stderr.isatty()
        return False


class _RedactingHandler(logging.Handler):
    """Turns a record of the standard library into a redacted line. Never reads what was formatted into it."""

    def __init__(self, stream: TextIO, *, as_json: bool) -> None:
        super().__init__()
        self._stream = stream
        self._as_json = as_json

    @cached_property
    def _finish(self) -> "tuple[structlog.typing.Processor, ...]":
        return _finishing(self._stream, as_json=self._as_json)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or nothing where that fails."""
        level = record.levelname.lower()
        event = None if record.args else record.msg
        line: Any = redact(None, level, {"event": event, "logger": record.name, "exc_info": record.exc_info})
        # The place is the platform's own reading, and is what finds a call whose text is masked.
        line |= {"at": place(record.pathname, record.lineno, record.funcName or ""), "level": level}
        # logging must not stop the one who logs, and the library's own way prints the record to standard error
        with suppress(Exception):
            for processor in self._finish:
                line = processor(None, level, line)
            self._stream.write(f"{line}\n")
            self._stream.flush()


_waiting: Final[list[Callable[[], None]]] = []
"""structlog's set-up, which waits for its import."""


def _set_structlog_up() -> None:
    while _waiting:
        _waiting.pop()()


def _configure_structlog(stream: TextIO, level: int, *, as_json: bool) -> None:
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

        _set_structlog_up()
        return getattr(structlog.stdlib.get_logger(self._name), method)


def get_logger(name: str) -> "structlog.stdlib.BoundLogger":
    """A logger that imports structlog with its first line."""
    return cast("structlog.stdlib.BoundLogger", _Log(name))


@dataclass(frozen=True, slots=True)
class BoundCallLog:
    """A ``CallLog`` whose lines carry plugin, service and operation.

    It redacts before structlog sees anything: a host may have set logging up in its own way, or not at all.
    """

    plugin: str
    service: str | None
    operation: str

    def info(self, event: str, **fields: object) -> None:
        """Something worth knowing; see ``redact_value`` for what of ``fields`` is shown."""
        get_logger("nagorik.plugin").info(**self._redacted("info", event, fields))

    def warning(self, event: str, **fields: object) -> None:
        """Something that the plugin's owner should look at."""
        get_logger("nagorik.plugin").warning(**self._redacted("warning", event, fields))

    def _redacted(self, method: str, event: str, fields: dict[str, object]) -> dict[str, Any]:
        call = {"plugin": self.plugin, "service": self.service, "operation": self.operation, "event": event}
        line = dict(redact(None, method, fields | call))
        return line | {"event": str(line["event"])}
