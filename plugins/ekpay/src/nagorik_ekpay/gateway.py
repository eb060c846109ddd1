"""What is known of ekPay besides its wire format: ``gateway.toml``, each entry with its source and its day."""

from datetime import date, timedelta
from functools import cache
from typing import Literal

from pydantic import Field

from nagorik import Model, PaymentState, parse_document, read_data_file

CodeMeaning = Literal[PaymentState.CAPTURED, PaymentState.FAILED, PaymentState.CANCELLED, PaymentState.UNKNOWN]


class SourcedEntry(Model):
    """Where an entry is from."""

    source: str
    as_of: date
    verified: bool
    """Whether several independent clients bear it out."""


class CodeEntry(SourcedEntry):
    """What one ``msg_code`` means for the payer's money."""

    means: CodeMeaning
    says: str | None = None
    """The words that go with it (``msg_det``), where a client knows them."""


class NotFoundEntry(SourcedEntry):
    """The answer that there is no payment of this id and date."""

    response_code: str


class SpanEntry(SourcedEntry):
    """A length of time."""

    minutes: int = Field(gt=0, le=7 * 24 * 60)

    @property
    def span(self) -> timedelta:
        """It as a difference of instants."""
        return timedelta(minutes=self.minutes)


class GatewayFacts(Model):
    """The whole file."""

    codes: dict[str, CodeEntry]
    not_found: NotFoundEntry = Field(alias="not-found")
    session: SpanEntry
    late: SpanEntry
    clocks: SpanEntry

    def meaning(self, code: str) -> CodeMeaning:
        """What a code means; one that is not in the file is unknown."""
        known = self.codes.get(code)
        return PaymentState.UNKNOWN if known is None else known.means


@cache
def gateway_facts() -> GatewayFacts:
    """The file, read once."""
    return GatewayFacts.model_validate(parse_document(read_data_file(__package__, "gateway.toml"), "gateway.toml"))
