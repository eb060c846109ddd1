"""What the price of an application depends on."""

from datetime import date

from nagorik import FeeDue, Form
from nagorik_bmet.data import FEES
from nagorik_toolkit import FeeBasis


def basis(service: str, form: Form, _: date) -> FeeBasis:
    """The service's own schedule, by the fields of its form."""
    return FeeBasis.of_fields(FEES[service], form, due=FeeDue.AFTER_SUBMISSION)
