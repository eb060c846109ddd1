"""The Election Commission's NID wing as a Nagorik plugin; ``plugin.toml`` says what it offers."""
