"""The routes of the API, by what they are about: each a thin translation of a call of the portal's core."""
