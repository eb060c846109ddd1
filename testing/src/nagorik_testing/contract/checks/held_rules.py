"""A rule by which a citizen is judged holds on filing, too: for every service of the plugin, or for none."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Final

from pydantic import JsonValue

from nagorik import ApplicationDraft, NagorikError, Operation, PluginFault, Verdict
from nagorik.manifest import AnyOffer
from nagorik.operations import Idempotency
from nagorik.values import dhaka_date
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.eligibility import years_before
from nagorik_testing.contract.checks.filing import Filings, open_filings
from nagorik_testing.contract.checks.inspection import form_of, leaves, with_value
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import NotReachable

AGES: Final = (0, 8, 16, 17, 24, 50, 64, 80)
"""On one side and the other of the ages at which a rule of some agency changes."""


@check("submit/as-judged")
async def _held_on_filing(subject: Subject, _: AnyOffer) -> list[str]:
    judging = [offer for offer in subject.manifest.services if _judges_and_files(offer)]
    if len(judging) < 2:  # noqa: PLR2004 - there is nothing to compare one with
        raise NotConcerned("it judges who applies for one service at most")
    refused: defaultdict[str, set[str]] = defaultdict(set)
    filed: defaultdict[str, set[str]] = defaultdict(set)
    for offer in judging:
        try:
            async with open_filings(subject, offer) as filings:
                async for criterion, is_refused in _failed(subject, offer, filings):
                    (refused if is_refused else filed)[criterion].add(offer.id)
        except (NotConcerned, NotReachable):
            continue  # without a form or an example, nothing can be changed in it
    if all(len(refused[criterion] | filed[criterion]) < 2 for criterion in {*refused, *filed}):  # noqa: PLR2004
        raise NotConcerned("no criterion fails by itself in the forms of two services")
    return [
        f"{criterion}: whoever fails it is refused by {', '.join(sorted(refused[criterion]))}, and filed by {service}"
        for criterion in sorted(name for name, services in refused.items() if services)
        for service in sorted(filed[criterion] - refused[criterion])
    ]


def _judges_and_files(offer: AnyOffer) -> bool:
    submits = offer.writes.get(Operation.SUBMIT, Idempotency.SAFE)
    return Operation.ELIGIBILITY in offer.operations and submits is not Idempotency.SAFE


async def _failed(subject: Subject, offer: AnyOffer, filings: Filings) -> AsyncIterator[tuple[str, bool]]:
    """Each criterion that an application fails and no other, and whether it is refused before anything is sent."""
    rig, seen = filings.rig, set[str]()
    if await _failing(rig, rig.draft):
        return
    for draft in _drafts(subject, offer, rig):
        failing = await _failing(rig, draft)
        if len(failing) != 1 or failing <= seen:
            continue
        filed = await filings.file(draft)
        if isinstance(filed.end, PluginFault):
            continue
        seen |= failing
        yield next(iter(failing)), not filed.sent and isinstance(filed.end, NagorikError)


def _drafts(subject: Subject, offer: AnyOffer, rig: Rig) -> Iterator[ApplicationDraft]:
    """The example at other ages, and with one field filled in otherwise."""
    draft, today = rig.draft, dhaka_date(rig.clock.now())
    usual = draft.applicant.birth_date.isoformat()
    for age in AGES:
        born = years_before(today, age) - timedelta(days=100)
        form: JsonValue = dict(draft.form)
        for place, value in leaves(form):
            if value == usual:
                form = with_value(form, place, born.isoformat())
        applicant = draft.applicant.model_copy(update={"birth_date": born})
        yield draft.model_copy(update={"applicant": applicant, "form": form})
    for field in variations_of(form_of(subject, offer), draft.form):
        yield from (draft.model_copy(update={"form": variation.form}) for variation in field)


async def _failing(rig: Rig, draft: ApplicationDraft) -> frozenset[str]:
    try:
        decision = await rig.platform.check_eligibility(rig.offer, draft.applicant, form=draft.form)
    except NagorikError:
        return frozenset()
    return frozenset(one.id for one in decision.criteria if one.verdict is Verdict.FAIL)
