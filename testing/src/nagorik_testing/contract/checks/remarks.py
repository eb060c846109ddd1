"""What an officer writes beside a state reaches the citizen: in every state, and to the last word."""

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Final

from nagorik import NagorikError, Operation
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import case_of
from nagorik_testing.contract.preparations import file_application, pay_fee
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_toolkit.fees.tariff import FIRST_STAGE

MINUTE: Final = timedelta(minutes=1)
ONE_DAY: Final = timedelta(days=1)
WORDS: Final = tuple(f"{word}{number}" for number in "১২৩৪" for word in ("দলিল", "খতিয়ান", "তারিখ", "স্বাক্ষর"))
REMARK: Final = " ".join((*WORDS[:8], "DEED-77/B", *WORDS[8:]))
"""What an officer writes in a test: longer than what fits beside a state, and no word in it twice."""


@check("status/whole-remarks")
async def _whole(subject: Subject, offer: AnyOffer) -> list[str]:
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        await file_application(rig)
        case = case_of(rig)
        usual = case.state, case.due
        met = [each async for each in _told_words(rig, tap, [case.state])]
        if Operation.ADVISE_PAYMENT in offer.writes:
            # Once it is paid, the agency says more of an application, such as the number of its case.
            case.enter(usual[0], rig.clock.now(), "")
            case.due = usual[1]
            await pay_fee(rig, FIRST_STAGE)
            rig.advance(ONE_DAY)
            await rig.platform.get_status(rig.draft, rig.references)
        met += [each async for each in _told_words(rig, tap, case.workflow.states)]
    if not any(told for _, told in met):
        raise NotConcerned("the agency's answer holds no remark of an officer's, or none is told in any state")
    parts = {"nothing": (told == 0 for _, told in met), "a part": (0 < told < len(REMARK.split()) for _, told in met)}
    wrong: list[str] = []
    for what, found in parts.items():
        if states := dict.fromkeys(state for (state, _), is_so in zip(met, found, strict=True) if is_so):
            wrong.append(f"{what} of what the officer wrote is told in {', '.join(states)}")
    return wrong


async def _told_words(rig: Rig, tap: Wiretap, states: Iterable[str]) -> AsyncIterator[tuple[str, int]]:
    """For each state in which the agency tells what the officer wrote, how many words of it are told."""
    case = case_of(rig)
    for state in states:
        rig.advance(MINUTE)
        case.enter(state, rig.clock.now(), REMARK)
        case.due = None
        before = len(tap.exchanges)
        try:
            status = await rig.platform.get_status(rig.draft, rig.references)
        except NagorikError:
            continue  # of words that end in an error, status/every-word tells
        if REMARK in "".join(one.answer.decode("utf-8", "replace") for one in tap.since(before)):
            reasons = () if status.reason is None else (status.reason.bn, status.reason.en)
            told = " ".join((status.remark or "", *reasons))
            yield state, sum(word in told for word in REMARK.split())
