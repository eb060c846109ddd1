"""What the data files beside this module say: sentences, dated rules, the portal's words, the missions' fees."""

from typing import Final

from nagorik.criteria import Criteria
from nagorik.fees import FeeSchedule, load_schedules
from nagorik.package_files import package_file
from nagorik.rules import read_rules
from nagorik.statuses import read_statuses
from nagorik.texts import read_texts

TEXTS: Final = read_texts(__package__)
RULES: Final = read_rules(__package__)
CRITERIA: Final = Criteria(TEXTS, RULES)
STATUSES: Final = read_statuses(__package__, texts=TEXTS)
MISSION_FEES: Final[FeeSchedule] = load_schedules(package_file(__package__, "fees.toml"))["mission"]
"""In dollars; a service has one schedule in its manifest, and that is the one in taka."""
