"""The reference host: carries citizens' applications for days, through crashes, outages and upgrades.

What a program opens a host with is imported when it is first used: asking whether a host is set up stays cheap.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
