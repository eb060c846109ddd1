"""The desk's texts, a table for each page."""
