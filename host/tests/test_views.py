"""What a citizen and an officer may see of an application, as values."""

import pytest
from host_site import EXAMPLES, NUMBER, agencies, applied, nagorik, place, ready, world, world_at

from nagorik import InputRejected, Operation
from nagorik_host import CITIZEN, OFFICER, ApplicationView, OfficerView
from nagorik_host.application_file import ApplicationFile
from nagorik_host.store.application_store import NoSuchApplication

__all__ = ["agencies", "applied", "nagorik", "place", "ready", "world", "world_at"]


def both(world, application):
    async def read(host):
        return await host.view(application, CITIZEN), await host.view(application, OFFICER)

    return world.run(read)


def test_views_are_frozen_values_with_the_documented_keys(world):
    citizen, officer = both(world, world.closed())
    assert type(citizen) is ApplicationView
    assert isinstance(officer, OfficerView)
    assert {"applicant", "identifiers", "may_become", "attempts"} <= set(officer.model_dump()) - set(
        citizen.model_dump()
    )
    with pytest.raises(ValueError, match="frozen"):
        citizen.state = "rejected"  # type: ignore[misc]
    assert (citizen.state, citizen.timeline[-1].code) == ("closed", "closed")
    assert NUMBER not in officer.model_dump_json()
    assert citizen.agency_says is not None
    assert officer.agency_says is not None
    assert (citizen.agency_says["word"], bool(officer.agency_says["word"])) == (None, True)
    assert str(citizen) == "<ApplicationView>"
    assert ApplicationView.model_validate_json(citizen.model_dump_json()) == citizen


def test_application_is_found_by_its_client_reference_too(world):
    async def read(host):
        application = await world.apply(host)
        reference = (await host.progress(application)).client_reference
        return application, (await host.view(reference, CITIZEN)).application

    application, found = world.run(read)
    assert application == found


def test_consent_that_is_missing_says_what_it_must_cover(world):
    async def read(host):
        application = await world.apply_as(host, 1)
        worker = host.worker()
        await worker.run_until_idle()
        return await host.view(application, CITIZEN)

    view = world.run(read)
    assert view.consent is not None
    assert {Operation.SUBMIT, Operation.START_PAYMENT, Operation.WITHDRAW} <= set(view.consent["operations"])
    assert (view.consent["gap"], view.consent["expires_at"]) == ("absent", None)
    assert view.consent["least_ceiling"] == f"{view.fees[0]['total']} BDT"


def test_unknown_application_is_a_problem_and_no_defect(world):
    async def read(host):
        with pytest.raises(NoSuchApplication) as unknown:
            await host.view("NGK-0000", CITIZEN)
        return unknown.value.to_problem()

    problem = world.run(read)
    assert (problem["status"], problem["code"]) == (404, "no-such-application")
    assert "NGK" not in str(problem)


@pytest.mark.parametrize("form", [{}, {"reason": "lost", "note": ["x"] * 60_000}])
def test_form_that_is_not_valid_or_too_large_is_refused_before_anything_is_kept(world, form):
    async def apply(host):
        draft = await world.draft(host, ApplicationFile.read(EXAMPLES / "nid-reissue.json"))
        with pytest.raises(InputRejected) as refused:
            await host.apply(draft.model_copy(update={"form": form}))
        assert (
            await host.database.run(lambda t: t.connection.exec_driver_sql("SELECT count(*) FROM payloads").scalar())
            == 0
        )
        return {one.code for one in refused.value.fields}

    assert world.run(apply) == ({"too-large"} if form else {"missing"})
