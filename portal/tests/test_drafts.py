"""Saved forms: sealed, found by number or mobile, taken up by colleagues, gone when they are to be gone."""

from datetime import date, timedelta
from functools import partial

import pytest
from portal_site import COLLEAGUE, OPERATOR, STRANGER
from sqlalchemy import select

from nagorik import Applicant
from nagorik.values import MobileNumber, PersonName
from nagorik_host.store.audit import verify_ledger
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.retention import rotate
from nagorik_host.vault import Keyring, Vault, make_key, read_keyring
from nagorik_portal.drafts import KEPT, DraftChanged, DraftContent, Drafts, DraftSubmitted, NoSuchDraft, expire_drafts
from nagorik_portal.extension import extension
from nagorik_portal.hand_overs import Collector, read_collection, record_collection
from nagorik_portal.schema import drafts as table
from nagorik_testing import SimulatedClock

APPLICATION = "11111111-1111-4111-8111-111111111111"
CONTENT = DraftContent(
    applicant=Applicant(
        name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3), phone=MobileNumber.parse("01712000001")
    ),
    form={"nid": "0099000202"},
    entries={"applicant": {"name": "পরীক্ষা"}},
)


@pytest.fixture
def clock():
    return SimulatedClock()


@pytest.fixture
def documents(vault, tmp_path):
    return FolderDocumentStore(tmp_path, vault)


@pytest.fixture
async def drafts(database, vault, clock, documents):
    yield Drafts(database, vault, clock, OPERATOR, documents)
    assert [one.findings async for one in verify_ledger(database, vault) if one.findings] == []


@pytest.fixture
def colleague(database, vault, clock, documents):
    return Drafts(database, vault, clock, COLLEAGUE, documents)


async def test_a_colleague_takes_up_what_was_saved_and_a_stale_save_changes_nothing(drafts, colleague, clock):
    begun = await drafts.new_draft()
    assert (begun.revision, begun.content, begun.service, begun.application) == (1, DraftContent(), None, None)
    clock.advance(timedelta(seconds=10))
    saved = await drafts.save_draft(begun.id, CONTENT, revision=1, service="nid.reissue")
    assert await drafts.draft(begun.id) == saved
    assert (saved.revision, saved.reference, saved.updated_at) == (2, begun.reference, clock.now())
    with pytest.raises(DraftChanged):
        await colleague.save_draft(begun.id, DraftContent(), revision=1)
    more = await colleague.save_draft(begun.id, CONTENT, revision=2)
    assert (more.operator, more.service) == (COLLEAGUE.id, "nid.reissue")


async def test_another_centre_has_no_such_draft(drafts, database, vault, clock, documents):
    draft = await drafts.new_draft(CONTENT)
    stranger = Drafts(database, vault, clock, STRANGER, documents)
    assert [*(await stranger.drafts()).rows, *await stranger.find_drafts(draft.reference)] == []


@pytest.mark.parametrize("typed", ["01712000001", "+8801712000001", "০১৭১২-০০০০০১"])
async def test_a_draft_is_found_by_the_mobile_and_by_the_tracking_number(drafts, typed):
    draft = await drafts.new_draft(CONTENT)
    await drafts.new_draft()
    for text in (typed, draft.reference, f" {draft.reference.lower()} "):
        assert [one.id for one in await drafts.find_drafts(text)] == [draft.id]
    assert await drafts.find_drafts("01712000002") == []


async def test_the_list_has_the_last_saved_first_and_nothing_that_was_handed_in(drafts, colleague, database, clock):
    first, second, third = [await drafts.new_draft(CONTENT) for _ in range(3)]
    clock.advance(timedelta(seconds=1))
    await colleague.save_draft(first.id, CONTENT, revision=1, service="nid.reissue")
    await database.run(partial(drafts._alter, application=APPLICATION, identity=second.id, at=1))
    listed = (await drafts.drafts()).rows
    assert [one.id for one in listed] == [first.id, third.id]
    assert (listed[0].operator, listed[0].service, listed[0].updated_at) == (COLLEAGUE.id, "nid.reissue", clock.now())


async def test_what_was_handed_in_is_held_by_the_application_alone_and_gone_with_it(drafts, database, clock):
    draft, application = await drafts.new_draft(CONTENT), APPLICATION
    became = partial(drafts._alter, application=application, identity=draft.id, at=1, content=DraftContent())
    await database.run(became)
    left = await drafts.draft(draft.id)
    assert (left.application, left.content, left.reference) == (application, DraftContent(), draft.reference)
    for call in (
        drafts.save_draft(draft.id, CONTENT, revision=1),
        drafts.discard_draft(draft.id, revision=1),
    ):
        with pytest.raises(DraftSubmitted):
            await call
    await database.run(lambda unit: extension.erase(unit, application, clock.now()))
    with pytest.raises(NoSuchDraft):
        await drafts.draft(draft.id)


async def test_a_discarded_draft_and_one_that_was_left_are_gone(drafts, database, vault, clock, documents):
    discarded, left, kept = [await drafts.new_draft(CONTENT) for _ in range(3)]
    assert (await drafts.discard_draft(discarded.id, revision=1)).content == CONTENT
    clock.advance(KEPT + timedelta(seconds=1))
    await drafts.save_draft(kept.id, CONTENT, revision=1)
    assert {one.id for one in (await drafts.drafts()).rows} == {kept.id, left.id}
    await expire_drafts(database, vault, documents, clock.now())
    assert [one.id for one in (await drafts.drafts()).rows] == [kept.id]


async def test_nothing_of_a_citizen_stands_in_the_row(drafts, database):
    draft = await drafts.new_draft(CONTENT)
    row = await database.run(lambda unit: unit.connection.execute(select(table)).one())
    said = repr([value.hex() if isinstance(value, bytes) else value for value in row])
    for personal in ("PORIKKHA", "0099000202", "1712000001", draft.reference, "পরীক্ষা"):
        assert personal not in said
        assert personal.encode() not in bytes(row.sealed)
        assert personal not in repr(draft)


async def test_keys_are_rotated_and_a_collector_is_erased(drafts, database, vault, keyring, clock, documents):
    draft, application = await drafts.new_draft(CONTENT), APPLICATION
    collector, now = Collector(name="Porikkha Ma", relation="mother", identity_seen="nid-card"), clock.now()
    await database.run(lambda unit: record_collection(unit, vault, application, collector, OPERATOR.id, now))
    found = await database.run(lambda unit: read_collection(unit, vault, application))
    assert (found.collector, found.handed_over_by, found.at) == (collector, OPERATOR.id, now)
    added = read_keyring(make_key("index") + make_key("second")).wrapping
    second = Vault(Keyring(keyring.index, {**added, **keyring.wrapping}))
    assert (await rotate(database, second)).wrapped_anew == 2
    alone = Vault(Keyring(keyring.index, added))
    assert (await Drafts(database, alone, clock, OPERATOR, documents).draft(draft.id)).content == CONTENT
    await database.run(lambda unit: extension.erase(unit, application, now))
    erased = await database.run(lambda unit: read_collection(unit, alone, application))
    assert (erased.collector, erased.handed_over_by) == (None, OPERATOR.id)
    assert await database.run(lambda unit: read_collection(unit, alone, draft.id)) is None
