"""The revisions of the portal's tables."""
