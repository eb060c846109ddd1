"""Fee files for the tests: the published NID reissue ladders, and a small schedule to vary."""

import pytest

from nagorik_toolkit.fees import FeeSchedule, parse_schedules

ROW = (
    """{{ code = "reissue", amount = "{amount}", when = {{ {when} }}, text = {{ en = "Reissue", bn = "রি-ইস্যু" }} }}"""
)
GAZETTE = (
    ("200", 'delivery = "regular", attempt = 1'),
    ("300", 'delivery = "regular", attempt = 2'),
    ("500", 'delivery = "regular", attempt = "3+"'),
    ("300", 'delivery = "urgent", attempt = 1'),
    ("500", 'delivery = "urgent", attempt = 2'),
    ("1000", 'delivery = "urgent", attempt = "3+"'),
)
MULADI = (("200", "attempt = 1"), ("600", 'attempt = "5+"'))
NID_REISSUE = """
[reissue]
title = {{ en = "Reissue of a lost or damaged card", bn = "হারানো বা নষ্ট কার্ড পুনঃমুদ্রণ" }}
rounding = "whole-taka-half-up"
vat = {{ rate = "0.15", included = false, per = "line" }}

[reissue.dimensions]
delivery = ["regular", "urgent"]
attempt = [1, 2, 3, 4, "5+"]

[[reissue.tariffs]]
id = "gazette-2015"
standing = "effective"
effective_from = 2015-09-01
source = {{ title = "Prothom Alo English, Pay fees for NID card renewal", as_of = 2015-06-22, verified = false }}
rows = [{gazette}]

[[reissue.tariffs]]
id = "muladi-office"
standing = "disputed"
source = {{ title = "ec.muladi.barisal.gov.bd", verified = false }}
note = {{ en = "One upazila office's page.", bn = "একটি উপজেলা অফিসের পাতা।" }}
rows = [{muladi}]
""".format(
    gazette=", ".join(ROW.format(amount=amount, when=when) for amount, when in GAZETTE),
    muladi=", ".join(ROW.format(amount=amount, when=when) for amount, when in MULADI),
)

HEAD = """
[fees]
title = { en = "Fees", bn = "ফি" }
"""


class Writer:
    """Writes fee files, of which each part can be varied."""

    def schedule(self, *tariffs: str, **parts: str) -> FeeSchedule:
        """A schedule of these tariffs; ``rounding``, and ``vat`` and ``dimensions`` as TOML."""
        return parse_schedules(self.written(*tariffs, **parts).encode())["fees"]

    def written(
        self, *tariffs: str, rounding: str = "whole-taka-half-up", vat: str = "", dimensions: str = ""
    ) -> str:
        """The same as text."""
        lines = [HEAD, f'rounding = "{rounding}"']
        lines += [f"vat = {vat}"] if vat else []
        lines += [f"dimensions = {dimensions}"] if dimensions else []
        return "\n".join((*lines, *(tariffs or (self.tariff(),))))

    def tariff(
        self,
        *rows: str,
        name: str = "one",
        standing: str = "effective",
        first: str | None = "2020-01-01",
        last: str | None = None,
    ) -> str:
        """A tariff as TOML; days as the file writes them."""
        lines = ["[[fees.tariffs]]", f'id = "{name}"', f'standing = "{standing}"']
        lines += [f"effective_from = {first}"] if first else []
        lines += [f"effective_to = {last}"] if last else []
        lines.append('source = { title = "Circular 1", verified = false }')
        lines.append(f"rows = [{', '.join(rows or (self.row('100'),))}]")
        return "\n".join(lines)

    def row(self, amount: str, code: str = "fee", extra: str = "") -> str:
        """A row as TOML; ``extra`` is more of it, such as ``when = { … }``."""
        rest = f", {extra}" if extra else ""
        return f'{{ code = "{code}", text = {{ en = "Fee", bn = "ফি" }}, amount = "{amount}"{rest} }}'


@pytest.fixture(scope="session")
def fees() -> Writer:
    return Writer()


@pytest.fixture(scope="session")
def reissue() -> FeeSchedule:
    return parse_schedules(NID_REISSUE.encode())["reissue"]
