"""What a database refuses is told without the values that it was given: they may be sealed bytes or references."""

import io
import logging

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from nagorik_host.store.schema import host_keys
from nagorik_platform.logs import configure_logging

MARKED = "NIDW-MARKED-4711"


async def test_values_of_a_statement_that_fails_are_told_by_nobody_but_the_driver(database):
    def twice(transaction):
        row = {"name": MARKED, "check_value": b"k", "added_at": None}
        for _ in range(2):
            transaction.connection.execute(insert(host_keys).values(**row))

    with pytest.raises(IntegrityError) as refused:
        await database.run(twice)
    error = refused.value
    # The driver's own words are beyond us: PostgreSQL's name the key that is there already. So no text of an
    # exception is logged, whoever wrote it.
    assert MARKED not in str(error).replace(str(error.orig), "")
    assert "parameters hidden" in str(error)
    stream = io.StringIO()
    configure_logging(stream=stream)
    logging.getLogger("nagorik").error("told", exc_info=error)
    assert "IntegrityError" in stream.getvalue()
    assert MARKED not in stream.getvalue()
