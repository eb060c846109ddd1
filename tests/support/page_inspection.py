"""What is looked at on every page of the desk: accessibility by axe, its weight, and which routes were walked."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page
from starlette.routing import BaseRoute, Match, Route

COLD: Final = 125_000
"""Bytes of the first page of a browser that has nothing of the desk yet."""
WARM: Final = 60_000
_WEIGHT: Final = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, one) => sum + one.transferSize, 0)"""
_AXE: Final = Axe()


@dataclass
class Inspection:
    """Looks at each page of a walk; called with the page."""

    routes: tuple[BaseRoute, ...]
    walked: set[tuple[str, str]] = field(default_factory=set)
    """The names of the routes, each with the language of its page."""
    _known: list[BrowserContext] = field(default_factory=list)

    def __call__(self, page: Page) -> None:
        """Check one page."""
        path, weight = urlsplit(page.url).path, int(page.evaluate(_WEIGHT))
        language, named = str(page.get_attribute("html", "lang")), self.name_of(path)
        is_first = page.context not in self._known
        assert weight <= (COLD if is_first else WARM), f"{named}: {weight:,} bytes"
        self._known.append(page.context)
        found = _AXE.run(page).response["violations"]
        assert not found, f"{named} in {language}: {[(one['id'], one['nodes'][0]['html']) for one in found]}"
        self.walked.add((named, language))

    def name_of(self, path: str) -> str:
        """The name of the route that a path belongs to."""
        scope = {"type": "http", "path": path, "root_path": "", "method": "GET", "headers": []}
        for route in self.routes:
            if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
                return str(route.name)
        raise AssertionError(f"no route has the path {path}")
