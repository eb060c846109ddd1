"""The officers' side of the simulated BRTA, by hand over the admin API."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from nagorik_brta.simulator import BrtaSimulator
from nagorik_testing import ServiceDesk, SimulatorTransport


async def act(
    desk: ServiceDesk[BrtaSimulator], collection: str, action: str, remarks: str | None = None
) -> tuple[int, dict[str, Any]]:
    transport = SimulatorTransport(desk.simulator, admin=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        answer = await http.post(
            f"/_simulator/brta/{collection}/{desk.reference}/{action}", json={"remarks": remarks} if remarks else {}
        )
    return answer.status_code, answer.json()


async def paid(desk: ServiceDesk[BrtaSimulator], service: str) -> Any:
    draft = desk.draft(service)
    await desk.file(draft)
    await desk.pay(draft)
    await desk.status(draft)
    return draft


async def test_officer_plays_a_whole_test(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = await paid(desk, "brta.learner")
    assert (await act(desk, "learners", "note-absence"))[1]["status"] == "TEST_MISSED"
    assert (await act(desk, "learners", "hold-test"))[0] == 409
    now = desk.simulator.clock.now()
    offered = await desk.platform.list_slots(
        draft, earliest=now, latest=now + timedelta(days=9), agency_reference=desk.reference
    )
    await desk.platform.book_slot(draft, desk.references, offered.slots[0])
    assert (await act(desk, "learners", "hold-test"))[1]["status"] == "BIOMETRIC_DONE"
    assert (await act(desk, "learners", "fail", "লিখিত পরীক্ষায় অনুত্তীর্ণ"))[0] == 200
    assert (await desk.status(draft)).remark == "লিখিত পরীক্ষায় অনুত্তীর্ণ"
    await desk.platform.book_slot(draft, desk.references, offered.slots[1])
    await act(desk, "learners", "hold-test")
    assert (await act(desk, "learners", "pass"))[1]["status"] == "TEST_PASSED"


async def test_officer_approves_and_the_post_loses_the_card(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = await paid(desk, "brta.smart-card")
    assert (await act(desk, "smart-cards", "approve"))[1]["status"] == "APPROVED"
    await desk.until(draft, "DISPATCHED")
    assert (await act(desk, "smart-cards", "return-card"))[1]["status"] == "RETURNED"
    assert (await act(desk, "smart-cards", "dispatch-again"))[1]["status"] == "DISPATCHED"
    assert (await act(desk, "smart-cards", "hand-over"))[1]["status"] == "DELIVERED"


async def test_officer_refuses_with_words_of_their_own(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = await paid(desk, "brta.renewal")
    await act(desk, "renewals", "reject", "ছবি অস্পষ্ট")
    told = await desk.status(draft)
    assert (told.state.value, told.remark, told.final) == ("rejected", "ছবি অস্পষ্ট", True)


async def test_officer_inspects(desk: ServiceDesk[BrtaSimulator]) -> None:
    draft = await paid(desk, "brta.fitness")
    await act(desk, "fitness-certificates", "inspect")
    await act(desk, "fitness-certificates", "fail-inspection")
    assert (await desk.status(draft)).raw == "INSPECTION_FAILED"


@pytest.mark.parametrize("action", ["pay", "book-test", "book-inspection"])
async def test_what_is_not_an_officers_to_do(desk: ServiceDesk[BrtaSimulator], action: str) -> None:
    await paid(desk, "brta.learner")
    transport = SimulatorTransport(desk.simulator, admin=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        answer = await http.post(f"/_simulator/brta/learners/{desk.reference}/{action}", json={})
    assert answer.status_code == 404


async def test_same_seed_and_clock_give_the_same_numbers() -> None:
    from nagorik_brta.simulator import BrtaSimulator

    async def number() -> str:
        simulator = BrtaSimulator(seed=3)
        async with httpx.AsyncClient(transport=SimulatorTransport(simulator), base_url="http://127.0.0.1") as http:
            filed = await http.post(
                "/sim/brta/bsp/api/fitness-certificates",
                json={
                    "clientReference": "r",
                    "registrationNumber": "x",
                    "vehicle": "CAR",
                    "mobile": "+880",
                    "office": "x",
                },
            )
        told: str = filed.json()["reference"]
        return told

    assert await number() == await number()
