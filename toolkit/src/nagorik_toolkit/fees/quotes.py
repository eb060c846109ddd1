"""Quotes beside a schedule's own: what the agency says a price is, and how long a price holds."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID, uuid5

from nagorik.errors import ContractViolation
from nagorik.model.fee import FeeDue, Quote, QuoteLine, QuoteRequest, Source
from nagorik.values import Money, dhaka_date, dhaka_zone
from nagorik.values.sentences import LONGEST_TEXT, Text, cut

_NAMESPACE = UUID("6f1f6f0e-6f0c-5c58-9d3c-0b6f5b9a2d11")


def agreed_quote(quote: Quote, demanded: Money) -> Quote:
    """A schedule's quote, if it is what the agency itself demands.

    Where it is not, one of them is out of date: no citizen is asked for money until a person has found out which.
    Where the quote has costs of unknown amount, the agency may demand more: the rest is one line, and the total is
    known.

    Raises:
        ContractViolation: ``fee-differs-from-schedule``.
    """
    rest = demanded.poisha - quote.total.poisha
    if quote.unpriced and rest > 0 and demanded.currency == quote.total.currency:
        # A text has a limit, and the names of all may be longer.
        named = Text(
            bn=cut("; ".join(one.bn for one in quote.unpriced), LONGEST_TEXT),
            en=cut("; ".join(one.en for one in quote.unpriced), LONGEST_TEXT),
        )
        amount, vat = (Money(poisha=poisha, currency=demanded.currency) for poisha in (rest, 0))
        line = QuoteLine(code="unpriced", text=named, amount=amount, vat=vat)
        return quote.model_copy(update={"lines": (*quote.lines, line), "total": demanded, "unpriced": ()})
    if quote.total != demanded:
        raise ContractViolation("fee-differs-from-schedule")
    return quote


def demanded_quote(
    request: QuoteRequest, lines: Sequence[QuoteLine], *, due: FeeDue, valid_for: timedelta, source: Source
) -> Quote:
    """A quote of what the agency demands, where no schedule has it; good from the instant of the question.

    The same question with the same answer gives the same quote, id included.
    """
    total = Money(
        poisha=sum(line.amount.poisha + line.vat.poisha for line in lines), currency=lines[0].amount.currency
    )
    return Quote(
        id=quote_id(request, "demanded", total.plain()),
        stage=request.stage,
        lines=tuple(lines),
        total=total,
        due=due,
        issued_at=request.at,
        expires_at=request.at + valid_for,
        source=source,
    )


def until_midnight(at: datetime) -> timedelta:
    """How long a price of ``at`` holds that may differ by the day: to the end of the day in Dhaka."""
    tomorrow = dhaka_date(at) + timedelta(days=1)
    return datetime.combine(tomorrow, time(0), dhaka_zone()) - at


def quote_id(request: QuoteRequest, *priced: str) -> str:
    """The id of a quote: of the question, and of what was priced in it."""
    # A quote's id is seen in logs, and outlives what is erased. Nothing of the applicant goes into it: with all else
    # known, a list of names can be tried out as well as ten digits. The microsecond of the question tells two apart.
    parts = (
        request.service,
        request.stage,
        request.on.isoformat(),
        request.at.isoformat(timespec="microseconds"),
        *priced,
    )
    return str(uuid5(_NAMESPACE, "\x1f".join(parts)))
