"""Damaged files of a results folder are left out with a notice, or named."""

import json

import pytest

from sklearn_lstmdg.evaluation import load_comparison, measure_communities
from sklearn_lstmdg.report import read_cohort_record, write_report

from _pages import ODD_NAME, rows_of

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("undrawn")


def measure(folder, *models):
    """Leave the tables that ``lstmdg communities`` leaves."""
    comparison = load_comparison(folder)
    keys = [(m, site, 0, f) for m in models for site in ("SITE_1", "SITE_2") for f in range(3)]
    folds = {key: comparison.fold(*key) for key in keys}
    tables = measure_communities(folds, 2, random_state=0)
    for name, table in zip(("communities", "robustness"), tables, strict=True):
        table.to_csv(folder / f"{name}.csv", index=False)


@pytest.fixture
def measured(copy):
    measure(copy, "lstm-dg")
    return copy


def left_out(folder):
    """Return what the page says that it has left out."""
    page = write_report(folder).read_text(encoding="utf-8")
    assert len(rows_of(page, "Robustness of communities between folds")) == 16
    lines = [line for line in page.splitlines() if "Left out, as if it were not there" in line]
    assert str(folder) not in "".join(lines)
    return lines


@pytest.mark.parametrize("name", ["communities.csv", "robustness.csv"])
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda b: b"", "is empty"),
        (lambda b: b[: len(b) // 2], "last line is cut"),
        (lambda b: b.splitlines(keepends=True)[0], "no rows"),
        (lambda b: b.replace(b"repeat", b"again", 1), "no column &#39;repeat&#39;"),
        (lambda b: b.replace(b",0,", b",zero,", 1), "invalid literal"),
        (lambda b: b.replace(b"SITE_1", b"", 1), "empty cells"),
        (lambda b: bytes(range(256)) + b"\n", "damaged"),
        (lambda b: b.decode().encode("utf-16") + b"\n", "damaged"),
        (lambda b: b.replace(b"SITE", b"S\xefTE", 1), "damaged"),
        (lambda b: b.replace(b",0,", b"," + b"9" * 30 + b",", 1), "damaged"),
        (lambda b: b.replace(b"SITE_2", b"SITE_3"), "not of one run"),
    ],
)
def test_damaged_tables_are_measured_again(measured, name, damage, words):
    path = measured / name
    assert left_out(measured) == []
    path.write_bytes(damage(path.read_bytes()))
    (line,) = left_out(measured)
    assert name in line and words in line


def test_robustness_counts_dead_communities(measured):
    path = measured / "robustness.csv"
    table = pandas.read_csv(path).assign(dead=2, other_dead=0)
    table.to_csv(path, index=False)
    assert left_out(measured) == []


def test_a_damaged_decoding_is_left_out(copy):
    (copy / "decoding.csv").write_text("site,model\nA,b\n")
    (line,) = left_out(copy)
    assert "decoding.csv is damaged: it has no column" in line


DAMAGES = {
    "cohort": [
        *[{"sites": 3}, {"sites": [{"site": "A"}]}, {"sites": [None]}, {"roi_codes": "1"}],
        {"notices": [1]},
    ],
    "settings": [{"n_folds": "3"}, {"n_repeats": None}],  # others are set aside before
    "options": [{"length": "30"}, {"data_dir": ["x"]}],
}


@pytest.mark.parametrize(
    ("name", "change"), [(name, change) for name in DAMAGES for change in DAMAGES[name]]
)
def test_records_with_other_types_inside_are_left_out(copy, name, change):
    path = copy / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    (line,) = left_out(copy)
    assert f"{name}.json is damaged: &#39;{next(iter(change))}&#39;" in line


def test_a_site_without_its_counts_is_left_out(copy):
    path = copy / "cohort.json"
    path.write_text(path.read_text().replace('"table"', '"tabel"', 1))
    (line,) = left_out(copy)
    assert "cohort.json is damaged: &#39;sites&#39;" in line


@pytest.mark.parametrize("name", ["cohort", "options"])
@pytest.mark.parametrize("text", ["null", "[1]", "", "{", '"a"'])
def test_records_that_are_no_objects_are_left_out(copy, name, text):
    (copy / f"{name}.json").write_text(text)
    (line,) = left_out(copy)
    assert f"{name}.json is damaged" in line


def test_what_settings_say_of_models_may_be_anything(copy):
    path = copy / "settings.json"
    settings = json.loads(path.read_text())
    for models in ({"lstm-dg": 3}, {"lstm-dg": {"steps": 5, "class": 1}}, {"lstm-dg": None}):
        path.write_text(json.dumps(settings | {"models": models}))
        assert left_out(copy) == []


def test_a_damaged_record_of_the_cohort_is_named(copy):
    (copy / "cohort.json").write_text('{"roi_codes": [1, "a"]}')
    with pytest.raises(ValueError, match=r"cohort\.json is damaged: 'roi_codes'"):
        read_cohort_record(copy)


def test_numbers_as_names_stay_names(measured):
    for name in ("communities", "robustness"):
        path = measured / f"{name}.csv"
        path.write_text(path.read_text().replace("SITE_1", "1").replace("SITE_2", "NA"))
    page = write_report(measured).read_text(encoding="utf-8")
    rows = rows_of(page, "Robustness of communities between folds")
    assert {cells[1] for cells in rows if cells[0] == "lstm-dg"} == {"1", "NA"}


def test_redundancy_is_shown_where_it_is_known(copy):
    def sizes(*models):
        measure(copy, *models)
        path = copy / "communities.csv"
        older = pandas.read_csv(path).drop(columns=["redundancy", "n_effective"])
        pages = [write_report(copy).read_text(encoding="utf-8")]
        older.to_csv(path, index=False)
        pages.append(write_report(copy).read_text(encoding="utf-8"))
        caption = "Robustness of communities between folds"
        return *(rows_of(page, caption) for page in pages), pages[1]

    rows, older, page = sizes("lstm-dg")  # the other model is measured for the page
    assert all(len(cells) == 9 and "-" not in cells[7:] for cells in rows)
    assert [cells[7:] for cells in older] == [["-", "-"]] * 8 + [cells[7:] for cells in rows[8:]]
    _, older, page = sizes("lstm-dg", ODD_NAME)
    assert all(len(cells) == 7 for cells in older) and "Redundancy" not in page
