"""What an agency's class and its data files must agree in: each difference is named when the class is made."""

import sys
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from nagorik.errors import InputRejected
from nagorik.http import AgencyResponse
from nagorik.model.application import Applicant
from nagorik.model.submission import SubmitRequest
from nagorik.values import PersonName
from nagorik_toolkit import validate_form

FILES = {
    "__init__.py": "",
    "plugin.toml": """
manifest_version = 1
id = "trade"
requires_api = "1.0"
name = { en = "City corporation", bn = "সিটি কর্পোরেশন" }
owners = [{ name = "Trade team", contact = "trade@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24
egress = ["trade.example"]
error_reader = "plugin:read_error"

[[services]]
id = "trade.new"
name = { en = "New licence", bn = "নতুন লাইসেন্স" }
form = "forms:NewForm"
reads = ["eligibility", "quote", "find", "status"]
writes = { submit = "client-reference", advise-payment = "native" }
fees = "fees.toml#new"
deliverables = ["licence"]

[[services]]
id = "trade.check"
name = { en = "Licence check", bn = "লাইসেন্স যাচাই" }
form = "forms:CheckForm"
reads = ["eligibility"]
writes = { submit = "safe" }
deliverables = ["licence-validity"]
""",
    "forms.toml": '[fields]\nshop = { label = { en = "Shop", bn = "দোকান" } }\n',
    "forms.py": """
from typing import Literal

from nagorik_toolkit import BirthDate, LabelledForm, Line


class NewForm(LabelledForm):
    birth_date: BirthDate
    shop: Line


class CheckForm(LabelledForm):
    birth_date: BirthDate
    kind: Literal["new", "old"] = "new"
""",
    "messages.toml": "".join(
        f'["{code}"]\nen = "English{place}."\nbn = "বাংলা{place}।"\n'
        for code, place in (
            ("of-age.pass", ""),
            ("of-age.fail", ""),
            ("trade.field-refused", ""),
            ("trade.new-missing", ""),
            ("trade.old-missing", ""),
            ("licence.valid", ""),
            ("licence.valid-until", " {until}"),
        )
    ),
    "rules.toml": '[[of-age-from]]\nvalue = 18\nsource = { title = "Modelled", verified = false }\n',
    "statuses.toml": '[[statuses]]\nwords = ["DONE"]\nstate = "in_review"\n',
    "fees.toml": """
[new]
title = { en = "New licence", bn = "নতুন লাইসেন্স" }
basis = "plugin:basis"
rounding = "none"
[[new.tariffs]]
id = "modelled"
standing = "effective"
effective_from = 2025-07-01
source = { title = "Modelled", verified = false }
rows = [{ code = "licence", amount = "500.00", text = { en = "Licence", bn = "লাইসেন্স" } }]
""",
    "plugin.py": """
from nagorik import AgencySettings, hookimpl
from nagorik_toolkit import AgencyPlugin, Applications, EligibilityCheck, Lookup, LookupOutcome, Refused, age


class Trade(AgencyPlugin[AgencySettings]):
    api = "/v1"
    services = (
        Applications("trade.new", "licences"),
        Lookup(
            "trade.check",
            "licences",
            {
                "VALID": LookupOutcome("licence-validity", "licence.valid", until=True),
                "NONE": Refused("trade.{kind}-missing"),
            },
        ),
    )
    checks = (EligibilityCheck("of-age", "birth_date", age(at_least="of-age-from"), priced=True),)


PLUGIN = Trade()
basis = PLUGIN.basis
read_error = PLUGIN.read_error
""",
}
PAID = ', advise-payment = "native"'
OFFERED = f"""reads = ["eligibility", "quote", "find", "status"]
writes = {{ submit = "client-reference"{PAID} }}
fees = "fees.toml#new"
"""
NUMBERS = count()
"""A package's files are read once, so each package has a name of its own."""

Make = Callable[..., Any]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Imports a plugin of which some text of one file is another."""
    names: list[str] = []

    def make(file: str = "", text: str = "", instead: str = "", without: str = "") -> Any:
        names.append(f"trade{next(NUMBERS)}")
        folder = tmp_path / names[-1]
        folder.mkdir()
        for name, content in FILES.items():
            assert file != name or text in content
            if name == without:
                continue
            folder.joinpath(name).write_text(content.replace(text, instead) if file == name else content, "utf-8")
        return import_module(f"{names[-1]}.plugin")

    monkeypatch.syspath_prepend(str(tmp_path))
    yield make
    for name in [name for name in sys.modules if name.partition(".")[0] in names]:
        del sys.modules[name]


def test_a_class_that_agrees_with_its_files_is_made(package: Make) -> None:
    module = package()
    assert module.PLUGIN.manifest.id == "trade"
    assert module.PLUGIN.forms.keys() == {"trade.new", "trade.check"}
    assert module.PLUGIN.collection("trade.new") == "/v1/licences"
    with pytest.raises(TypeError):
        module.PLUGIN.collection("trade.check")


@pytest.mark.parametrize(
    ("file", "text", "instead", "said"),
    [
        ("plugin.py", 'Applications("trade.new", "licences"),', "", "trade.new is missing in the class's services"),
        ("plugin.py", "trade.check", "trade.verify", "trade.verify is missing in its manifest"),
        ("plugin.py", '"of-age", "birth_date"', '"of-age", "shop"', "of-age is put right at shop"),
        ("plugin.py", ", priced=True", ', {"trade.old"}', "of-age is for trade.old"),
        ("messages.toml", "of-age.fail", "of-age.failed", "no sentence of-age.fail"),
        ("plugin.py", ", priced=True", ', sentences=("pass", "cannot-tell")', "no sentence of-age.cannot-tell"),
        ("messages.toml", "trade.field-refused", "trade.refused", "no sentence trade.field-refused"),
        ("messages.toml", "trade.old-missing", "trade.olden-missing", "no sentence trade.old-missing"),
        ("messages.toml", "licence.valid-until", "licence.valid-to", "no sentence licence.valid-until"),
        ("messages.toml", '["licence.valid"]', '["licence.holds"]', "no sentence licence.valid"),
        ("plugin.py", '"licence-validity"', '"validity"', "validity of VALID is none of its deliverables"),
        ("plugin.toml", 'fees = "fees.toml#new"', "", "trade.new offers quote and names no schedule"),
        (
            "fees.toml",
            'rounding = "none"',
            'rounding = "none"\ncurrency = "USD"',
            "schedule of fees.toml is in BDT",
        ),
        ("rules.toml", "value = 18", "value = 18\neffective_to = 2026-12-31", "no sentence of-age.cannot-tell"),
        ("rules.toml", "value = 18", "value = 18\neffective_from = 2020-01-01", "no sentence of-age.cannot-tell"),
        ("plugin.py", 'at_least="of-age-from"', 'at_least="of-age"', "rules.toml has no rule of-age for the check"),
        ("forms.toml", "shop =", "shops =", "fields.shops of forms.toml is no field"),
        ("plugin.toml", 'submit = "safe"', 'submit = "none"', "the class of its submit is safe"),
        ("plugin.toml", 'submit = "client-reference"', 'submit = "native"', "of its submit is client-reference"),
        ("plugin.toml", 'submit = "client-reference"', 'submit = "safe"', "of its submit is client-reference"),
        ("forms.toml", "shop = {", 'shop = { wire = "clientReference",', "the wire name clientReference twice"),
        ("forms.toml", "shop = {", 'shop = { wire = "documents",', "NewForm has the wire name documents twice"),
        ("forms.toml", "shop = {", 'shop = { wire = "birthDate",', "NewForm has the wire name birthDate twice"),
        ("forms.py", '"new", "old"', '"new", "o-d", "o_d"', "two options of CheckForm.kind are one word"),
    ],
)
def test_each_difference_is_named(package: Make, file: str, text: str, instead: str, said: str) -> None:
    with pytest.raises(TypeError) as refused:
        package(file, text, instead)
    assert said in str(refused.value)


def test_an_agency_that_takes_nothing_needs_no_fees(package: Make) -> None:
    module = package(
        "plugin.toml",
        OFFERED,
        OFFERED.replace('"quote", ', "").replace(PAID, "").replace('fees = "fees.toml#new"', ""),
        without="fees.toml",
    )
    assert module.PLUGIN.data.fees == {}


ONE_CHECK = 'EligibilityCheck("of-age", "birth_date", age(at_least="of-age-from"), priced=True)'
TWO_CHECKS = ", ".join(
    f'EligibilityCheck("of-age", "{field}", age(at_least="of-age-from"), where=lambda c: {where} c.form.shop == "A")'
    for field, where in (("shop", ""), ("birth_date", "not"))
)


@pytest.mark.parametrize(("shop", "field"), [("A", "shop"), ("B", "birth_date")])
def test_checks_of_one_criterion_have_each_their_own_field(package: Make, shop: str, field: str) -> None:
    two = TWO_CHECKS.replace("where=", "services={'trade.new'}, where=")
    module = package("plugin.py", ONE_CHECK, two)
    born = date(2020, 1, 31)
    filled = {"birth_date": born.isoformat(), "shop": shop}
    request = SubmitRequest(
        service="trade.new",
        on=date(2026, 11, 24),
        applicant=Applicant(name=PersonName(en="NAMUNA NAGORIK"), birth_date=born),
        form=validate_form(module.PLUGIN.forms["trade.new"], filled),
        client_reference="NGK-1",
    )
    with pytest.raises(InputRejected) as refused:
        module.PLUGIN.refuse_forbidden(request)
    assert [(problem.pointer, problem.code) for problem in refused.value.fields] == [
        (f"/form/{field}", "trade.of-age")
    ]


def test_an_agency_with_applications_needs_its_words(package: Make) -> None:
    with pytest.raises(TypeError) as refused:
        package(without="statuses.toml")
    assert "statuses.toml is missing" in str(refused.value)


@pytest.mark.parametrize(
    ("service", "filled", "pointer"),
    [("trade.new", {"shop": "A"}, "/form/shop"), ("trade.check", {"kind": "old"}, "/form/kind")],
)
def test_two_fields_of_one_wire_name_are_told_apart_by_the_form(
    package: Make, service: str, filled: dict[str, str], pointer: str
) -> None:
    shop, kind = 'shop = { wire = "what", ', 'kind = { wire = "what" }'
    plugin = package("forms.toml", "shop = { ", f"{kind}\n{shop}").PLUGIN
    form = validate_form(plugin.forms[service], {"birth_date": "1990-01-31", **filled})
    refusal = plugin.read_error(AgencyResponse(422, [], b'{"error": {"field": "what"}}'))
    refused = plugin.at_fields_of(form, refusal)
    assert [problem.pointer for problem in refused.fields] == [pointer]
