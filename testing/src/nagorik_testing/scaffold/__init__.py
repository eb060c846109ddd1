"""``nagorik new``: a whole distribution for a new agency, which works before its author has changed a line."""
