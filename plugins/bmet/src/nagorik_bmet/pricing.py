"""What the price of an application depends on."""

from datetime import date

from nagorik import FeeDue, Form
from nagorik_bmet import eligibility
from nagorik_bmet.data import FEES
from nagorik_toolkit import FeeBasis


def basis(service: str, form: Form, on: date) -> FeeBasis:
    """The service's own schedule, by the fields of its form."""
    checks = eligibility.form_checks(form, on)
    return FeeBasis.of_fields(FEES[service], form, due=FeeDue.AFTER_SUBMISSION, checks=checks)
