"""What the suite works out once for all who ask, and that nobody can change it for the others."""

from nagorik import Form, Operation
from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_nid.simulator import NidSimulator
from nagorik_testing.contract.checks.inspection import ready_rigs
from nagorik_testing.contract.form_variations import _variations_of, variations_of
from nagorik_testing.contract.mutation.look import SuitePart
from nagorik_testing.contract.subject import Subject


class OfficeForm(Form):
    name: str
    floor: int = 1


def test_variations_of_a_form_are_sought_once(monkeypatch):
    example = {"name": "NOMUNA", "floor": 2}
    first = variations_of(OfficeForm, example, [{"name": "PORIKKHA"}])
    assert {field[0].name for field in first} == {"name", "floor"}
    first[0].clear()

    def fail(*_):
        raise AssertionError("they are known")

    monkeypatch.setattr("nagorik_testing.contract.form_fields.validate_form", fail)
    again = variations_of(OfficeForm, dict(example), [{"name": "PORIKKHA"}])
    assert [len(field) for field in again] == [3, 3]


def test_part_of_a_run_with_changes_uses_nothing_that_another_has_worked_out(monkeypatch):
    subject, seen = Subject.installed(CashDeskSimulator), []

    async def play(one, *_):
        known = dict(one.waits), _variations_of.cache_info().currsize
        one.waits[one.simulator, "cashdesk.counter", Operation.STATUS, 0] = []
        variations_of(OfficeForm, {"name": "NOMUNA"})
        seen.append(known)
        return []

    monkeypatch.setattr("nagorik_testing.contract.mutation.look.play_checks", play)
    for _ in range(2):
        SuitePart("privacy/shown").run(subject)
    assert seen == [({}, 0)] * 2


async def test_whoever_goes_the_same_way_looks_no_oftener_and_arrives_at_the_same_time():
    subject = Subject.installed(NidSimulator)
    offer = next(offer for offer in subject.manifest.offers if offer.id == "nid.migration")
    others = frozenset(Operation) - {Operation.DELIVERABLE}
    looked = []
    for _ in range(2):
        async for _, rig in ready_rigs(subject, offer, without=others):
            looked.append((len(rig.simulator.ledger.requests()), rig.clock.now(), rig.issued))
    first, second = looked
    assert second[0] < first[0]
    assert second[1:] == first[1:]
