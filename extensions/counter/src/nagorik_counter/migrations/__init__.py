"""The revisions of the counter's tables."""
