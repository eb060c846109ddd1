"""Signing in, and what every page of the desk has."""

import pytest
from desk_site import open_desk


@pytest.fixture
async def desk(ready_file, keyring, vault, tmp_path):
    async with open_desk(ready_file, keyring, vault, tmp_path / "documents") as desk:
        yield desk


async def test_an_operator_signs_in_and_begins_a_draft(desk):
    browser = await desk.browser()
    home = await browser.get("/")
    assert "Desk Seven" in home.said
    begun = await browser.send(home, "/drafts")
    assert begun.path.endswith("/citizen")
    assert "Desk Seven" in (await browser.get("/")).said
