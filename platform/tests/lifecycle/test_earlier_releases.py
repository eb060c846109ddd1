"""What an earlier release wrote is read as it was, and what it began is repeated with the same keys.

A line is added to these tables for what is new. One that has to be changed stops the applications of every database.
"""

from uuid import UUID

import pytest
from pydantic import TypeAdapter

from nagorik.operations import Operation
from nagorik_platform.lifecycle import Event
from nagorik_platform.requests import References

from . import factories

AT = "2026-11-26T06:00:00Z"
EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
OF_A_DELIVERABLE = factories.fetched(factories.deliverable()).model_dump(mode="json", exclude_defaults=True)
JOURNAL = {
    "opened": {
        "id": "application-1",
        "service": "wasa.connection",
        "plugin_version": "nagorik-wasa 1.0.0",
        "client_reference": "N-1",
        "idempotency_key": "8d3c1c9e-6f0e-4c3e-9a39-0a5f0f5c7d11",
    },
    "documents-handed-in": {"documents": [OF_A_DELIVERABLE["document"]]},
    "consent-given": {"consent": factories.consent().model_dump(mode="json", exclude_defaults=True)},
    "moved": {"to": "ready", "actor": "core", "code": "complete"},
    "flags-changed": {},
    "held": {"hold": {"party": "person", "code": "nothing-due"}},
    "released": {},
    "acknowledged": {},
    "eligibility-decided": {"decision": factories.decision().model_dump(mode="json", exclude_defaults=True)},
    "eligibility-dropped": {},
    "database-restored": {"officer": "R. Akter", "reason": "disk"},
    "quote-received": {"quote": factories.quote().model_dump(mode="json", exclude_defaults=True)},
    "quote-dropped": {},
    "fee-demanded": {"stage": "licence"},
    "fee-settled": {},
    "payment-opened": {
        "payment": "payment-1",
        "quote": "quote-1",
        "stage": "application",
        "gateway": "cashdesk.counter",
        "amount": {"poisha": 23_000},
    },
    "payment-moved": {"payment": "payment-1", "to": "captured", "actor": "gateway", "code": "reported"},
    "advice-lost": {"payment": "payment-1"},
    "advice-absent": {"payment": "payment-1"},
    "refund-lost": {"payment": "payment-1"},
    "payment-noticed": {"payment": "payment-1"},
    "attempt-began": {"operation": "submit"},
    "attempt-ended": {"operation": "submit", "result": "accepted"},
    "postponed": {"operation": "status", "until": AT},
    "reference-received": {"reference": "A-1"},
    "reference-doubted": {"reference": "A-2"},
    "status-received": {"status": factories.status().model_dump(mode="json", exclude_defaults=True)},
    "deliverable-fetched": OF_A_DELIVERABLE,
    "correction-given": {},
    "correction-sent": {},
    "withdrawal-wanted": {},
    "booking-changed": {"booking": None},
    "withdrawal-settled": {"outcome": "unknown"},
    "looked-up": {"operation": "withdraw"},
}
"""Each kind of event, with the members that it always had."""


@pytest.mark.parametrize("kind", JOURNAL)
def test_event_of_an_earlier_release_is_read(kind: str) -> None:
    assert EVENTS.validate_python({"kind": kind, "at": AT, **JOURNAL[kind]}, strict=False).kind == kind


def test_no_kind_of_event_is_forgotten() -> None:
    assert set(EVENTS.json_schema()["discriminator"]["mapping"]) == set(JOURNAL)


@pytest.mark.parametrize(
    ("operation", "about", "key"),
    [
        (Operation.SUBMIT, "", "0582809b-cc5a-590a-8338-ab6f30136c07"),
        (Operation.START_PAYMENT, "payment-1", "3d165981-a953-5a98-9ba1-8d3ac7bdff34"),
        (Operation.ANSWER_CORRECTION, "2", "199cf4fb-629f-5181-b74a-7e50c7627844"),
    ],
)
def test_write_that_is_repeated_after_an_upgrade_has_the_same_key(operation: Operation, about: str, key: str) -> None:
    root = UUID("8d3c1c9e-6f0e-4c3e-9a39-0a5f0f5c7d11")
    assert References(client_reference="N-1", idempotency_key=root).key(operation, about) == key
