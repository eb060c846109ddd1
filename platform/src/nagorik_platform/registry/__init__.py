"""Finding, checking and importing plugins.

discover → admission → conflict → parse → compatible, at start-up and without importing a plugin; import → verify,
when a plugin is first used. At each stage a plugin goes on or is quarantined with a reason.

Each name is imported when it is first used: who only writes down which plugins are let in needs no hooks.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
