"""What the gateway refuses, in each of its interfaces, and what of its own words is told."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from nagorik import (
    AgencyRejected,
    AgencyResponse,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    Layer,
    NagorikError,
    PaymentReport,
    PaymentState,
    Text,
)
from nagorik_sslcommerz.answers import read_error, without_quoting
from nagorik_sslcommerz.data import TEXTS

from .conftest import TRAN_ID, Answers, Checkout

TRANSACTIONS = "/validator/api/merchantTransIDvalidationAPI.php"
VALIDATIONS = "/validator/api/validationserverAPI.php"
REFUSED, CONTRADICTION = "sslcommerz.refused", "done-with-refusing-status"
NOT_LET_IN = "Store Credential Error Or Store is De-active"


def read(status: int, document: Any) -> NagorikError | None:
    return read_error(AgencyResponse(status, [], json.dumps(document).encode()))


def meaning(status: int, document: Any) -> str | None:
    """What an answer is read as: a code, or ``None`` where a hook reads it."""
    error = read(status, document)
    assert error is None or error.layer is Layer.AGENCY
    match error:
        case None:
            return None
        case AgencyRejected(reason_code=code) | ContractViolation(detail=code):
            return code
        case CredentialsRejected(kind=kind):
            return kind.value
    pytest.fail(f"nothing else is read: {error!r}")


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"APIConnect": "FAILED"}, CredentialProblem.WRONG),
        ({"APIConnect": "INACTIVE"}, CredentialProblem.REVOKED),
        ({"APIConnect": "INVALID_REQUEST"}, "sslcommerz.invalid-request"),
        ({"status": "FAILED", "failedreason": NOT_LET_IN}, CredentialProblem.WRONG),
        ({"status": "FAILED", "failedreason": f" {NOT_LET_IN.upper()}"}, CredentialProblem.WRONG),
        ({"status": "FAILED", "failedreason": f"It is a {NOT_LET_IN}"}, "sslcommerz.session-refused"),
        ({"status": "FAILED", "failedreason": ""}, "sslcommerz.session-refused"),
        ({"APIConnect": "FAILED", "status": "success"}, "done-and-refused"),
        ({"status": "FAILED", "failedreason": "no", "sessionkey": "A"}, "done-and-refused"),
    ],
    ids=str,
)
def test_gateways_own_no_is_one_whatever_the_http_status(status: int, document: Any, code: str) -> None:
    assert meaning(status, document) == code


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        "FAILED",
        {"APIConnect": "DONE"},
        {"APIConnect": "DONE", "status": "failed"},
        {"APIConnect": "DONE", "status": "FAILED", "failedreason": "no"},
        {"status": "FAILED"},
        {"failedreason": "no"},
        {"status": "PENDING", "failedreason": "no"},
        {"errorReason": "no"},
        {"status": "SUCCESS", "sessionkey": "A"},
    ],
    ids=str,
)
def test_what_refuses_nothing_is_left_to_whoever_asked(document: Any) -> None:
    assert meaning(200, document) is None


@pytest.mark.parametrize("reason", ["failedreason", "errorReason"])
def test_http_status_refuses_by_itself_where_a_reason_stands_beside_it(reason: str) -> None:
    """Who is not let in (401, 403), or comes too often (429), was not heard; nor was it by a server that failed."""
    refusing = {status for status in range(100, 600) if meaning(status, {reason: "no"}) == REFUSED}
    assert refusing == set(range(400, 500)) - {401, 403, 429}
    assert {meaning(status, {reason: "no"}) for status in range(100, 600)} == {REFUSED, None}
    assert {meaning(status, {reason: ""}) for status in range(100, 600)} == {None}


def test_refund_that_failed_is_refused_by_every_status_that_does_not_let_hooks_read_it() -> None:
    failed = {"APIConnect": "DONE", "status": "failed"}
    assert {status for status in range(100, 600) if meaning(status, failed) is None} == set(range(200, 300))
    for other in ({"APIConnect": "DONE"}, {"status": "failed"}, {"APIConnect": "MAYBE", "status": "failed"}):
        assert meaning(500, other) is None


@pytest.mark.parametrize(
    ("document", "is_done"),
    [
        *(
            ({"status": word}, True)
            for word in ("SUCCESS", "success", "processing", "refunded", "VALID", "Validated ")
        ),
        *(({"status": word}, False) for word in ("FAILED", "failed", "PENDING", "cancelled", "INVALID_TRANSACTION")),
        ({"refund_ref_id": "R1"}, True),
        ({"refund_ref_id": ""}, False),
        ({"GatewayPageURL": "https://epay.sslcommerz.com/A"}, True),
        ({"GatewayPageURL": ""}, False),
        ({"sessionkey": "A"}, True),
        ({"sessionkey": "A", "APIConnect": "DONE"}, False),
        ({"refund_ref_id": "R1", "APIConnect": "DONE"}, True),
    ],
    ids=str,
)
def test_what_was_done_is_no_refusal_whatever_the_http_status(document: Any, is_done: bool) -> None:
    """Each word and each number by which the documentation has something done; a question repeats the session's."""
    for status in (199, 300, 400, 429, 500):
        assert meaning(status, document) == (CONTRADICTION if is_done else None)
    assert [meaning(status, document) for status in (200, 299)] == [None, None]


def words_of(said: object, name: str = "errorReason") -> str | None:
    """The gateway's words as a citizen is told them, without their quotation marks."""
    error = read(200, {"APIConnect": "INVALID_REQUEST", name: said})
    assert isinstance(error, AgencyRejected)
    assert error.reason is not None
    ours = TEXTS.text("sslcommerz.invalid-request")
    if error.reason == ours:
        return None
    assert error.reason.bn.startswith(f"{ours.bn} ")
    told = error.reason.en.removeprefix(f"{ours.en} SSLCommerz says: ")
    assert told in error.reason.bn
    return told.strip("“”")


@pytest.mark.parametrize("name", ["failedreason", "errorReason", "error"])
def test_reason_is_told_by_whichever_name_it_comes(name: str) -> None:
    assert words_of("  Bank id\n is  missing ", name) == "Bank id is missing"
    for nothing in ("", "  ", None, 7, ["no"]):
        assert words_of(nothing, name) is None


@pytest.mark.parametrize(
    "said",
    [
        "no " * 66 + "no",
        "Amount 123456",
        "123 456 times",
        "123 and 4567 times",
        "Between 10.00 and 500000.00",
        "পরিমাণ ১২৩৪৫৬ টাকা",
    ],
)
def test_prose_is_told_as_it_is_said(said: str) -> None:
    assert words_of(said) == said


@pytest.mark.parametrize(
    "said",
    [
        "no " * 66 + "not",
        "Amount 1234567",
        "123 4567 times",
        "পরিমাণ ১২৩৪৫৬৭ টাকা",
        "A1B2 is wrong",
        "See a@b.example",
        "See https://sslcommerz.com",
        "Your password is wrong",
        "Your PASSWORD is wrong",
        "Bad store_passwd",
    ],
)
def test_what_is_long_or_may_be_somebodys_is_not_told(said: str) -> None:
    """More than 200 characters or six digits, an address, letters and digits mixed, and any word of a password."""
    assert words_of(said) is None


@pytest.mark.parametrize(
    ("private", "said", "is_told"),
    [
        ("Ali", "Invalid ALI given", False),
        ("Al", "Invalid Al given", True),
        ("Ali Akbar", "Invalid akbar given", False),
        ("রহি\u200cমা", "রহিমা ভুল", False),
        ("রহি\u200dমা", "রহিমা ভুল", False),
        ("", "Invalid", True),
    ],
)
def test_refusal_stays_what_it_is_without_the_words_that_quote(private: str, said: str, is_told: bool) -> None:
    whole = AgencyRejected(REFUSED, reason=Text(bn=f"না “{said}”", en=f"No “{said}”"), layer=Layer.GATEWAY)
    with pytest.raises(AgencyRejected) as refused, without_quoting(["Specimen", private]):
        raise whole
    told = refused.value
    assert (told.reason_code, told.layer) == (REFUSED, Layer.GATEWAY)
    assert told.reason == (whole.reason if is_told else TEXTS.text(REFUSED))
    assert refused.value.__cause__ is None


def test_refusal_without_a_reason_quotes_nothing() -> None:
    with pytest.raises(AgencyRejected) as refused, without_quoting(["Specimen"]):
        raise AgencyRejected("http-404")
    assert (refused.value.reason_code, refused.value.reason) == ("http-404", None)


FOUND = {
    "APIConnect": "DONE",
    "no_of_trans_found": 1,
    "element": [{"status": "VALID", "tran_id": TRAN_ID, "val_id": "V1"}],
}
CALLS: dict[str, tuple[Callable[[Checkout], Awaitable[Any]], list[tuple[str, Any]], str]] = {
    "attempts": (lambda checkout: checkout.query(), [], TRANSACTIONS),
    "validation": (lambda checkout: checkout.query(), [(TRANSACTIONS, FOUND)], VALIDATIONS),
    "refund": (lambda checkout: checkout.refund("bankreference"), [], TRANSACTIONS),
    "refund status": (lambda checkout: checkout.refund("bankreference", "R"), [], TRANSACTIONS),
}
"""How each interface but the session's is asked, what it is answered first, and where the refusal comes from."""


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("quoted", ["shopname", "secretword", "bankreference", "nobody"])
async def test_no_refusal_quotes_what_let_the_platform_in(
    answers: Answers, wired: Checkout, call: str, quoted: str
) -> None:
    ask, before, path = CALLS[call]
    secret = {"store_id": "shopname", "store_password": SecretStr("secretword")}
    shop = replace(wired, settings=wired.settings.model_copy(update=secret))
    for each in before:
        answers.add(*each)
    answers.add(path, {"APIConnect": "INVALID_REQUEST", "errorReason": f"Wrong {quoted} given"})
    with pytest.raises(AgencyRejected) as refused:
        await ask(shop)
    assert refused.value.reason_code == "sslcommerz.invalid-request"
    assert refused.value.reason is not None
    is_ours = quoted in {"shopname", "secretword"} or (call == "refund" and quoted == "bankreference")
    assert (quoted in refused.value.reason.en) is not is_ours


async def test_session_that_the_gateway_does_not_know_leaves_the_payment_unknown(
    answers: Answers, wired: Checkout
) -> None:
    answers.add(TRANSACTIONS, {"APIConnect": "DONE", "no_of_trans_found": 0})
    answers.add(TRANSACTIONS, {"APIConnect": "INVALID_REQUEST"})
    assert await wired.query("A") == PaymentReport(state=PaymentState.UNKNOWN)
