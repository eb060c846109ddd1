"""The tables as they begin: ``nagorik_host.store.schema`` makes them in an empty database."""

from collections.abc import Sequence

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """No database is older."""
