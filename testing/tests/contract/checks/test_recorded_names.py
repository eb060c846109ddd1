"""A recording of an office that names the fields of an object after people holds none of their names."""

import json

from nagorik import Operation
from nagorik_testing.contract.recording import record_run


async def test_field_that_is_named_after_an_applicant_is_recorded_without_the_name(permit_office):
    recording = await record_run(permit_office(simulator="KeyedOffice"))
    answers = [
        json.loads(one.response.body)
        for one in recording.exchanges
        if one.operation in {Operation.STATUS, Operation.SUBMIT}
    ]
    assert len(answers) == 2
    assert [list(answer["holders"]) for answer in answers] == [["<key-1>"], ["<key-1>"]]
    assert {"number", "word", "since", "desk"} <= answers[0].keys()
