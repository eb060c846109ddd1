"""From the counter to the hand-over by keyboard alone: a citizen's voter area is changed, in Bangla."""

import json
from pathlib import Path

import httpx
import pytest
from desk_keyboard import Operator, chromium
from simulated_country import running_country

pytestmark = pytest.mark.long

EXAMPLE = json.loads((Path(__file__).resolve().parents[3] / "examples/applications/04-migration.json").read_text())


def test_voter_area_is_changed_from_counter_to_hand_over_in_bangla() -> None:
    with running_country("--pace", "100000") as country, chromium() as browser:
        desk = Operator(browser.new_page(), country["desk"])
        desk.sign_in(country["operator"])
        desk.take_in(EXAMPLE["applicant"], EXAMPLE["service"])
        desk.fill_form(EXAMPLE["form"])
        desk.agree(ceiling=0)
        desk.press("#follow")
        desk.hand_over(EXAMPLE["applicant"]["name"]["bn"])
        assert not desk.page.locator('a[href$="/hand-over"]').count()
        filed = httpx.get(f"{country['simulators']['nid']}/_simulator/ledger").json()["effects"]
        assert [one["kind"] for one in filed].count("application") == 1
