"""Paying through SSLCommerz, as a Nagorik plugin; ``plugin.toml`` says what it offers."""
