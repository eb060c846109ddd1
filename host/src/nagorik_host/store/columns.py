"""Column types that mean the same on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware time, kept as microseconds since 1970 in UTC: exact, ordered, and the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To microseconds.

        Raises:
            ValueError: The time has no zone.
        """
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From microseconds, in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def microseconds(at: datetime) -> int:
    """Whole microseconds from 1970 to ``at``.

    Raises:
        ValueError: The time has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time without a zone is no instant")
    return (at - _EPOCH) // _MICROSECOND
