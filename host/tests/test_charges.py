"""What the host asks for beside a fee: read, dated, and never above a ceiling."""

import tomllib
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from nagorik.data_files import DataFileInvalid
from nagorik.manifest import PaymentGateway, PublicService
from nagorik.model.fee import LineNature
from nagorik.model.status import PaymentState
from nagorik.values import Money, Text
from nagorik_host.charges import (
    NO_CHARGES,
    ChargeCeiling,
    HostCharge,
    HostCharges,
    parse_charges,
    problems_here,
    read_charges,
)
from nagorik_host.engine.plugins import CapabilitiesCache
from nagorik_platform.lifecycle import Payment
from nagorik_platform.lifecycle.consent import price_with_charges
from nagorik_testing import SimulatedClock

SOURCE = 'source = { title = "Office order 1 of the centre", as_of = 2026-11-01, verified = false }'


def charge(
    code="centre",
    services='["nid.reissue"]',
    amount="50.00",
    vat="7.50",
    first="2026-11-01",
    last=None,
    gateways=None,
    nature="centre-charge",
) -> str:
    lines = [
        "[[charges]]",
        f'code = "{code}"',
        'title = { en = "Help at the centre", bn = "সেবা কেন্দ্রের সহায়তা" }',
        f"services = {services}",
        f'nature = "{nature}"',
        'payee = { en = "Service centre 42", bn = "সেবা কেন্দ্র ৪২" }',
        f'amount = "{amount}"',
        f'vat = "{vat}"',
        f"effective_from = {first}",
        SOURCE,
    ]
    lines += [f"effective_to = {last}"] if last else []
    lines += [f"gateways = {gateways}"] if gateways else []
    return "\n".join(lines) + "\n"


def ceiling(most="100", services='["nid.reissue"]', first="2026-01-01", last=None) -> str:
    lines = ["[[ceilings]]", f"services = {services}", f'most = "{most}"', f"effective_from = {first}", SOURCE]
    lines += [f"effective_to = {last}"] if last else []
    return "\n".join(lines) + "\n"


def parsed(*entries: str):
    return parse_charges("".join(entries).encode(), "charges.toml")


def refused(*entries: str) -> list[str]:
    with pytest.raises(DataFileInvalid) as caught:
        parsed(*entries)
    assert str(caught.value).startswith("charges.toml: ")
    return [str(problem) for problem in caught.value.problems]


DAY = date(2026, 11, 24)


def test_charge_is_a_line_with_its_payee_nature_and_vat():
    (line,) = parsed(charge(), ceiling()).lines("nid.reissue", "cashdesk.counter", DAY)
    assert line.code == "centre"
    assert line.text == Text(en="Help at the centre", bn="সেবা কেন্দ্রের সহায়তা")
    assert (line.amount, line.vat, line.total) == tuple(Money.taka(sum_) for sum_ in ("50", "7.50", "57.50"))
    assert line.nature is LineNature.CENTRE_CHARGE
    assert line.payee == Text(en="Service centre 42", bn="সেবা কেন্দ্র ৪২")


@pytest.mark.parametrize(
    ("services", "asked"),
    [('["nid.reissue"]', True), ('["nid.*"]', True), ('["nid.correction"]', False), ('["passport.*"]', False)],
)
def test_charge_is_for_the_services_that_it_names(services, asked):
    charges = parsed(charge(services=services), ceiling(services=services))
    assert bool(charges.lines("nid.reissue", None, DAY)) is asked


@pytest.mark.parametrize(
    ("gateway", "asked"),
    [("bkash.checkout", True), ("ekpay.pay", True), ("cashdesk.counter", False), (None, False)],
)
def test_charge_of_a_gateway_is_asked_for_with_that_alone(gateway, asked):
    charges = parsed(charge(gateways='["bkash.checkout", "ekpay.*"]', nature="gateway-charge"), ceiling())
    assert bool(charges.lines("nid.reissue", gateway, DAY)) is asked


@pytest.mark.parametrize(
    ("day", "amounts"),
    [
        (date(2026, 10, 31), []),
        (date(2026, 11, 1), ["50.00"]),
        (date(2026, 11, 30), ["50.00"]),
        (date(2026, 12, 1), ["60.00"]),
        (date(2199, 12, 31), ["60.00"]),
    ],
)
def test_first_and_last_day_are_among_its_days(day, amounts):
    charges = parsed(charge(last="2026-11-30"), charge(amount="60", first="2026-12-01"), ceiling())
    assert [line.amount.plain() for line in charges.lines("nid.reissue", None, day)] == amounts


def test_source_is_told_only_as_long_as_the_file_says_the_same():
    then = parsed(charge(), ceiling())
    (line,) = then.lines("nid.reissue", None, DAY)
    source = then.source_of(line, "nid.reissue", None, DAY)
    assert source is not None
    assert source.title == "Office order 1 of the centre"
    assert parsed(charge(amount="40"), ceiling()).source_of(line, "nid.reissue", None, DAY) is None
    assert NO_CHARGES.source_of(line, "nid.reissue", None, DAY) is None


# What is refused


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([charge()], "charges.0.services: there is no ceiling for nid.reissue on 2026-11-01: write one under"),
        (
            [charge(amount="100", vat="0.01"), ceiling()],
            "charges.0.amount: it comes to Tk 100.01 with VAT, above the ceiling of Tk 100 for nid.reissue",
        ),
        (
            [charge(), charge("gateway", amount="42.51", vat="0"), ceiling()],
            "charges.1.amount: with those before it, it comes to Tk 100.01 with VAT, above the ceiling of Tk 100",
        ),
        # Each keeps to it alone, and the two meet on one day.
        (
            [charge(last="2026-11-30"), charge("late", first="2026-11-30"), ceiling()],
            "charges.1.amount: with those before it, it comes to Tk 115 with VAT, above the ceiling of Tk 100 for",
        ),
        # The ceiling falls while the charge goes on.
        (
            [charge(), ceiling(last="2026-12-31"), ceiling("50", first="2027-01-01")],
            "charges.0.amount: it comes to Tk 57.50 with VAT, above the ceiling of Tk 50 for nid.reissue on 2027",
        ),
        (
            [charge(), ceiling(last="2026-12-31")],
            "charges.0.services: there is no ceiling for nid.reissue on 2027-01-01",
        ),
        # A service's own ceiling counts, not that of all of its plugin.
        (
            [charge(services='["nid.*"]'), ceiling(services='["nid.*"]'), ceiling("50")],
            "charges.0.amount: it comes to Tk 57.50 with VAT, above the ceiling of Tk 50 for nid.reissue",
        ),
        (
            [charge(services='["nid.*"]'), ceiling()],
            "charges.0.services: there is no ceiling for nid.* on 2026-11-01",
        ),
        # Only through one gateway do they meet.
        (
            [charge(), charge("gateway", gateways='["bkash.*"]'), ceiling()],
            "charges.1.amount: with those before it, it comes to Tk 115",
        ),
        (
            [charge(amount="5", vat="0"), charge(amount="6", vat="0"), ceiling()],
            "charges.1.code: charges.0 has this code too, for nid.reissue on 2026-11-01",
        ),
        (
            [ceiling(), ceiling("50", first="2026-06-01")],
            "ceilings.1.services: ceilings.0 is for nid.reissue too, on 2026-06-01",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_by_entry_and_field(entries, told):
    (problem,) = refused(*entries)
    assert problem.startswith(told)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (charge(nature="fee"), "charges.0.nature: write centre-charge or gateway-charge"),
        (charge(nature="penalty"), "charges.0.nature: write centre-charge or gateway-charge"),
        (charge(amount="0"), "charges.0.amount: write more than 0"),
        (charge(amount="-1"), 'charges.0.amount: write the amount as in "345.00" (money.text)'),
        (charge(vat="60"), "charges.0: vat is more than the amount that it is on"),
        (charge(services="[]"), "charges.0.services: write at least one"),
        (charge(gateways="[]"), "charges.0.gateways: write at least one"),
        (charge(services='"nid.reissue"'), 'charges.0.services: write a list, such as ["nid.*"]'),
        (
            charge(services='["nid"]'),
            "charges.0.services.0: write a service's or a gateway's id, such as nid",
        ),
        (charge(last="2026-10-31"), "charges.0: effective_to is the last day, so it is not before effective_from"),
        (charge(first='"soon"'), "charges.0.effective_from: write a date without quotes, such as 2026-11-24"),
        (charge().replace("verified = false", 'verified = "no"'), "charges.0.source.verified: write true or false"),
        (charge().replace("payee", "payees"), "charges.0.payee: this field is required"),
        (charge().replace("code =", "cod ="), "charges.0.code: this field is required"),
        (charge().replace(", verified = false", ""), "charges.0.source.verified: this field is required"),
        (charge().replace("bn = ", "ban = "), "charges.0.title.bn: this field is required"),
        ("[[charge]]\n", "charge: there is no field charge; did you mean charges?"),
    ],
)
def test_entry_that_is_wrong_is_named_with_its_field(entry, told):
    assert any(problem.startswith(told) for problem in refused(entry, ceiling()))


def test_sums_that_are_too_large_together_are_still_told():
    largest = "9999999999999.99"
    told = refused(charge(amount=largest, vat=largest), charge("b", amount=largest, vat="0"), ceiling(largest))
    assert told[0].startswith("charges.0.amount: it comes to Tk 1,99,99,99,99,99,999.98 with VAT")


def test_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataFileInvalid, match=r"charges\.toml: not a readable file"):
        read_charges(tmp_path / "charges.toml")


# What holds of every file


DAYS = st.dates(date(2026, 1, 1), date(2026, 3, 31))
NAMES = st.sampled_from(["nid.reissue", "nid.correction", "nid.*", "land.*"])
ASKED = ["nid.reissue", "nid.correction", "nid.other", "land.tax", "bmet.card"]
GATEWAYS = [None, "bkash.checkout", "ekpay.pay"]


@st.composite
def files(draw) -> str:
    entries = []
    for number in range(draw(st.integers(1, 4))):
        first, last = sorted((draw(DAYS), draw(DAYS)))
        entries.append(
            charge(
                f"c-{number}",
                services=f'["{draw(NAMES)}"]',
                amount=Money(poisha=draw(st.integers(1, 6000))).plain(),
                vat="0.01",
                first=first,
                last=draw(st.sampled_from([last, None])),
                gateways=draw(st.sampled_from([None, '["bkash.checkout"]', '["ekpay.*"]'])),
            )
        )
    for _ in range(draw(st.integers(1, 3))):
        first, last = sorted((draw(DAYS), draw(DAYS)))
        entries.append(
            ceiling(
                Money(poisha=draw(st.integers(3000, 12000))).plain(),
                services=f'["{draw(NAMES)}"]',
                first=draw(st.sampled_from([first, date(2025, 1, 1)])),
                last=draw(st.sampled_from([last, None, None])),
            )
        )
    return "".join(entries)


def fits_every_day(written: str) -> bool:
    """Whether a file keeps to its ceilings: by asking every service, gateway and day, one after the other."""
    document = tomllib.loads(written)
    entries = [HostCharge.model_validate(one) for one in document["charges"]]
    ceilings = [ChargeCeiling.model_validate(one) for one in document["ceilings"]]
    charges = HostCharges(tuple(entries), tuple(ceilings))
    for day in (date(2026, 1, 1) + timedelta(days=offset) for offset in range(92)):
        named = [service for one in ceilings if one.holds_on(day) for service in one.services]
        if len(named) != len(set(named)):
            return False
        for service in ASKED:
            for gateway in GATEWAYS:
                asked = charges.asked(service, gateway, day)
                found = charges.ceiling(service, day)
                if asked and (found is None or sum(one.poisha for one in asked) > found.most):
                    return False
    return True


@given(files())
def test_file_is_read_exactly_where_no_day_asks_for_more_than_its_ceiling(written):
    try:
        parsed(written)
    except DataFileInvalid:
        is_read = False
    else:
        is_read = True
    assert is_read is fits_every_day(written)


@given(
    fee=st.integers(1, 10**9),
    amounts=st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**5), st.booleans()), max_size=4),
)
def test_lines_of_fee_and_charges_are_what_the_payer_is_asked_for(fee, amounts):
    entries = [
        charge(
            f"c-{number}",
            amount=Money(poisha=amount).plain(),
            vat=Money(poisha=min(vat, amount)).plain(),
            gateways=bound,
        )
        for number, (amount, vat, is_other) in enumerate(amounts)
        for bound in ('["bkash.*"]' if is_other else None,)
    ]
    most = sum(amount + min(vat, amount) for amount, vat, _ in amounts)
    charges = parsed(*entries, ceiling(Money(poisha=most).plain()))
    lines = charges.lines("nid.reissue", "cashdesk.counter", DAY)
    asked = price_with_charges(Money(poisha=fee), lines)
    assert asked.poisha == fee + sum(amount + min(vat, amount) for amount, vat, is_other in amounts if not is_other)
    found = charges.ceiling("nid.reissue", DAY)
    assert found is not None
    assert asked.poisha - fee <= found.most
    payment = Payment(
        id="p",
        quote="q",
        stage="application",
        gateway="cashdesk.counter",
        amount=asked,
        charges=lines,
        state=PaymentState.CAPTURED,
        opened_at=datetime(2026, 11, 24, tzinfo=UTC),
    )
    assert payment.agency_share == Money(poisha=fee)


# As an application meets them


OFFER = PublicService.model_validate(
    {
        "id": "nid.reissue",
        "name": {"en": "Reissue", "bn": "রি-ইস্যু"},
        "form": "forms:Form",
        "writes": {"submit": "none"},
    }
)
DESK = PaymentGateway.model_validate(
    {
        "id": "cashdesk.counter",
        "name": {"en": "Cash", "bn": "নগদ"},
        "reads": ["query-payment"],
        "writes": {"start-payment": "native"},
    }
)


class OneService:
    """A platform of which only the service and the gateway are asked."""

    def service(self, name):
        return OFFER

    def gateway(self, name):
        return DESK


def test_day_in_dhaka_decides_and_turns_at_its_midnight():
    clock = SimulatedClock(datetime(2026, 11, 30, 17, 59, 59, tzinfo=UTC))
    charges = parsed(charge(last="2026-11-30"), charge("later", first="2026-12-01"), ceiling())
    capabilities = CapabilitiesCache(OneService(), charges, clock)
    assert [line.code for line in capabilities.of("nid.reissue", "cashdesk.counter").charges] == ["centre"]
    clock.advance(timedelta(seconds=1))
    assert [line.code for line in capabilities.of("nid.reissue", "cashdesk.counter").charges] == ["later"]


@pytest.mark.parametrize(
    ("was", "now", "location"),
    [
        ("Help at the centre", "Help\\u202Eat", "charges.0.title"),
        ("সেবা কেন্দ্রের সহায়তা", "সেবা\\u200Bকেন্দ্র", "charges.0.title"),
        ("সেবা কেন্দ্র ৪২", "সেবা\\u0007", "charges.0.payee"),
        ("Office order 1 of the centre", "Office\\u2066order", "charges.0.source.title"),
    ],
)
def test_text_that_does_not_read_as_it_is_written_is_refused_by_field(was, now, location):
    problems = refused(charge().replace(was, now), ceiling())
    assert [problem.partition(":")[0] for problem in problems] == [location]


def test_joiner_that_is_part_of_a_bangla_word_is_none_of_them():
    (entry,) = parsed(charge().replace("সেবা কেন্দ্রের সহায়তা", "র\\u200D্যাব"), ceiling()).entries
    assert entry.title.bn == "র\u200d্যাব"


@pytest.mark.parametrize("written", ['"yes"', '"true"', "1", '"false"'])
def test_whether_it_is_verified_is_a_plain_yes_or_no(written):
    (problem, *_) = refused(charge().replace("verified = false", f"verified = {written}"), ceiling())
    assert problem.startswith("charges.0.source.verified:")


class Installed:
    """A plugin of the sample agency, or a gateway of that name."""

    def __init__(self, *services: str) -> None:
        name = Text(en="Sample licence office", bn="নমুনা লাইসেন্স দপ্তর")
        self.manifest = type("Declared", (), {"name": name, "services": services})()


@pytest.mark.parametrize(
    "payee",
    [
        '{ en = "Sample licence office", bn = "সেবা কেন্দ্র" }',
        '{ en = "SAMPLE  Licence Office.", bn = "সেবা কেন্দ্র" }',
        '{ en = "Service centre", bn = "নমুনা লাইসেন্স দপ্তর" }',
        '{ en = "নমুনা লাইসেন্স দপ্তর", bn = "সেবা কেন্দ্র" }',
    ],
)
def test_charge_is_not_for_an_agency_whose_services_are_installed(payee):
    written = charge().replace('{ en = "Service centre 42", bn = "সেবা কেন্দ্র ৪২" }', payee)
    charges = parsed(written, ceiling())
    (problem,) = problems_here(charges, [Installed("sample.reissue")], DAY)
    assert (problem.location, problem.message.partition(":")[0]) == ("charges.0.payee", "an agency is called so")
    # What a gateway is called may well be who charges.
    assert not list(problems_here(charges, [Installed()], DAY))


def test_source_of_a_day_to_come_is_none_on_the_hosts_day():
    charges = parsed(charge(), ceiling())
    assert not list(problems_here(charges, [], date(2026, 11, 1)))
    told = [problem.location for problem in problems_here(charges, [], date(2026, 10, 31))]
    assert told == ["charges.0.source.as_of", "ceilings.0.source.as_of"]
