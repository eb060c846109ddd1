"""What becomes of a citizen's application when the EC's answers get lost."""

from typing import Any

import pytest

from nagorik.errors import OutcomeUnknown
from nagorik.model.submission import Accepted, FindRequest, Found, SubmitRequest
from nagorik.operations import Operation
from nagorik_testing import AnswerLost, MaintenancePage

Desk = Any
FILE = "POST /sim/nid/v1/reissues"
VERIFY = "POST /partner-service/rest/demographic/verification"
REFERENCE = "nagorik-0001"


@pytest.mark.parametrize("fault", [AnswerLost(), MaintenancePage(processed=True)])
async def test_lost_answer_is_looked_up_and_never_sent_again(desk: Desk, fault: Any) -> None:
    desk.simulator.faults.add(FILE, fault)
    service, form = "nid.reissue", desk.card(reason="damaged")
    with pytest.raises(OutcomeUnknown):
        await desk.call(Operation.SUBMIT, desk.request(SubmitRequest, service, form, client_reference=REFERENCE))
    (filed,) = desk.simulator.ledger.effects("application")

    request = desk.request(FindRequest, service, form, client_reference=REFERENCE, sent_at=desk.simulator.clock.now())
    found = await desk.call(Operation.FIND, request)
    assert isinstance(found, Found)
    assert found.reference == filed.reference


async def test_lost_verification_is_asked_again_and_billed_again(desk: Desk) -> None:
    desk.simulator.faults.add(VERIFY, AnswerLost())
    request = desk.request(SubmitRequest, "nid.verification", desk.card(), client_reference=REFERENCE)
    assert isinstance(await desk.call(Operation.SUBMIT, request), Accepted)
    assert [bill.amount for bill in desk.simulator.ledger.effects("verification")] == ["2.00", "2.00"]
