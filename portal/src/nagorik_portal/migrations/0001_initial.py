"""The tables as they begin: ``nagorik_portal.schema`` makes them in a database without them."""

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No tables are older."""
