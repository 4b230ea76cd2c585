"""The page of a results folder, as HTML and as a browser shows it."""

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.datasets import load_abide, make_scans
from sklearn_lstmdg.evaluation import compare_models
from sklearn_lstmdg.report import _drawings as _figures
from sklearn_lstmdg.report import best_fold, cohort_record, write_report
from sklearn_lstmdg.report._html import number, table

from _stubs import Noise

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

SECTIONS = (
    "run cohort results tests roc training robustness communities warnings versions folds cite"
)
ODD_NAME = 'odd<b>&"name'
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63000100"
    "000500010d0a2db40000000049454e44ae426082"
)


class Outline(HTMLParser):
    """What a page consists of: ids, sections, addresses, figures; refuses unclosed tags."""

    VOID = {"meta", "link", "img", "br"}

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.sections, self.addresses, self.figures = [], [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.open += [] if tag in self.VOID else [tag]
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.sections += [attributes["id"]] if tag == "section" else []
        if tag == "img" or attributes.get("role") == "img":
            self.figures.append(attributes.get("alt") or attributes.get("aria-label"))
        names = ("src", "href", "xlink:href", "action")
        self.addresses += [attributes[name] for name in names if name in attributes]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def cohort():
    return make_scans(
        n_subjects=24, n_timepoints=12, n_rois=5, n_communities=2, n_sites=2, random_state=0
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory, cohort):
    """Two models of noise at two sites, with all that the command line leaves."""
    out = tmp_path_factory.mktemp("report") / "a study & more"
    compare_models(
        {"lstm-dg": Noise(), ODD_NAME: Noise(scale=2.0)},
        cohort.data,
        cohort.target,
        groups=cohort.groups,
        sites=cohort.sites,
        n_folds=3,
        out=out,
        random_state=0,
    )
    record = cohort_record(cohort, cohort.sites)
    (out / "cohort.json").write_text(json.dumps(record))
    options = {"models": ["lstm-dg", ODD_NAME], "data_dir": None, "seed": 0, "length": 5, "step": 1}
    (out / "options.json").write_text(json.dumps(options))
    return out


@pytest.fixture
def copy(folder, tmp_path):
    """The same folder, to be changed."""
    return shutil.copytree(folder, tmp_path / "copy")


@pytest.fixture(scope="module")
def page(folder):
    return write_report(folder).read_text(encoding="utf-8")


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the figures out, where they are not what is tested: most of the time goes there."""
    monkeypatch.setattr(
        _figures, "_draw", lambda draw, name, n_panels=1, **size: ["<svg/>"] * n_panels
    )


def rows_of(page, caption):
    """Return the cells of the table with this caption, row by row."""
    body = re.search(rf"<caption>{caption}</caption>.*?<tbody>(.*?)</tbody>", page, re.DOTALL)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def test_all_sections_are_there(page):
    outline = Outline(page)
    assert outline.sections == SECTIONS.split()
    assert all(f'href="#{name}"' in page for name in outline.sections)


def test_ids_are_unique_and_nothing_is_loaded(page):
    outline = Outline(page)
    assert len(set(outline.ids)) == len(outline.ids)
    local = {f"#{name}" for name in outline.ids}
    assert all(a in local or a.startswith("data:") for a in outline.addresses)
    assert "@import" not in page and set(re.findall(r"url\((.)", page)) <= {"#"}
    assert set(re.findall(r"url\((#[^)]*)\)", page)) <= local


def test_figures_have_alternative_texts(page):
    figures = Outline(page).figures
    assert len(figures) >= 2 + 2 + 2 * 2 + 3
    assert all(len(alternative) > 20 for alternative in figures)
    assert any("Mean AUC: lstm-dg 0." in alternative for alternative in figures)


def test_names_are_escaped(folder, tmp_path, undrawn):
    title = "<script>alert(1)</script>"
    page = write_report(folder, tmp_path / "page.html", title=title).read_text(encoding="utf-8")
    assert page.count("<script>") == 1 and "&lt;script&gt;alert(1)" in page
    assert ODD_NAME not in page and "odd&lt;b&gt;&amp;" in page
    Outline(page)


def test_the_comparison_s_numbers(folder, page):
    summary = pandas.read_csv(folder / "summary.csv")
    rows = rows_of(page, "Comparison of models")
    assert len(rows) == len(summary) == 4
    for cells, row in zip(rows, summary.to_dict("records"), strict=True):
        assert cells[1] == row["site"] and cells[2] == str(row["n_subjects"])
        assert cells[3] == f"{100 * row['acc']:.1f} ({100 * row['acc_sd']:.1f})"
        assert cells[6] == f"{row['auc_pooled']:.3f}"
        low, high = map(float, cells[7].split(" to "))
        assert low <= row["auc_pooled"] <= high
    assert "12 of 12" in page


def test_the_reference_is_tested_against_the_other(folder, page, tmp_path, undrawn):
    rows = rows_of(page, "lstm-dg against each other model")
    assert [cells[1] for cells in rows] == ["accuracy", "TNR", "AUC"]
    other = write_report(folder, tmp_path / "page.html", reference=ODD_NAME).read_text()
    swapped = rows_of(other, "odd&lt;b&gt;&amp;&quot;name against each other model")
    np.testing.assert_allclose([float(c[2]) for c in swapped], [-float(c[2]) for c in rows])
    with pytest.raises(ValueError, match=r"reference='none' must be one of lstm-dg"):
        write_report(folder, reference="none")


def test_groups_and_their_motion(page, cohort):
    assert "No subject was left out: the scans were simulated." in page
    rows = rows_of(page, "Groups")
    assert len(rows) == 4 and {cells[1] for cells in rows} == {"autism", "control"}
    assert sum(int(cells[2]) for cells in rows) == 24
    mine = (cohort.sites == rows[0][0]) & (cohort.target == 1)
    motion = cohort.phenotypic["func_mean_fd"][mine]
    assert rows[0][5] == f"{motion.mean():.3f} ({motion.std(ddof=1):.3f})"


def test_without_a_record_of_the_cohort(copy, undrawn):
    for name in ("cohort.json", "options.json"):
        (copy / name).unlink()
    page = write_report(copy).read_text(encoding="utf-8")
    rows = rows_of(page, "Subjects")
    assert [sum(int(cells[i]) for cells in rows) for i in (1, 2, 3)] == [24, 12, 12]
    assert "there is no cohort.json" in page and "The study as one file" not in page


def test_real_counts_and_motion(data_dir):
    nyu = load_abide(
        data_dir, atlas="ho", pipeline="cpac", global_signal_regression=False, sites="NYU"
    )
    (site,) = json.loads(json.dumps(cohort_record(nyu, nyu.sites)))["sites"]
    assert [site[n] for n in ("table", "selected", "files", "loaded")] == [184, 184, 172, 172]
    means = [group["motion"][0] for group in site["groups"]]
    np.testing.assert_allclose(means, [0.083, 0.059], atol=5e-4)
    assert [group["n"] for group in site["groups"]] == [74, 98]


def test_missing_phenotypes_are_left_out(cohort):
    table = cohort.phenotypic.copy()
    table["func_mean_fd"][cohort.target == 1] = -9999
    table["func_mean_fd"][np.flatnonzero(cohort.target == 0)[1:]] = -9999
    changed = Bunch(**cohort | {"phenotypic": table})
    autism, control = cohort_record(changed, np.full(24, "all"))["sites"][0]["groups"]
    assert autism["motion"] is None and autism["age"][2] == 12
    assert control["motion"][1:] == [0.0, 1]


def test_an_unfinished_run_says_so(copy, undrawn):
    next((copy / "folds").glob("odd*")).unlink()
    page = write_report(copy).read_text(encoding="utf-8")
    assert "Not finished: 11 of 12 folds" in page
    for path in (copy / "folds").glob("odd*"):
        path.unlink()
    assert "nothing to test it against" in write_report(copy).read_text(encoding="utf-8")


def test_permuted_labels_are_announced(copy, page, undrawn):
    options = json.loads((copy / "options.json").read_text())
    (copy / "options.json").write_text(json.dumps(options | {"permute_labels": 3}))
    announced = "The labels were permuted within sites"
    assert announced in write_report(copy).read_text(encoding="utf-8") and announced not in page


def test_folds_of_one_class(tmp_path, undrawn):
    X, y = np.zeros((9, 4, 2)), [0, 1, 1, 1, 1, 1, 1, 1, 1]
    compare_models(
        {"a": Noise()}, X, y, groups=[0, 1, 1, 1, 2, 2, 2, 3, 3], n_folds=3, out=tmp_path
    )
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "of the test folds held one class only" in page and ">nan" not in page


def test_warnings_are_counted_by_fold(copy, undrawn):
    from sklearn_lstmdg.evaluation._store import FoldResult, FoldStore

    store = FoldStore(copy)
    for key, result in store.read_all().items():
        if key[:2] == ("lstm-dg", "SITE_1") or key[0] == ODD_NAME:
            messages = [f"UserWarning: {key[3]} of <9> rows", "UserWarning: 7 of <9> rows"]
            store.path(key).unlink()
            store.write(FoldResult(result.facts | {"warnings": messages}, result.arrays))
    rows = rows_of(write_report(copy).read_text(encoding="utf-8"), "Warnings of the folds")
    assert {cells[2] for cells in rows} == {"3"}
    assert all("of &lt;9&gt; rows" in cells[3] for cells in rows)


def test_what_decode_has_left_is_shown(copy, undrawn):
    (copy / "brain.png").write_bytes(PIXEL)
    (copy.parent / "secret.png").write_bytes(PIXEL[:-1])
    row = {"site": "SITE_1", "model": "lstm-dg", "repeat": 0, "fold": 1, "rank": 1, "community": 4}
    row |= {"influence": 0.5, "n_rois": 2, "rois": "Left <A>; Right B", "image": "brain.png"}
    rows = [row | {"term": term, "r": r} for term, r in (("12_face_faces", 0.4), ("fear", 0.3))]
    rows.append(row | {"rank": 2, "community": 7, "image": "../secret.png"})
    pandas.DataFrame(rows).to_csv(copy / "decoding.csv", index=False)
    page = write_report(copy).read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 1
    assert "ROIs: Left &lt;A&gt;; Right B." in page
    terms = rows_of(page, "Terms of community 4 of lstm-dg at SITE_1")
    assert [cells[0] for cells in terms] == ["face faces", "fear"]
    assert "chosen by its test subjects" in page and "Yarkoni" in page


def test_the_same_folder_gives_the_same_page(folder, page, tmp_path):
    assert write_report(folder, tmp_path / "page.html").read_text(encoding="utf-8") == page


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no finished fold"):
        write_report(tmp_path)


def test_the_best_fold_and_its_ties():
    class Folds:
        folds = pandas.DataFrame(
            {"model": "a", "site": "s", "repeat": 0, "fold": range(4)}
            | {"acc": [0.5, 0.8, 0.8, 0.8], "auc": [1.0, 0.6, 0.7, 0.7]}
        )

        def fold(self, model, site, repeat, fold):
            losses = {1: [0.1], 2: [0.1, 0.6], 3: [0.9, 0.5]}.get(fold, [])
            best = len(losses) or None
            return Bunch(fold=fold, history={"valid_loss": losses}, best_epoch=best)

    assert best_fold(Folds(), "a", "s").fold == 3
    with pytest.raises(ValueError, match="no fold of model 'b'"):
        best_fold(Folds(), "b", "s")


def test_cells_of_a_table():
    assert number(float("nan")) == ("-", None) and number(0.12345) == ("0.123", 0.12345)
    html = table("T", ["a", "b"], [["x", number(np.float64(2))], ["<y>", number(None)]])
    assert 'data-value="2.0">2.000' in html and 'data-value="">-' in html
    assert "&lt;y&gt;" in html and 'scope="row"' in html


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium of the system, driven by Playwright."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install it")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        # Containers run as root, where Chromium's sandbox does not start.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def show(browser, folder, page):
    """Show the page; whatever it complains of, or loads, is in ``complaints``."""
    pages = []

    def open_page(width, **options):
        view = browser.new_page(viewport={"width": width, "height": 800}, **options)
        pages.append(view)
        view.complaints = []
        view.on("console", lambda message: view.complaints.append(message.text))
        view.on("pageerror", lambda error: view.complaints.append(str(error)))
        view.on(
            "request", lambda r: view.complaints.append(r.url) if "report.html" not in r.url else 0
        )
        view.goto((folder / "report.html").resolve().as_uri())
        return view

    yield open_page
    for view in pages:
        view.close()


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


def test_wide_tables_scroll_in_their_own_box(show):
    view = show(390)
    box = view.locator("section#results .box")
    assert box.evaluate("one => one.scrollWidth > one.clientWidth")
    box.evaluate("one => { one.scrollLeft = 200; }")
    first = box.locator("tbody th").first.bounding_box()
    assert 0 <= first["x"] < 40


def test_tables_are_sorted_by_a_click_and_from_the_keyboard(show):
    view = show(1280)
    heads = view.locator("section#results thead th")
    button = heads.nth(6).locator("button")
    values = "rows => rows.map((row) => Number(row.cells[6].dataset.value))"
    rows = view.locator("section#results tbody tr")
    button.click()
    found = rows.evaluate_all(values)
    assert found == sorted(found) and heads.nth(6).get_attribute("aria-sort") == "ascending"
    button.press("Enter")
    assert rows.evaluate_all(values) == sorted(found, reverse=True)
    assert heads.nth(6).get_attribute("aria-sort") == "descending"
    heads.nth(1).locator("button").click()
    sites = rows.evaluate_all("rows => rows.map((row) => row.cells[1].textContent)")
    assert sites == sorted(sites) and heads.nth(6).get_attribute("aria-sort") is None
    assert view.complaints == []


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
