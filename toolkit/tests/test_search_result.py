"""What a search at an agency amounts to: one match, none, or nobody can tell."""

from datetime import UTC, datetime

import pytest

from nagorik.model.status import AgencyStatus, ApplicationState
from nagorik.model.submission import CannotTell, DefinitelyAbsent, Found, search_result

ASKED_AT = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def found(reference: str) -> Found:
    return Found(reference=reference, status=AgencyStatus(state=ApplicationState.SUBMITTED, raw="RECEIVED"))


@pytest.mark.parametrize("complete", [True, False])
def test_one_match_is_the_application(complete):
    assert search_result([found("A-1")], complete=complete, asked_at=ASKED_AT) == found("A-1")


@pytest.mark.parametrize("complete", [True, False])
def test_several_matches_are_a_persons_case(complete):
    told = search_result([found("A-1"), found("A-2")], complete=complete, asked_at=ASKED_AT)
    assert told == CannotTell(because="several-applications")


def test_nothing_is_absent_only_where_the_search_was_complete():
    assert search_result([], complete=True, asked_at=ASKED_AT) == DefinitelyAbsent(as_of=ASKED_AT)
    assert search_result([], complete=False, asked_at=ASKED_AT) == CannotTell(because="search-incomplete")
