"""Taking in how the attempt in flight ended: the rules of each operation's answers and failures."""
