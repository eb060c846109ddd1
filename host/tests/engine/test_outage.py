"""An agency that is away for long: citizens are told the truth of it."""

from datetime import datetime, timedelta

import pytest

from nagorik_host.views import OFFICER
from nagorik_testing import SyntheticCitizens
from nagorik_testing.faults.conditions import Outage
from nagorik_testing.simulator.base import installed_simulators, load_simulator

pytestmark = pytest.mark.long

AWAY = timedelta(hours=2)


async def test_citizen_is_told_since_when_what_it_means_and_that_the_expected_time_moves(world, ready_file):
    brta = load_simulator(installed_simulators()["brta"])(clock=world.clock)
    world.simulators["brta"] = brta
    example = brta.example("brta.renewal", SyntheticCitizens().citizen(7000))
    given = {"service": "brta.renewal", "applicant": example.applicant, "form": dict(example.form)}
    async with world.host(ready_file) as host:
        worker = host.worker()
        application = await host.apply(
            world.draft().model_copy(update=given), consent=world.consent(service="brta.renewal")
        )
        await world.carry(worker, for_at_most=timedelta(minutes=10))
        before = (await host.view(application, OFFICER)).model_dump(mode="json")
        assert before["submitted_at"] is not None
        assert before["unreachable"] is None
        assert before["expected_frozen_seconds"] == 0
        down = world.clock.now()
        brta.conditions.add(Outage(begin=down, end=down + AWAY))
        await world.carry(worker, for_at_most=AWAY - timedelta(minutes=1))
        # When it is asked for last before that is chance; the citizen looks at the end.
        world.clock.set(down + AWAY - timedelta(minutes=1))
        during = (await host.view(application, OFFICER)).model_dump(mode="json")
        assert (during["state"], during["agency_reference"]) == (before["state"], before["agency_reference"])
        told = during["unreachable"]
        since = datetime.fromisoformat(told["since"])
        assert down <= since < down + timedelta(minutes=30)
        assert told["plugin"] == "brta"
        assert told["means"]["en"].startswith("Bangladesh Road Transport Authority has not been reachable since ")
        assert "Your application is safe with us" in told["means"]["en"]
        assert "It may take that much longer." in told["means"]["en"]
        assert "বাংলাদেশ সড়ক পরিবহন কর্তৃপক্ষ-এর সঙ্গে সংযোগ করা যাচ্ছে না" in told["means"]["bn"]
        assert "নিরাপদ আছে" in told["means"]["bn"]
        assert "তত দিন দেরি হতে পারে" in told["means"]["bn"]
        assert not any("0" <= sign <= "9" for sign in told["means"]["bn"])
        frozen = timedelta(seconds=during["expected_frozen_seconds"])
        assert AWAY - timedelta(minutes=30) < frozen < AWAY
        moved = datetime.fromisoformat(during["expected_by"]) - datetime.fromisoformat(before["expected_by"])
        assert moved == frozen
        world.clock.set(down + AWAY)
        await world.carry(worker, for_at_most=timedelta(hours=1))
        after = (await host.view(application, OFFICER)).model_dump(mode="json")
        assert after["unreachable"] is None
        kept = timedelta(seconds=after["expected_frozen_seconds"])
        assert frozen < kept <= AWAY + timedelta(hours=1)
