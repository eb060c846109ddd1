"""One plugin asks another through the platform: an answer, or a word for why there is none."""

from datetime import UTC, datetime, timedelta

import pytest

from nagorik.errors import PluginFault

pytestmark = pytest.mark.asyncio

ASKER = "wasa.connection"
ASKED = "other.connection"
IMPORTS = "from nagorik import NotAsked, Text, Criterion, Verdict, EligibilityDecision"
ASKING = """
answer = await context.ask("other.connection", {"holding": "P-7"})
seen.append(answer)
if isinstance(answer, NotAsked):
    verdict, because = Verdict.CANNOT_TELL, answer.because.value
else:
    verdict = Verdict.PASS if isinstance(answer, Accepted) else Verdict.FAIL
    because = "answered"
text = Text(en=because, bn=because)
return EligibilityDecision(criteria=(Criterion(id="other", verdict=verdict, text=text),))
"""
ACCEPTS = "seen.append(request)\nreturn Accepted(reference='A-1', status=STATUS)"


def install_asker(world, body=ASKING, *, asks=(ASKED,), hook="nagorik_check_eligibility", **options):
    service = f'form = "forms:ConnectionForm"\nasks = {list(asks)}'
    return world.install(hooks={hook: body}, head=IMPORTS, service=service, **options)


def install_asked(world, body=ACCEPTS, *, kind="safe", **options):
    return world.install("other", hooks={"nagorik_submit": body}, writes={"submit": kind}, **options)


def allowed(world, *asks, **members):
    return world.consent(ASKER, asks=frozenset(asks or (ASKED,)), **members)


async def ask(world, platform=None, consent=None, **options):
    """The asker's only criterion: its verdict and, where there is no answer, why."""
    platform = platform or world.platform(**options)
    decision = await platform.check_eligibility(
        ASKER, world.applicant(), consent=allowed(world) if consent is None else consent or None
    )
    [criterion] = decision.criteria
    return criterion.verdict.value, criterion.text.en


async def test_an_answer_comes_back_typed(world):
    install_asker(world)
    install_asked(world)
    assert await ask(world) == ("pass", "answered")
    [request] = world.module("other").seen
    assert request.applicant == world.applicant()
    assert request.form.holding == "P-7"
    assert request.service == ASKED
    assert world.NID not in request.client_reference
    [answer] = world.module().seen
    assert (answer.reference, answer.status.raw) == ("A-1", "RECEIVED")


async def test_without_a_consent_nothing_is_asked(world):
    install_asker(world)
    install_asked(world)
    platform = world.platform()
    assert await ask(world, platform, consent=False) == ("cannot-tell", "no-consent")
    now = datetime.now(UTC)
    for consent in (
        world.consent(ASKER),
        allowed(world, "third.connection"),
        world.consent("another.service", asks=frozenset({ASKED})),
        allowed(world, given_at=now + timedelta(hours=1)),
        allowed(world, expires_at=now - timedelta(hours=1)),
    ):
        assert await ask(world, platform, consent) == ("cannot-tell", "no-consent")
    with pytest.raises(KeyError):
        world.module("other")


NO_ANSWERS = {
    "closed": (
        "from datetime import datetime, timezone\nraise AgencyClosed(datetime(2030, 1, 1, tzinfo=timezone.utc))",
        "closed",
    ),
    "unavailable": ("raise AgencyUnavailable()", "unavailable"),
    "credentials": ("raise CredentialsRejected()", "unavailable"),
    "refused": ("raise AgencyRejected('http-403')", "refused"),
    "rejected input": ("raise InputRejected(())", "input"),
    "unknown": ("raise OutcomeUnknown(step='file', because='read-timeout')", "outcome-unknown"),
    "pending": ("return Pending()", "undecided"),
    "duplicate": ("raise DuplicateApplication(NID)", "unavailable"),
    "an exit": ("sys.exit(NID)", "unavailable"),
    "a hanging hook": ("await asyncio.sleep(3600)", "unavailable"),
}


@pytest.mark.looptime
@pytest.mark.parametrize(("body", "because"), NO_ANSWERS.values(), ids=NO_ANSWERS)
async def test_what_goes_wrong_there_is_only_no_answer_here(world, body, because, structlog_output):
    install_asker(world, extra="[limits]\ndeadline = 20")
    install_asked(world, body)
    platform = world.platform(faults_before_quarantine=1)
    await world.warm(platform)
    await world.warm(platform, ASKED)
    assert await ask(world, platform) == ("cannot-tell", because)
    assert next(record for record in platform.plugins if record.id == "wasa").usable
    assert world.NID not in str(structlog_output)
    [answer] = world.module().seen
    assert answer.model_dump() == {"because": because}


async def test_an_undeclared_question_is_a_fault_even_if_caught(world):
    body = f"try:\n    await context.ask('other.connection', {{}})\nexcept PluginFault:\n    pass\n{ASKING}"
    install_asker(world, body, asks=("third.connection",))
    install_asked(world)
    with pytest.raises(PluginFault) as caught:
        await ask(world)
    assert (caught.value.fault, caught.value.plugin) == ("undeclared-ask", "wasa")
    with pytest.raises(KeyError):
        world.module("other")


async def test_what_is_asked_does_not_ask_in_turn(world):
    inner = "seen.append(await context.ask('wasa.connection', {'holding': '1'}))\n" + ACCEPTS
    install_asker(world)
    install_asked(world, inner, service='form = "forms:ConnectionForm"\nasks = ["wasa.connection"]')
    assert await ask(world) == ("pass", "answered")
    assert world.module("other").seen[0].because.value == "nested"
