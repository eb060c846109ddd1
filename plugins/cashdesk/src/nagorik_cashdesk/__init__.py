"""Paying in cash at a service centre, as a Nagorik plugin; ``plugin.toml`` says what it offers."""
