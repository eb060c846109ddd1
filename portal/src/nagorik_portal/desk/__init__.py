"""The desk: pages at which an operator of a service centre carries a citizen from the counter to delivery."""

from nagorik_portal.desk.application import create_desk as create_desk
