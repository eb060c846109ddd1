"""Signatures that agencies ask for by a standard: of HTTP messages, of JSON and of XML; with the extra ``signing``.

Each is what a plugin's ``sign`` returns or is made of; the keys are the plugin's settings.
"""
