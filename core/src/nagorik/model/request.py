"""What every request to a hook carries."""

from datetime import date
from typing import TypeVar

from nagorik.model.document import DocumentReference
from nagorik.model.identity import Applicant
from nagorik.privacy import Form, Model

FormT = TypeVar("FormT", bound=Form)


class ServiceRequest(Model):
    """A question or an order about one service."""

    service: str
    """The service's id."""
    on: date
    """The day in Asia/Dhaka on which the question is asked: ages and fees follow it."""


class ApplicationRequest(ServiceRequest):
    """A request about an application whose form has been validated against the service's model."""

    applicant: Applicant
    form: Form
    """An instance of the model that the manifest names for this service."""
    documents: tuple[DocumentReference, ...] = ()

    def form_as(self, model: type[FormT]) -> FormT:
        """The form, typed.

        Raises:
            TypeError: The service's form is another model; a fault of the plugin.
        """
        if not isinstance(self.form, model):
            raise TypeError(f"the form of {self.service} is not a {model.__name__}")
        return self.form
