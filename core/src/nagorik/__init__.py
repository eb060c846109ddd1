"""Nagorik: typed hooks between a citizen-service platform and the agencies behind it.

What a plugin and a host both write with is here; each name lives in the module of its concept and is imported when it
is first used, so that reading a catalogue stays cheap.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
