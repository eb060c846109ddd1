"""The checks of what one operation alone cannot show; the fault matrix is played beside them."""

from typing import Final

from nagorik_testing.contract.checks.addresses import ADDRESSES
from nagorik_testing.contract.checks.agency_days import AGENCY_DAYS
from nagorik_testing.contract.checks.agency_prices import AGENCY_PRICES
from nagorik_testing.contract.checks.agency_verdicts import AGENCY_VERDICTS
from nagorik_testing.contract.checks.appointments import APPOINTMENTS
from nagorik_testing.contract.checks.catalogue import CATALOGUE
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope
from nagorik_testing.contract.checks.chosen_forms import CHOSEN_FORMS
from nagorik_testing.contract.checks.declared_settings import DECLARED_SETTINGS
from nagorik_testing.contract.checks.deliverables import DELIVERABLES
from nagorik_testing.contract.checks.eligibility import ELIGIBILITY
from nagorik_testing.contract.checks.fees import FEES
from nagorik_testing.contract.checks.filled_form import FILLED_FORM
from nagorik_testing.contract.checks.form_owner import FORM_OWNER
from nagorik_testing.contract.checks.health import HEALTH
from nagorik_testing.contract.checks.held_rules import HELD_RULES
from nagorik_testing.contract.checks.host_safety import HOST_SAFETY
from nagorik_testing.contract.checks.message_contents import MESSAGE_CONTENTS
from nagorik_testing.contract.checks.messages import MESSAGES
from nagorik_testing.contract.checks.papers import PAPERS
from nagorik_testing.contract.checks.payment import PAYMENT
from nagorik_testing.contract.checks.payment_answers import PAYMENT_ANSWERS
from nagorik_testing.contract.checks.payment_books import PAYMENT_BOOKS
from nagorik_testing.contract.checks.payment_deadlines import PAYMENT_DEADLINES
from nagorik_testing.contract.checks.payment_proofs import PAYMENT_PROOFS
from nagorik_testing.contract.checks.payment_reports import PAYMENT_REPORTS
from nagorik_testing.contract.checks.priced_forms import PRICED_FORMS
from nagorik_testing.contract.checks.privacy import PRIVACY
from nagorik_testing.contract.checks.process import PROCESS
from nagorik_testing.contract.checks.refused_fields import REFUSED_FIELDS
from nagorik_testing.contract.checks.remarks import REMARKS
from nagorik_testing.contract.checks.repeats import REPEATS
from nagorik_testing.contract.checks.robustness import ROBUSTNESS
from nagorik_testing.contract.checks.rule_figures import RULE_FIGURES
from nagorik_testing.contract.checks.searches import SEARCHES
from nagorik_testing.contract.checks.sent_form import SENT_FORM
from nagorik_testing.contract.checks.sent_payments import SENT_PAYMENTS
from nagorik_testing.contract.checks.sent_values import SENT_VALUES
from nagorik_testing.contract.checks.sessions import SESSIONS
from nagorik_testing.contract.checks.status import STATUS
from nagorik_testing.contract.checks.submission import SUBMISSION
from nagorik_testing.contract.checks.told import TOLD
from nagorik_testing.contract.checks.truth import TRUTH
from nagorik_testing.contract.checks.unfilled_fields import UNFILLED_FIELDS
from nagorik_testing.contract.checks.verdicts import VERDICTS
from nagorik_testing.contract.checks.whole_days import WHOLE_DAYS

CHECKS: Final[tuple[Check, ...]] = (
    *CATALOGUE,
    *DECLARED_SETTINGS,
    *ELIGIBILITY,
    *VERDICTS,
    *AGENCY_VERDICTS,
    *FORM_OWNER,
    *FILLED_FORM,
    *FEES,
    *AGENCY_PRICES,
    *PRICED_FORMS,
    *WHOLE_DAYS,
    *RULE_FIGURES,
    *SUBMISSION,
    *SEARCHES,
    *SENT_FORM,
    *CHOSEN_FORMS,
    *HELD_RULES,
    *AGENCY_DAYS,
    *REFUSED_FIELDS,
    *SENT_VALUES,
    *UNFILLED_FIELDS,
    *PAPERS,
    *REPEATS,
    *PAYMENT,
    *PAYMENT_BOOKS,
    *PAYMENT_REPORTS,
    *PAYMENT_PROOFS,
    *PAYMENT_ANSWERS,
    *PAYMENT_DEADLINES,
    *SENT_PAYMENTS,
    *STATUS,
    *TRUTH,
    *REMARKS,
    *DELIVERABLES,
    *TOLD,
    *APPOINTMENTS,
    *MESSAGES,
    *MESSAGE_CONTENTS,
    *HEALTH,
    *PRIVACY,
    *ADDRESSES,
    *ROBUSTNESS,
    *SESSIONS,
    *HOST_SAFETY,
    *PROCESS,
)
"""Every check, in the order of a plugin's life; ids are unique and stable."""

__all__ = ["CHECKS", "Check", "CheckFamily", "CheckScope"]
