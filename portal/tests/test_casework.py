"""What an actor may do: by scope, by service and by centre, and each effect once."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from portal_site import COLLEAGUE, OPERATOR, SERVICE, STRANGER, filled, given, in_pieces, submitted
from sqlalchemy import delete

from nagorik import ApplicationDraft, InputRejected
from nagorik_host.store.request_keys import KeyReused
from nagorik_host.store.schema import request_keys
from nagorik_platform.lifecycle import NotPossible
from nagorik_portal import DraftContent, NotPermitted
from nagorik_portal.actors import SCOPES
from nagorik_portal.casework import DraftIncomplete, sum_of
from nagorik_portal.documents import DocumentNotHeld
from nagorik_portal.drafts import DraftChanged, DraftSubmitted
from nagorik_portal.errors import TooManyRequests
from nagorik_portal.hand_overs import Collector
from nagorik_testing import specimen_pdf

COLLECTOR = Collector(name="Porikkha Ma", relation="mother", identity_seen="nid-card")


def test_a_draft_becomes_one_application_however_often_it_is_handed_in(site):
    async def do(portal, world, host):
        casework = portal.casework(OPERATOR)
        draft, application = await submitted(casework)
        for actor in (OPERATOR, COLLEAGUE):
            assert await portal.casework(actor).submit(draft.id, revision=1) == application
        view = await casework.view(application)
        assert (view.client_reference, view.service) == (draft.reference, SERVICE)
        assert await host.owner(application) == "centre-0042"
        with pytest.raises(DraftSubmitted):
            await casework.save_draft(draft.id, DraftContent(), revision=1)
        consent = (await host.track(application)).events[0].consent
        assert consent.acting == OPERATOR.id
        assert [one.id for one in await casework.search(draft.reference)] == [application]
        assert [one.id for one in (await casework.queue()).rows] == [application]

    site(do)


def test_a_draft_whose_answer_was_lost_has_been_handed_in(site, monkeypatch):
    async def do(portal, world, host):
        casework, apply = portal.casework(OPERATOR), host.apply

        async def lost(*given, **named):
            await apply(*given, **named)
            raise ConnectionError

        draft = await filled(casework)
        with monkeypatch.context() as dying:
            dying.setattr(type(host), "apply", lambda _, *given, **named: lost(*given, **named))
            with pytest.raises(ConnectionError):
                await casework.submit(draft.id, key=casework.request_key("submit", "a client's key"), revision=1)
        ((application,), left) = (await casework.queue()).rows, (await casework.drafts()).rows
        assert (await casework.submit(draft.id, revision=1), left) == (application.id, [])
        with pytest.raises(DraftSubmitted):
            await casework.discard_draft(draft.id, revision=1)

    site(do)


def test_what_is_not_complete_is_not_handed_in(site):
    async def do(portal, world, host):
        casework = portal.casework(OPERATOR)
        empty = await casework.new_draft()
        with pytest.raises(DraftIncomplete):
            await casework.submit(empty.id, revision=1)
        example = given()
        without = await casework.new_draft(
            DraftContent(applicant=example.applicant, form={"reason": "?"}), service=SERVICE
        )
        with pytest.raises(InputRejected):
            await casework.submit(without.id, revision=1)
        assert (await casework.queue()).rows == []

    site(do)


def test_another_centre_finds_nothing(site):
    async def do(portal, world, host):
        draft, _ = await submitted(portal.casework(OPERATOR))
        stranger = portal.casework(STRANGER)
        found = await stranger.search(draft.reference), await stranger.find_drafts(draft.reference)
        assert [*found[0], *found[1], *(await stranger.queue()).rows, *(await stranger.drafts()).rows] == []
        assert (await stranger.changes()).changes == ()
        assert await stranger.cases() == []

    site(do)


def test_each_scope_opens_its_own_calls_and_no_others(site):
    async def do(portal, world, host):
        draft, application = await submitted(portal.casework(OPERATOR))
        calls = {
            "apply": [
                lambda one: one.new_draft(),
                lambda one: one.drafts(),
                lambda one: one.submit(draft.id, revision=1),
                lambda one: one.own(application, "apply"),
            ],
            "view": [
                lambda one: one.view(application),
                lambda one: one.documents(application),
                lambda one: one.deliverables(application),
                lambda one: one.search(draft.reference),
                lambda one: one.queue(),
            ],
            "events": [lambda one: one.changes()],
            "decide": [lambda one: one.cases(), lambda one: one.officer_view(application)],
        }
        for scope in SCOPES:
            casework = portal.casework(replace(OPERATOR, scopes=frozenset({scope})))
            for needed, some in calls.items():
                for call in some:
                    if needed == scope:
                        await call(casework)
                    else:
                        with pytest.raises(NotPermitted):
                            await call(casework)

    site(do)


def test_an_actor_of_other_services_may_not_touch_this_one(site):
    async def do(portal, world, host):
        _, application = await submitted(portal.casework(OPERATOR))
        other = portal.casework(replace(COLLEAGUE, services=frozenset({"nid.correction"})))
        assert [one.id for one in other.services()] == ["nid.correction"]
        for call in (other.view(application), other.form_schema(SERVICE), other.new_draft(service=SERVICE)):
            with pytest.raises(NotPermitted):
                await call
        assert (await other.queue()).rows == []
        assert {one.service for one in await other.eligible(given().applicant)} == {"nid.correction"}

    site(do)


def test_before_filing_an_actor_learns_what_is_wanted_and_what_it_costs(site):
    async def do(portal, world, host):
        casework, example = portal.casework(OPERATOR), given()
        assert (await casework.form_schema(SERVICE))["type"] == "object"
        assert (await casework.validate(SERVICE, example.form)).keys() >= example.form.keys()
        assert (await casework.eligibility(SERVICE, example.applicant, example.form)).criteria
        quote, charges = await casework.quote(await filled(casework))
        assert (sum_of(quote.total, charges), charges) == (quote.total, ())

    site(do)


def test_a_document_is_taken_by_its_content_and_given_out_to_its_centre_alone(site):
    async def do(portal, world, host):
        casework, content = portal.casework(OPERATOR), specimen_pdf()
        kind = host.platform.service(SERVICE).documents[0].kind
        taken = await casework.put_document(SERVICE, kind, in_pieces(content, 7))
        assert (taken.media_type, taken.bytes) == ("application/pdf", len(content))
        assert taken.sha256 == hashlib.sha256(content).hexdigest()
        listed = host.platform.service(SERVICE).document_kind(kind)
        for wrong in (b"", b"no pdf at all", content + b" " * listed.largest_bytes):
            with pytest.raises(InputRejected):
                await casework.put_document(SERVICE, kind, in_pieces(wrong, 100_000))
        with pytest.raises(InputRejected):
            await casework.put_document(SERVICE, "selfie-with-cat", in_pieces(content))
        draft, application = await submitted(casework)
        (mine, *_) = await casework.documents(application)
        reference, pieces = await casework.open_document(application, mine.reference.id)
        assert b"".join([piece async for piece in pieces]) == content
        assert reference == mine.reference
        with pytest.raises(DocumentNotHeld):
            await casework.open_document(application, taken.id)
        # A draft gives up what it leaves out, and takes no document of another's.
        draft = await casework.new_draft(service=SERVICE)
        saved = await casework.save_draft(draft.id, DraftContent(documents=(taken,)), revision=1)
        with pytest.raises(InputRejected):
            await casework.save_draft(draft.id, DraftContent(documents=(mine.reference,)), revision=saved.revision)
        await casework.save_draft(draft.id, DraftContent(), revision=saved.revision)
        assert not host.documents.opens(taken.id)

    site(do)


def test_a_document_is_one_drafts_or_one_applications_and_is_filed_with_it_or_not_at_all(site):
    async def do(portal, world, host):
        casework = portal.casework(OPERATOR)
        _, application = await submitted(casework)
        (kept, *_) = await casework.documents(application)
        with pytest.raises(InputRejected):
            await casework.new_draft(DraftContent(documents=(kept.reference,)), service=SERVICE)
        assert host.documents.opens(kept.reference.id)
        # One that a draft gave up is gone, also for that draft.
        other = await filled(casework)
        without = other.content.model_copy(update={"documents": ()})
        left = await casework.save_draft(other.id, without, revision=1)
        parts = {name: getattr(other.content, name) for name in ("applicant", "form", "documents")}
        filing = ApplicationDraft(service=SERVICE, **parts)
        for attempt in (
            casework.save_draft(other.id, other.content, revision=left.revision),
            casework.apply(filing),
        ):
            with pytest.raises(InputRejected):
                await attempt

    site(do)


def test_what_is_handed_in_is_what_was_looked_at(site, monkeypatch):
    async def do(portal, world, host):
        casework, apply = portal.casework(OPERATOR), host.apply
        draft = await filled(casework)
        (document,) = draft.content.documents

        async def meanwhile(*given, **named):
            without = draft.content.model_copy(update={"documents": ()})
            await portal.casework(COLLEAGUE).save_draft(draft.id, without, revision=1)
            return await apply(*given, **named)

        with monkeypatch.context() as raced:
            raced.setattr(type(host), "apply", lambda _, *given, **named: meanwhile(*given, **named))
            with pytest.raises(DraftChanged):
                await casework.submit(draft.id, revision=1)
        assert not host.documents.opens(document.id)
        with pytest.raises(DraftChanged):
            await casework.submit(draft.id, revision=1)
        assert list((await casework.queue()).rows) == []

    site(do)


def test_an_actor_of_one_service_sees_no_other_services_work(site):
    async def do(portal, world, host):
        draft = await filled(portal.casework(OPERATOR))
        _, application = await submitted(portal.casework(OPERATOR))
        narrow = portal.casework(replace(OPERATOR, services=frozenset({"land.mutation"})))
        assert [*(await narrow.drafts()).rows, *await narrow.find_drafts(draft.reference)] == []
        assert await narrow.search(application) == []
        for attempt in (
            narrow.draft(draft.id),
            narrow.save_draft(draft.id, DraftContent(), revision=1, service="land.mutation"),
            narrow.discard_draft(draft.id, revision=1),
        ):
            with pytest.raises(NotPermitted):
                await attempt

    site(do)


def test_a_key_makes_one_draft_and_is_not_used_for_another_request(site):
    async def do(portal, world, host):
        casework = portal.casework(OPERATOR)
        key = casework.request_key("draft", "key-1", SERVICE)
        first, second = [await casework.new_draft(service=SERVICE, key=key) for _ in range(2)]
        assert first == second
        with pytest.raises(KeyReused):
            await casework.new_draft(key=casework.request_key("draft", "key-1", "another"))
        # Keys are kept for 30 days: the same request of later finds the same draft, another one begins another.
        await host.database.run(lambda unit: unit.connection.execute(delete(request_keys)))
        assert await casework.new_draft(service=SERVICE, key=key) == first
        await host.database.run(lambda unit: unit.connection.execute(delete(request_keys)))
        another = casework.request_key("draft", "key-1", "another")
        assert (await casework.new_draft(key=another)).id != first.id

    site(do)


def test_a_colleague_repeats_a_request_and_a_machine_has_keys_of_its_own(site):
    async def do(portal, world, host):
        machine = replace(OPERATOR, id="centre-0042/app-shop", kind="machine")
        keys = [
            portal.casework(one).request_key("act", "k", {"b": 1, "a": 2}) for one in (OPERATOR, COLLEAGUE, machine)
        ]
        assert keys[0] == keys[1] != keys[2]
        assert keys[2] == portal.casework(machine).request_key("act", "k", {"a": 2, "b": 1})

    site(do)


def test_who_collected_is_recorded_with_the_hand_over(site, monkeypatch):
    def fail(*_):
        raise RuntimeError

    async def do(portal, world, host):
        casework = portal.casework(OPERATOR)
        _, application = await submitted(casework)
        with pytest.raises(NotPossible):
            await casework.hand_over(application, COLLECTOR)
        await world.carry(host, timedelta(days=60))
        ((_, kept),) = await casework.deliverables(application)
        assert kept is not None
        key = casework.request_key("hand-over", "k", application)
        with monkeypatch.context() as broken:
            broken.setattr("nagorik_portal.casework.record_collection", fail)
            with pytest.raises(RuntimeError):
                await casework.hand_over(application, COLLECTOR, key=key)
        assert await host.replayed(key) is None
        for _ in range(2):
            await casework.hand_over(application, COLLECTOR, key=key)
        found = await casework.collection(application)
        assert (found.collector, found.handed_over_by) == (COLLECTOR, OPERATOR.id)

    site(do)


def test_an_actor_who_asks_too_fast_waits(site, monkeypatch):
    async def do(portal, world, host):
        seconds = [0.0]
        monkeypatch.setattr("nagorik_portal.portal.monotonic", lambda: seconds[0])
        limited = replace(portal, rate=2, burst=4)
        for _ in range(4):
            limited.casework(OPERATOR)
        with pytest.raises(TooManyRequests) as caught:
            limited.casework(OPERATOR)
        assert (caught.value.retry_after, caught.value.status) == (1, 429)
        limited.casework(COLLEAGUE)
        seconds[0] = 0.5
        limited.casework(OPERATOR)

    site(do)
