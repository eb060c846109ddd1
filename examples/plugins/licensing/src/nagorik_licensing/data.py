"""What the data files beside this module say, all invented: sentences, dated figures, the office's words and fees."""

from typing import Final

from nagorik_toolkit import Criteria, read_rules, read_schedules, read_statuses, read_texts

TEXTS: Final = read_texts(__package__)
CRITERIA: Final = Criteria(TEXTS, read_rules(__package__))
STATUSES: Final = read_statuses(__package__, texts=TEXTS)
FEES: Final = read_schedules(__package__)["premises-licence"]
