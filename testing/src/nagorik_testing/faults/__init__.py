"""What goes wrong on the way to an agency: faults, which request meets which, and when it can be reached at all."""
