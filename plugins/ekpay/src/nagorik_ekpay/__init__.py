"""ekPay, the payment gateway of a2i, as a Nagorik plugin; ``plugin.toml`` says what it offers."""
