"""A receipt as it is drawn: in a browser on the width of its paper, and as a PDF."""

import os
from io import BytesIO

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from nagorik_counter.receipt.page import receipt_page
from nagorik_counter.receipt.pdf import PdfUnavailable, load_weasyprint, write_pdf

WIDTHS = {"a4": 794, "80mm": 302}
"""Of the papers, in CSS pixels: 210 mm and 80 mm."""
LONGEST = "দীর্ঘনাম" * 25

DRAWN = """() => {
  const widths = [...document.querySelectorAll("body *")].map(one => one.getBoundingClientRect());
  const font = getComputedStyle(document.body).font;
  const draw = letter => {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    context.font = font;
    context.fillText(letter, 10, 50);
    return canvas.toDataURL();
  };
  const measure = text => {
    const context = document.createElement("canvas").getContext("2d");
    context.font = font;
    return context.measureText(text).width;
  };
  return {
    wide: document.documentElement.scrollWidth,
    right: Math.max(...widths.map(one => one.right)),
    left: Math.min(...widths.map(one => one.left)),
    letters: ["ক", "খ", "৯", "৳", "\\u0984"].map(draw),
    conjunct: [measure("ক্ষ"), measure("ক") + measure("ষ")],
  };
}"""


@pytest.fixture(scope="module")
def contents(make_content, make_line):
    """Receipts that are short, and as large as they come."""
    lines = [make_line(1, amount="9876543210987", vat="1234567890.12"), *(make_line(n) for n in range(2, 31))]
    return {
        "short": make_content(),
        "large": make_content(*lines, state="refunded", copy=2, payer=LONGEST, address=None, reference="R" * 120),
    }


@pytest.mark.parametrize("paper", ["a4", "80mm"])
@pytest.mark.parametrize("kind", ["short", "large"])
def test_receipt_keeps_within_its_paper_and_can_be_read(browser, contents, kind, paper):
    content = contents[kind]
    page = browser.new_page(viewport={"width": WIDTHS[paper], "height": 600}, device_scale_factor=2)
    try:
        problems = []
        page.on("console", lambda said: problems.append(said.text))
        page.on("request", lambda request: problems.append(request.url))
        page.emulate_media(media="print")
        page.set_content(receipt_page(content, paper))
        drawn = page.evaluate(DRAWN)
        picture = Image.open(BytesIO(page.screenshot(full_page=True)))
    finally:
        page.close()
    assert not problems
    assert drawn["wide"] <= WIDTHS[paper]
    assert drawn["left"] >= 0
    assert drawn["right"] <= WIDTHS[paper]
    # What has no letter in any font is drawn as the box of a letter that there is not, all of them alike.
    if len(set(drawn["letters"])) == 1 and os.environ.get("NAGORIK_BROWSER") != "required":
        pytest.skip("no font for Bangla is installed")
    assert len(set(drawn["letters"])) == len(drawn["letters"])
    joined, apart = drawn["conjunct"]
    assert joined < apart
    assert [one.text for one in zxingcpp.read_barcodes(picture)] == [content.tracking_url or content.reference]


@pytest.mark.parametrize(("kind", "paper", "pages"), [("short", "a4", 1), ("large", "80mm", 1)])
def test_pdf_is_one_page_of_its_paper_and_can_be_scanned(contents, kind, paper, pages):
    content = contents[kind]
    try:
        load_weasyprint()
    except PdfUnavailable:
        pytest.skip("Pango is not installed")
    document = pypdfium2.PdfDocument(write_pdf(receipt_page(content, paper), paper))
    try:
        assert len(document) == pages
        width, height = (round(side / 72 * 25.4) for side in document[0].get_size())
        assert width == {"a4": 210, "80mm": 80}[paper]
        picture = document[0].render(scale=2).to_pil().convert("L")
    finally:
        document.close()
    assert [one.text for one in zxingcpp.read_barcodes(picture)] == [content.tracking_url or content.reference]
    inked = picture.point(lambda shade: 255 * (shade < 128)).getbbox()
    # Nothing reaches the paper's edge, and a roll ends soon after its last line.
    millimetre = picture.width / width
    assert inked[0] > 2 * millimetre
    assert picture.width - inked[2] > 2 * millimetre
    if paper == "80mm":
        assert 2 * millimetre < picture.height - inked[3] < 15 * millimetre
    else:
        assert height == 297
