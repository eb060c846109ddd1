"""Nagorik: typed hooks between a citizen-service platform and the agencies behind it."""
