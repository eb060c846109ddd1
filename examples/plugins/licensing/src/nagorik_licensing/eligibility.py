"""Who may apply, as far as it can be told without the office. Invented: the rule stands in rules.toml."""

from nagorik import EligibilityDecision, EligibilityRequest
from nagorik_licensing.data import CRITERIA


def decide(request: EligibilityRequest) -> EligibilityDecision:
    """Every criterion with its verdict, also those that pass."""
    adult = CRITERIA.age("adult", request, at_least="adult")
    return EligibilityDecision(criteria=(adult,))
