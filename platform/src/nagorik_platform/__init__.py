"""``Platform``: all installed plugins behind one typed, asynchronous facade.

Each name lives in the module of its concept and is imported when it is first used: the command must answer at once.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
