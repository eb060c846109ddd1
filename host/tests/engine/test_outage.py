"""An agency that is away for long: citizens are told the truth of it."""

from datetime import datetime, timedelta

import pytest

from nagorik_host.views import OFFICER
from nagorik_testing import SyntheticCitizens
from nagorik_testing.faults.conditions import Outage
from nagorik_testing.simulator.base import installed_simulators, load_simulator

pytestmark = pytest.mark.long

AWAY = timedelta(hours=2)


async def test_citizen_hears_since_when_what_it_means_and_that_the_expected_time_moves(world, ready_file):
    brta = world.simulators["brta"] = load_simulator(installed_simulators()["brta"])(clock=world.clock)
    example = brta.example("brta.renewal", SyntheticCitizens().citizen(7000))
    given = {"service": "brta.renewal", "applicant": example.applicant, "form": dict(example.form)}
    async with world.host(ready_file) as host:
        worker = host.worker()
        draft, consent = world.draft().model_copy(update=given), world.consent(service="brta.renewal")
        application = await host.apply(draft, consent=consent)

        async def view_after(time):
            await world.carry(worker, for_at_most=time)
            return (await host.view(application, OFFICER)).model_dump(mode="json")

        before = await view_after(timedelta(minutes=10))
        assert (before["unreachable"], before["expected_frozen_seconds"]) == (None, 0)
        down = world.clock.now()
        brta.conditions.add(Outage(begin=down, end=down + AWAY))
        await view_after(AWAY - timedelta(minutes=1))
        # When it is asked for last before that is chance; the citizen looks at the end.
        world.clock.set(down + AWAY - timedelta(minutes=1))
        during = await view_after(timedelta(0))
        away = during["unreachable"]
        assert down <= datetime.fromisoformat(away["since"]) < down + timedelta(minutes=30)
        assert away["means"]["en"].startswith("Bangladesh Road Transport Authority has not been reachable since ")
        assert "নিরাপদ আছে" in away["means"]["bn"]
        frozen = timedelta(seconds=during["expected_frozen_seconds"])
        assert AWAY - timedelta(minutes=30) < frozen < AWAY
        moved = datetime.fromisoformat(during["expected_by"]) - datetime.fromisoformat(before["expected_by"])
        assert moved == frozen
        world.clock.set(down + AWAY)
        after = await view_after(timedelta(hours=1))
        assert after["unreachable"] is None
        assert frozen < timedelta(seconds=after["expected_frozen_seconds"]) <= AWAY + timedelta(hours=1)
