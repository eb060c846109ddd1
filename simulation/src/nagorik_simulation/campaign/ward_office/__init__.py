"""A ward office of a campaign's own: a citizen gets a number first, and then files under it.

No plugin of a real agency needs two requests to file. Between the two a worker may stand still until another has
taken its application over, and only the host keeps it from filing then. The office notices no double.

It is installed for a campaign alone: see ``site``.
"""
