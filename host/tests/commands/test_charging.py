"""The host's own charges on their way to the payer: told before, asked for once, shown apart, and on the receipt."""

from datetime import UTC, datetime, timedelta

import pytest

from nagorik.model.fee import LineNature
from nagorik_host.charges import read_charges

CHARGES = """\
[[charges]]
code = "centre"
title = { en = "Help with the application", bn = "আবেদনে সহায়তা" }
services = ["nid.*"]
nature = "centre-charge"
payee = { en = "Service centre 42", bn = "সেবা কেন্দ্র ৪২" }
amount = "50.00"
vat = "7.50"
effective_from = 2026-01-01
source = { title = "Office order 1 of the centre", as_of = 2026-01-01, verified = false }

[[charges]]
code = "gateway"
title = { en = "Paying online", bn = "অনলাইনে টাকা দেওয়া" }
services = ["nid.*"]
gateways = ["nobody.pays"]
nature = "gateway-charge"
payee = { en = "The payment service", bn = "পেমেন্ট সেবা" }
amount = "5.00"
vat = "0"
effective_from = 2026-01-01
source = { title = "The payment service's tariff", verified = false }

[[ceilings]]
services = ["nid.*"]
most = "70.00"
effective_from = 2026-01-01
source = { title = "Circular 2 of the ministry", as_of = 2026-01-01, verified = false }
"""


@pytest.fixture
def charging(place):
    """Writes the file of charges, and a setting that names it."""
    (place / "charges.toml").write_text(CHARGES)
    with (place / "nagorik.toml").open("a") as settings:
        settings.write('charges = "charges.toml"\n')
    return place / "charges.toml"


def test_fees_tell_the_charges_apart_from_the_fee(ready, charging):
    told = ready("fees", "nid.reissue", "--set", "delivery=urgent", "--set", "attempt=1", "--json").document
    assert [(one["code"], one["amount"], one["vat"], one["gateways"]) for one in told["charges"]] == [
        ("centre", "50.00", "7.50", []),
        ("gateway", "5.00", "0.00", ["nobody.pays"]),
    ]
    assert told["charges"][0]["payee"] == {"en": "Service centre 42", "bn": "সেবা কেন্দ্র ৪২"}
    lines = [line["code"] for payment in told["payments"] for line in payment["lines"]]
    assert "centre" not in lines
    page = ready("fees", "nid.reissue", "--set", "delivery=urgent").out
    for said in (
        "Charged by the service centre or payment service, not by the agency",
        "Help with the application (service centre's charge): ৫০ টাকা · Tk 50 + ভ্যাট · VAT ৭.৫০ টাকা · Tk 7.50",
        "Asked for only when paid by: nobody.pays",
        "Office order 1 of the centre",
        "not verified",
    ):
        assert said in page


@pytest.mark.parametrize("words", [("apply", "one.json"), ("worker", "--once"), ("fees", "nid.reissue")])
def test_nothing_is_opened_with_a_charge_above_its_ceiling(ready, charging, words):
    charging.write_text(CHARGES.replace('"70.00"', '"57.49"'))
    (charging.parent / "one.json").write_text("{}")
    done = ready(*words)
    assert done.code == (0 if words[0] == "fees" else 2)
    assert "charges.toml: 57.50 BDT with VAT is above the ceiling of 57.49 BDT" in done.err


def test_charge_is_asked_for_once_and_the_agency_hears_of_its_own_share(ready, world, charging):
    world.charges = read_charges(charging)
    application = world.closed()
    (payment,) = world.run(lambda host: host.progress(application)).payments
    (charge,) = payment.charges
    assert (charge.code, charge.nature) == ("centre", LineNature.CENTRE_CHARGE)
    assert payment.amount.poisha == payment.agency_share.poisha + 5750
    track = ready("track", application, "--json").document
    assert (track["payments"][0]["charges"]["total"], track["charges"]) == ("57.50", None)
    assert "সেবা কেন্দ্র ৪২" in ready("track", application).out
    assert ready("receipt", application, "--output", "receipt.html").code == 0
    page = (charging.parent / "receipt.html").read_text()
    for told in (
        "Charged by the service centre or payment service, not by the agency",
        "Payee: Service centre 42",
        "Help with the application (service centre&#x27;s charge)",
        "Total for this payee",
        "Office order 1 of the centre",
        payment.amount.plain(),
    ):
        assert told in page
    # The file says otherwise by now: what the charge followed from is not made up.
    charging.write_text(CHARGES.replace('"50.00"', '"40.00"'))
    assert ready("receipt", application, "--output", "again.html").code == 0
    again = (charging.parent / "again.html").read_text()
    assert "Office order 1 of the centre" not in again
    assert "not known here any more" in again
    assert payment.amount.plain() in again


def test_track_tells_the_charge_of_a_payment_to_come_on_its_day_in_dhaka(ready, world, charging):
    first = "effective_from = 2026-01-01"
    charging.write_text(CHARGES.replace(first, f"{first}\neffective_to = 2026-11-24", 1))
    world.charges = read_charges(charging)
    application = world.run(lambda host: world.apply_as(host, 1))
    world.work(timedelta(0))
    assert ready("track", application, "--json").document["charges"]["total"] == "57.50"

    async def asked(host):
        return [line.code for line in host.capabilities.of("nid.reissue", "cashdesk.counter").charges]

    world.clock.set(datetime(2026, 11, 24, 17, 59, 59, tzinfo=UTC))
    assert world.run(asked) == ["centre"]
    world.clock.advance(timedelta(seconds=1))
    assert world.run(asked) == []


def test_doctor_tells_a_file_that_cannot_be_used_and_names_that_nothing_offers(ready, charging):
    told = ready("doctor").out
    assert "nobody.pays is named, and nothing offers it" in told
    charging.write_text(CHARGES.replace('"70.00"', '"1.00"'))
    assert "is above the ceiling" in ready("doctor").out
    charging.write_text(CHARGES + CHARGES[CHARGES.index("[[ceilings]]") :].replace("nid.*", "nid.reissues"))
    assert "nid.reissues is named, and nothing offers it" in ready("doctor").out
