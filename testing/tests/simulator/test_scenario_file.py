"""One scenario file, three ways to the agency, and one truth."""

from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

import httpx
import pytest

from nagorik import NagorikError, Operation, QueryPaymentRequest, StartPaymentRequest, Text
from nagorik.data_files import DataFileInvalid
from nagorik.model.application import Consent
from nagorik.values import Money
from nagorik_cashdesk.simulator import PAYMENTS, CashDeskSimulator
from nagorik_nid.simulator import NidSimulator
from nagorik_platform import Platform, PlatformSettings, PluginConfiguration, References
from nagorik_platform.registry import Admission
from nagorik_testing import SimulatedClock, SimulatorTransport, StrictRouter, UnmetExpectation, serve
from nagorik_testing.simulator.scenario_file import ScenarioFile, check_expectations

LOOPBACK = "127.0.0.1"
EXCHANGES = """
scenario_version = 1
plugin = "cashdesk"
summary = "The answer to the first slip is lost; the till has it all the same."

[[exchange]]
operation = "start-payment"
request = { method = "POST", path = "/sim/cashdesk/v1/payments", fields = { paymentId = "text", amount = "text" } }
response = { status = 201, body = '{"receiptNo": "CD-000001", "state": "OPEN"}' }
times = 2
provenance = "assumed"
source = "The till's simulator"
as_of = 2026-11-24

[[exchange]]
operation = "query-payment"
request = { method = "GET", path = "/sim/cashdesk/v1/payments/{id}" }
response = { body = '{"state": "OPEN", "amount": "345.00", "receiptNo": "CD-000001", "paidAt": null}' }
provenance = "assumed"
source = "The till's simulator"
as_of = 2026-11-24

[[exchange]]
operation = "query-payment"
request = { method = "GET", path = "/sim/cashdesk/v1/payments/{id}" }
response = { body = '{"state": "PAID", "amount": "300.00", "receiptNo": "CD-1", "paidAt": "2026-11-24T04:01:00Z"}' }
times = "any"
provenance = "recorded"
source = "nagorik contract cashdesk --record"
as_of = 2026-11-24

[[fault]]
operation = "POST /sim/cashdesk/v1/payments"
fault = { fault = "answer-lost", how = "closed" }

[[fault]]
operation = "GET /sim/cashdesk/v1/payments/{id}"
first = 3
count = "all"
fault = { fault = "altered", remove = ["state"] }
"""
OUTCOMES = """
scenario_version = 1
plugin = "cashdesk"

[[outcome]]
outcome = "other-amount"
durations = { pay = 60 }
values = { amount = "300.00" }

[[fault]]
operation = "POST /sim/cashdesk/v1/payments"
fault = { fault = "answer-lost", how = "closed" }

[[fault]]
operation = "GET /sim/cashdesk/v1/payments/{id}"
first = 3
count = "all"
fault = { fault = "altered", remove = ["state"] }
"""


OUTAGE = """
scenario_version = 1
plugin = "cashdesk"

[[condition]]
condition = "outage"
begin = 2026-11-24T04:00:00Z
end = 2026-11-24T06:00:00Z
fault = { fault = "status", status = 404, body = "" }

[[condition]]
condition = "rate-limit"
requests = 100
"""


@asynccontextmanager
async def in_process(simulator):
    yield f"http://{LOOPBACK}", partial(SimulatorTransport, simulator)


@asynccontextmanager
async def behind_a_strict_router(simulator):
    with StrictRouter(clock=simulator.clock) as router:
        router.forward(simulator)
        yield f"http://{LOOPBACK}", router.transport
        assert router[f"POST {PAYMENTS}"].call_count == 2


@asynccontextmanager
async def over_loopback(simulator):
    async with serve(simulator) as base_url:
        yield base_url, None


async def pay(simulator, reach):
    """What the host is told: of the slip, of the open payment, of the paid one, and of an answer without a state."""
    async with reach(simulator) as (base_url, transport_factory):
        configuration = PluginConfiguration(
            settings=simulator.settings(base_url),
            egress=frozenset({LOOPBACK}),
            transport_factory=transport_factory,
        )
        settings = PlatformSettings(
            plugins={"cashdesk": configuration},
            admission=Admission(allow=frozenset({"cashdesk"})),
            clock=simulator.clock,
        )
        async with Platform.discover(settings) as platform:
            return [result async for result in results(platform, simulator.clock)]


async def results(platform, clock):
    references = References(client_reference="NGK-1", idempotency_key=UUID(int=1))
    consent = Consent(
        id="consent",
        service="contract.example",
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(1000),
        given_at=clock.now(),
        expires_at=clock.now().replace(year=2027),
    )
    started = await platform.start_payment(
        StartPaymentRequest(
            gateway="cashdesk.counter", payment="P-1", amount=Money.taka(345), purpose=Text(bn="পরীক্ষা", en="Test")
        ),
        service="contract.example",
        consent=consent,
        key=references.key(Operation.START_PAYMENT, "P-1"),
    )
    yield started.reference
    for _ in range(3):
        try:
            report = await platform.query_payment(
                QueryPaymentRequest(gateway="cashdesk.counter", payment="P-1", started_at=clock.now())
            )
        except NagorikError as error:
            yield error.code
        else:
            yield report.state.value, report.amount and report.amount.plain(), report.captured_at is not None
        clock.advance(60)


@pytest.fixture
def scenario_file(tmp_path):
    def write(text):
        path = tmp_path / "lost-slip.toml"
        path.write_text(text, "utf-8")
        return ScenarioFile.read(path)

    return write


@pytest.mark.parametrize("text", [EXCHANGES, OUTCOMES], ids=["exchanges", "outcomes"])
@pytest.mark.parametrize("reach", [in_process, behind_a_strict_router, over_loopback])
async def test_plugin_is_told_the_same_however_it_reaches_the_agency(scenario_file, text, reach):
    simulator = scenario_file(text).open(clock=SimulatedClock())
    assert await pay(simulator, reach) == [
        "CD-000001",
        ("pending", None, False),
        ("captured", "300.00", True),
        "contract-violation",
    ]
    check_expectations(simulator)


async def test_fault_that_met_nothing_and_answer_that_nobody_wanted_fail_the_test(scenario_file):
    simulator = scenario_file(EXCHANGES).open()
    with pytest.raises(UnmetExpectation) as caught:
        check_expectations(simulator)
    assert str(caught.value).splitlines() == [
        "POST /sim/cashdesk/v1/payments: exchange 1 was asked for 0 of 2 times",
        "GET /sim/cashdesk/v1/payments/{id}: exchange 2 was asked for 0 of 1 times",
        "POST /sim/cashdesk/v1/payments: no request met the fault answer-lost",
        "GET /sim/cashdesk/v1/payments/{id}: no request met the fault altered",
    ]


@pytest.mark.parametrize("reach", [in_process, over_loopback])
@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("times = 2", "", "POST /sim/cashdesk/v1/payments: was called after the last of its answers"),
        (
            'paymentId = "text"',
            'slip = "text"',
            "POST /sim/cashdesk/v1/payments: no exchange has its query and fields",
        ),
        (
            "/sim/cashdesk/v1/payments/{id}",
            "/v2/{id}",
            "GET /sim/cashdesk/v1/payments/P-1: no exchange is written for it",
        ),
    ],
)
async def test_request_that_nothing_is_written_for_fails_the_test(scenario_file, reach, right, wrong, problem):
    simulator = scenario_file(EXCHANGES.replace(right, wrong)).open()
    with suppress(NagorikError):
        await pay(simulator, reach)
    with pytest.raises(UnmetExpectation, match=problem.replace("{", r"\{")):
        check_expectations(simulator)


def test_simulator_of_exchanges_says_how_far_it_can_be_trusted(scenario_file):
    simulator = scenario_file(EXCHANGES).open()
    assert simulator.modelled.endswith("1 recorded, 0 from a specification, 2 assumed.")
    assert "১টি রেকর্ড করা" in simulator.modelled


def test_settings_beside_the_address_are_the_files(scenario_file):
    simulator = scenario_file(EXCHANGES.replace("[[exchange]]", '[settings]\noffice = "9"\n[[exchange]]', 1)).open()
    assert simulator.settings("http://x") == {"base_url": "http://x", "office": "9"}


@pytest.mark.parametrize(
    ("text", "right", "wrong", "problem"),
    [
        (OUTCOMES, "scenario_version = 1", "", "scenario_version: this field is required"),
        (
            OUTCOMES,
            'outcome = "other',
            'outcom = "other',
            "outcome.0.outcom: there is no field outcom; did you mean outcome?",
        ),
        (OUTCOMES, "pay = 60", "pay = -1", "outcome.0.durations.pay: Input should be greater"),
        (OUTCOMES, "pay = 60", "pay = 1e300", "outcome.0.durations.pay: Input should be less"),
        (OUTCOMES, "pay = 60", "pay = inf", "outcome.0.durations.pay: Input should be"),
        (
            OUTCOMES,
            'fault = "answer-lost", how = "closed"',
            'fault = "slow", seconds = 1e300',
            "fault.0.fault.slow.seconds: Input should be less",
        ),
        (OUTAGE, "2026-11-24T06", "2026-11-24T03", "condition.0.outage: an outage ends after it begins"),
        (OUTAGE, '"outage"', '"rain"', "condition.0: Input tag"),
        (OUTCOMES, "first = 3", "first = 0", "fault.1.first: Input should be greater"),
        (OUTCOMES, '"closed"', '"gone"', "fault.0.fault.answer-lost.how: write one of 'reset'"),
        (OUTCOMES, '"answer-lost"', '"gone"', "fault.0.fault: "),
        (
            EXCHANGES,
            "[[fault]]",
            '[[outcome]]\noutcome = "pay"\n[[fault]]',
            "lost-slip.toml: holds [[exchange]] and [[out",
        ),
        (OUTCOMES, "[[outcome]]", "[settings]\n[[outcome]]", None),
        (
            OUTCOMES,
            "[[outcome]]",
            "[settings]\nx = 1\n[[outcome]]",
            "lost-slip.toml: holds settings without an [[exchange]]",
        ),
        (OUTCOMES, OUTCOMES.partition("[[")[2], "", "not valid TOML"),
        ('scenario_version = 1\nplugin = "nid"', "", "", "lost-slip.toml: scripts nothing"),
    ],
)
def test_problem_names_file_table_and_field(scenario_file, text, right, wrong, problem):
    if problem is None:
        scenario_file(text.replace(right, wrong, 1))
        return
    with pytest.raises(DataFileInvalid) as caught:
        scenario_file(text.replace(right, wrong, 1))
    assert str(caught.value).startswith("lost-slip.toml: ")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ('"other-amount"', '"lottery"', "outcome.0.outcome: no outcome lottery; write one of pay, never"),
        ("payments/{id}", "payment/{id}", "fault.1.operation: no operation GET"),
        ("payments/{id}", "payment/{id}", "did you mean GET /sim/cashdesk/v1/payments/{id}?"),
    ],
)
def test_what_the_simulator_does_not_know_is_named(scenario_file, right, wrong, problem):
    with pytest.raises(DataFileInvalid) as caught:
        scenario_file(OUTCOMES.replace(right, wrong)).open(CashDeskSimulator)
    assert problem in str(caught.value)


async def test_condition_of_the_file_is_met_and_one_that_is_not_fails_the_test(scenario_file):
    simulator = scenario_file(OUTAGE).open()
    async with in_process(simulator) as (_, transport):
        simulator.clock.advance(7200)
        assert await status_of(transport) == 400
        with pytest.raises(UnmetExpectation, match=r"^no request met the condition outage$"):
            check_expectations(simulator)
        simulator.clock.set(simulator.clock.now() - timedelta(hours=1))
        assert await status_of(transport) == 404
    check_expectations(simulator)


def test_shape_that_a_recording_left_is_no_answer(scenario_file):
    with pytest.raises(DataFileInvalid) as caught:
        scenario_file(EXCHANGES.replace('"300.00"', '"decimal(2)"')).open()
    assert str(caught.value) == (
        "lost-slip.toml: exchange.2.response.body, amount: holds the shape of a value; write a value"
    )


async def status_of(transport):
    async with httpx.AsyncClient(transport=transport(), base_url=f"http://{LOOPBACK}") as client:
        return (await client.get(PAYMENTS)).status_code


def test_simulator_of_another_plugin_is_refused(scenario_file):
    with pytest.raises(DataFileInvalid, match=r"^lost-slip\.toml: plugin: the simulator stands for nid$"):
        scenario_file(OUTCOMES).open(NidSimulator)
