"""Fees, cell by cell, from files that know nothing of the plugins' data: of an audit, and drawn by chance."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from nagorik import InputRejected
from nagorik_brta.conditions import years_late
from nagorik_testing import ServiceDesk
from nagorik_testing.simulator.base import installed_simulators, load_simulator
from nagorik_toolkit import FeeSchedule, NoTariff, NotPriced, read_schedules

CELLS: Final = Path(__file__).resolve().parent / "fee_cells"


def cells(file: str) -> list[Any]:
    """Each cell under a name that says what is asked."""
    read = tomllib.loads((CELLS / file).read_text("utf-8"))["cells"]
    return [
        pytest.param(cell, id=f"{number}-{cell.get('service') or cell['schedule']}")
        for number, cell in enumerate(read)
    ]


@cache
def schedules(plugin: str) -> Mapping[str, FeeSchedule]:
    return read_schedules(f"nagorik_{plugin}")


def priced(cell: Mapping[str, Any]) -> str:
    """What a schedule has for a choice on a day."""
    choice, on = dict(cell["choice"]), cell["on"]
    if "expires_on" in cell:
        choice["years_late"] = years_late(cell["expires_on"], on)
    try:
        price = schedules(cell["plugin"])[cell["schedule"]].price(
            on, stage=cell.get("stage", "application"), **choice
        )
    except NoTariff:
        return "no-tariff"
    except NotPriced:
        return "not-priced"
    return price.total.plain()


async def quoted(cell: Mapping[str, Any]) -> str:
    """What a citizen is asked for, by the plugin before its simulated agency."""
    simulator = load_simulator(installed_simulators()[cell["plugin"]])()
    desk = ServiceDesk.before(simulator, service=cell["service"])
    try:
        quote = await desk.platform.quote_fees(
            desk.draft(cell["service"], desk.form(cell["service"], **cell["form"]))
        )
    except InputRejected:
        return "refused"
    return quote.total.plain()


async def answer(cell: Mapping[str, Any]) -> str:
    return await quoted(cell) if "service" in cell else priced(cell)


@pytest.mark.parametrize("cell", cells("audited.toml"))
async def test_cell_of_the_audit(cell: Mapping[str, Any]) -> None:
    assert await answer(cell) == cell["expected"]


@pytest.mark.parametrize("cell", cells("drawn.toml"))
async def test_cell_drawn_from_the_reference(cell: Mapping[str, Any]) -> None:
    assert await answer(cell) == cell["expected"]


def test_both_files_are_whole() -> None:
    counted = {file: len(cells(file)) for file in ("audited.toml", "drawn.toml")}
    assert counted["audited.toml"] == 130
    assert counted["drawn.toml"] >= 100
    days = [cell.values[0].get("on", date.min) for cell in cells("audited.toml") + cells("drawn.toml")]
    assert all(isinstance(day, date) for day in days)
