"""Talking to an agency: ``AgencyClient``, whose ``bind`` gives a call its ``context.http``.

Each name is imported when it is first used: who only asks for a limit, or reads the database, needs no HTTP client.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
