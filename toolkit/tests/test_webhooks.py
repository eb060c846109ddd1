"""Messages that an agency posts, signed by the reference library of Standard Webhooks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st
from pydantic import SecretStr
from standardwebhooks import Webhook

from nagorik import AgencyRejected, CallbackRequest, ContractViolation
from nagorik_toolkit import read_webhook
from nagorik_toolkit.reference_interface import OfficeOpen

SECRET = "whsec_c3ludGhldGlj"
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
BODY = b'{"open": true}'


def message(body: bytes = BODY, *, sent_at: datetime = NOW, secret: str = SECRET) -> CallbackRequest:
    signature = Webhook(secret).sign("msg-1", sent_at, body.decode())
    headers = {
        "Webhook-Id": "msg-1",
        "Webhook-Timestamp": str(int(sent_at.timestamp())),
        "Webhook-Signature": f"v1,b3RoZXI= {signature}",
    }
    return CallbackRequest(service="bmet.clearance", headers=headers, body=body)


def read(request: CallbackRequest) -> OfficeOpen:
    return read_webhook(request, SecretStr(SECRET), NOW, expect=OfficeOpen)


def rejected(request: CallbackRequest) -> str:
    """The reason for which a message is rejected."""
    with pytest.raises(AgencyRejected) as refused:
        read(request)
    return refused.value.reason_code


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_recent_message_of_the_holder_of_the_secret_is_read(minutes: int) -> None:
    assert read(message(sent_at=NOW + timedelta(minutes=minutes))).open is True


@pytest.mark.parametrize("seconds", [-301, 301])
def test_message_that_is_old_or_of_the_future_is_rejected(seconds: int) -> None:
    assert rejected(message(sent_at=NOW + timedelta(seconds=seconds))) == "message-too-old"


@given(header=st.sampled_from(["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"]), value=st.text(max_size=60))
def test_message_with_another_header_is_rejected(header: str, value: str) -> None:
    genuine = message()
    headers = genuine.headers | {header: value}
    if headers == genuine.headers:
        return
    assert rejected(genuine.model_copy(update={"headers": headers})) == "message-not-proved"


@given(st.binary(max_size=40).filter(lambda body: body != BODY))
def test_message_with_another_body_is_rejected(body: bytes) -> None:
    assert rejected(message().model_copy(update={"body": body})) == "message-not-proved"


def test_message_of_another_secret_is_rejected() -> None:
    assert rejected(message(secret="whsec_b3RoZXI=")) == "message-not-proved"


def test_genuine_message_that_says_something_else_breaks_the_interface() -> None:
    with pytest.raises(ContractViolation) as broken:
        read(message(b'{"open": 7}'))
    assert broken.value.detail == "message-unreadable"
