"""What the data files beside this module say: the plugin's sentences, dated figures and the EC's words."""

from typing import Final

from nagorik_toolkit import Criteria, read_rules, read_statuses, read_texts

TEXTS: Final = read_texts(__package__)
RULES: Final = read_rules(__package__)
CRITERIA: Final = Criteria(TEXTS, RULES)
STATUSES: Final = read_statuses(__package__, texts=TEXTS)
