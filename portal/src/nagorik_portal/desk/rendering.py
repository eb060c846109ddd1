"""The templates of the desk, over the macros of the GOV.UK Design System."""

from typing import Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, select_autoescape

ENVIRONMENT: Final = Environment(
    loader=ChoiceLoader(
        [
            PackageLoader("nagorik_portal.desk"),
            PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        ]
    ),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)
"""The macros ask for members that may be absent, so an undefined name is empty here; tests render every page."""
