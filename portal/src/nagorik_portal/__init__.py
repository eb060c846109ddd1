"""The portal: an HTTP API, and a desk at which an operator carries a citizen from application to delivery.

What a program needs is imported when it is first used: the commands and the host's extension start quickly.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
