"""What a citizen is told of where the application stands."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from nagorik import AgencyStatus, ApplicationState, NagorikError, Operation, PluginFault, References
from nagorik.fees.tariff import FIRST_STAGE
from nagorik.lifecycle import route_to_reported_state
from nagorik.manifest import PublicService
from nagorik_testing.contract.bench import Bench, Subject, open_bench
from nagorik_testing.contract.checks.agency_answers import UNHEARD_OF, overheard, replaced_word, words_of
from nagorik_testing.contract.checks.check import About, Check, Family, NotConcerned, Offer
from nagorik_testing.contract.checks.inspection import requests_made, wrong_scripts

FIRST_STRIDE: Final = timedelta(minutes=15)
COARSE: Final = timedelta(hours=12)
"""First stride where only the ends of a course matter."""
GROWTH: Final = 1.6
LONGEST_STRIDE: Final = timedelta(days=3)
COURSE: Final = timedelta(days=60)
"""Simulated time for which one course is watched."""

_EXPLAINED: Final = frozenset({ApplicationState.REJECTED, ApplicationState.CORRECTION_REQUESTED})


async def _forwards(subject: Subject, offer: Offer) -> list[str]:
    wrong = []
    for outcome in subject.simulator.outcomes:
        known = ApplicationState.SUBMITTED
        async with open_bench(subject, offer.id) as bench:
            async for status in _course(bench, offer, outcome):
                if status.state is None:
                    wrong.append(f"outcome {outcome}: a word of the agency is not known after {known.value}")
                    continue
                if route_to_reported_state(known, status.state) is None:
                    wrong.append(f"outcome {outcome}: {known.value} is followed by {status.state.value}")
                known = status.state
    return wrong


async def _explained(subject: Subject, offer: Offer) -> list[str]:
    wrong: list[str] = []
    for outcome in subject.simulator.outcomes:
        async with open_bench(subject, offer.id) as bench:
            async for status in _course(bench, offer, outcome, stride=COARSE):
                if status.reason is not None:
                    wrong += wrong_scripts(f"the reason of {outcome}", status.reason)
                elif status.state in _EXPLAINED:
                    wrong.append(f"outcome {outcome}: {status.state} without a reason")
    return wrong


async def _deliverables(subject: Subject, offer: Offer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    outcome = subject.simulator.outcomes[0]
    issued: set[str] = set()
    async with open_bench(subject, offer.id) as bench:
        async for status in _course(bench, offer, outcome, stride=COARSE):
            issued |= {artefact.kind for artefact in status.artefacts}
    strange = sorted(issued - set(offer.deliverables))
    return [f"{kind} is issued and not among the deliverables" for kind in strange]


async def _course(
    bench: Bench, offer: Offer, outcome: str, *, stride: timedelta = FIRST_STRIDE
) -> AsyncIterator[AgencyStatus]:
    """Each report of one application, from its filing to its end, with every duty of the citizen done at once."""
    bench.simulator.script.set(bench.references.client_reference, outcome)
    accepted = await bench.filed()
    yield accepted.status
    began, answered = bench.clock.now(), False
    due = FIRST_STAGE if Operation.ADVISE_PAYMENT in offer.writes else None
    while bench.clock.now() - began < COURSE:
        if due is not None and await bench.settled(due):
            due = None
        status = await bench.platform.get_status(bench.draft, bench.references)
        yield status
        if status.final:
            return
        if due is None and Operation.ADVISE_PAYMENT in offer.writes:
            due = status.fee_due
        if status.state is ApplicationState.CORRECTION_REQUESTED and not answered:
            answered = True
            if Operation.ANSWER_CORRECTION in offer.writes:
                yield await bench.platform.answer_correction(bench.draft, bench.references, about="1")
        bench.later(stride)
        stride = min(stride * GROWTH, LONGEST_STRIDE)


async def _unknown_word(subject: Subject, offer: Offer) -> list[str]:
    async with open_bench(overheard(subject), offer.id) as bench:
        await bench.filed()
        usual = await bench.platform.get_status(bench.draft, bench.references)
        places = list(words_of(bench, usual.raw))
        made = requests_made(bench)
        if not places or not made:
            raise NotConcerned("its raw word repeats no text of the agency's answer, so the word cannot be replaced")
        met: list[AgencyStatus] = []
        for place in places:
            bench.simulator.faults.add(made[-1], replaced_word(place))
            try:
                met.append(await bench.platform.get_status(bench.draft, bench.references))
            except NagorikError as error:
                return [f"a word that nobody knows ends in {error.code}"]
    flagged = [status for status in met if status.state is None and UNHEARD_OF in status.raw]
    if flagged:
        return []
    if any(status.state is None for status in met):
        return ["a word that nobody knows is not kept in raw"]
    states = sorted({status.state.value for status in met if status.state is not None})
    return [f"a word that nobody knows is taken for {', '.join(states)}"]


async def _unknown_reference(subject: Subject, offer: Offer) -> list[str]:
    async with open_bench(subject, offer.id) as bench:
        filed = await bench.filed()
        strange = References(
            client_reference=bench.references.client_reference,
            idempotency_key=bench.references.idempotency_key,
            agency_reference=f"{filed.reference}0"[::-1],
        )
        try:
            status = await bench.platform.get_status(bench.draft, strange)
        except PluginFault:
            return ["a reference that the agency does not know ends in a fault of the plugin"]
        except NagorikError:
            return []
    return [] if status.state is None else [f"a reference that the agency does not know is {status.state.value}"]


async def _raw_and_dated(subject: Subject, offer: Offer) -> list[str]:
    async with open_bench(subject, offer.id) as bench:
        accepted = await bench.filed()
        status = await bench.platform.get_status(bench.draft, bench.references)
        now = bench.clock.now()
    wrong = []
    for report, where in ((accepted.status, "filing"), (status, "status")):
        if not report.raw.strip():
            wrong.append(f"the agency's word after {where} is empty")
        if report.at is not None and report.at > now:
            wrong.append(f"the state after {where} is dated in the future")
    return wrong


_NEEDS: Final = (Operation.SUBMIT, Operation.STATUS)

STATUS: Final = (
    Check(
        id="status/F18-forwards",
        family=Family.STATUS,
        title="an application only moves forward, whatever the agency decides",
        why="A citizen is told that the card is printed, and a day later that the application is being looked at "
        "(25, 28).",
        expected="each outcome of the simulator as a row of known states that the lifecycle allows",
        fix="Map each word of the agency to the state that it means; give sequence where the agency numbers its "
        "reports.",
        about=About.SERVICES,
        needs=_NEEDS,
        examine=_forwards,
    ),
    Check(
        id="status/reasons",
        family=Family.STATUS,
        title="a refusal and a demand for correction say why, in both scripts",
        why="A citizen who is not told what is missing comes back with the same papers (77).",
        expected="a reason in both scripts with each rejection and each demand",
        fix="Give a reason for the agency's code, from a file of messages.",
        about=About.SERVICES,
        needs=_NEEDS,
        examine=_explained,
    ),
    Check(
        id="status/deliverables",
        family=Family.STATUS,
        title="what is issued is among the deliverables",
        why="A host that waits for the deliverables of the catalogue never hands over what has another name (10).",
        expected="artefacts of kinds that the manifest lists",
        fix="List the kind under deliverables in plugin.toml, or name it as it is listed.",
        about=About.SERVICES,
        needs=_NEEDS,
        examine=_deliverables,
    ),
    Check(
        id="status/unknown-word",
        family=Family.STATUS,
        title="a word that nobody knows is no state",
        why="An agency invents a status, and a plugin that guesses tells a citizen that they were refused (27, 46).",
        expected="state None, with the word in raw",
        fix="Look the word up in a table, and return None for what is not in it.",
        about=About.SERVICES,
        needs=_NEEDS,
        examine=_unknown_word,
    ),
    Check(
        id="status/unknown-reference",
        family=Family.STATUS,
        title="a reference that the agency does not know has no state",
        why="An agency that answers 404 for a while after it accepted is reported as having refused (30, 32).",
        expected="an error of the platform's, or state None",
        fix="Let the client's errors pass, and name no state where the agency names none.",
        about=About.SERVICES,
        needs=_NEEDS,
        examine=_unknown_reference,
    ),
    Check(
        id="status/raw-and-dated",
        family=Family.STATUS,
        title="every report keeps the agency's word and is not dated in the future",
        why="A report read in the wrong zone is six hours ahead, and newer ones are dropped as old news (26, 59).",
        expected="a raw word, and an instant that has come",
        fix="Keep the word as received, and read local times with nagorik.bangladesh.dhaka_zone.",
        about=About.SERVICES,
        needs=_NEEDS,
        examine=_raw_and_dated,
    ),
)
