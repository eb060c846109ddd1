"""The database's own clock, the one that all processes on it have in common.

Leases are counted on it: whoever's clock is wrong, or stood still, would otherwise take from others what they have in
hand, or keep what is theirs. On SQLite that is the machine's clock.
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


@compiles(Later, "postgresql")
def _greatest(element: Later, compiler: Any, **options: Any) -> str:
    return f"greatest({compiler.process(element.clauses, **options)})"


@compiles(Later, "sqlite")
def _max(element: Later, compiler: Any, **options: Any) -> str:
    return f"max({compiler.process(element.clauses, **options)})"


LEASE_NOW: Final = "lease_now"
"""The parameter that puts another time in the place of the database's: simulated, or none."""
LASTS: Final = "lasts"
"""The parameter that says for how many microseconds a lease is taken."""


class DatabaseNow(FunctionElement[datetime]):
    """The present instant by the database's clock, at the moment when it is read, even within one transaction."""

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


DATABASE_NOW: Final = DatabaseNow()
NOW: Final = func.coalesce(bindparam(LEASE_NOW, type_=Instant), DATABASE_NOW, type_=Instant)
"""The time that leases are counted on; a statement with it takes the parameter ``LEASE_NOW``."""
UNTIL: Final = type_coerce(type_coerce(NOW, BigInteger) + bindparam(LASTS, type_=BigInteger), Instant)
"""The end of a lease that begins now; a statement with it takes ``LEASE_NOW`` and ``LASTS``."""
LONGEST_LEASE: Final = timedelta(hours=1)
"""No lease lasts longer, whatever the settings of the host are or were: it holds while they are changed, too."""
ENDS_WITHIN: Final = LONGEST_LEASE + timedelta(minutes=5)
"""How far ahead a lease can end: the database's clock may be set back a little, and no lease is doubted for that."""
_LATEST: Final = type_coerce(type_coerce(NOW, BigInteger) + ENDS_WITHIN // MICROSECOND, Instant)


def is_known(instant: Column[Any]) -> ColumnElement[bool]:
    """Whether an instant is none that nobody can have written: later than any lease that is taken now can end.

    Somebody else wrote it into the row, or the database's clock was ahead then and was set right since.
    """
    return instant <= _LATEST


def lasts(until: Column[Any]) -> ColumnElement[bool]:
    """Whether what ends at an instant has not ended; what would be nobody's until the end of time has."""
    return and_(until > NOW, is_known(until))


HELD_AT_MOST: Final = "held_at_most"
"""The parameter that says for how many microseconds from now what is held can be held."""
_HELD_AT_MOST: Final = type_coerce(type_coerce(NOW, BigInteger) + bindparam(HELD_AT_MOST, type_=BigInteger), Instant)


def is_held(until: Column[Any]) -> ColumnElement[bool]:
    """As ``lasts``, of what is held for ``HELD_AT_MOST`` at most; somebody else wrote what is held for longer."""
    return and_(until > NOW, until <= _HELD_AT_MOST)


def has_ended(until: Column[Any]) -> ColumnElement[bool]:
    """The contrary of ``lasts``, of what has an end."""
    return or_(until <= NOW, until > _LATEST)
