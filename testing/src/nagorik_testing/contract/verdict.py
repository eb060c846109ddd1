"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
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
        standing: How it ended.
        expected: What should have come of it.
        got: What came of it; empty if it passed.
        because: What follows for the citizen or the agency, or why the check does not apply.
    """

    check: str
    offer: str | None
    title: str
    standing: Standing
    expected: str = ""
    got: str = ""
    because: str = ""

    @property
    def failed(self) -> bool:
        """Whether the plugin is not proved in this point."""
        return self.standing in {Standing.FAILED, Standing.NOT_REACHED}
