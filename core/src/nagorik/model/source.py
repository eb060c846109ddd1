"""Where a figure or a rule comes from."""

from datetime import date

from nagorik.model.text import Sentence
from nagorik.privacy import Model


class Source(Model):
    """A citation, dated, that says whether anyone checked it."""

    title: Sentence
    """The act, circular, page or document."""
    as_of: date | None = None
    """The day of the document, or on which the page was read."""
    verified: bool
    """Whether the figure was checked against the agency's own publication."""
