"""What the data files beside this module say: sentences, dated rules, the portal's words, the missions' fees."""

from typing import Final

from nagorik_toolkit import Criteria, FeeSchedule, read_rules, read_schedules, read_statuses, read_texts

TEXTS: Final = read_texts(__package__)
RULES: Final = read_rules(__package__)
CRITERIA: Final = Criteria(TEXTS, RULES)
STATUSES: Final = read_statuses(__package__, texts=TEXTS)
MISSION_FEES: Final[FeeSchedule] = read_schedules(__package__)["mission"]
"""In dollars; a service has one schedule in its manifest, and that is the one in taka."""
