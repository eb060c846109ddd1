"""Who may apply."""

from typing import Any

from nagorik import EligibilityDecision, hookimpl
from plugin_styles.plugin import Stalls

_RULES = Stalls()


@hookimpl
async def nagorik_check_eligibility(request: Any) -> EligibilityDecision:
    return await _RULES.nagorik_check_eligibility(request)
