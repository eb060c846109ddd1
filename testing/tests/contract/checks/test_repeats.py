"""What a write made again is compared with, where the plugin asks first at the address of the write itself."""

import json

import httpx
import pytest

from nagorik_testing.contract.checks.repeats import _changed
from nagorik_testing.contract.wiretap import WireExchange
from nagorik_testing.wire.codec import JSON

ADDRESS = "https://agency.example/refund"


def sent(**content: str) -> WireExchange:
    body = json.dumps(content).encode()
    request = httpx.Request("POST", ADDRESS, content=body, headers={"content-type": "application/json"})
    return WireExchange(request, body, 200, b"{}")


@pytest.mark.parametrize(
    ("again", "changed"),
    [
        ([], []),
        ([sent(number="1")], []),
        ([sent(number="1"), sent(number="1", amount="15")], []),
        ([sent(number="2")], ["body number"]),
        ([sent(number="1"), sent(number="1", amount="16")], ["body amount"]),
        ([sent(number="1", amount="15")], ["body amount"]),
    ],
)
def test_a_question_that_finds_it_done_is_compared_with_the_question(
    again: list[WireExchange], changed: list[str]
) -> None:
    first = [sent(number="1"), sent(number="1", amount="15")]
    assert _changed(first, again, JSON) == {*changed}
