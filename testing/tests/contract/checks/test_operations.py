"""An operation is named by the route that took the request, and a login is what the plugin's ``login`` sent."""

from collections.abc import Callable

from nagorik import Operation
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.matrix_runner import play_matrix
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.wiretap import Wiretap

LOGIN = "plugin:login_at_the_desk"


async def test_login_is_what_the_login_sent_wherever_it_sent_it(permit_office: Callable[..., Subject]) -> None:
    tap = Wiretap()
    subject = tap.on(permit_office(simulator="DeskOffice", plugin={"login": LOGIN}))
    async with open_rig(subject, "permits.shop") as rig:
        await prepare_operation(rig, Operation.STATUS)
        await call_operation(rig, Operation.STATUS)
        seen = rig.simulator.ledger.requests()

    assert [one.operation for one in seen] == ["POST /desk", "POST /permits", "GET /permits/{id}"]
    assert [one.is_login for one in seen] == [True, False, False]
    assert [one.operation for one in tap.exchanges] == [one.operation for one in seen]
    assert [one.operation for one in tap.since()] == ["POST /permits", "GET /permits/{id}"]


async def test_request_that_no_route_takes_is_a_finding(permit_office: Callable[..., Subject]) -> None:
    subject = permit_office("AsksNowhere")
    offer = next(offer for offer in subject.manifest.offers if offer.id == "permits.shop")

    found = [one async for one in play_matrix(subject, offer, {Operation.STATUS}, ())]

    assert [(one.check, one.got) for one in found if one.failed] == [
        ("status/F00", "no route of the simulator takes GET /permits-of-old")
    ]
