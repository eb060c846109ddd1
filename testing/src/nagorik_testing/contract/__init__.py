"""The contract suite: what every plugin must prove before it meets a citizen, generated from its manifest."""
