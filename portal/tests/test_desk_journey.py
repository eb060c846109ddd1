"""From the citizen at the counter to the filed application, without JavaScript."""

import pytest
from desk_site import open_desk

CITIZEN = {
    "name__bn": "পরীক্ষা নাগরিক",
    "name__en": "PORIKKHA NAGORIK",
    "birth_date__day": "৩",
    "birth_date__month": "২",
    "birth_date__year": "১৯৯০",
    "nid": "১৯৯০ ০০৯৯ ০০০২ ০২০০ ১",
    "mobile": "০১৭০০-০০০০০১",
}
NUMBER = "19900099000202001"
ADDRESS = {
    "new_address__division": "ঢাকা",
    "new_address__district": "ঢাকা",
    "new_address__upazila": "ধামরাই",
    "new_address__union_or_ward": "৩",
    "new_address__home": "বাড়ি ৫",
}


@pytest.fixture
async def desk(ready_file, keyring, vault, tmp_path):
    async with open_desk(ready_file, keyring, vault, tmp_path / "documents") as desk:
        yield desk


async def at_service(browser, service, **citizen):
    """A draft whose citizen is known and whose service is chosen, on the page of what to bring."""
    page = await browser.send(await browser.get("/"), "/drafts")
    page = await browser.send(page, **{**CITIZEN, **citizen})
    assert page.path.endswith("/identity"), page.said
    page = await browser.send(page, seen="nid-card")
    assert page.path.endswith("/services"), page.said
    return await browser.send(page, service=service)


def last(page):
    return page.path.split("/", 3)[-1]


async def test_a_migration_is_filed(desk):
    browser = await desk.browser()
    page = await browser.get("/")
    page = await browser.send(page, "language-form", language="en")
    page = await at_service(browser, "nid.migration")
    assert (last(page), "Utility bill" in page.said) == ("bring", True)
    reference = next(word for word in page.said.split() if word.startswith("NGK-"))
    page = await browser.send(page)
    assert page.forms["page"]["fields"]["birth_date.year"] == "1990"
    page = await browser.send(page)
    assert (last(page), page.forms["page"]["fields"]["nid"]) == ("form/nid", NUMBER)
    page = await browser.send(page)
    page = await browser.send(page, **{**ADDRESS, "new_address__division": "নেই", "new_address__home": ""})
    assert (page.status, page.title) == (422, "Error: New address – Nagorik desk")
    assert {"#new_address-division", "#new_address-home"} <= set(page.links)
    page = await browser.send(page, **ADDRESS)
    pdf = {"file.utility-bill": ("bill.pdf", b"%PDF-1.7 synthetic", "application/pdf")}
    wrong = {"file.citizenship-certificate": ("paper.pdf", b"no such type", "application/pdf")}
    page = await browser.send(page, files={**pdf, **wrong})
    assert (page.status, "Uploaded: PDF" in page.said) == (422, True)
    assert "#file-citizenship-certificate" in page.links
    page = await browser.send(page)
    assert (last(page), "send the application to the agency" in page.said) == ("consent", True)
    page = await browser.send(page, agreed="false")
    assert (page.status, "Without the citizen's consent nothing is sent" in page.said) == (422, True)
    page = await browser.send(page, ceiling="৫০০", agreed="true")
    assert (last(page), "Nothing has to be paid" in page.said) == ("fee", True)
    page = await browser.send(page)
    assert last(page) == "check"
    assert NUMBER not in page.html
    assert {"PORIKKHA NAGORIK", "•••2001", "3 February 1990", "ধামরাই", "Utility bill"} <= set(page.pieces)
    # A colleague changes an answer meanwhile: what is handed in is what was looked at.
    address, colleague = page.path.rpartition("/")[0], await desk.browser("operator-8")
    changed = await colleague.get(f"{address}/form/new_address")
    await colleague.send(changed, new_address__home="Nobogram 5")
    page = await browser.send(page)
    assert (page.status, "Nobogram 5" in page.pieces) == (422, True)
    assert "This form was saved from elsewhere in the meantime" in page.said
    filed = await browser.send(page)
    assert (last(filed), reference in filed.said) == ("filed", True)
    # Sent again, as after a lost answer, it is the same application.
    again = await browser.send(page)
    assert again.path.startswith(filed.path.rpartition("/")[0])
    assert await desk.portal.host.owner(filed.path.split("/")[2]) == "centre-0042"


async def test_a_reissue_shows_its_fee_by_payee_and_what_is_above_the_ceiling(desk):
    browser = await desk.browser()
    page = await browser.send(await at_service(browser, "nid.reissue"))
    for typed in ({}, {}, {"reason": "lost"}, {}, {"delivery": "urgent"}, {}):
        page = await browser.send(page, **typed)
    assert (last(page), "৩৪৫ টাকা" in page.said) == ("consent", True)
    page = await browser.send(page, ceiling="100", agreed="true")
    assert {"৩০০ টাকা", "৪৫ টাকা"} <= set(page.pieces)
    assert "নাগরিক সর্বোচ্চ ১০০ টাকা পর্যন্ত রাজি হয়েছেন" in page.said
    assert any(link.endswith("/consent") for link in page.links)


async def test_a_list_grows_and_shrinks_and_keeps_what_was_typed(desk):
    browser = await desk.browser()
    page = await browser.send(await at_service(browser, "nid.correction"))
    page = await browser.send(await browser.send(page))
    assert last(page) == "form/changes"
    page = await browser.send(page, changes__0__field="name-en", changes__0__value="PORIKKHA", add="changes")
    page = await browser.send(page, changes__1__field="name-en", changes__1__value="NAGORIK", add="changes")
    page = await browser.send(page)
    assert (page.status, page.forms["page"]["fields"]["changes.1.value"]) == (422, "NAGORIK")
    page = await browser.send(page, remove="changes.0")
    fields = page.forms["page"]["fields"]
    assert (fields["changes.0.value"], fields["changes.count"]) == ("NAGORIK", "2")
    page = await browser.send(page)
    assert last(page) == "documents"


async def test_a_draft_is_taken_up_by_a_colleague_and_no_word_is_lost(desk):
    first, second = await desk.browser(), await desk.browser("operator-8")
    begun = await first.send(await first.get("/"), "/drafts")
    saved = await first.client.post(
        f"{begun.path}/autosave", data={**begun.forms["page"]["fields"], "name.en": "PORI"}
    )
    assert (saved.status_code, "সংরক্ষণ হয়েছে" in saved.text) == (200, True)
    # The colleague sees who began it, and what was typed so far.
    home = await second.get("/")
    assert "Desk Seven" in home.said
    overview = await second.get(next(link for link in home.links if link.startswith("/drafts/")))
    taken_up = await second.get(f"{overview.path}/citizen")
    assert taken_up.forms["page"]["fields"]["name.en"] == "PORI"
    taken_up = await second.send(taken_up, name__en="PORIKKHA NAGORIK", language="en")
    assert (taken_up.path, taken_up.forms["page"]["fields"]["name.en"]) == (begun.path, "PORIKKHA NAGORIK")
    # The first page, still open, overwrites nothing: both are shown, and the operator chooses.
    late = {**begun.forms["page"]["fields"], "name.en": "PORIKKHA BEGUM"}
    refused = await first.client.post(f"{begun.path}/autosave", data=late)
    assert refused.status_code == 409
    both = await first.send(begun, **{**CITIZEN, "name__en": "PORIKKHA BEGUM"})
    assert both.status == 409
    assert {"PORIKKHA BEGUM", "PORIKKHA NAGORIK"} <= set(both.pieces)
    assert "Desk Eight" in both.said
    kept = await first.send(both)
    assert last(kept) == "identity"
    citizen = await second.get(begun.path)
    assert citizen.forms["page"]["fields"]["name.en"] == "PORIKKHA BEGUM"


async def test_another_service_keeps_what_fits_and_asks_consent_anew(desk):
    browser = await desk.browser()
    page = await browser.send(await at_service(browser, "nid.reissue"))
    draft = page.path.split("/form/")[0]
    page = await browser.send(await browser.send(page))
    await browser.send(page, reason="lost")
    page = await browser.send(await browser.get(f"{draft}/services"), service="")
    assert (page.status, "#services" in page.links) == (422, True)
    page = await browser.send(page, service="nid.migration")
    held = await desk.portal.casework(await desk.actor()).draft(draft.split("/")[2])
    assert (held.service, set(held.content.form)) == ("nid.migration", {"birth_date", "nid"})
    check = await browser.send(await browser.get(f"{draft}/check"))
    assert check.status == 422
    assert {f"{draft}/form/new_address", f"{draft}/consent"} <= set(check.links)
