"""The Bangladesh Road Transport Authority as a Nagorik plugin; ``plugin.toml`` says what it offers."""
