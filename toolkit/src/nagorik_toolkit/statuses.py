"""What an agency's words for an application's state mean: a table, in ``statuses.toml`` beside a plugin's modules.

::

    [[statuses]]
    words = ["Enrolment in Process", "Enrollment in Process"]
    state = "awaiting_appearance"

    [[statuses]]
    words = ["Passport Ready for Issuance"]
    state = "issued"
    deliverable = "passport"
    delivery = "counter"

A word is matched without regard to case, spacing, dashes, underscores and Bangla encoding. Other spellings are
written beside it. A word that no entry has means nothing: it is kept, and its state is not guessed.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StrictBool, ValidationError, model_validator

from nagorik.data_files import DataFileInvalid, FileProblem, parse_document, problems_of, read_data_file
from nagorik.manifest.fields import ManifestModel, Slug, Words
from nagorik.model.status import LONGEST_RAW, LONGEST_REMARK, AgencyStatus, ApplicationState, Deliverable, Flag
from nagorik.values import Money, NationalDataError, match_key
from nagorik.values.sentences import Text, cut
from nagorik_toolkit.texts import TextCatalogue

STATUSES_FILE: Final = "statuses.toml"

_GAPS: Final = re.compile(r"[\s_\-\u2010-\u2015]+")


class StatusMeaning(ManifestModel):
    """What some words of an agency say, all the same thing."""

    words: Annotated[tuple[Words, ...], Field(min_length=1)]
    """The agency's words: the usual one and its other spellings."""
    state: ApplicationState | None = None
    """The state; absent where the word is known and says nothing of the application's state, such as one about its
    payment alone."""
    flags: frozenset[Flag] = frozenset()
    """What else is true then."""
    reason: str | None = None
    """The code of the sentence in the plugin's texts that explains it to the citizen."""
    fee_due: Slug | None = None
    """The stage of the service's fees that has to be paid now."""
    payment_confirmed: StrictBool | None = None
    """Whether the agency holds the payment then; absent where the word does not say."""
    deliverable: Slug | None = None
    """What has been issued; where the service decides it, the plugin gives it with the question."""
    delivery: Literal["download", "counter", "post", "none"] | None = None
    """How what has been issued reaches the citizen; absent where nothing has been."""
    interim: StrictBool = False
    """Whether what has been issued only stands in until the final thing is made."""
    final: StrictBool = False
    """Whether nothing more is to come."""

    @model_validator(mode="after")
    def _issues_something(self) -> Self:
        if self.delivery is None and (self.deliverable is not None or self.interim):
            raise ValueError("what has been issued has a delivery")
        return self


class StatusTable:
    """An agency's words with their meaning."""

    def __init__(self, meanings: Mapping[str, StatusMeaning], texts: TextCatalogue | None) -> None:
        self._meanings = MappingProxyType(dict(meanings))
        self._texts = texts

    def meaning_of(self, word: str) -> StatusMeaning | None:
        """What ``word`` says; ``None`` for one that no entry has."""
        try:
            return self._meanings.get(_key(word[:LONGEST_RAW]))
        except NationalDataError:  # marks without end: nobody's word
            return None

    def status(
        self,
        word: str,
        *,
        remark: str | None = None,
        at: datetime | None = None,
        sequence: int | None = None,
        deliverable: str | None = None,
        payment_confirmed: bool | None = None,
        fee_amount: Money | None = None,
    ) -> AgencyStatus:
        """The status that ``word`` stands for; of a word that is not known, the word alone.

        ``remark`` is the agency's own free text beside the word, cut where it is too long. ``deliverable`` names what
        is issued where the table does not, and ``payment_confirmed`` goes before what the word implies. With a word
        that demands a fee, ``fee_amount`` is what the agency says that it comes to; with others it is left out.

        Raises:
            ValueError: Something has been issued and neither says what; a fault of the plugin.
        """
        meaning = self.meaning_of(word) or _NOTHING
        return AgencyStatus(
            state=meaning.state,
            raw=word[:LONGEST_RAW],
            remark=cut((remark or "").strip(), LONGEST_REMARK) or None,
            at=at,
            sequence=sequence,
            flags=meaning.flags,
            reason=self._texts.text(meaning.reason) if self._texts and meaning.reason else None,
            fee_due=meaning.fee_due,
            fee_amount=fee_amount if meaning.fee_due is not None else None,
            payment_confirmed=meaning.payment_confirmed if payment_confirmed is None else payment_confirmed,
            deliverables=_issued(meaning, meaning.deliverable or deliverable),
            final=meaning.final,
        )

    @property
    def words(self) -> Sequence[str]:
        """Every word and spelling, as the file writes them."""
        return tuple(dict.fromkeys(word for meaning in self._meanings.values() for word in meaning.words))


_NOTHING: Final = StatusMeaning(words=("-",))


def read_statuses(package: str, file: str = STATUSES_FILE, *, texts: TextCatalogue | None = None) -> StatusTable:
    """The table in a file of ``package``; a plugin's module gives its own ``__package__``.

    ``texts`` are the plugin's sentences, which the entries' reasons name.

    Raises:
        DataFileInvalid: Naming every entry that is wrong, shares a word with another, or gives a reason that has
            no sentence.
    """
    return parse_statuses(read_data_file(package, file), file, texts=texts)


def parse_statuses(content: bytes, file: str = STATUSES_FILE, *, texts: TextCatalogue | None = None) -> StatusTable:
    """The table in the content of a file; errors as ``read_statuses``."""
    document = parse_document(content, file)
    entries = document.pop("statuses", None)
    problems = [FileProblem(name, "there is no such field; write [[statuses]]") for name in document]
    if not isinstance(entries, list) or not entries:
        raise DataFileInvalid(file, [*problems, FileProblem("", "write at least one [[statuses]]")])
    table: dict[str, StatusMeaning] = {}
    for number, entry in enumerate(entries):
        location = f"statuses.{number}"
        try:
            meaning = StatusMeaning.model_validate(entry)
        except ValidationError as error:
            problems += problems_of(location, error)
            continue
        problems += [FileProblem(location, message) for message in _problems(meaning, table, texts)]
        table |= {_key(word): meaning for word in meaning.words}
    if problems:
        raise DataFileInvalid(file, problems)
    return StatusTable(table, texts)


def answered(
    kind: str,
    word: str,
    *,
    reference: str | None = None,
    reason: Text | None = None,
    remark: str | None = None,
    at: datetime | None = None,
) -> AgencyStatus:
    """How an application stands that was only a question, once the agency has answered: nothing is left to follow.

    Args:
        kind: What the answer is: one of the deliverables that the service's manifest lists.
        word: The agency's own word for it.
        reference: What of the answer is given to a service that asked, such as a last day of validity.
        reason: What the answer means for the citizen.
        remark: What the agency wrote beside its word.
        at: The aware instant since which it is so, where the agency names one.
    """
    return AgencyStatus(
        state=ApplicationState.DELIVERED,
        raw=word,
        remark=remark,
        at=at,
        reason=reason,
        deliverables=(Deliverable(kind=kind, delivery="none", reference=reference),),
        final=True,
    )


def _problems(meaning: StatusMeaning, table: Mapping[str, StatusMeaning], texts: TextCatalogue | None) -> list[str]:
    keys = [_key(word) for word in meaning.words]
    problems = [
        f"the word {word} stands for two things, or twice"
        for word, key in zip(meaning.words, keys, strict=True)
        if key in table or keys.count(key) > 1
    ]
    if meaning.reason is not None and texts is not None and (meaning.reason not in texts):
        problems.append(f"reason: there is no sentence {meaning.reason}")
    elif meaning.reason is not None and texts is not None and texts.placeholders(meaning.reason):
        problems.append(f"reason: the sentence {meaning.reason} has places that nothing fills")
    return problems


def _issued(meaning: StatusMeaning, kind: str | None) -> tuple[Deliverable, ...]:
    if meaning.delivery is None:
        return ()
    if kind is None:
        raise ValueError(f"name the deliverable of {meaning.words[0]}, in the table or with the question")
    return (Deliverable(kind=kind, delivery=meaning.delivery, interim=meaning.interim),)


def _key(word: str) -> str:
    return _GAPS.sub(" ", match_key(word)).strip()
