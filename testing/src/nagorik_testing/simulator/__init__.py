"""Simulated agencies: what they are built on, what they are reached by, and the command that serves them."""
