"""The host's payments of a day against a gateway's own books, by its list and by its settlement file."""
