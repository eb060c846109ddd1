"""Fake installed distributions for discovery."""

from registry_site import make_site, manifest_text, plugin_source, site

__all__ = ["make_site", "manifest_text", "plugin_source", "site"]
