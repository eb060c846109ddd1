"""What the price of an application depends on."""

from datetime import date

from nagorik import FeeDue, Form
from nagorik_passport.data import FEES
from nagorik_passport.forms import ApplicationForm
from nagorik_toolkit import FeeBasis


def basis(service: str, form: Form, _: date) -> FeeBasis:
    """The table in taka or, at a mission, that in dollars, which the mission takes itself."""
    if not isinstance(form, ApplicationForm):
        raise TypeError(f"{service} has no price")
    booklet = {
        "pages": lambda: form.pages,
        "years": lambda: form.validity_years,
        "delivery": lambda: form.delivery,
    }
    if form.place == "mission":
        return FeeBasis(FEES["mission"], FeeDue.AFTER_SUBMISSION, {**booklet, "group": lambda: form.mission_group})
    return FeeBasis(FEES["passport"], FeeDue.AFTER_SUBMISSION, {**booklet, "staff": lambda: form.staff})
