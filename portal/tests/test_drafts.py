"""Saved forms: sealed, found by number or mobile, taken up by colleagues, gone when they are to be gone."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from nagorik import Applicant
from nagorik.values import MobileNumber, PersonName
from nagorik_host.store.audit import verify_ledger
from nagorik_host.store.retention import rotate
from nagorik_host.vault import Keyring, Vault, make_key, read_keyring
from nagorik_portal.drafts import DraftChanged, DraftContent, Drafts, DraftSubmitted, NoSuchDraft, erase_draft
from nagorik_portal.hand_overs import Collector, erase_collection, read_collection, record_collection
from nagorik_portal.schema import drafts as table
from nagorik_testing import SimulatedClock

CENTRE, OPERATOR, COLLEAGUE = "centre-0042", "centre-0042/operator-7", "centre-0042/operator-8"
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
async def drafts(database, vault, clock):
    yield Drafts(database, vault, clock)
    assert [one.findings async for one in verify_ledger(database, vault) if one.findings] == []


async def test_a_colleague_takes_up_what_was_saved_and_a_stale_save_changes_nothing(drafts, clock):
    begun = await drafts.create(CENTRE, OPERATOR)
    assert (begun.revision, begun.content, begun.service, begun.application) == (1, DraftContent(), None, None)
    clock.advance(timedelta(seconds=10))
    saved = await drafts.save(begun.id, CENTRE, OPERATOR, CONTENT, revision=1, service="nid.reissue")
    assert await drafts.read(begun.id, CENTRE) == saved
    assert (saved.revision, saved.reference, saved.updated_at) == (2, begun.reference, clock.now())
    with pytest.raises(DraftChanged):
        await drafts.save(begun.id, CENTRE, COLLEAGUE, DraftContent(), revision=1)
    more = await drafts.save(begun.id, CENTRE, COLLEAGUE, CONTENT, revision=2)
    assert (more.operator, more.service) == (COLLEAGUE, "nid.reissue")


async def test_another_centre_has_no_such_draft(drafts):
    draft = await drafts.create(CENTRE, OPERATOR, CONTENT)
    other = "centre-0001"
    for call in (
        drafts.read(draft.id, other),
        drafts.save(draft.id, other, f"{other}/operator-1", CONTENT, revision=1),
        drafts.discard(draft.id, other),
        drafts.submitted(draft.id, other, "application"),
    ):
        with pytest.raises(NoSuchDraft):
            await call
    assert [*await drafts.list(other), *await drafts.find(draft.reference, other)] == []


@pytest.mark.parametrize("typed", ["01712000001", "+8801712000001", "০১৭১২-০০০০০১"])
async def test_a_draft_is_found_by_the_mobile_and_by_the_tracking_number(drafts, typed):
    draft = await drafts.create(CENTRE, OPERATOR, CONTENT)
    await drafts.create(CENTRE, OPERATOR)
    for text in (typed, draft.reference, f" {draft.reference.lower()} "):
        assert [one.id for one in await drafts.find(text, CENTRE)] == [draft.id]
    assert await drafts.find("01712000002", CENTRE) == []


async def test_the_list_has_the_last_saved_first_and_nothing_that_was_handed_in(drafts, clock):
    first, second, third = [await drafts.create(CENTRE, OPERATOR, CONTENT) for _ in range(3)]
    clock.advance(timedelta(seconds=1))
    await drafts.save(first.id, CENTRE, COLLEAGUE, CONTENT, revision=1, service="nid.reissue")
    await drafts.submitted(second.id, CENTRE, "11111111-1111-4111-8111-111111111111")
    listed = await drafts.list(CENTRE)
    assert [one.id for one in listed] == [first.id, third.id]
    assert listed[0][1:] == (first.reference, COLLEAGUE, "nid.reissue", clock.now())


async def test_what_was_handed_in_is_held_by_the_application_alone_and_gone_with_it(drafts, database, clock):
    application = "11111111-1111-4111-8111-111111111111"
    draft = await drafts.create(CENTRE, OPERATOR, CONTENT)
    for _ in range(2):
        await drafts.submitted(draft.id, CENTRE, application)
    left = await drafts.read(draft.id, CENTRE)
    assert (left.application, left.content, left.reference) == (application, DraftContent(), draft.reference)
    for call in (
        drafts.save(draft.id, CENTRE, OPERATOR, CONTENT, revision=1),
        drafts.discard(draft.id, CENTRE),
    ):
        with pytest.raises(DraftSubmitted):
            await call
    await database.run(lambda unit: erase_draft(unit, application, clock.now()))
    with pytest.raises(NoSuchDraft):
        await drafts.read(draft.id, CENTRE)


async def test_a_discarded_draft_and_one_that_was_left_are_gone(drafts, clock):
    discarded, left, kept = [await drafts.create(CENTRE, OPERATOR, CONTENT) for _ in range(3)]
    assert (await drafts.discard(discarded.id, CENTRE)).content == CONTENT
    clock.advance(timedelta(days=31))
    await drafts.save(kept.id, CENTRE, OPERATOR, CONTENT, revision=1)
    assert [one.id for one in await drafts.expire(timedelta(days=30))] == [left.id]
    assert [one.id for one in await drafts.list(CENTRE)] == [kept.id]


async def test_nothing_of_a_citizen_stands_in_the_row(drafts, database):
    draft = await drafts.create(CENTRE, OPERATOR, CONTENT)
    row = await database.run(lambda unit: unit.connection.execute(select(table)).one())
    said = repr([value.hex() if isinstance(value, bytes) else value for value in row])
    for personal in ("PORIKKHA", "0099000202", "1712000001", draft.reference, "পরীক্ষা"):
        assert personal not in said
        assert personal.encode() not in bytes(row.sealed)
        assert personal not in repr(draft)


async def test_keys_are_rotated_and_a_collector_is_erased(drafts, database, vault, keyring, clock):
    draft, application = await drafts.create(CENTRE, OPERATOR, CONTENT), "11111111-1111-4111-8111-111111111111"
    collector, now = Collector(name="Porikkha Ma", relation="mother", identity_seen="nid-card"), clock.now()
    await database.run(lambda unit: record_collection(unit, vault, application, collector, OPERATOR, now))
    found = await database.run(lambda unit: read_collection(unit, vault, application))
    assert (found.collector, found.handed_over_by, found.at) == (collector, OPERATOR, now)
    added = read_keyring(make_key("index") + make_key("second")).wrapping
    second = Vault(Keyring(keyring.index, {**added, **keyring.wrapping}))
    assert (await rotate(database, second)).wrapped_anew == 2
    alone = Vault(Keyring(keyring.index, added))
    assert (await Drafts(database, alone, clock).read(draft.id, CENTRE)).content == CONTENT
    await database.run(lambda unit: erase_collection(unit, application, now))
    erased = await database.run(lambda unit: read_collection(unit, alone, application))
    assert (erased.collector, erased.handed_over_by) == (None, OPERATOR)
    assert await database.run(lambda unit: read_collection(unit, alone, draft.id)) is None
