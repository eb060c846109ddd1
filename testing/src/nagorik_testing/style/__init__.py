"""The style of sentences in Bangla and English: its data, and what a machine can hold a text to."""
