"""What the data files beside this module say: sentences, dated rules, the portal's words, the missions' fees."""

from typing import Final

from nagorik.data_files import read_data_file
from nagorik_toolkit.criteria import Criteria
from nagorik_toolkit.fees import FeeSchedule, load_schedules
from nagorik_toolkit.rules import read_rules
from nagorik_toolkit.statuses import read_statuses
from nagorik_toolkit.texts import read_texts

TEXTS: Final = read_texts(__package__)
RULES: Final = read_rules(__package__)
CRITERIA: Final = Criteria(TEXTS, RULES)
STATUSES: Final = read_statuses(__package__, texts=TEXTS)
MISSION_FEES: Final[FeeSchedule] = load_schedules(read_data_file(__package__, "fees.toml"))["mission"]
"""In dollars; a service has one schedule in its manifest, and that is the one in taka."""
