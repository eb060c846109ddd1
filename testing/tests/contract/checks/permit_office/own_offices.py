"""Offices that say of themselves too little, or more than the office does; some are right, and come near."""

from typing import Any

from nagorik import AgencyRejected
from nagorik_testing import ErrorAnswer, ExampleApplication
from permit_office.offices import PricedOffice
from permit_office.simulator import PermitOffice

IN_ENGLISH = "Paths are invented."
IN_BANGLA = "API ও পথ কল্পিত।"
IN_FIGURES = f"{IN_ENGLISH} (১২)"


class BlankOffice(PermitOffice):
    modelled = " \n"


class EnglishOffice(PermitOffice):
    modelled = IN_ENGLISH


class HalfSaidOffice(PermitOffice):
    """Says the half in one language, with an abbreviation of the other."""

    modelled = IN_BANGLA


class FiguresOffice(PermitOffice):
    """Has a figure where the Bangla would stand."""

    modelled = IN_FIGURES


class TwoParagraphsOffice(PermitOffice):
    """Right: says it in the other order, a paragraph each, and both shortly."""

    modelled = f"{IN_ENGLISH}\n\n{IN_BANGLA}"


class NumberedOffice(PermitOffice):
    """Sets a number for a text."""

    def settings(self, base_url: str) -> dict[str, object]:
        return {**super().settings(base_url), "password": 17}


class CountingStaffOffice(PricedOffice):
    """Counts people."""

    def example(self, service: str, citizen: Any) -> ExampleApplication:
        usual = super().example(service, citizen)
        form = {**usual.form, "staff": 12}
        return ExampleApplication(applicant=usual.applicant, form=form, documents=usual.documents)


class ExplainingOffice(PermitOffice):
    """Says in its refusals what they are about, and so whom."""

    def error_answers(self) -> Any:
        shut = {"error": "the office is shut", "details": {"remarks": "nobody is there"}}
        return (ErrorAnswer(name="an office that is shut", status=400, document=shut, means=AgencyRejected),)


class OwnersOffice(PermitOffice):
    """Asks for the date of birth, too."""

    def example(self, service: str, citizen: Any) -> ExampleApplication:
        usual = super().example(service, citizen)
        form = {**usual.form, "birth_date": citizen.birth_date.isoformat()}
        return ExampleApplication(applicant=usual.applicant, form=form, documents=usual.documents)
