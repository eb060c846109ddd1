"""Mutation: change a plugin's own code in one place, and see whether anything that proves it notices."""
