"""Sections on how well the models did."""

import json
import re
from html import unescape

import numpy as np
import pytest

from sklearn_lstmdg.evaluation import (
    ABOUT_INTERVALS,
    ABOUT_TESTS,
    compare_models,
    confidence_intervals,
    intervals_over_sites,
    load_comparison,
    null_from_permutations,
    subjects_needed,
)
from sklearn_lstmdg.evaluation import test_against as run_tests_of
from sklearn_lstmdg.report import write_report

from _pages import ODD_NAME, rows_of
from _stubs import Noise

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


def test_the_comparison_s_numbers_over_all_sites(folder, page):
    predictions = load_comparison(folder).predictions
    table = intervals_over_sites(predictions).set_index(["model", "metric"])
    rows = rows_of(page, "Comparison of models")
    assert "<p>24 subjects of all sites, each judged by " in page
    for cells, model in zip(rows, ("lstm-dg", ODD_NAME), strict=True):
        acc, auc = (table.loc[(model, metric)] for metric in ("acc", "auc"))
        low, high = 100 * acc["low"], 100 * acc["high"]
        assert cells[1] == f"{100 * acc['pooled']:.1f} ({low:.1f}-{high:.1f})"
        assert cells[5] == f"{auc['pooled']:.3f} ({auc['low']:.3f}-{auc['high']:.3f})"
    assert "12 of 12" in page and "Balanced accuracy (%)" in page and "Brier score" in page


def test_sites_come_by_size_and_small_ones_are_folded(tmp_path, undrawn):
    rng = np.random.default_rng(0)
    sites = np.repeat(["B", "C", "A"], [24, 12, 30])
    X, y = rng.normal(size=(66, 4, 3)), np.arange(66) % 2
    compare_models({"a": Noise()}, X, y, sites=sites, n_folds=3, out=tmp_path, random_state=0)
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert [cells[0] for cells in rows_of(page, "Sites")] == ["A", "B"]
    assert [cells[0] for cells in rows_of(page, "Small sites")] == ["C"]
    folded = re.search(r"<details><summary>Sites of fewer.*?</details>", page, re.DOTALL)[0]
    assert "<caption>Small sites</caption>" in folded
    predictions = load_comparison(tmp_path).predictions
    table = confidence_intervals(predictions).set_index(["site", "metric"])
    row = table.loc[("A", "auc")]
    assert rows_of(page, "Sites")[0][7].startswith(f"{row['pooled']:.3f} ({row['low']:.3f}")


def test_the_reference_is_tested_against_the_other(folder, page, tmp_path, undrawn):
    rows = rows_of(page, "lstm-dg against each other model")
    assert [cells[1] for cells in rows] == ["accuracy", "TNR", "AUC"]
    comparison = load_comparison(folder)
    frame = run_tests_of(comparison.folds, comparison.predictions)
    for cells, row in zip(rows, frame.to_dict("records"), strict=True):
        assert cells[3] == f"{row['difference_low']:+.3f} to {row['difference_high']:+.3f}"
        assert cells[4:6] == [f"{row['p_corrected_t']:.3f}", f"{row['p_corrected_t_holm']:.3f}"]
    pooled = rows_of(page, "lstm-dg against each other model, on all subjects")
    for cells, row in zip(pooled, frame.to_dict("records"), strict=True):
        low, high = row["difference_pooled_low"], row["difference_pooled_high"]
        assert cells[2:4] == [f"{row['difference_pooled']:+.3f}", f"{low:+.3f} to {high:+.3f}"]
        assert cells[4] == f"{row['p_permutation']:.3f}"
    other = write_report(folder, tmp_path / "page.html", reference=ODD_NAME).read_text()
    swapped = rows_of(other, "odd&lt;b&gt;&amp;&#34;name against each other model")
    np.testing.assert_allclose([float(c[2]) for c in swapped], [-float(c[2]) for c in rows])
    with pytest.raises(ValueError, match=r"reference='none' must be one of lstm-dg"):
        write_report(folder, reference="none")


def test_many_differences_are_folded_and_few_are_not(page, cohort, tmp_path, undrawn):
    few = page.split('<section id="tests"')[1].split("</section>")[0]
    assert "<details>" not in few
    models = {f"m{number}": Noise() for number in range(6)}
    compare_models(models, cohort.data, cohort.target, n_folds=3, out=tmp_path, random_state=0)
    many = write_report(tmp_path).read_text(encoding="utf-8").split('<section id="tests"')[1]
    assert "<details><summary>All 15 differences, with their tests</summary>" in many


def test_questions_and_numbers_of_subjects_stand_under_the_tables(folder, page):
    assert ABOUT_TESTS in unescape(page) and ABOUT_INTERVALS in unescape(page)
    row = subjects_needed(load_comparison(folder).predictions).iloc[0]
    assert f" {row['n_needed']} subjects against odd&lt;b&gt;" in page
    assert f" {row['smallest_difference']:.3f} against odd&lt;b&gt;" in page


def test_pooled_sites_have_an_auc_that_sites_told_apart_do_not_raise(cohort, tmp_path, undrawn):
    models = {"a": Noise()}
    sites = {"sites": cohort.sites, "scheme": "pooled"}
    comparison = compare_models(
        models, cohort.data, cohort.target, n_folds=3, out=tmp_path, random_state=0, **sites
    )
    page = write_report(tmp_path).read_text(encoding="utf-8")
    (cells,) = rows_of(page, "Comparison of models")
    pooled = comparison.summary().set_index("site").loc["pooled"]
    assert cells[5].startswith(f"{pooled['auc_within_sites']:.3f} (")
    assert cells[-1] == f"{pooled['auc_pooled']:.3f}" and "AUC, sites mixed" in page
    assert {cells[0] for cells in rows_of(page, "Small sites")} == {"SITE_1", "SITE_2"}
    told = {cells[1] for cells in rows_of(page, "Robustness of communities between folds")}
    assert told == {"all sites"} and " at pooled" not in page.split('<section id="training"')[0]


def permute(folder, cohort, seed):
    """Leave a run with permuted labels."""
    labels = np.random.default_rng(seed).permutation(cohort.target)
    options = {"sites": cohort.sites, "n_folds": 3, "random_state": 0}
    models = {"lstm-dg": Noise(), ODD_NAME: Noise(scale=2.0)}
    compare_models(models, cohort.data, labels, groups=cohort.groups, out=folder, **options)
    (folder / "options.json").write_text(json.dumps({"permute_labels": seed}))


def test_permuted_labels_stand_beside_the_true_ones(copy, cohort, page, tmp_path, undrawn):
    assert "No run with permuted labels is here" in page
    permute(copy / "permuted-0", cohort, 0)
    permute(tmp_path / "elsewhere", cohort, 1)
    runs = [load_comparison(copy / "permuted-0").predictions]
    table = null_from_permutations(load_comparison(copy).predictions, runs, ("acc", "auc"))
    page = write_report(copy).read_text(encoding="utf-8")
    rows = rows_of(page, "True and permuted labels")
    assert len(rows) == len(table)
    for cells, row in zip(rows, table.to_dict("records"), strict=True):
        assert cells[3] == f"{row['observed']:.3f}" and cells[4] == f"{row['null_mean']:.3f}"
    both = [copy / "permuted-0", tmp_path / "elsewhere"]
    page = write_report(copy, permuted=both).read_text(encoding="utf-8")
    assert {cells[5] for cells in rows_of(page, "True and permuted labels")} == {"2"}


def test_why_there_is_no_corrected_t(cohort, tmp_path, undrawn):
    models = {"a": Noise(), "b": Noise()}
    sites = {"sites": cohort.sites, "scheme": "leave-one-site-out"}
    compare_models(models, cohort.data, cohort.target, out=tmp_path, random_state=0, **sites)
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "b, accuracy: no corrected t: of 2 of 2 sites there is one fold" in page


def test_folds_of_one_class(tmp_path, undrawn):
    X, y = np.zeros((9, 4, 2)), [0, 1, 1, 1, 1, 1, 1, 1, 1]
    compare_models(
        {"a": Noise(), "b": Noise()},
        X,
        y,
        groups=[0, 1, 1, 1, 2, 2, 2, 3, 3],
        n_folds=3,
        random_state=0,
        out=tmp_path,
    )
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "<li>2 of the test folds held one class only" in page and ">nan" not in page
    assert " at all<" not in page and ", all. True" in page
