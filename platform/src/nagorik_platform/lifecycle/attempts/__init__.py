"""Taking in how the attempt in flight ended: the handlers of each operation's answers and failures."""

from nagorik_platform.lifecycle.attempts.handlers import end_attempt, interrupt_attempt

__all__ = ["end_attempt", "interrupt_attempt"]
