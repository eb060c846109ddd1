"""A package of its own for the stand-in, since the platform reads the whole source of a plugin's package."""
