"""The built documentation, as a browser shows it: ``DOCS_HTML`` is the folder of its pages."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from _axe import serious_faults

PAGES = (
    "index.html",
    "start.html",
    "api.html",
    "study.html",
    "limits.html",
    "guide/model.html",
    "guide/comparing.html",
    "guide/coming_from.html",
    "auto_examples/index.html",
    "auto_examples/real_series/plot_motions.html",
    "generated/sklearn_lstmdg.LSTMDGClassifier.html",
    "generated/sklearn_lstmdg.evaluation.compare_models.html",
)
# Nothing but a table, formula, program or drawing of an estimator, which scrolls by itself, may be
# wider than the screen.
TOO_WIDE = """() => [...document.querySelectorAll(".bd-article *")].filter(element =>
    element.getBoundingClientRect().right > innerWidth + 1
    && element.getClientRects().length
    && !element.closest(
        ".pst-scrollable-table-container, pre, math, .headerlink, .sk-top-container")
).map(element => element.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def html():
    folder = os.environ.get("DOCS_HTML")
    if folder is None:
        pytest.skip("no pages: build them with sphinx, and set DOCS_HTML to their folder")
    return Path(folder).resolve()


@pytest.fixture
def show(new_page, html):
    """Show a page of the documentation; what is not on this machine is not asked for."""

    def open_page(name, width=1280, theme="light"):
        view = new_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
        view.route("http*://**", lambda route: route.abort())
        view.add_init_script(f"localStorage.setItem('mode', '{theme}')")
        view.goto((html / name).as_uri())
        assert view.evaluate("document.documentElement.dataset.theme") == theme
        return view

    return open_page


@pytest.mark.parametrize("name", PAGES)
def test_no_serious_fault_of_contrast_names_or_keyboard(show, name):
    assert serious_faults(show(name)) == []


@pytest.mark.parametrize("name", ["index.html", "start.html", "auto_examples/index.html"])
def test_no_serious_fault_in_the_dark(show, name):
    assert serious_faults(show(name, theme="dark")) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_narrow_screen_needs_no_scrolling_sideways(show, name):
    view = show(name, width=390)
    assert view.evaluate("document.documentElement.scrollWidth") <= 390
    assert view.evaluate(TOO_WIDE) == []


def test_lines_of_code_have_room_and_a_shadow_where_they_go_on(show):
    view = show("guide/comparing.html")
    assert view.locator("article.bd-article").bounding_box()["width"] > 700
    background = "one => getComputedStyle(one).backgroundAttachment"
    code = view.locator("div.highlight pre").first
    assert code.evaluate(background) == "local, local, scroll, scroll"


@pytest.mark.parametrize("name", ["fetch_adhd", "fetch_development"])
def test_examples_that_are_not_run_say_so_in_their_thumbnail(html, name):
    image = pytest.importorskip("matplotlib.image")
    shown = image.imread(html / "_images" / f"sphx_glr_{name}_thumb.png")
    own = image.imread(Path(__file__).parents[1] / "docs" / "images" / "not_run.png")
    assert shown.shape[:2] == own.shape[:2] and abs(shown[..., :3] - own[..., :3]).mean() < 0.02


def test_equations_fit_a_narrow_screen(show):
    formulas = show("guide/model.html", width=390).locator("div.formula")
    assert formulas.count() >= 3
    assert formulas.evaluate_all("all => all.every(f => f.scrollWidth <= f.clientWidth)")


def test_the_keyboard_reaches_the_text_first_and_then_the_cards(show):
    view = show("index.html")
    view.keyboard.press("Tab")
    assert "Skip to main content" in view.evaluate("document.activeElement.textContent")
    reached = set()
    for _ in range(60):
        view.keyboard.press("Tab")
        reached.add(view.evaluate("(document.activeElement.href || '').split('/').pop()"))
    assert {"start.html", "own_data.html", "api.html", "limits.html"} <= reached


def test_classes_and_functions_lead_to_their_source(show):
    view = show("generated/sklearn_lstmdg.LSTMDGClassifier.html")
    view.get_by_text("[source]").first.click()
    view.wait_for_url("**/_modules/sklearn_lstmdg/classifier.html*")


def test_names_of_other_packages_are_links(show):
    links = show("start.html").locator("a.reference.external[href*='sklearn.pipeline.Pipeline']")
    assert links.count() >= 1


def test_the_versions_are_read_from_the_published_list(show, html):
    view = show("guide/model.html")
    versions = Path(__file__).parents[1] / "docs" / "switcher.json"
    view.route("**/switcher.json", lambda route: route.fulfill(path=versions))
    view.reload()
    view.locator("button.version-switcher__button").first.click()
    view.locator(".version-switcher__menu a").nth(1).wait_for(state="attached")


@pytest.mark.parametrize("name", ["study", "guide/comparing", "limits"])
def test_print_has_the_page_to_its_end(show, tmp_path, name):
    to_text = shutil.which("pdftotext")
    if to_text is None:
        pytest.skip("no pdftotext: apt-get install poppler-utils")
    view = show(f"{name}.html")
    view.evaluate("document.querySelector('article.bd-article').append('The last words.')")
    view.pdf(path=tmp_path / "page.pdf", format="A4")
    subprocess.run([to_text, "page.pdf"], cwd=tmp_path, check=True)
    assert "The last words." in (tmp_path / "page.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [390, 1280])
def test_numbers_of_the_study_stay_with_their_intervals(show, width):
    cells = show("study.html", width=width).locator("table.numbers td:not(:first-child)")
    assert cells.count() > 100
    wraps = "all => all.filter(cell => getComputedStyle(cell).whiteSpace !== 'nowrap').length"
    assert cells.evaluate_all(wraps) == 0


def test_names_beside_the_text_are_not_cut(show):
    view = show("generated/sklearn_lstmdg.LSTMDGClassifier.html")
    sides = view.locator(".bd-sidebar-primary, .bd-sidebar-secondary")
    cut = """all => all.flatMap(side => [...side.querySelectorAll("a")].filter(link =>
        [...link.querySelectorAll("*"), link].some(part =>
            part.getBoundingClientRect().right > side.getBoundingClientRect().right))
        .map(link => link.textContent))"""
    assert sides.count() == 2
    assert sides.evaluate_all(cut) == []


def test_pictures_open_in_full_and_have_a_text(show):
    pictures = show("study.html", width=390).locator("article.bd-article img")
    assert pictures.count() >= 4
    assert pictures.evaluate_all("all => all.every(one => one.closest('a').href === one.src)")
    assert pictures.evaluate_all("all => all.every(one => one.alt.length > 20)")


@pytest.mark.parametrize(
    "name", ["sklearn_lstmdg.LSTMDGClassifier", "sklearn_lstmdg.TransferAutoencoderClassifier"]
)
def test_no_name_is_cut_or_broken_on_a_narrow_screen(show, name):
    view = show(f"generated/{name}.html", width=390)
    heading = view.locator("article h1")
    assert heading.evaluate("one => one.scrollWidth <= one.clientWidth")
    names = view.locator("dl.field-list dl dt strong")
    assert names.count() > 9
    lines = "all => all.filter(one => one.getClientRects().length > 1).map(one => one.textContent)"
    assert names.evaluate_all(lines) == []
