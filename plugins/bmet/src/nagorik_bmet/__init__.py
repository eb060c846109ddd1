"""The Bureau of Manpower, Employment and Training as a Nagorik plugin; ``plugin.toml`` says what it offers."""
