"""What the data files beside this module say: sentences, dated rules and BMET's words."""

from typing import Final

from nagorik.criteria import Criteria
from nagorik.rules import read_rules
from nagorik.statuses import read_statuses
from nagorik.texts import read_texts

TEXTS: Final = read_texts(__package__)
RULES: Final = read_rules(__package__)
CRITERIA: Final = Criteria(TEXTS, RULES)
STATUSES: Final = read_statuses(__package__, texts=TEXTS)
