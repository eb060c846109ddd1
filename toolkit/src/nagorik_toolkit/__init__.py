"""What a plugin is built from: fields, forms, fees, dated rules, an agency's words, criteria, national data.

Each name lives in the module of its concept and is imported when it is first used.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
