"""The page of a results folder, as HTML and as a browser shows it."""

import re
import shutil
import subprocess
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest

from sklearn_lstmdg.report import write_report

from _pages import SECTIONS, Outline

_WIDEST = (
    "lstm-dg-classify",
    *["68.5 (61.5-74.8)"] * 4,
    *["0.742 (0.668-0.806)"] * 2,
)


def test_all_sections_are_there(page):
    outline = Outline(page)
    assert outline.sections == SECTIONS.split()
    assert all(f'href="#{name}"' in page for name in outline.sections)


def test_ids_are_unique_and_nothing_is_loaded(page):
    outline = Outline(page)
    assert len(set(outline.ids)) == len(outline.ids)
    local = {f"#{name}" for name in outline.ids} | {"report.json"}
    assert all(a in local or a.startswith("data:") for a in outline.addresses)
    assert "@import" not in page and set(re.findall(r"url\((.)", page)) <= {"#"}
    assert set(re.findall(r"url\((#[^)]*)\)", page)) <= local


def test_the_file_beside_the_page_replaces_no_other(folder, tmp_path, undrawn):
    kept = {path: path.read_bytes() for path in folder.glob("*.json") if path.stem != "report"}
    assert len(kept) == 3
    for out in [*(path.with_suffix(".html") for path in kept), tmp_path / "page.json"]:
        with pytest.raises(ValueError, match=rf"{out.stem}.json beside it would replace another"):
            write_report(folder, out)
    assert kept == {path: path.read_bytes() for path in kept}
    page = write_report(folder, tmp_path / "options #1.html").read_text(encoding="utf-8")
    assert 'href="options%20%231.json"' in page


def test_the_same_folder_gives_the_same_page(folder, page, tmp_path):
    assert write_report(folder, tmp_path / "report.html").read_text(encoding="utf-8") == page


@pytest.fixture
def show(new_page, folder, page):
    """Show the page; whatever it complains of, or loads, is in ``complaints``."""

    def open_page(width, **options):
        view = new_page(viewport={"width": width, "height": 800}, **options)
        view.complaints = []
        view.on("console", lambda message: view.complaints.append(message.text))
        view.on("pageerror", lambda error: view.complaints.append(str(error)))
        view.on(
            "request", lambda r: view.complaints.append(r.url) if "report.html" not in r.url else 0
        )
        view.goto((folder / "report.html").resolve().as_uri())
        return view

    return open_page


@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_all_without_complaint(show, width):
    view = show(width, color_scheme="dark" if width == 390 else "light")
    for name in SECTIONS.split():
        assert view.locator(f"section#{name} h2").is_visible()
    assert view.evaluate("document.documentElement.scrollWidth") == width
    assert view.locator("figure svg").count() >= 8
    sizes = view.locator("figure svg").evaluate_all("all => all.map((one) => one.clientHeight)")
    assert min(sizes) > 50
    assert view.complaints == []


def test_results_of_a_site_fit_a_screen(show):
    view = show(1280)
    rest = "one => one.scrollWidth - one.clientWidth"
    box = view.locator("section#results .box").first
    for cell, text in zip(
        box.locator("tbody tr").first.locator("th, td").all(), _WIDEST, strict=True
    ):
        cell.evaluate("(one, text) => { one.textContent = text; }", text)
    assert box.evaluate(rest) == 0


def test_wide_tables_scroll_in_their_own_box(show):
    view = show(390)
    box = view.locator("section#results .box").first
    assert box.evaluate("one => one.scrollWidth > one.clientWidth")
    box.evaluate("one => { one.scrollLeft = 200; }")
    for row in ("thead", "tbody"):
        assert 0 <= box.locator(f"{row} th").first.bounding_box()["x"] < 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_edge_in_shadow_says_that_a_table_goes_on(show, scheme):
    image = pytest.importorskip("matplotlib.image")
    view = show(390, color_scheme=scheme)
    box = view.locator("section#cohort .box").first

    def edge():
        shot = image.imread(BytesIO(box.screenshot()))[30:-8, :, :3].mean(axis=2)
        return abs(np.median(shot[:, -6:-3]) - np.median(shot[:, -30:-24]))

    goes_on = edge()
    box.evaluate("one => { one.scrollLeft = 9999; }")
    assert goes_on > 0.08 and edge() < 0.01


def test_a_first_column_of_long_names_leaves_room_for_others(show):
    view = show(390)
    view.locator("summary", has_text="All parameters").click()
    name = view.locator("section#run .box tbody th").first
    name.evaluate("one => { one.textContent = 'n'.repeat(99); one.className = 'long'; }")
    assert name.bounding_box()["width"] < 390 / 2


def test_tables_are_sorted_by_a_click_and_from_the_keyboard(show):
    view = show(1280)
    table = view.locator("section#tests table").first
    heads, rows = table.locator("thead th"), table.locator("tbody tr")
    button = heads.nth(2).locator("button")
    values = "rows => rows.map((row) => Number(row.cells[2].dataset.value))"
    button.click()
    found = rows.evaluate_all(values)
    assert found == sorted(found) and len(found) == 3
    assert heads.nth(2).get_attribute("aria-sort") == "ascending"
    button.press("Enter")
    assert rows.evaluate_all(values) == sorted(found, reverse=True)
    assert heads.nth(2).get_attribute("aria-sort") == "descending"
    heads.nth(1).locator("button").click()
    metrics = rows.evaluate_all("rows => rows.map((row) => row.cells[1].textContent)")
    assert metrics == sorted(metrics, key=str.lower)
    assert heads.nth(2).get_attribute("aria-sort") is None and view.complaints == []


def test_the_paragraph_for_a_paper_is_copied(show):
    view = show(1280)
    paragraph = view.locator("#methods-text").inner_text()
    view.locator("section#methods button").click()
    view.wait_for_function("document.querySelector('[role=status]').textContent !== ''")
    assert view.evaluate("getSelection().toString()").split() == paragraph.split()
    assert view.locator("[role=status]").inner_text().startswith(("Copied", "Selected"))


def test_without_scripts_nothing_asks_to_be_clicked_in_vain(show):
    view = show(1280, java_script_enabled=False)
    assert not view.locator("section#methods button").is_visible()
    view.locator("summary").first.click()
    assert view.locator("section#run details .box").first.is_visible()


def test_headings_stand_in_order(show):
    levels = show(1280).locator("h1, h2, h3").evaluate_all("all => all.map((h) => +h.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - earlier < 2 for earlier, later in pairwise(levels))


def test_print_opens_what_is_folded_on_white(show):
    view = show(1280, color_scheme="dark")
    assert view.locator("details[open]").count() == 0
    view.emulate_media(media="print")
    view.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert view.locator("details:not([open])").count() == 0
    assert not view.locator("nav").is_visible()
    paper = view.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    assert view.pdf().startswith(b"%PDF")


def test_a_table_that_goes_on_has_its_head_on_each_page_of_print(show, tmp_path):
    to_text = shutil.which("pdftotext")
    if to_text is None:
        pytest.skip("no pdftotext: apt-get install poppler-utils")
    view = show(1280)
    part = view.locator("section#folds details")
    part.evaluate(
        "one => { const body = one.querySelector('tbody');"
        " for (let i = 0; i < 40; i++) body.append(body.rows[0].cloneNode(true)); }"
    )
    view.pdf(path=tmp_path / "page.pdf", format="A4")
    subprocess.run([to_text, "-layout", "page.pdf"], cwd=tmp_path, check=True)
    pages = (tmp_path / "page.txt").read_text(encoding="utf-8").split("\f")
    assert sum("Validated" in page for page in pages) >= 2


def test_print_leaves_long_tables_folded(show):
    view = show(1280)
    part = view.locator("section#folds details")
    part.evaluate(
        "one => { const body = one.querySelector('tbody');"
        " for (let i = 0; i < 60; i++) body.append(body.rows[0].cloneNode(true)); }"
    )
    view.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert view.locator("details:not([open])").count() == 1 and part.get_attribute("open") is None
