"""The verification, against the simulated EC and against answers as its document shows them."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import respx
from pydantic import JsonValue

from nagorik.errors import (
    AgencyRejected,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    InputRejected,
)
from nagorik.model.status import ApplicationState, Deliverable
from nagorik.model.submission import Accepted, Rejected, SubmitRequest
from nagorik.operations import Operation
from nagorik_nid import partner_service
from nagorik_nid.data import DATA
from nagorik_testing.fixtures.plugin_under_test import AGENCY

Desk = Any
BASE = f"{AGENCY}/partner-service/rest"
PHOTO = "https://photos.example/presigned?signature=secret"


def form_of(desk: Desk, nid: str | None = None, **more: JsonValue) -> dict[str, JsonValue]:
    return {
        "birth_date": desk.citizen.birth_date.isoformat(),
        "nid": nid or desk.citizen.full_nid.value,
        "name": {"en": desk.citizen.name.en, "bn": desk.citizen.name.bn},
        **more,
    }


async def verify(desk: Desk, form: dict[str, JsonValue]) -> Any:
    request = desk.request(SubmitRequest, "nid.verification", form, client_reference="nagorik-0001")
    return await desk.call(Operation.SUBMIT, request)


# Against the simulated EC


@pytest.mark.parametrize("kind", ["smart", "legacy", "full"])
async def test_data_that_agree_are_verified_by_any_form_of_the_number(desk: Desk, kind: Any) -> None:
    form = form_of(desk, desk.citizen.nid(kind).value, father_name=desk.citizen.father.bn)
    verified = await verify(desk, form)
    assert isinstance(verified, Accepted)
    status = verified.status
    assert (status.state, status.raw, status.final) == (ApplicationState.DELIVERED, "verified", True)
    assert status.deliverables == (Deliverable(kind="verification-result", delivery="none"),)


async def test_mismatch_names_the_fields_and_no_value(desk: Desk) -> None:
    rejected = await verify(desk, form_of(desk, father_name="ভুল পিতা", mother_name=desk.citizen.mother.bn))
    assert isinstance(rejected, Rejected)
    assert rejected.reason_code == "nid.mismatch"
    assert "records: father's name." in rejected.reason.en
    assert "যা মেলেনি: পিতার নাম।" in rejected.reason.bn
    assert "ভুল পিতা" not in rejected.reason.bn


async def test_missing_agreement_is_a_matter_of_permission(desk: Desk) -> None:
    desk.simulator.verification.sla_fields = None
    with pytest.raises(CredentialsRejected) as rejected:
        await verify(desk, form_of(desk))
    assert rejected.value.kind is CredentialProblem.NOT_PERMITTED


async def test_one_login_serves_the_hours_for_which_its_token_is_good(desk: Desk) -> None:
    for _ in range(3):
        assert isinstance(await verify(desk, form_of(desk)), Accepted)
        desk.simulator.clock.advance(timedelta(hours=3))
    assert len(desk.simulator.ledger.effects("login")) == 1


async def test_expired_password_is_told_after_a_fresh_login(desk: Desk) -> None:
    desk.simulator.login_endpoint.password_expired = True
    with pytest.raises(CredentialsRejected) as rejected:
        await verify(desk, form_of(desk))
    assert rejected.value.kind is CredentialProblem.EXPIRED
    assert len(desk.simulator.ledger.effects("login")) == 2


# Against answers as the document shows them


@pytest.fixture
async def ec() -> AsyncIterator[respx.MockRouter]:
    # Asynchronous although it awaits nothing: for a synchronous fixture of an asynchronous test, pytest-asyncio
    # makes an event loop that nobody closes.
    with respx.mock(base_url=BASE, assert_all_called=True) as router:
        router.post("/auth/login", name="login").respond(
            json={
                "status": "OK",
                "statusCode": "SUCCESS",
                "success": {"data": {"username": "partner", "access_token": "token-1", "refresh_token": "token-2"}},
            }
        )
        yield router


def success(**beside: JsonValue) -> dict[str, JsonValue]:
    return {
        "status": "OK",
        "statusCode": "SUCCESS",
        "success": {
            " data ": {"requestId": " request-1 ", "nationalId": "0099000007", "pin": "19900000", "photo": PHOTO}
        },
        **beside,
    }


def mismatch(**beside: JsonValue) -> dict[str, JsonValue]:
    error: dict[str, JsonValue] = {"field": "verify", "message": "Person data mismatch"}
    return {"status": "NOT_ACCEPTABLE", "statusCode": "ERROR", "error": error, **beside}


@pytest.mark.parametrize("verified", [True, "true", " true ", "True"])
async def test_verified_may_be_a_boolean_or_a_text(
    wired_desk: Desk, ec: respx.MockRouter, verified: JsonValue
) -> None:
    ec.post("/demographic/verification").respond(json=success(**{" verified ": verified}))
    accepted = await verify(wired_desk, form_of(wired_desk))
    assert accepted.reference == "request-1"


async def test_nothing_of_the_photograph_or_the_pin_is_kept(wired_desk: Desk, ec: respx.MockRouter) -> None:
    ec.post("/demographic/verification").respond(json=success(verified=True))
    accepted = await verify(wired_desk, form_of(wired_desk))
    kept = accepted.model_dump_json()
    assert not any(secret in kept for secret in (PHOTO, "0099000007", "19900000"))


@pytest.mark.parametrize("verified", [False, "false", " False "])
async def test_mismatch_is_an_answer(wired_desk: Desk, ec: respx.MockRouter, verified: JsonValue) -> None:
    results: dict[str, JsonValue] = {
        "nameEn": "true",
        " father ": "false",
        "dateOfBirth": True,
        "presentAddress": {"division": True, "district": False},
    }
    ec.post("/demographic/verification").respond(
        406, json=mismatch(verified=verified, fieldVerificationResult=results)
    )
    rejected = await verify(wired_desk, form_of(wired_desk))
    assert "records: father's name, present address." in rejected.reason.en


@pytest.mark.parametrize("results", [{}, {"nameEn": True}, {"somethingNew": False}])
async def test_mismatch_that_names_no_known_field_says_so(
    wired_desk: Desk, ec: respx.MockRouter, results: dict[str, JsonValue]
) -> None:
    ec.post("/demographic/verification").respond(
        406, json=mismatch(verified="false", fieldVerificationResult=results)
    )
    rejected = await verify(wired_desk, form_of(wired_desk))
    assert "does not say which" in rejected.reason.en


@pytest.mark.parametrize(
    "body",
    [
        {"status": "OK", "verified": True},
        {"status": "OK", "success": {"data": {}}, "verified": True},
        success(),
        success(verified="maybe"),
        [],
    ],
)
async def test_answer_that_proves_nothing_is_a_violation(wired_desk: Desk, ec: respx.MockRouter, body: Any) -> None:
    ec.post("/demographic/verification").respond(json=body)
    with pytest.raises(ContractViolation):
        await verify(wired_desk, form_of(wired_desk))


@pytest.mark.parametrize(
    "error",
    [{"field": "nid", "message": "Voter is locked"}, {"field": " Voter is locked. Contact EC "}],
)
async def test_locked_voter_is_sent_to_the_office(
    wired_desk: Desk, ec: respx.MockRouter, error: dict[str, JsonValue]
) -> None:
    ec.post("/demographic/verification").respond(403, json={"status": "FORBIDDEN", "error": error})
    with pytest.raises(AgencyRejected) as rejected:
        await verify(wired_desk, form_of(wired_desk))
    assert rejected.value.reason_code == "nid.locked"
    assert rejected.value.reason is not None
    assert "নির্বাচন অফিসে" in rejected.value.reason.bn


async def test_error_without_a_message_is_read(wired_desk: Desk, ec: respx.MockRouter) -> None:
    ec.post("/demographic/verification").respond(403, json={"error": {"field": "SLA is not Assigned"}})
    with pytest.raises(CredentialsRejected) as rejected:
        await verify(wired_desk, form_of(wired_desk))
    assert rejected.value.kind is CredentialProblem.NOT_PERMITTED


@pytest.mark.parametrize("body", [{"error": {"field": None}}, {"error": "no"}, {"error": {}}, [], "no"])
async def test_refusal_that_the_document_does_not_explain_is_not_explained(
    wired_desk: Desk, ec: respx.MockRouter, body: Any
) -> None:
    ec.post("/demographic/verification").respond(403, json=body)
    with pytest.raises(CredentialsRejected) as rejected:  # and nothing is said of the voter
        await verify(wired_desk, form_of(wired_desk))
    assert rejected.value.kind is CredentialProblem.UNSPECIFIED


async def test_refused_field_is_pointed_at_in_the_form(wired_desk: Desk, ec: respx.MockRouter) -> None:
    ec.post("/demographic/verification").respond(400, json={"error": {"field": "spouse", "message": "not allowed"}})
    with pytest.raises(InputRejected) as rejected:
        await verify(wired_desk, form_of(wired_desk, spouse_name="নমুনা"))
    assert [(each.pointer, each.code) for each in rejected.value.fields] == [
        ("/form/spouse_name", "nid.field-refused")
    ]


async def test_wrong_password_is_not_called_an_expired_one(wired_desk: Desk) -> None:
    with respx.mock(base_url=BASE) as ec:
        ec.post("/auth/login").respond(401, json={"error": {"field": "username", "message": "Bad credentials"}})
        with pytest.raises(CredentialsRejected) as rejected:
            await verify(wired_desk, form_of(wired_desk))
    assert rejected.value.kind is CredentialProblem.WRONG


async def test_old_token_is_replaced_before_a_password_is_suspected(wired_desk: Desk, ec: respx.MockRouter) -> None:
    denied = httpx.Response(401, json={"error": {"field": "token", "message": "Access is denied"}})
    ec.post("/demographic/verification").mock(side_effect=[denied, httpx.Response(200, json=success(verified=True))])
    assert isinstance(await verify(wired_desk, form_of(wired_desk)), Accepted)
    assert ec["login"].call_count == 2


async def test_request_is_what_the_document_asks_for(wired_desk: Desk, ec: respx.MockRouter) -> None:
    route = ec.post("/demographic/verification").respond(json=success(verified=True))
    citizen = wired_desk.citizen
    address: dict[str, JsonValue] = {"division": "ঢাকা", "district": "ঢাকা", "upazila": "সাভার"}
    await verify(wired_desk, form_of(wired_desk, citizen.legacy_nid.value, present_address=address))

    request = route.calls.last.request
    assert request.headers["authorization"] == "Bearer token-1"
    assert "idempotency-key" not in request.headers
    assert json.loads(request.content) == {
        "identify": {"nid10Digit": None, "nid17Digit": citizen.full_nid.value},
        "verify": {
            "dateOfBirth": citizen.birth_date.isoformat(),
            "nameEn": citizen.name.en,
            "name": citizen.name.bn,
            "presentAddress": {"division": "ঢাকা", "district": "ঢাকা", "upozila": "সাভার"},
        },
    }


async def test_smart_card_number_is_sent_as_it_is(wired_desk: Desk, ec: respx.MockRouter) -> None:
    route = ec.post("/demographic/verification").respond(json=success(verified=True))
    await verify(wired_desk, form_of(wired_desk, wired_desk.citizen.smart_nid.value))
    assert b'"nid10Digit":"0099000007","nid17Digit":null' in route.calls.last.request.content


@pytest.mark.parametrize("wired_desk", [{"verification_path": "/voter/demographic/verification"}], indirect=True)
async def test_path_moves_with_the_settings(wired_desk: Desk, ec: respx.MockRouter) -> None:
    ec.post("/voter/demographic/verification").respond(json=success(verified=True))
    assert isinstance(await verify(wired_desk, form_of(wired_desk)), Accepted)


@pytest.mark.parametrize("field", sorted(partner_service.RECORD_FIELDS))
def test_every_field_of_the_record_has_a_name_for_the_citizen(field: str) -> None:
    assert DATA.texts.text(f"field.{field}").bn
