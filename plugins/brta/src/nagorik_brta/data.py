"""What the data files beside this module say: sentences, dated rules, BRTA's words and fees."""

from typing import Final

from nagorik_toolkit import Criteria, read_rules, read_schedules, read_statuses, read_texts

TEXTS: Final = read_texts(__package__)
RULES: Final = read_rules(__package__)
CRITERIA: Final = Criteria(TEXTS, RULES)
STATUSES: Final = read_statuses(__package__, texts=TEXTS)
FEES: Final = {f"brta.{name}": schedule for name, schedule in read_schedules(__package__).items()}
"""By service, after which the file names each schedule."""
