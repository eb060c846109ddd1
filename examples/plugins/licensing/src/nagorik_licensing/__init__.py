"""Nagorik plugin of an invented licensing office: an example of an agency without JSON. It models no real agency."""
