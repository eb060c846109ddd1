"""A rule by which a citizen is judged holds on filing, too: for every service of the plugin, or for none."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from typing import Final

from nagorik import ApplicationDraft, NagorikError, Operation, Verdict
from nagorik.manifest import AnyOffer
from nagorik.operations import Idempotency
from nagorik.values import dhaka_date
from nagorik_testing.contract.checks.asked_verdicts import years_before
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import open_filings
from nagorik_testing.contract.checks.inspection import form_of, leaves
from nagorik_testing.contract.form_fields import placed
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
    ends: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    """Of each criterion, by service, whether who fails it is refused before anything is sent."""
    for offer in judging:
        try:
            async with open_filings(subject, offer) as filings:
                for draft in _drafts(subject, offer, filings.rig):
                    failing = await _failing(filings.rig, draft)
                    if failing and draft == filings.rig.draft:
                        break
                    if len(failing) == 1 and offer.id not in ends[next(iter(failing))]:
                        filed = await filings.file(draft)
                        if not filed.faulty:
                            refused = not filed.sent and isinstance(filed.end, NagorikError)
                            ends[next(iter(failing))][offer.id] = refused
        except (NotConcerned, NotReachable):
            continue  # without a form or an example, nothing can be changed in it
    if all(len(services) < 2 for services in ends.values()):  # noqa: PLR2004
        raise NotConcerned("no criterion fails by itself in the forms of two services")
    return [
        f"{criterion}: whoever fails it is refused by {', '.join(refusing)}, and filed by {service}"
        for criterion, services in sorted(ends.items())
        if (refusing := sorted(service for service, is_refused in services.items() if is_refused))
        for service in sorted(services.keys() - refusing)
    ]


def _judges_and_files(offer: AnyOffer) -> bool:
    submits = offer.writes.get(Operation.SUBMIT, Idempotency.SAFE)
    return Operation.ELIGIBILITY in offer.operations and submits is not Idempotency.SAFE


def _drafts(subject: Subject, offer: AnyOffer, rig: Rig) -> Iterator[ApplicationDraft]:
    """The example, at other ages, and with one field filled in otherwise."""
    draft, today = rig.draft, dhaka_date(rig.clock.now())
    yield draft
    for age in AGES:
        born, form = years_before(today, age) - timedelta(days=100), dict(draft.form)
        for place, value in leaves(form):
            form = placed(form, place, born.isoformat()) if value == draft.applicant.birth_date.isoformat() else form
        applicant = draft.applicant.model_copy(update={"birth_date": born})
        yield draft.model_copy(update={"applicant": applicant, "form": form})
    for variation in chain.from_iterable(variations_of(form_of(subject, offer), draft.form)):
        yield draft.model_copy(update={"form": variation.form})


async def _failing(rig: Rig, draft: ApplicationDraft) -> frozenset[str]:
    try:
        decision = await rig.platform.check_eligibility(rig.offer, draft.applicant, form=draft.form)
    except NagorikError:
        return frozenset()
    return frozenset(one.id for one in decision.criteria if one.verdict is Verdict.FAIL)
