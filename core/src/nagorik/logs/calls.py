"""The logger that a plugin is given with each call."""

from dataclasses import dataclass

import structlog

from nagorik.logs.redaction import redact


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
        logger = structlog.get_logger("nagorik.plugin")
        (logger.info if method == "info" else logger.warning)(shown, **line)


def get_call_log(plugin: str, service: str | None, operation: str) -> BoundCallLog:
    """A logger for one call; making it costs well under a microsecond."""
    return BoundCallLog(plugin, service, str(operation))
