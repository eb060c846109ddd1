"""After filing: pages of an application, each step at the counter, lists, and what is sent twice or too late."""

import html
import re
from datetime import timedelta

import pytest
from desk_site import CENTRE, OTHER_CENTRE, PASSWORD, open_desk, prepared
from host_world import SOON, carry

from nagorik import ApplicationState
from nagorik_host.store.application_store import set_aside
from nagorik_testing.faults.kinds import AnswerLost
from nagorik_testing.fixtures.documents import specimen_pdf

REISSUE = "nid.reissue"
ALL = ["apply", "view", "decide", "supervise"]


@pytest.fixture
async def desk(ready_file, keyring, vault, tmp_path):
    async with open_desk(ready_file, keyring, vault, tmp_path / "documents") as desk:
        await desk.portal.accounts.add_operator(f"{CENTRE}/officer-1", "Officer One", PASSWORD, scopes=ALL)
        yield desk


def decide(desk, outcome):
    soon = {**SOON, "printing": timedelta(minutes=1), "handover": timedelta(days=30)}
    desk.simulators["nid"].script.set("*", outcome, durations=soon)


async def file(desk, number=1, *, service=REISSUE, ceiling=10_000, gateway=None, **changed):
    """An application that was handed in at the centre."""
    casework = desk.portal.casework(await desk.actor("operator-7"))
    return await casework.apply(
        await prepared(casework, desk, service, number, ceiling=ceiling, gateway=gateway, form=changed)
    )


async def work(desk, **for_at_most):
    """Let a worker work."""
    await carry(desk.portal.host.worker(), desk.clock, for_at_most=timedelta(**(for_at_most or {"hours": 2})))


async def test_a_fee_is_paid_in_cash_once_however_often_the_form_comes(desk):
    decide(desk, "stall")
    browser, application = await desk.browser(), await file(desk)
    address = f"/applications/{application}"
    await work(desk, minutes=1)
    assert f"{address}/pay" in (await browser.get(address)).links
    form = await browser.get(f"{address}/pay")
    assert (await browser.send(form)).status == 422
    waiting = await browser.send(form, gateway="cashdesk.counter")
    assert (waiting.path, waiting.status) == (f"{address}/pay", 200)
    await work(desk, seconds=1)
    assert (await browser.send(form, gateway="cashdesk.counter")).path == f"{address}/pay"
    slip = await browser.get(f"{address}/pay")
    assert "CD-000001" in slip.said
    assert "data-refresh" in slip.html
    await work(desk, minutes=10)
    assert len((await desk.portal.host.progress(application)).payments) == 1
    standing = await browser.get(address)
    receipt = next(link for link in standing.links if "/receipts/" in (link or ""))
    paper = await browser.get(receipt)
    prints = [await browser.send(paper, paper="80mm"), await browser.send(paper, paper="80mm")]
    prints.append(await browser.send(await browser.get(receipt), paper="a4"))
    assert ["copy 2" in one.said for one in prints] == [False, False, True]
    policy = prints[0].response.headers["content-security-policy"]
    assert "sha256-" in policy
    assert "unsafe" not in policy


async def test_a_lost_answer_says_not_to_file_again_and_when_it_is_looked_up(desk):
    desk.simulators["nid"].faults.add("POST /sim/nid/v1/reissues", AnswerLost())
    desk.simulators["nid"].faults.add("GET /sim/nid/v1/reissues", AnswerLost(), count=None)
    browser = await desk.browser()
    application = await file(desk, gateway="cashdesk.counter")
    await work(desk, minutes=3)
    await desk.english(browser)
    page = await browser.get(f"/applications/{application}")
    assert "Do not file again. Do not pay again." in page.said
    assert "We ask the agency whether it has the application." in page.said
    assert f"/applications/{application}/withdraw" not in page.links
    assert application in "".join(link or "" for link in (await browser.get("/outbox")).links)


async def test_a_correction_survives_the_language_and_a_change_meanwhile(desk):
    browser, application = await desk.browser(), await file(desk)
    address = f"/applications/{application}/correct"
    choice = await browser.get(address)
    assert (await browser.send(choice)).status == 422
    form = await browser.send(choice, change="delivery")
    assert form.forms["page"]["fields"]["delivery"] == "urgent"
    english = await browser.send(form, delivery="regular", language="en")
    assert english.forms["page"]["fields"]["delivery"] == "regular"
    assert "Send the correction" in english.said
    casework = desk.portal.casework(await desk.actor("operator-8"))
    await casework.act(application, "corrected", form={"reason": "lost", "gd_reference": None})
    late = await browser.send(english)
    assert late.status == 409
    assert "The application changed while this page was open" in late.said
    assert late.forms["page"]["fields"]["delivery"] == "regular"
    assert (await browser.send(late)).path == f"/applications/{application}"
    form = (await desk.portal.casework(await desk.actor()).filed_draft(application)).form
    assert (form["reason"], form["delivery"]) == ("lost", "regular")


async def test_a_form_is_not_outdated_by_a_look_that_brought_nothing_new(desk):
    browser = await desk.browser()
    application = await file(desk, service="passport.new")
    address, host = f"/applications/{application}", desk.portal.host
    while (await host.progress(application)).state is not ApplicationState.AWAITING_PAYMENT:
        await work(desk, hours=1)
    form, shown = await browser.get(f"{address}/pay"), await host.view(application, "citizen")
    await work(desk, hours=2)  # a quote of yesterday would be asked for anew
    assert (await host.view(application, "citizen")).revision > shown.revision
    # The agency has it, and waits for the fee.
    assert address not in (await browser.get("/outbox")).links
    assert (await browser.send(form, gateway="cashdesk.counter")).status == 200
    await work(desk, seconds=1)
    assert len((await host.progress(application)).payments) == 1


async def test_a_document_that_was_uploaded_is_not_asked_for_again(desk):
    browser, application = await desk.browser(), await file(desk, service="nid.migration")
    address = f"/applications/{application}"
    kind = desk.portal.host.platform.service("nid.migration").documents[0].kind
    form = await browser.send(await browser.get(f"{address}/correct"), paper=kind)
    upload = {f"file.{kind}": ("scan.pdf", specimen_pdf("another"), "application/pdf")}
    english = await browser.send(form, files=upload, language="en")
    assert "kept" in english.forms["page"]["fields"]
    assert (await browser.send(english)).path == address
    kept = await desk.portal.casework(await desk.actor()).documents(application)
    assert [one.by for one in kept if one.reference.kind == kind and not one.superseded] == [f"{CENTRE}/operator-7"]


async def test_a_fee_above_the_ceiling_asks_for_a_new_consent(desk):
    browser, application = await desk.browser(), await file(desk, ceiling=1, gateway="cashdesk.counter")
    await work(desk, seconds=1)
    address = f"/applications/{application}"
    assert f"{address}/new-consent" in (await browser.get(address)).links
    form = await browser.get(f"{address}/new-consent")
    assert form.forms["page"]["fields"]["ceiling"] == "345"
    assert (await browser.send(form, agreed="false")).status == 422
    assert (await browser.send(form, agreed="true")).path == address
    await work(desk, minutes=1)
    assert "CD-000001" in (await browser.get(f"{address}/pay")).said


async def test_what_was_issued_is_handed_over_to_who_came_for_it(desk, monkeypatch):
    def fail(*_):
        raise RuntimeError

    decide(desk, "approve")
    browser, application = await desk.browser(), await file(desk, gateway="cashdesk.counter", collection="office")
    await work(desk, hours=6)
    address = f"/applications/{application}"
    form = await browser.get(f"{address}/hand-over")
    assert (await browser.send(form, name="Synthetic Collector")).status == 422
    given = {"name": "Synthetic Collector", "relation": "spouse", "identity_seen": "passport"}
    with monkeypatch.context() as broken:
        broken.setattr("nagorik_portal.casework.record_collection", fail)
        assert (await browser.send(form, **given)).status == 500
    assert (await desk.portal.host.progress(application)).state == "issued"
    done = await browser.send(form, **given)
    assert done.path == address
    assert "Synthetic Collector" in done.said
    assert (await browser.send(form, **given)).path == address


async def test_an_appointment_is_chosen_among_the_free_ones(desk):
    browser = await desk.browser()
    application = await file(desk, service="passport.new", gateway="cashdesk.counter", office="Dhaka (Agargaon)")
    await work(desk, days=1)
    address = f"/applications/{application}/appointment"
    form = await browser.get(address)
    assert (await browser.send(form)).status == 422
    slot = re.search(r'name="slot" type="radio" value="([^"]+)"', form.html)[1]
    booked = await browser.send(form, slot=html.unescape(slot))
    assert booked.path == f"/applications/{application}"
    assert (await browser.send(form, slot=html.unescape(slot))).path == f"/applications/{application}"
    await work(desk, seconds=5)
    assert (await desk.portal.host.view(application, "citizen")).booking["state"] == "booked"
    collector, hand_over = {"relation": "self", "identity_seen": "passport"}, f"/applications/{application}/hand-over"
    await work(desk, days=4)
    # The slip of the enrolment is there, and is not yet what the citizen applied for.
    there = await browser.get(f"/applications/{application}")
    assert "ডেলিভারি স্লিপ" in there.said
    assert hand_over not in there.links
    form = await browser.get(hand_over)
    assert (await browser.send(form, name="Synthetic Collector", **collector)).status == 409
    await work(desk, days=5)
    assert hand_over in (await browser.get(f"/applications/{application}")).links
    done = await browser.send(await browser.get(hand_over), name="Synthetic Collector", **collector)
    assert "Synthetic Collector" in done.said


async def test_lists_and_search_show_the_centre_its_own(desk):
    browser, application = await desk.browser(), await file(desk)
    await work(desk, seconds=1)
    reference = (await desk.portal.host.progress(application)).client_reference
    for path in ("/work", "/outbox", "/work/citizen"):
        assert f"/applications/{application}" in (await browser.get(path)).links
    found = await browser.send(await browser.get("/search"), wanted=reference)
    assert f"/applications/{application}" in found.links
    assert reference not in str(found.response.url)
    stranger = await desk.browser("operator-1", OTHER_CENTRE)
    assert (
        f"/applications/{application}"
        not in (await stranger.send(await stranger.get("/search"), wanted=reference)).links
    )


async def test_an_officer_decides_with_a_reason(desk):
    browser, application = await desk.browser("officer-1"), await file(desk)
    host = desk.portal.host
    await work(desk, seconds=1)
    await host.database.run(lambda unit: set_aside(unit, application, "defect", again=None, now=desk.clock.now()))
    assert f"/cases/{application}" in (await browser.get("/cases")).links
    form = await browser.get(f"/cases/{application}")
    # Words of the desk, and not of the command line or the journal.
    assert ["উত্তর এসেছে" in form.said, "--look-again" in form.said, "answered" in form.said] == [True, False, False]
    assert (await browser.send(form, choice="to withdrawn")).status == 422
    refused = await browser.send(form, choice="to withdrawn", reason="The citizen asked for it.")
    assert refused.status in {200, 409}
    assert (await (await desk.browser()).get("/cases")).status == 403


async def test_a_payer_who_comes_back_is_shown_nothing_of_the_payment(desk):
    visitor = (await desk.browser()).__class__(desk.app)
    page = await visitor.get("/payments/return/cashdesk.counter/1?paymentID=secret-1")
    assert page.status == 200
    assert "secret-1" not in page.html
