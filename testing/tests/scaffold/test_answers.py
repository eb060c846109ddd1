import pytest

from nagorik_testing.scaffold.answers import ask

FULL = {
    "kind": "submission",
    "name_en": "Water Authority",
    "name_bn": "পানি কর্তৃপক্ষ",
    "service_slug": "new-connection",
    "service_en": "New connection",
    "service_bn": "নতুন সংযোগ",
    "idempotency": "native",
}
KNOWN: dict[str, object] = {"id": "wasa", "as_of": "2026-11-24", "wire": "xml"}


def test_only_what_is_missing_is_asked_for() -> None:
    said = KNOWN | {name: value for name, value in FULL.items() if name != "service_slug"}
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "new-connection"

    assert ask(said, answer, asked.append) == KNOWN | FULL
    assert asked == ["A short name of its service, in lower-case words joined by hyphens? "]


def test_answer_that_will_not_do_is_told_and_asked_for_again() -> None:
    answers = iter(["anything", "submission", "Water Authority", "পানি কর্তৃপক্ষ", "New Connection", "new-connection"])
    rest = iter(["New connection", "নতুন সংযোগ", "safe", "native"])
    told: list[str] = []

    given = ask(KNOWN, lambda _: next(answers, None) or next(rest), told.append)

    assert given == KNOWN | FULL
    assert told == [
        "Input should be 'read-only', 'submission', 'submission-and-payment' or 'gateway'",
        "write lower-case ASCII words joined by hyphens, such as holding-tax-receipt",
        "write one of client-reference, native, none",
    ]


@pytest.mark.parametrize("said", [{"kind": "read-only"}, {"kind": "submission", "wire": "json"}])
def test_what_cannot_be_promised_otherwise_is_not_asked(said: dict[str, object]) -> None:
    answers = iter([value for name, value in FULL.items() if name not in {"kind", "idempotency"}])

    given = ask(KNOWN | said, lambda _: next(answers), lambda _: None)

    assert "idempotency" not in given
