"""Simulated agencies that fail the way real agencies fail, and the people who apply there.

Each name lives in the module of its concept and is imported when it is first used, so that pytest, which loads the
kit's fixtures in every run, stays quick.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
