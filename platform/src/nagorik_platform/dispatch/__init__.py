"""Calling a plugin: one operation, addressed to the one plugin that owns the service, under the host's policies."""
