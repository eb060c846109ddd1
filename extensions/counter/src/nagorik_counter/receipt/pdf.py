"""A receipt as a PDF, by WeasyPrint, which the extra ``nagorik-counter[pdf]`` brings."""

import warnings
from typing import Any, Final

from nagorik_counter.receipt.page import PaperSize, roll_style

# Millimetres: of a roll's page while its height is measured, and below its last line. A millimetre in CSS pixels.
_TALLEST_ROLL: Final = 5_000
_MARGIN: Final = 4
_MILLIMETRE: Final = 96 / 25.4


class PdfUnavailable(Exception):
    """The extra that makes PDFs is not installed."""


def write_pdf(page: str, paper: PaperSize) -> bytes:
    """The PDF of a receipt's page; for a roll, one page as long as its content.

    Raises:
        PdfUnavailable: ``nagorik-counter[pdf]`` is not installed, or the libraries are missing that it draws with.
    """
    weasyprint = load_weasyprint()
    # The page needs nothing from outside, so nothing is fetched.
    source = weasyprint.HTML(string=page, url_fetcher=weasyprint.urls.URLFetcher(allowed_protocols=()))
    if paper == "a4":
        return bytes(source.write_pdf())
    tall = source.render(stylesheets=[weasyprint.CSS(string=roll_style(_TALLEST_ROLL))])
    _, end = tall.pages[0].anchors["end"][:2]
    height = round(end / _MILLIMETRE) + 1 + _MARGIN
    return bytes(source.write_pdf(stylesheets=[weasyprint.CSS(string=roll_style(height))]))


def load_weasyprint() -> Any:
    """The library that makes PDFs.

    Raises:
        PdfUnavailable: As ``write_pdf``.
    """
    try:
        with warnings.catch_warnings():
            # Without that optional library fontTools subsets the fonts, and the PDF looks the same.
            warnings.filterwarnings("ignore", "HarfBuzz-Subset", DeprecationWarning)
            import weasyprint
            import weasyprint.urls
    except (ImportError, OSError):
        # OSError: it is there, and Pango is not.
        raise PdfUnavailable from None
    return weasyprint
