"""Filing: once, under our reference, and to be found again."""

import asyncio
from datetime import timedelta
from typing import Final

from nagorik import Accepted, DefinitelyAbsent, Found, NagorikError, Operation, Pending, References, Rejected
from nagorik.bangladesh import dhaka_date
from nagorik.manifest import PublicService
from nagorik.operations import Idempotency
from nagorik_testing.contract.bench import Bench, NotReachable, Subject, open_bench
from nagorik_testing.contract.checks.check import About, Check, Family, NotConcerned, Offer
from nagorik_testing.contract.checks.inspection import effects, example_form, wrong_scripts

_SETTLED: Final = timedelta(minutes=1)
"""Beyond the service's settle time, after which a look-up is believed."""


async def _accepted(subject: Subject, offer: Offer) -> list[str]:
    async with open_bench(subject, offer.id) as bench:
        example_form(bench)
        answer = await bench.platform.submit(bench.draft, bench.references)
    if isinstance(answer, Rejected):
        return ["the simulator's example is rejected"]
    status = answer.status if isinstance(answer, Accepted) else None
    if status is not None and status.reason is not None:
        return wrong_scripts("the reason", status.reason)
    return []


async def _replay(subject: Subject, offer: Offer) -> list[str]:
    _require(offer, Idempotency.NATIVE)
    async with open_bench(subject, offer.id) as bench:
        first = await _reference(bench)
        before = effects(bench)
        second = await _reference(bench)
        again = effects(bench) - before
    wrong = [] if first == second else ["the same key gives another reference"]
    return [*wrong, *(f"the same key leaves at the agency once more: {kind}" for kind in sorted(again))]


async def _at_once(subject: Subject, offer: Offer) -> list[str]:
    _require(offer, Idempotency.NATIVE)
    async with open_bench(subject, offer.id) as alone:
        await _reference(alone)
        usual = effects(alone)
    async with open_bench(subject, offer.id) as bench:
        one, other = await asyncio.gather(_reference(bench), _reference(bench))
        more = effects(bench) - usual
    wrong = [] if one == other else ["two attempts at once with one key have two references"]
    return [*wrong, *(f"two attempts at once leave at the agency twice: {kind}" for kind in sorted(more))]


async def _carries_reference(subject: Subject, offer: Offer) -> list[str]:
    if offer.writes[Operation.SUBMIT] is Idempotency.SAFE:
        raise NotConcerned("a submission leaves nothing at the agency that could be looked up")
    async with open_bench(subject, offer.id) as bench:
        await _reference(bench)
        sent = bench.simulator.ledger.requests(client_reference=bench.references.client_reference)
    return [] if sent else ["no request of the submission carries the client reference"]


async def _never_filed(subject: Subject, offer: Offer) -> list[str]:
    async with open_bench(subject, offer.id) as bench:
        await _reference(bench)
        bench.later(_settle_time(offer))
        answer = await bench.platform.find_submission(bench.draft, _strange(bench), sent_at=bench.clock.now())
    return ["an application that nobody filed is found"] if isinstance(answer, Found) else []


async def _found_again(subject: Subject, offer: Offer) -> list[str]:
    async with open_bench(subject, offer.id) as bench:
        sent_at = bench.clock.now()
        reference = await _reference(bench)
        bench.later(_settle_time(offer))
        answer = await bench.platform.find_submission(bench.draft, bench.references, sent_at=sent_at)
    if not isinstance(answer, Found):
        told = "definitely absent" if isinstance(answer, DefinitelyAbsent) else "not to be told"
        return [f"an application that is filed is {told} after the settle time"]
    return [] if reference in {None, answer.reference} else ["the look-up gives another reference than the filing"]


async def _absence_dated(subject: Subject, offer: Offer) -> list[str]:
    """The instant for which an absence holds is one at which the agency was asked."""
    async with open_bench(subject, offer.id) as bench:
        example_form(bench)
        asked = bench.clock.now()
        answer = await bench.platform.find_submission(bench.draft, _strange(bench), sent_at=asked)
        now = bench.clock.now()
    if not isinstance(answer, DefinitelyAbsent):
        return []
    if answer.as_of > now:
        return ["an absence is said to hold for an instant that has not come"]
    return [] if dhaka_date(answer.as_of) == dhaka_date(asked) else ["an absence is said to hold for another day"]


def _require(offer: Offer, wanted: Idempotency) -> None:
    if offer.writes[Operation.SUBMIT] is not wanted:
        raise NotConcerned(f"its submission is not {wanted.value}: the core does not send it twice")


def _settle_time(offer: Offer) -> timedelta:
    return (offer.settle if isinstance(offer, PublicService) else timedelta()) + _SETTLED


def _strange(bench: Bench) -> References:
    return References(client_reference="NGK-CONTRACT-9999", idempotency_key=bench.references.idempotency_key)


async def _reference(bench: Bench) -> str | None:
    example_form(bench)
    try:
        answer = await bench.platform.submit(bench.draft, bench.references)
    except NagorikError as error:
        raise NotReachable(f"the example of {bench.offer} cannot be filed: {error.code}") from None
    if not isinstance(answer, Accepted | Pending):
        raise NotReachable(f"the example of {bench.offer} is not accepted")
    return answer.reference


_SUBMIT: Final = (Operation.SUBMIT,)
_FIND: Final = (Operation.SUBMIT, Operation.FIND)

SUBMISSION: Final = (
    Check(
        id="submit/accepted",
        family=Family.SUBMISSION,
        title="the example is filed",
        why="A plugin that cannot file what the agency accepts files nothing, and says so to each citizen alone (8).",
        expected="accepted, or taken in for later",
        fix="Compare what the plugin sends with what the agency wants; the simulator's ledger shows the requests.",
        about=About.SERVICES,
        needs=_SUBMIT,
        examine=_accepted,
    ),
    Check(
        id="submit/F17-replay",
        family=Family.SUBMISSION,
        title="the same key and the same form give the same reference",
        why="An answer is lost, the attempt is repeated with its key, and the citizen is registered twice (1, 2).",
        expected="the reference of the first attempt, and no further effect",
        fix="Send context.http.write's key as it is: put nothing into the request that differs between attempts.",
        about=About.SERVICES,
        needs=_SUBMIT,
        examine=_replay,
    ),
    Check(
        id="submit/F17-at-once",
        family=Family.SUBMISSION,
        title="two attempts at once have one effect",
        why="A double click, or two hosts with one citizen, files two applications (5).",
        expected="one reference for both, and the effects of one",
        fix="Declare native only where the agency honours a key while the first request is still under way.",
        about=About.SERVICES,
        needs=_SUBMIT,
        examine=_at_once,
    ),
    Check(
        id="submit/F17-client-reference",
        family=Family.SUBMISSION,
        title="the platform's own reference reaches the agency",
        why="After a lost answer nobody can ask the agency for the application, since it never learned our name for "
        "it (1, 3).",
        expected="a request that carries the client reference",
        fix="Send request.client_reference, and let the simulator's client_reference() read it.",
        about=About.SERVICES,
        needs=_SUBMIT,
        examine=_carries_reference,
    ),
    Check(
        id="find/never-filed",
        family=Family.SUBMISSION,
        title="what nobody filed is not found",
        why="A search that matches by name or day finds another citizen's application, and the platform adopts it "
        "(1).",
        expected="definitely absent, or not to be told; never found",
        fix="Search by the client reference and by nothing else.",
        about=About.SERVICES,
        needs=_FIND,
        examine=_never_filed,
    ),
    Check(
        id="find/found-again",
        family=Family.SUBMISSION,
        title="what was filed is found with the reference that it was given",
        why="An absence that is wrong lets the platform send again, and the citizen is registered twice (1, 6).",
        expected="found after the settle time, with the reference of the filing",
        fix="Give the service a settle time that covers the agency's delays, and say absent of complete answers "
        "only.",
        about=About.SERVICES,
        needs=_FIND,
        examine=_found_again,
    ),
    Check(
        id="find/as-of",
        family=Family.SUBMISSION,
        title="an absence holds for the instant at which the agency was asked",
        why="An absence that is dated later than it was seen passes for settled, and the application is sent again "
        "while the first is on its way (6, 59).",
        expected="an instant on the day of the question that is not in the future",
        fix="Take context.clock.now() before the question.",
        about=About.SERVICES,
        needs=_FIND,
        examine=_absence_dated,
    ),
)
