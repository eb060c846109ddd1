"""What the host asks for beside a fee: read, dated, and never above a ceiling."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, strategies as st

from nagorik.data_files import DataFileInvalid
from nagorik.manifest import PaymentGateway, PublicService
from nagorik.model.fee import LineNature
from nagorik.values import Money, Text
from nagorik_host.charges import NO_CHARGES, HostCharges, read_charges
from nagorik_host.engine.plugins import CapabilitiesCache
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


@pytest.fixture(scope="module")
def parsed(tmp_path_factory):
    """Reads a file of these entries."""
    file = tmp_path_factory.mktemp("charges") / "charges.toml"

    def read(*entries: str) -> HostCharges:
        file.write_text("".join(entries), "utf-8")
        return read_charges(file)

    return read


@pytest.fixture
def refused(parsed):
    """What is wrong with a file of these entries."""

    def read(*entries: str) -> list[str]:
        with pytest.raises(DataFileInvalid) as caught:
            parsed(*entries)
        assert str(caught.value).startswith("charges.toml: ")
        return [str(problem) for problem in caught.value.problems]

    return read


DAY = date(2026, 11, 24)


def test_charge_is_a_line_with_its_payee_nature_and_vat(parsed):
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
def test_charge_is_for_the_services_that_it_names(services, asked, parsed):
    charges = parsed(charge(services=services), ceiling(services=services))
    assert bool(charges.lines("nid.reissue", None, DAY)) is asked


@pytest.mark.parametrize(
    ("gateway", "asked"),
    [("bkash.checkout", True), ("ekpay.pay", True), ("cashdesk.counter", False), (None, False)],
)
def test_charge_of_a_gateway_is_asked_for_with_that_alone(gateway, asked, parsed):
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
def test_first_and_last_day_are_among_its_days(day, amounts, parsed):
    charges = parsed(charge(last="2026-11-30"), charge(amount="60", first="2026-12-01"), ceiling())
    assert [line.amount.plain() for line in charges.lines("nid.reissue", None, day)] == amounts


def test_source_is_told_only_as_long_as_the_file_says_the_same(parsed):
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
        ([charge()], "charges.0.services: there is no ceiling for nid.reissue on 2026-11-01"),
        (
            [charge(amount="100", vat="0.01"), ceiling()],
            "charges.0.amount: comes to Tk 100.01 with VAT, above the ceiling of Tk 100.00 for nid.reissue",
        ),
        (
            [charge(), charge("gateway", amount="42.51", vat="0"), ceiling()],
            "charges.1.amount: comes to Tk 100.01 with VAT, above the ceiling of Tk 100.00",
        ),
        # The ceiling falls while the charge goes on.
        (
            [charge(), ceiling(last="2026-12-31"), ceiling("50", first="2027-01-01")],
            "charges.0.amount: comes to Tk 57.50 with VAT, above the ceiling of Tk 50.00 for nid.reissue on 2027",
        ),
        (
            [charge(), ceiling(last="2026-12-31")],
            "charges.0.services: there is no ceiling for nid.reissue on 2027-01-01",
        ),
        # A service's own ceiling counts, not that of all of its plugin.
        (
            [charge(services='["nid.*"]'), ceiling(services='["nid.*"]'), ceiling("50")],
            "charges.0.amount: comes to Tk 57.50 with VAT, above the ceiling of Tk 50.00 for nid.reissue",
        ),
        (
            [charge(services='["nid.*"]'), ceiling()],
            "charges.0.services: there is no ceiling for nid.* on 2026-11-01",
        ),
        # Only through one gateway do they meet.
        (
            [charge(), charge("gateway", gateways='["bkash.*"]'), ceiling()],
            "charges.1.amount: comes to Tk 115.00",
        ),
        (
            [charge(amount="5", vat="0"), charge(amount="6", vat="0"), ceiling()],
            "charges.1.code: another charge for nid.reissue on 2026-11-01 has this code",
        ),
        (
            [charge(), ceiling(), ceiling("50", first="2026-12-01")],
            "charges.0.amount: comes to Tk 57.50 with VAT, above the ceiling of Tk 50.00 for",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_by_entry_and_field(entries, told, refused):
    (problem,) = refused(*entries)
    assert problem.startswith(told)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (charge(nature="fee"), "charges.0.nature: write one of "),
        (charge(amount="0"), "charges.0.amount: "),
        (charge(vat="60"), "charges.0: vat is more than the amount that it is on"),
        (charge(services='["nid"]'), "charges.0.services.0: write a service's or a gateway's id, such as nid"),
        (charge(gateways="[]"), "charges.0.gateways: write at least one"),
        (charge(last="2026-10-31"), "charges.0: effective_to is the last day, so it is not before effective_from"),
        (charge().replace("verified = false", 'verified = "no"'), "charges.0.source.verified: "),
        (charge().replace("payee", "payees"), "charges.0.payee: this field is required"),
        ("[[charge]]\n", "charge: there is no field charge; did you mean charges?"),
    ],
)
def test_entry_that_is_wrong_is_named_with_its_field(entry, told, refused):
    assert any(problem.startswith(told) for problem in refused(entry, ceiling()))


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


def fits_every_day(charges: HostCharges) -> bool:
    """Whether charges keep to their ceilings: by every service, gateway and day, one after the other."""
    for day in (date(2026, 1, 1) + timedelta(days=offset) for offset in range(92)):
        for service, gateway in product(ASKED, GATEWAYS):
            asked, most = charges.asked(service, gateway, day), charges.ceiling(service, day)
            if asked and (most is None or sum(one.amount + one.vat for one in asked) > most):
                return False
    return True


@given(files())
def test_file_is_read_exactly_where_no_day_asks_for_more_than_its_ceiling(parsed, written):
    every = HostCharges.model_validate(tomllib.loads(written))
    try:
        parsed(written)
    except DataFileInvalid:
        assert not fits_every_day(every)
    else:
        assert fits_every_day(every)


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


def test_day_in_dhaka_decides_and_turns_at_its_midnight(parsed):
    clock = SimulatedClock(datetime(2026, 11, 30, 17, 59, 59, tzinfo=UTC))
    charges = parsed(charge(last="2026-11-30"), charge("later", first="2026-12-01"), ceiling())
    capabilities = CapabilitiesCache(OneService(), charges, clock)
    assert [line.code for line in capabilities.of("nid.reissue", "cashdesk.counter").charges] == ["centre"]
    clock.advance(timedelta(seconds=1))
    assert [line.code for line in capabilities.of("nid.reissue", "cashdesk.counter").charges] == ["later"]
