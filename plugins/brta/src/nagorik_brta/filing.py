"""An application as BRTA's portal is told of it: what each form says, in the portal's words."""

from typing import Any

from nagorik import ApplicationRequest
from nagorik_brta.driver_forms import DuplicateForm, LearnerForm, RenewalForm, SmartCardForm
from nagorik_brta.fields import PersonForm
from nagorik_brta.vehicle_forms import FitnessForm, RegistrationForm, TaxTokenForm, TransferForm, VehicleForm
from nagorik_brta.wire import KINDS, day
from nagorik_toolkit import filled, hashes_of, number_of, wire_word


def to_application(request: ApplicationRequest, client_reference: str) -> dict[str, Any]:
    """An application as it is filed."""
    form = request.form
    details = {**_who_and_what(form), **_of_licence(form), **_of_vehicle(form)}
    return {
        "service": KINDS[request.service],
        "clientReference": client_reference,
        "documents": hashes_of(request.documents),
        **filled(details),
    }


def _who_and_what(form: object) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if isinstance(form, PersonForm):
        details |= {"dob": day(form.birth_date), "nid": number_of(form.nid, form.birth_date)}
    if isinstance(form, VehicleForm):
        details |= {"registrationNo": form.registration_number, "vehicle": wire_word(form.vehicle)}
    if isinstance(form, PersonForm | VehicleForm):
        details["mobile"] = form.mobile.e164
    return details


def _of_licence(form: object) -> dict[str, Any]:
    match form:
        case LearnerForm():
            return {
                "kind": wire_word(form.kind),
                "categories": [wire_word(category) for category in form.categories],
                "classViii": form.class_viii_passed,
                "medicallyFit": form.medically_fit,
                "office": form.office,
            }
        case SmartCardForm():
            return {
                "kind": wire_word(form.kind),
                "learnerNo": form.learner_number,
                "dopeTestNegative": form.dope_test_negative,
                "address": form.delivery_address.one_line,
            }
        case RenewalForm():
            return {
                "kind": wire_word(form.kind),
                "licenceNo": form.licence_number,
                "expiresOn": day(form.expires_on),
                "address": form.delivery_address.one_line,
            }
        case DuplicateForm():
            return {
                "licenceNo": form.licence_number,
                "generalDiary": form.gd_reference,
                "notSeized": form.not_seized,
                "address": form.delivery_address.one_line,
            }
        case _:
            return {}


def _of_vehicle(form: object) -> dict[str, Any]:
    match form:
        case RegistrationForm():
            return {"engineCc": form.engine_cc, "chassisNo": form.chassis_number, "office": form.office}
        case TransferForm():
            return {
                "engineCc": form.engine_cc,
                "acquiredBy": wire_word(form.acquired_by),
                "papersSigned": form.papers_signed,
                "office": form.office,
            }
        case TaxTokenForm():
            registered = form.registered_on
            return {
                "plan": wire_word(form.plan),
                "weightKg": form.weight_kg,
                "tokenExpiresOn": day(form.token_expires_on),
                "registeredOn": day(registered) if registered else None,
            }
        case FitnessForm():
            return {"office": form.office}
        case _:
            return {}
