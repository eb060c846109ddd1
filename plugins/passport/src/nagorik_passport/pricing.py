"""What the price of an application depends on."""

from datetime import date

from nagorik import FeeDue, Form
from nagorik_passport import eligibility
from nagorik_passport.data import FEES
from nagorik_passport.forms import ApplicationForm
from nagorik_toolkit import FeeBasis


def basis(service: str, form: Form, on: date) -> FeeBasis:
    """The table in taka or, at a mission, that in dollars, which the mission takes itself."""
    if not isinstance(form, ApplicationForm):
        raise TypeError(f"{service} has no price")
    booklet = {
        "pages": lambda: form.pages,
        "years": lambda: form.validity_years,
        "delivery": lambda: form.delivery,
    }
    checks = (
        lambda: eligibility.refuse_impossible_birth(form, on),
        lambda: eligibility.refuse_delivery(form, on),
        lambda: eligibility.refuse_booklet(form, on),
    )
    due = FeeDue.AFTER_SUBMISSION
    if form.place == "mission":
        return FeeBasis(FEES["mission"], due, {**booklet, "group": lambda: form.mission_group}, checks=checks)
    return FeeBasis(FEES["passport"], due, {**booklet, "staff": lambda: form.staff}, checks=checks)
