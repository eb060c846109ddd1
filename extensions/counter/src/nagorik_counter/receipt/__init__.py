"""A payment's receipt: what stands on it, and how it is laid out for paper and as a PDF."""
