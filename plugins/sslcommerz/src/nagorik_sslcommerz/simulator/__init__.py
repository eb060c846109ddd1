"""SSLCommerz, simulated; needs ``nagorik-sslcommerz[simulator]``. The gateway's module says what is modelled."""

from nagorik_sslcommerz.simulator.gateway import SslCommerzSimulator

__all__ = ["SslCommerzSimulator"]
