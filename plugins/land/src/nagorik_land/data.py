"""What the data files beside this module say: the plugin's sentences, dated figures and the land offices' words."""

from typing import Final

from nagorik_toolkit.criteria import Criteria
from nagorik_toolkit.rules import read_rules
from nagorik_toolkit.statuses import read_statuses
from nagorik_toolkit.texts import read_texts

TEXTS: Final = read_texts(__package__)
RULES: Final = read_rules(__package__)
CRITERIA: Final = Criteria(TEXTS, RULES)
STATUSES: Final = read_statuses(__package__, texts=TEXTS)
