"""What the host asks for beside a fee: read, dated, and never above a ceiling."""

from datetime import date

import pytest

from nagorik.data_files import DataFileInvalid
from nagorik.model.fee import LineNature
from nagorik.values import Money, Text
from nagorik_host.charges import NO_CHARGES, HostCharges, read_charges

DAY = date(2026, 11, 24)
SOURCE = 'source = { title = "Office order 1 of the centre", as_of = 2026-11-01, verified = false }'


def charge(code="centre", services="nid.reissue", amount="50.00", vat="7.50", first="2026-11-01", more="") -> str:
    return f"""
[[charges]]
code = "{code}"
title = {{ en = "Help at the centre", bn = "সেবা কেন্দ্রের সহায়তা" }}
services = ["{services}"]
nature = "centre-charge"
payee = {{ en = "Service centre 42", bn = "সেবা কেন্দ্র ৪২" }}
amount = "{amount}"
vat = "{vat}"
effective_from = {first}
{SOURCE}
{more}
"""


def ceiling(most="100", services="nid.reissue", first="2026-01-01", more="") -> str:
    return f"""
[[ceilings]]
services = ["{services}"]
most = "{most}"
effective_from = {first}
{SOURCE}
{more}
"""


@pytest.fixture
def parsed(tmp_path):
    """Reads a file of these entries."""

    def read(*entries: str) -> HostCharges:
        (tmp_path / "charges.toml").write_text("".join(entries), "utf-8")
        return read_charges(tmp_path / "charges.toml")

    return read


def test_charge_is_a_line_with_its_payee_nature_and_vat(parsed):
    charges = parsed(charge(), ceiling())
    (line,) = charges.lines("nid.reissue", "cashdesk.counter", DAY)
    assert (line.code, line.nature) == ("centre", LineNature.CENTRE_CHARGE)
    assert line.text == Text(en="Help at the centre", bn="সেবা কেন্দ্রের সহায়তা")
    assert (line.amount, line.vat, line.total) == tuple(Money.taka(sum_) for sum_ in ("50", "7.50", "57.50"))
    assert line.payee == Text(en="Service centre 42", bn="সেবা কেন্দ্র ৪২")
    source = charges.source_of(line, "nid.reissue", None, DAY)
    assert source is not None
    assert source.title == "Office order 1 of the centre"
    # What the file no longer says has no source.
    assert parsed(charge(amount="40"), ceiling()).source_of(line, "nid.reissue", None, DAY) is None
    assert NO_CHARGES.source_of(line, "nid.reissue", None, DAY) is None


@pytest.mark.parametrize(
    ("services", "gateways", "gateway", "is_asked"),
    [
        ("nid.reissue", "", None, True),
        ("nid.*", "", None, True),
        ("nid.correction", "", None, False),
        ("nid.reissue", 'gateways = ["bkash.checkout", "ekpay.*"]', "bkash.checkout", True),
        ("nid.reissue", 'gateways = ["bkash.checkout", "ekpay.*"]', "ekpay.pay", True),
        ("nid.reissue", 'gateways = ["bkash.checkout", "ekpay.*"]', "cashdesk.counter", False),
        ("nid.reissue", 'gateways = ["bkash.checkout", "ekpay.*"]', None, False),
    ],
)
def test_charge_is_for_the_services_and_gateways_that_it_names(services, gateways, gateway, is_asked, parsed):
    charges = parsed(charge(services=services, more=gateways), ceiling(services=services))
    assert bool(charges.lines("nid.reissue", gateway, DAY)) is is_asked


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
    ending = charge(more="effective_to = 2026-11-30")
    charges = parsed(ending, charge(amount="60", first="2026-12-01"), ceiling())
    assert [line.amount.plain() for line in charges.lines("nid.reissue", None, day)] == amounts


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([charge()], "there is no ceiling for nid.reissue on 2026-11-01"),
        ([charge(services="nid.*"), ceiling()], "there is no ceiling for nid.* on 2026-11-01"),
        ([charge(), ceiling(more="effective_to = 2026-12-31")], "there is no ceiling for nid.reissue on 2027-01-01"),
        ([charge(amount="100", vat="0.01"), ceiling()], "100.01 BDT with VAT is above the ceiling of 100.00 BDT"),
        ([charge(), charge("gateway", vat="0"), ceiling()], "107.50 BDT with VAT is above the ceiling of 100.00 BDT"),
        # The ceiling falls while the charge goes on; of several, the lowest counts.
        ([charge(), ceiling(), ceiling("50", first="2027-01-01")], "50.00 BDT for nid.reissue on 2027-01-01"),
        # A service's own ceiling counts, not that of all of its plugin.
        ([charge(services="nid.*"), ceiling(services="nid.*"), ceiling("50")], "50.00 BDT for nid.reissue"),
        # Only through one gateway do they meet.
        ([charge(), charge("gateway", more='gateways = ["bkash.*"]'), ceiling()], "115.00 BDT with VAT"),
        ([charge(amount="5"), charge(amount="6"), ceiling()], "two charges for nid.reissue on 2026-11-01 have the"),
        ([charge().replace("centre-charge", "fee")], "charges.0.nature: write one of "),
        ([charge(amount="0")], "charges.0.amount: "),
        ([charge(services="nid")], "charges.0.services.0: "),
        ([charge(more="gateways = []")], "charges.0.gateways: write at least one"),
        ([charge().replace("payee", "payees")], "charges.0.payee: this field is required"),
        (["[[charge]]\n"], "charge: there is no field charge; did you mean charges?"),
    ],
)
def test_file_that_is_wrong_is_refused_by_field_or_by_service_and_day(entries, said, parsed):
    with pytest.raises(DataFileInvalid) as caught:
        parsed(*entries)
    assert str(caught.value).startswith("charges.toml: ")
    assert said in str(caught.value)
