"""Whether a licence is valid, and until when."""

from datetime import date, datetime, time
from typing import Any

import httpx
import pytest

from nagorik.errors import AgencyUnavailable, ConsentMissing, ContractViolation, InputRejected
from nagorik.model.status import ApplicationState, Deliverable
from nagorik.model.submission import Accepted, Rejected
from nagorik.values import dhaka_zone
from nagorik_brta.simulator import BrtaSimulator
from nagorik_testing import Altered, InjectedResponse, ServiceDesk, SimulatorTransport, SyntheticCitizens

SERVICE = "brta.licence-check"
CHECK = "POST /sim/brta/bsp/api/lookups/licences"


async def asked(desk: ServiceDesk[BrtaSimulator], serial: int = 7, **more: str) -> Any:
    desk.citizen = SyntheticCitizens().citizen(serial)
    return await desk.platform.submit(desk.draft(SERVICE, desk.form(SERVICE, **more)), desk.references)


@pytest.mark.parametrize(("serial", "until"), [(7, "2031-06-30"), (8999, "2031-06-30"), (9000, "2026-12-31")])
async def test_valid_until_when(desk: ServiceDesk[BrtaSimulator], serial: int, until: str) -> None:
    answer = await asked(desk, serial)
    assert isinstance(answer, Accepted)
    assert (answer.status.state, answer.status.raw) == (ApplicationState.DELIVERED, "VALID")
    assert answer.status.deliverables == (Deliverable(kind="licence-validity", delivery="none", reference=until),)
    assert answer.status.final
    assert answer.status.reason is not None
    assert until[:4] in answer.status.reason.en
    assert desk.simulator.ledger.effects() == ()


@pytest.mark.parametrize(
    ("serial", "more", "code"),
    [
        (9100, {}, "licence.expired"),
        (9200, {}, "licence.not-found"),
        (7, {"licence_number": "DK0000000CL0008"}, "licence.not-found"),
        (7, {"licence_number": "DK1000000CL0007"}, "licence.not-found"),
    ],
)
async def test_what_does_not_serve_is_an_answer(
    desk: ServiceDesk[BrtaSimulator], serial: int, more: dict[str, str], code: str
) -> None:
    answer = await asked(desk, serial, **more)
    assert isinstance(answer, Rejected)
    assert (answer.reason_code, bool(answer.reason and answer.reason.bn)) == (code, True)


async def test_licence_of_somebody_else_is_not_asked_about(desk: ServiceDesk[BrtaSimulator]) -> None:
    with pytest.raises(InputRejected) as refused:
        await asked(desk, birth_date="1990-01-01")
    assert [problem.pointer for problem in refused.value.fields] == ["/form/birth_date"]
    assert desk.simulator.ledger.requests() == ()


@pytest.mark.parametrize("more", [{}, {"licenceNumber": "DK0000000CL0008"}, {"birthDate": "1990-01-01"}])
async def test_which_of_number_and_birth_date_is_wrong_is_not_said(more: dict[str, str]) -> None:
    simulator, citizen = BrtaSimulator(), SyntheticCitizens().citizen(7)
    known = {"licenceNumber": "DK0000000CL0007", "birthDate": citizen.birth_date.isoformat()}
    async with httpx.AsyncClient(transport=SimulatorTransport(simulator), base_url="http://127.0.0.1") as http:
        told = (await http.post(CHECK.removeprefix("POST "), json={**known, **more})).json()
    assert told["result"] == ("NOT_FOUND" if more else "VALID")
    assert ("validUntil" in told) is not bool(more)


@pytest.mark.parametrize(("day", "valid"), [(date(2031, 6, 30), True), (date(2031, 7, 1), False)])
async def test_the_last_day_counts_in_dhaka(desk: ServiceDesk[BrtaSimulator], day: date, valid: bool) -> None:
    desk.simulator.clock.set(datetime.combine(day, time(8, 1), dhaka_zone()))
    assert isinstance(await asked(desk), Accepted if valid else Rejected)


@pytest.mark.parametrize(
    "changed",
    [{"validUntil": None}, {"validUntil": "2026-11-23"}, {"validUntil": "30-06-2031"}, {"result": "SUSPENDED"}],
)
async def test_valid_without_a_day_to_come_or_a_word_that_nobody_knows_is_no_answer(
    desk: ServiceDesk[BrtaSimulator], changed: dict[str, str | None]
) -> None:
    desk.simulator.faults.add(CHECK, Altered(put=dict(changed)))
    with pytest.raises(ContractViolation):
        await asked(desk)


async def test_it_is_asked_again_after_a_lost_answer_and_never_taken_for_a_no(
    desk: ServiceDesk[BrtaSimulator],
) -> None:
    desk.simulator.faults.add(CHECK, InjectedResponse(status=503), count=None)
    with pytest.raises(AgencyUnavailable):
        await asked(desk)
    assert len(desk.simulator.ledger.requests(CHECK)) > 1


async def test_nobody_is_asked_about_without_consent(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = desk.draft(SERVICE, desk.form(SERVICE)).model_copy(update={"consent": None})
    with pytest.raises(ConsentMissing):
        await desk.platform.submit(draft, desk.references)
    assert desk.simulator.ledger.requests() == ()


async def test_no_number_of_the_driver_stands_in_an_address(desk: ServiceDesk[BrtaSimulator]) -> None:
    await asked(desk)
    (request,) = desk.simulator.ledger.requests(CHECK)
    assert "DK000" not in repr(request)
