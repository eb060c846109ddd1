"""What two calls of one operation differ in."""

import pytest

from nagorik_testing.contract.observation.records import CallRecord, differences

DEED, MAP, FILING = {"path": "p", "file": "deed"}, {"path": "p", "file": "map"}, {"path": "a", "/0": "1", "/1": "2"}
TURNED = {"path": "a", "/0": "2", "/1": "1"}
GIVEN = frozenset({"1", "2"})


def call(*requests, given=GIVEN):
    return CallRecord("", {}, requests, given)


@pytest.mark.parametrize(
    ("usual", "now", "told"),
    [
        (call(DEED, MAP), call(MAP, DEED), []),
        (call(DEED, MAP, FILING), call(MAP, DEED, TURNED), []),
        (call(FILING), call(TURNED, given=frozenset()), ["/0", "/1"]),
        (call(FILING), call({**FILING, "/1": "1"}), ["/1"]),
        (call(DEED, MAP), call(MAP, {**DEED, "file": "photo"}), ["file"]),
    ],
    ids=["side by side", "and named so", "by itself", "one twice", "another file"],
)
def test_order_of_what_goes_side_by_side_is_no_difference(usual, now, told):
    number = len(now.requests)
    assert differences(usual, now) == [f"sends another {name} in request {number}" for name in told]
