import copy
import json
import pickle
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from nagorik import errors as module
from nagorik.errors import (
    AgencyClosed,
    AgencyRejected,
    AgencyUnavailable,
    ConsentMissing,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    DuplicateApplication,
    FieldProblem,
    InputRejected,
    Layer,
    NagorikError,
    Outcome,
    OutcomeUnknown,
    PluginFault,
    RateLimited,
    Retry,
    ServiceNotOffered,
    SettingsRejected,
)
from nagorik.values.sentences import Text
from nagorik.values.text import has_bangla_letters

REFERENCE = "NIDW-4613278905"
UNTIL = datetime(2026, 1, 15, 2, 0, tzinfo=UTC)
FIELD = FieldProblem(pointer="/form/nid", code="nid.length", text=Text(bn="ভুল", en="Wrong"))


def unknown() -> OutcomeUnknown:
    error = OutcomeUnknown(step="applications.create", because="read-timeout")
    error.client_reference = REFERENCE
    return error


# code, retry, status, outcome, members that only this kind adds: none of these may change between releases.
TABLE: dict[str, tuple[NagorikError, Retry, int, Outcome, dict[str, Any]]] = {
    "input-rejected": (
        InputRejected([FIELD]),
        Retry.NEVER,
        422,
        Outcome.REJECTED,
        {"errors": [{"pointer": "/form/nid", "code": "nid.length", "detail": "Wrong", "detail_bn": "ভুল"}]},
    ),
    "agency-rejected": (
        AgencyRejected("nid.locked", reason=Text(bn="বন্ধ", en="Locked")),
        Retry.NEVER,
        409,
        Outcome.REJECTED,
        {"reason_code": "nid.locked", "reason": "Locked", "reason_bn": "বন্ধ"},
    ),
    "duplicate-application": (DuplicateApplication(REFERENCE), Retry.NEVER, 409, Outcome.ALREADY_THERE, {}),
    "agency-unavailable": (
        AgencyUnavailable(retry_after=2.5, because="connect-timeout"),
        Retry.SAFE,
        503,
        Outcome.NOT_SENT,
        {"because": "connect-timeout", "retry_after": 2.5},
    ),
    "agency-closed": (
        AgencyClosed(UNTIL),
        Retry.AFTER,
        503,
        Outcome.NOT_SENT,
        {"until": "2026-01-15T02:00:00+00:00"},
    ),
    "rate-limited": (RateLimited(retry_after=60), Retry.AFTER, 429, Outcome.NOT_SENT, {"retry_after": 60}),
    "credentials-rejected": (
        CredentialsRejected(CredentialProblem.EXPIRED),
        Retry.NEVER,
        502,
        Outcome.NOT_SENT,
        {"kind": "expired"},
    ),
    "outcome-unknown": (
        unknown(),
        Retry.LOOK_UP_FIRST,
        504,
        Outcome.UNKNOWN,
        {"step": "applications.create", "because": "read-timeout"},
    ),
    "contract-violation": (
        ContractViolation("missing $.items.0.state"),
        Retry.NEVER,
        502,
        Outcome.NOT_SENT,
        {"violation": "missing $.items.0.state"},
    ),
    "plugin-fault": (
        PluginFault("raised", plugin="wasa", exception="KeyError", where="plugin.py:3:submit"),
        Retry.NEVER,
        500,
        Outcome.NOT_SENT,
        {"fault": "raised", "plugin": "wasa", "exception": "KeyError", "where": "plugin.py:3:submit"},
    ),
    "service-not-offered": (
        ServiceNotOffered("unknown-service"),
        Retry.NEVER,
        404,
        Outcome.NOT_SENT,
        {"because": "unknown-service"},
    ),
    "settings-rejected": (
        SettingsRejected(["base_url"], plugin="wasa"),
        Retry.NEVER,
        500,
        Outcome.NOT_SENT,
        {"plugin": "wasa", "settings": ["base_url"]},
    ),
    "consent-missing": (ConsentMissing("scope"), Retry.NEVER, 403, Outcome.NOT_SENT, {"because": "scope"}),
}
CODES = sorted(TABLE)


def error_classes() -> Iterator[type[NagorikError]]:
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, NagorikError)]
    return (cls for cls in found if cls is not NagorikError)


def test_every_error_has_its_own_stable_code() -> None:
    codes = [cls.code for cls in error_classes()]
    assert sorted(codes) == CODES
    assert len(set(codes)) == len(codes)
    assert {code: type(error).code for code, (error, *_) in TABLE.items()} == dict(zip(CODES, CODES, strict=True))


@pytest.mark.parametrize("code", CODES)
def test_what_the_caller_does_next_is_stable(code: str) -> None:
    error, retry, status, outcome, details = TABLE[code]
    assert (error.code, error.retry, error.status, error.outcome) == (code, retry, status, outcome)
    assert dict(error.details()) == details


@pytest.mark.parametrize("code", CODES)
def test_message_says_it_in_both_languages(code: str) -> None:
    message = TABLE[code][0].message
    assert has_bangla_letters(message.bn)
    assert not has_bangla_letters(message.en)
    for text, stop in ((message.en, "."), (message.bn, "।")):
        assert "{" not in text
        # What happened, what it means for the application, what to do next.
        assert text.count(stop) >= 3
        assert text.endswith(stop)


@pytest.mark.parametrize("code", CODES)
def test_message_names_the_agency_where_it_is_known(code: str) -> None:
    error = copy.copy(TABLE[code][0])
    named = "the agency" in error.message.en.casefold()
    error.agency = Text(bn="ওয়াসা", en="WASA")
    assert ("WASA" in error.message.en, "ওয়াসা" in error.message.bn) == (named, named)
    assert "{" not in error.message.en + error.message.bn


@pytest.mark.parametrize("code", CODES)
def test_problem_details_follow_rfc_9457(code: str) -> None:
    error, retry, status, outcome, details = TABLE[code]
    problem = error.to_problem()
    message = error.message
    assert (
        problem
        == {
            "type": f"urn:nagorik:problem:{code}",
            "title": message.en.partition(".")[0],
            "status": status,
            "detail": message.en,
            "code": code,
            "detail_bn": message.bn,
            "retry": retry.value,
            "outcome": outcome.value,
            "layer": error.layer.value,
        }
        | details
    )
    assert json.loads(json.dumps(problem)) == problem


def test_problem_names_service_and_operation_once_known() -> None:
    error = AgencyUnavailable()
    assert "service" not in error.to_problem()
    error.service, error.operation = "wasa.new-connection", "submit"
    problem = error.to_problem()
    assert (problem["service"], problem["operation"]) == ("wasa.new-connection", "submit")
    assert str(error).startswith("agency-unavailable [wasa.new-connection/submit]: ")


@pytest.mark.parametrize("code", CODES)
def test_text_of_an_error_holds_no_payload(code: str) -> None:
    error = TABLE[code][0]
    told = f"{error}{error!r}{error.args}{error.to_problem()}"
    assert REFERENCE not in told
    assert re.search(r"\d{6}", told) is None
    assert repr(error) == f"<{type(error).__name__} {code}>"


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    "twin",
    [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],  # noqa: S301 - our own bytes
    ids=["copy", "deepcopy", "pickle"],
)
def test_error_survives_copying_whole(code: str, twin: Any) -> None:
    error = copy.copy(TABLE[code][0])
    error.service, error.agency = "wasa.new-connection", Text(bn="ওয়াসা", en="WASA")
    error.outcome = Outcome.UNKNOWN
    other = twin(error)
    assert type(other) is type(error)
    assert vars(other) == vars(error)
    assert other.to_problem() == error.to_problem()


def test_layer_says_where_it_arose() -> None:
    assert AgencyRejected("x").layer is Layer.AGENCY
    assert AgencyUnavailable().layer is Layer.TRANSPORT
    assert PluginFault("raised", plugin="wasa").layer is Layer.PLUGIN
    assert AgencyRejected("x", layer=Layer.GATEWAY).to_problem()["layer"] == "gateway"


def test_unknown_members_are_left_out() -> None:
    assert dict(RateLimited().details()) == {}
    assert dict(AgencyRejected("x").details()) == {"reason_code": "x"}
    assert dict(PluginFault("deadline", plugin="wasa").details()) == {"fault": "deadline", "plugin": "wasa"}


def test_reference_is_there_for_code() -> None:
    error = TABLE["duplicate-application"][0]
    assert isinstance(error, DuplicateApplication)
    assert error.reference == REFERENCE
    assert unknown().client_reference == REFERENCE


def test_unraised_code_has_no_message() -> None:
    class Odd(NagorikError):
        code = "odd"

    with pytest.raises(KeyError):
        _ = Odd().message


def test_foreign_errors_are_no_nagorik_errors() -> None:
    assert not any(issubclass(cls, ValueError | KeyError | OSError) for cls in error_classes())
