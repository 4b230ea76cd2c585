"""Sections on how well the models did."""

import json
from html import unescape

import numpy as np
import pytest

from sklearn_lstmdg.evaluation import (
    ABOUT_INTERVALS,
    ABOUT_TESTS,
    Comparison,
    compare_models,
    load_comparison,
    subjects_needed,
)
from sklearn_lstmdg.evaluation import test_against as run_tests_of
from sklearn_lstmdg.report import write_report

from _pages import ODD_NAME, rows_of
from _stubs import Noise

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


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


def test_questions_and_numbers_of_subjects_stand_under_the_tables(folder, page):
    assert ABOUT_TESTS in unescape(page) and ABOUT_INTERVALS in unescape(page)
    needed = subjects_needed(load_comparison(folder).predictions)["n_needed"][0]
    assert f" {needed} subjects against odd&lt;b&gt;" in page


def test_folds_hardly_trained_are_announced(copy, page, monkeypatch, undrawn):
    summary = Comparison.summary
    monkeypatch.setattr(
        Comparison, "summary", lambda self: summary(self).assign(n_untrained=[2, 0, 0, 0])
    )
    told = write_report(copy).read_text(encoding="utf-8")
    assert (
        "all scores are equal): 2 of 3 folds of lstm-dg at " in told
        and "Hardly trained" not in page
    )
    assert told.count("Hardly trained") == 1


def test_pooled_sites_have_an_auc_within_sites(cohort, tmp_path, undrawn):
    models = {"a": Noise()}
    sites = {"sites": cohort.sites, "scheme": "pooled"}
    comparison = compare_models(
        models, cohort.data, cohort.target, n_folds=3, out=tmp_path, random_state=0, **sites
    )
    rows = rows_of(write_report(tmp_path).read_text(encoding="utf-8"), "Comparison of models")
    within = comparison.summary()["auc_within_sites"]
    assert [cells[-1] for cells in rows] == [f"{value:.3f}" for value in within]


def test_why_there_is_no_corrected_t(cohort, tmp_path, undrawn):
    models = {"a": Noise(), "b": Noise()}
    sites = {"sites": cohort.sites, "scheme": "leave-one-site-out"}
    compare_models(models, cohort.data, cohort.target, out=tmp_path, random_state=0, **sites)
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "b, accuracy: no corrected t: of 2 of 2 sites there is one fold" in page


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
