"""Paying with bKash, as a Nagorik plugin; ``plugin.toml`` says what it offers."""
