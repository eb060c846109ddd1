"""The Ministry of Land as a Nagorik plugin; ``plugin.toml`` says what it offers."""
