"""What the portal is told, and how its errors are read."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import JsonValue

from nagorik.errors import InputRejected
from nagorik.http import AgencyResponse
from nagorik.model.payment import AdvisePaymentRequest, PaymentReceipt
from nagorik.model.submission import SubmitRequest
from nagorik.privacy import Form
from nagorik.values import Money
from nagorik_passport.forms import NewPassportForm, PassportStatusForm, ReissueForm, VerificationForm
from nagorik_passport.plugin import PLUGIN
from nagorik_passport.simulator import PassportSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import validate_form

CITIZEN = SyntheticCitizens().citizen(7)


def told(service: str = "passport.new", **more: JsonValue) -> dict[str, Any]:
    model: type[Form] = ReissueForm if service == "passport.reissue" else NewPassportForm
    request = SubmitRequest(
        service=service,
        on=date(2026, 11, 24),
        applicant=CITIZEN.applicant(),
        form=validate_form(model, {**PassportSimulator().example(service, CITIZEN).form, **more}),
        client_reference="NGK-1",
    )
    return PLUGIN.details(request)


def looked_up(number: str) -> dict[str, str]:
    form = {"application_no": number, "birth_date": "1990-01-31"}
    return validate_form(PassportStatusForm, form).to_wire(PLUGIN.day)


def test_an_application_is_looked_up_by_the_number_that_was_given() -> None:
    assert looked_up("OID0000000007") == {"applicationNo": "OID0000000007", "birthDate": "31/01/1990"}
    assert looked_up("4000-000000007") == {"applicationNo": "4000-000000007", "birthDate": "31/01/1990"}


def test_an_application_as_it_is_filed() -> None:
    assert told(delivery="super-express", staff="noc-prl") == {
        "kind": "NEW",
        "givenName": CITIZEN.name.en.partition(" ")[0] if CITIZEN.name.en else None,
        "surname": CITIZEN.name.en.partition(" ")[2] if CITIZEN.name.en else None,
        "birthDate": f"{CITIZEN.birth_date:%d/%m/%Y}",
        "nid": CITIZEN.full_nid.value,
        "pages": 48,
        "validityYears": 5,
        "delivery": "SUPER_EXPRESS",
        "staff": "NOC_PRL",
        "place": "BANGLADESH",
        "office": "সাভার",
        "missionGroup": "GENERAL",
        "mobile": CITIZEN.phone.e164,
        "presentAddress": "নমুনা সড়ক, বাসা ০, সাভার, ঢাকা, ঢাকা, 1340",
        "permanentAddress": "নমুনা সড়ক, বাসা ০, সাভার, ঢাকা, ঢাকা, 1340",
        "hadPassport": False,
        "documents": [],
    }


@pytest.mark.parametrize(
    ("number", "sent"),
    [
        (CITIZEN.smart_nid.value, CITIZEN.smart_nid.value),
        (CITIZEN.legacy_nid.value, CITIZEN.full_nid.value),
        (CITIZEN.full_nid.value, CITIZEN.full_nid.value),
    ],
)
def test_nid_of_13_digits_goes_with_the_year_of_birth(number: str, sent: str) -> None:
    assert told(nid=number)["nid"] == sent


@pytest.mark.parametrize(("parent", "name"), [("father_nid", "fatherNid"), ("mother_nid", "motherNid")])
@pytest.mark.parametrize("number", ["0099000001", "9910000000008", "19709910000000008"])
def test_a_child_goes_by_the_birth_registration_and_a_parent(parent: str, name: str, number: str) -> None:
    registration = CITIZEN.birth_registration.value
    sent = told(nid=None, birth_registration=registration, **{parent: number})
    assert ("nid" in sent, sent["birthRegistration"], sent[name]) == (False, registration, number)


def test_a_reissue_names_what_came_before() -> None:
    diary = "নমুনা থানা, জিডি নং ১২, ১ নভেম্বর ২০২৬"
    sent = told("passport.reissue", reason="lost", gd_reference=diary)
    assert (sent["kind"], sent["previousPassport"], sent["reason"]) == ("REISSUE", "A00000007", "LOST")
    assert (sent["generalDiary"], sent["permanentAddressChanged"]) == (diary, False)


@pytest.mark.parametrize("payer", ["OPERATOR OF THE CENTRE", None])
def test_a_challan_shows_the_payer_that_the_gateway_names_and_dhakas_day(payer: str | None) -> None:
    receipt = PaymentReceipt(
        payment="payment-1",
        quote="quote-1",
        stage="application",
        gateway="till.counter",
        reference="CHALLAN-1",
        amount=Money.taka(4025),
        captured_at=datetime(2026, 11, 24, 18, 30, tzinfo=UTC),
        payer_name=payer,
    )
    advised = AdvisePaymentRequest.model_construct(receipt=receipt)
    assert PLUGIN.payment(advised) == {
        "reference": "CHALLAN-1",
        "amount": "4025.00",
        "paidOn": "25/11/2026",
        "stage": "application",
        "payer": payer,
    }


@pytest.mark.parametrize(
    ("status", "document", "code"),
    [
        (422, {"error": {"field": "birthDate"}}, "input-rejected"),
        (422, {"error": {"field": "somethingNew"}}, None),
        (409, {"error": {"field": "birthDate"}}, None),
        (200, {"error": {"field": "birthDate"}}, "contract-violation"),
        (422, {"error": "birthDate"}, None),
        (422, ["error"], None),
    ],
)
def test_errors_that_the_model_knows(status: int, document: JsonValue, code: str | None) -> None:
    answer = AgencyResponse(status, [(b"content-type", b"application/json")], json.dumps(document).encode())
    error = PLUGIN.read_error(answer)
    assert (error.code if error else None) == code


def test_portal_names_its_fields_as_they_are_sent_to_it() -> None:
    parents = {"father_nid": "0099000001", "mother_nid": "0099000002"}
    lost = {"reason": "lost", "gd_reference": "নমুনা থানা, জিডি নং ১২, ১ নভেম্বর ২০২৬"}
    asked = validate_form(VerificationForm, dict(PassportSimulator().example("passport.verification", CITIZEN).form))
    sent = told(birth_registration=CITIZEN.birth_registration.value, **parents).keys()
    sent |= told("passport.reissue", **lost).keys() | asked.to_wire(PLUGIN.day).keys() | looked_up("OID12345").keys()
    assert PLUGIN.form_fields.keys() == sent - {"kind", "documents"}
    for name, pointer in PLUGIN.form_fields.items():
        answer = AgencyResponse(422, [], json.dumps({"error": {"field": name}}).encode())
        refused = PLUGIN.read_error(answer)
        assert isinstance(refused, InputRejected)
        assert [problem.pointer for problem in refused.fields] == [pointer]
