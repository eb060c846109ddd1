"""The desk: the pages at which an operator carries a citizen from application to delivery."""

from starlette.applications import Starlette

from nagorik_portal.portal import Portal


def create_desk(portal: Portal) -> Starlette:
    """Make the desk of a portal."""
    desk = Starlette()
    desk.state.portal = portal
    return desk
