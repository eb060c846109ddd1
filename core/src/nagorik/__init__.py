"""Nagorik: typed hooks between a citizen-service platform and the agencies behind it.

What a plugin and a host both write with is here; each name is imported from its module when it is first used.
"""

import os as _os

import lazy_loader as _lazy

# pydantic would import what the metadata of any installed distribution names, one that a host keeps out included.
_os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
