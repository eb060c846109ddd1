"""The figures that plugins charge are those of the reference page, cell by cell."""

import re
from datetime import date
from pathlib import Path

import pytest

from nagorik_toolkit.fees import FeeSchedule, parse_schedules

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "reference" / "agencies.md").read_text("utf-8")
ON = date(2026, 11, 24)


def schedules(plugin: str) -> dict[str, FeeSchedule]:
    return dict(parse_schedules((ROOT / f"plugins/{plugin}/src/nagorik_{plugin}/fees.toml").read_bytes()))


def row(anchor: str, first: str) -> list[str]:
    """The cells of the row of an anchor's section that begins with ``first``."""
    section = PAGE.partition(f'<a id="{anchor}"></a>')[2].partition("<a id=")[0]
    found = re.search(rf"^\| {re.escape(first)} \|(.+)\|$", section, re.MULTILINE)
    assert found is not None, f"{anchor} has no row {first}"
    return [cell.strip() for cell in found[1].split("|")]


def amount(cell: str) -> int:
    return int(cell.replace(",", ""))


@pytest.mark.parametrize(("pages", "years"), [(48, 5), (48, 10), (64, 5), (64, 10)])
def test_passport(pages: int, years: int) -> None:
    cells = row("passport-fees", f"{pages} pages, {years} years")
    inside = schedules("passport")["passport"]
    for cell, delivery in zip(cells, ("regular", "express", "super-express"), strict=True):
        price = inside.price(ON, pages=pages, years=years, delivery=delivery, staff="none")
        assert price.total.poisha == amount(cell) * 100


@pytest.mark.parametrize(
    ("first", "schedule", "dimension", "word"),
    [
        ("correction of what is printed on the card", "correction", "item", "printed"),
        ("correction of other stored data", "correction", "item", "other"),
        ("reissue, regular", "reissue", "delivery", "regular"),
        ("reissue, urgent", "reissue", "delivery", "urgent"),
    ],
)
def test_nid(first: str, schedule: str, dimension: str, word: str) -> None:
    ladder = schedules("nid")[schedule]
    for attempt, cell in enumerate(row("nid-fees", first)[:3], 1):
        price = ladder.price(ON, attempt=attempt, **{dimension: word})
        assert price.total.poisha == amount(cell) * 115


def test_brta() -> None:
    fees = schedules("brta")
    cell = row("brta-fees", "learner's licence, motorcycle, three-wheeler or light vehicle")[0]
    one, two = (fees["learner"].price(ON, categories=count).total.poisha // 100 for count in (1, 2))
    assert cell.startswith(f"{one} for one, {two} for any two")
    card = fees["smart-card"].price(ON, kind="non-professional").total.poisha // 100
    assert row("brta-fees", "smart card, non-professional, 10 years")[0].endswith(f"= {card:,}")
    parts = fees["transfer"].price(ON, vehicle="motorcycle", engine_cc=125)
    written = " + ".join(f"{line.amount.poisha // 100:,}" for line in parts.lines)
    told = row("brta-fees", "transfer of ownership, a motorcycle of 125 cc")[0]
    assert told.startswith(f"{parts.total.poisha // 100:,} = {written};")


def test_land() -> None:
    mutation = schedules("land")["mutation"]
    paid = sum(mutation.price(ON, stage=stage).total.poisha for stage in mutation.stages) // 100
    assert row("land-fees", "mutation")[0].endswith(f"= {paid:,}")
