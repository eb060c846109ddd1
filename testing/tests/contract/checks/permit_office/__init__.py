"""An invented permit office, to be broken: one service and one till, both with native keys."""
