"""Whether a citizen may apply, criterion by criterion."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from nagorik.model.application import Applicant, ServiceRequest
from nagorik.model.fee import Source
from nagorik.privacy import PERSONAL, Code, Form, Model, Several
from nagorik.values.sentences import Text


class Verdict(StrEnum):
    """What is known of one criterion."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    CANNOT_TELL = "cannot-tell"


class Eligibility(StrEnum):
    """What follows from all criteria together."""

    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    INDETERMINATE = "indeterminate"


class Criterion(Model):
    """One rule, applied to one citizen."""

    id: Code
    """Stable within the service, such as ``age-18``."""
    verdict: Verdict
    text: Annotated[Text, PERSONAL]
    """The rule and why it holds, fails or cannot be told, for the citizen; no identifier in it."""
    source: Source | None = None
    """Where the rule is written down."""


class EligibilityRequest(ServiceRequest):
    """May this citizen apply for this service?"""

    applicant: Applicant
    form: Form | None = None
    """What has been filled in so far, validated; ``None`` before the citizen has begun."""


class EligibilityDecision(Model):
    """Every criterion with its verdict. What they amount to is computed, so it cannot contradict them."""

    criteria: Several[Criterion] = Field(min_length=1)

    @property
    def eligibility(self) -> Eligibility:
        """Ineligible if any criterion fails, indeterminate if any cannot be told, otherwise eligible."""
        verdicts = {criterion.verdict for criterion in self.criteria}
        if Verdict.FAIL in verdicts:
            return Eligibility.INELIGIBLE
        if Verdict.CANNOT_TELL in verdicts:
            return Eligibility.INDETERMINATE
        return Eligibility.ELIGIBLE
