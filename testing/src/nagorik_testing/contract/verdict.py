"""What a check found, how a call ended, and how strong the evidence is that it rests on."""

import re
import traceback
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import BaseModel

from nagorik import NagorikError, PluginFault
from nagorik_testing.exceptions import raised_as
from nagorik_testing.simulator.loopback import LOOPBACK
from nagorik_testing.validation.findings import Severity

_PORT: Final = re.compile(rf"(://{re.escape(LOOPBACK)}):[0-9]+")


class Grade(StrEnum):
    """Each is stronger evidence than the one before."""

    MOCK = "mock"
    """The simulator, in this process."""
    LOOPBACK = "loopback"
    """The simulator, over real sockets."""
    LIVE = "live"
    """The agency's own sandbox. Nothing could be made to go wrong there."""


class Origin(NamedTuple):
    """Where in the plugin's own code something came from.

    Attributes:
        place: File, line and function, such as ``wire.py:78 in to_refund``.
        decided: Whether an error was raised there, and not merely the request sent from there.
        raised: The exception that came from there, with its traceback; empty where there is no foreign one.
    """

    place: str
    decided: bool
    raised: str = ""


def origin_of(error: BaseException | None) -> Origin | None:
    """Where a plugin failed, as far as its error tells."""
    if not isinstance(error, PluginFault):
        return None
    raised = raised_as(error.exception, error.where)
    return Origin(error.where or error.fault, decided=True, raised=raised) if error.where or raised else None


def plain_values(result: object) -> object:
    """A result as plain values, to be compared with another of the same call.

    The port of this machine at which a simulator happens to be is left out: a gateway's page may lie there.
    """
    if isinstance(result, BaseModel):
        return plain_values(result.model_dump())
    if isinstance(result, dict):
        return {key: plain_values(inner) for key, inner in result.items()}
    if isinstance(result, list | tuple):
        return [plain_values(inner) for inner in result]
    return _PORT.sub(r"\1", result) if type(result) is str else result


class Symptom(StrEnum):
    """In what a call was not as it should be."""

    ENDING = "ending"
    """It ended in another error, in none, or in another result."""
    SENDING = "sending"
    """Another number of requests was sent, or under another key, or with other effects."""
    EFFECT = "effect"
    """A question left something at the agency."""
    DURATION = "duration"
    UNTOUCHED = "untouched"
    """The fault never happened."""
    PRIVACY = "privacy"


class NotReachable(Exception):
    """The rig cannot bring an application to where an operation can be called; the text says what is missing.

    ``origin`` is where the plugin failed meanwhile, if it did.
    """

    def __init__(self, text: str, origin: Origin | None = None) -> None:
        super().__init__(text)
        self.origin = origin


class NothingThere(Exception):
    """The agency has nothing with which an operation could be called for the example; the text says what."""


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended: a result, or one of the platform's errors, or something that no host should meet."""

    result: object = None
    error: BaseException | None = None
    seconds: float = 0.0
    """Simulated seconds that it took."""

    @property
    def text(self) -> str:
        """Everything that the end shows of itself, for the search for personal data."""
        if self.error is None:
            return repr(self.result)
        problem = str(self.error.to_problem()) if isinstance(self.error, NagorikError) else ""
        return "\n".join((str(self.error), repr(self.error), problem, *traceback.format_exception(self.error)))


FindingKey = tuple[str, str | None]
"""A check's id and the offer, by which a finding is named."""


class CheckStatus(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not-applicable"
    """The check does not concern this plugin; it says why."""
    NOT_REACHED = "not-reached"
    """The check could not be made, which is a failure of what the author provides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's result. Holds nothing of a citizen, not even of one who does not exist.

    Attributes:
        check: The check's stable id, such as ``submit/F02``.
        offer: The service or gateway; ``None`` for a check of the plugin as a whole.
        title: What was checked, in English.
        status: How it ended.
        expected: What should have come of it.
        got: What came of it; empty if it passed.
        because: What follows for the citizen or the agency, or why the check does not apply.
        origin: Where in the plugin's own code it was decided, as far as that is known.
        symptoms: In what the call was not as it should be; empty for checks that look at more than one call.
        exchange: The request that shows a failure and the response to it, where the suite has them.
        severity: How much it weighs if it failed.
        takes_all_levels: Whether a failure takes every level, whatever its family: something was done twice.
        logins: Login requests that the simulated agency got in the call that met the fault; ``None`` where no such
            call was made, or where the plugin does not log in.
    """

    check: str
    offer: str | None
    title: str
    status: CheckStatus
    expected: str = ""
    got: str = ""
    because: str = ""
    origin: Origin | None = None
    symptoms: frozenset[Symptom] = frozenset()
    exchange: tuple[str, str] | None = None
    severity: Severity = Severity.ERROR
    takes_all_levels: bool = False
    logins: int | None = None

    @property
    def key(self) -> FindingKey:
        """The check and the offer."""
        return self.check, self.offer

    @property
    def failed(self) -> bool:
        """Whether the plugin is not proved in this point."""
        return self.status in {CheckStatus.FAILED, CheckStatus.NOT_REACHED}
