"""Taking in how the attempt in flight ended: one module for each part of an application's life."""

from nagorik.journey.attempts.ends import end_attempt, interrupt_attempt

__all__ = ["end_attempt", "interrupt_attempt"]
