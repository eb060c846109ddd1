"""The Department of Immigration and Passports as a Nagorik plugin; ``plugin.toml`` says what it offers."""
