"""The database's own clock, which all processes on it have in common. On SQLite that is the machine's clock.

Leases are counted on it: a process whose clock is wrong would otherwise take leases from others, or keep theirs.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, and_, bindparam, func, or_, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from nagorik_host.store.schema import MICROSECOND, Instant


class Later(FunctionElement[Any]):
    """The later of two instants, in microseconds."""

    type = BigInteger()
    name = "later"
    inherit_cache = True


@compiles(Later)
def _later(element: Later, compiler: Any, **options: Any) -> str:
    name = "greatest" if compiler.dialect.name == "postgresql" else "max"
    return f"{name}({compiler.process(element.clauses, **options)})"


LEASE_NOW: Final = "lease_now"
"""The parameter for a simulated time in place of the database's."""
LASTS: Final = "lasts"
"""The parameter for the microseconds that a lease lasts."""


class DatabaseNow(FunctionElement[datetime]):
    """The present instant by the database's clock, which goes on within a transaction."""

    type = Instant()
    name = "database_now"
    inherit_cache = True


@compiles(DatabaseNow, "postgresql")
def _on_postgresql(*_: Any, **__: Any) -> str:
    # Not now(): that is when the transaction began, and it may have waited since.
    return "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


@compiles(DatabaseNow, "sqlite")
def _on_sqlite(*_: Any, **__: Any) -> str:
    return "CAST(round((julianday('now') - 2440587.5) * 86400000) * 1000 AS INTEGER)"


NOW: Final = func.coalesce(bindparam(LEASE_NOW, type_=Instant), DatabaseNow(), type_=Instant)
"""The time that leases are counted on; a statement with it takes the parameter ``LEASE_NOW``."""
UNTIL: Final = type_coerce(type_coerce(NOW, BigInteger) + bindparam(LASTS, type_=BigInteger), Instant)
"""The end of a lease that begins now; a statement with it takes ``LEASE_NOW`` and ``LASTS``."""
LONGEST_LEASE: Final = timedelta(hours=1)
"""No setting makes a lease longer."""
ENDS_WITHIN: Final = LONGEST_LEASE + timedelta(minutes=5)
"""How far ahead a lease can end: the database's clock may be set back a little."""
_LATEST: Final = type_coerce(type_coerce(NOW, BigInteger) + ENDS_WITHIN // MICROSECOND, Instant)


def is_known(instant: Column[Any]) -> ColumnElement[bool]:
    """Whether an instant is within the longest lease; a later one is of a clock that was ahead and was set back."""
    return instant <= _LATEST


def lasts(until: Column[Any]) -> ColumnElement[bool]:
    """Whether a lease has not ended; one that ends later than any lease can has ended."""
    return and_(until > NOW, is_known(until))


def has_ended(until: Column[Any]) -> ColumnElement[bool]:
    """The contrary of ``lasts``."""
    return or_(until <= NOW, until > _LATEST)
