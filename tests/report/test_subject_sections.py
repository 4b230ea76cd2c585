"""Sections on single subjects."""

import json
import re

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, confusion_matrix
from sklearn.utils import Bunch

from sklearn_lstmdg.evaluation import (
    calibration_curve,
    compare_models,
    confusion_matrices,
    intervals_over_sites,
    load_comparison,
)
from sklearn_lstmdg.report import cohort_record, write_report
from sklearn_lstmdg.report._subject_sections import _correlate

from _pages import ODD_NAME, rows_of
from _stubs import Noise

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


def of_model(folder, model):
    predictions = load_comparison(folder).predictions
    return predictions[predictions["model"] == model]


def test_confusion_matrices_count_all_test_subjects(folder, page):
    rows = rows_of(page, "Confusion matrices")
    for model, (negative, positive) in {"lstm-dg": rows[:2], ODD_NAME: rows[2:]}.items():
        mine = of_model(folder, model)
        matrix = confusion_matrix(mine["y"], mine["predicted"])
        assert [negative[2:4], positive[2:4]] == [[str(n) for n in row] for row in matrix]
        assert negative[1] == "group 0" and positive[1] == "group 1"
        assert positive[4] == f"{100 * matrix[1, 1] / matrix[1].sum():.1f}"
    assert 'aria-label="Confusion matrix of lstm-dg, all sites. True group 0: ' in page


def test_counts_over_repeats_have_one_decimal(cohort, tmp_path, undrawn):
    models, y = {"a": Noise()}, cohort.target
    compare_models(models, cohort.data, y, n_folds=3, n_repeats=3, out=tmp_path, random_state=0)
    page = write_report(tmp_path).read_text(encoding="utf-8")
    rows = rows_of(page, "Confusion matrices")
    assert all(re.fullmatch(r"\d+\.\d", cell) for cells in rows for cell in cells[2:4])
    assert "True 0: " in page and not re.search(r"True 0: \d+\.\d\d", page)


def test_scores_are_on_one_scale_by_covariate(page):
    section = page.split('<section id="covariates"')[1].split("</section>")[0]
    heads = re.findall(r"<h3>(.*?)</h3>", section)
    assert heads == ["Mean head motion (mm)", "Age (years)"]
    drawn = re.findall(r"<svg.*?</svg>", section, re.DOTALL)
    ticks = [re.findall(r">(0\.[02468]|1\.0)<", svg) for svg in drawn]
    assert len(drawn) == 4 and all({"0.0", "1.0"} <= set(each) for each in ticks)


def test_calibration_is_the_curve_of_all_subjects_with_its_brier_score(folder, page):
    mine = of_model(folder, "lstm-dg")
    curve = calibration_curve(mine.assign(site="all"), n_bins=5).dropna()
    rows = [cells for cells in rows_of(page, "Calibration") if cells[0] == "lstm-dg"]
    assert [cells[2] for cells in rows] == [str(n) for n in curve["n_predictions"]]
    assert [cells[4] for cells in rows] == [f"{share:.3f}" for share in curve["share_positive"]]
    assert f"lstm-dg, Brier score {brier_score_loss(mine['y'], mine['score']):.3f}" in page


def test_each_subject_has_label_site_motion_and_scores(folder, page, cohort):
    rows = rows_of(page, "Each subject")
    assert len(rows) == 24
    scores = of_model(folder, "lstm-dg").set_index(["site", "subject"])["score"]
    wrong = load_comparison(folder).predictions.query("predicted != y")
    for row, cells in enumerate(rows):
        site, group = cohort.sites[row], cohort.groups[row]
        assert cells[1] == site and cells[2] == f"group {cohort.target[row]}"
        assert cells[3] == str(((wrong["subject"] == group) & (wrong["site"] == site)).sum())
        assert cells[4] == f"{scores[site, group]:.3f}"
        assert cells[6] == f"{cohort.phenotypic['func_mean_fd'][row]:.3f}"
    n_missed = sum(cells[3] == "2" for cells in rows)
    assert f"{n_missed} of 24 subjects are missed by all 2 models" in page


def test_scores_stand_against_motion_and_age(folder, page, cohort):
    rows = rows_of(page, "Score against motion and age")
    assert len(rows) == 2 * 2 * 2 and "of 24 subjects against Age (years), lstm-dg" in page
    mine = of_model(folder, "lstm-dg").set_index(["site", "subject"])["score"]
    scores = np.array([mine[key] for key in zip(cohort.sites, cohort.groups, strict=True)])
    positive = cohort.target == 1
    r = spearmanr(cohort.phenotypic["func_mean_fd"][positive], scores[positive]).statistic
    told = {tuple(cells[:4]): cells[4] for cells in rows}
    assert told["lstm-dg", "Mean head motion (mm)", "group 1", "12"] == f"{r:+.2f}"


def follow_motion(motion, scores, n_scans):
    """Correlate scores with motion, each subject being there several times."""
    table = {"site": "a", "subject": np.arange(len(motion)), "x": motion, "y": scores}
    return _correlate(pandas.DataFrame(table).loc[np.arange(len(motion)).repeat(n_scans)])


def test_scans_of_a_subject_are_no_more_evidence():
    motion, scores = np.random.default_rng(0).normal(size=(2, 12))
    told = [follow_motion(motion, scores, n_scans) for n_scans in (1, 4)]
    assert told[0] == told[1] and told[0]["n"] == 12
    assert told[0]["p"] == pytest.approx(spearmanr(motion, scores).pvalue)


def test_a_few_subjects_in_order_are_no_proof():
    for n, p in ((3, 1 / 3), (4, 1 / 12), (7, 2 / 5040)):
        assert follow_motion(np.arange(n), np.arange(n), 2) == {"n": n, "r": 1, "p": p}
    assert np.isnan(follow_motion(np.arange(2), np.arange(2), 3)["p"])


def test_scans_of_a_subject_are_not_called_subjects(page, cohort, tmp_path, undrawn):
    groups = np.repeat(np.arange(12), 2)  # both of a subject are of one class
    order = np.argsort(cohort.target, kind="stable")
    scans, y = [cohort.data[row] for row in order], cohort.target[order]
    compare_models({"a": Noise()}, scans, y, groups=groups, n_folds=3, out=tmp_path, random_state=0)
    record = cohort_record(cohort, np.repeat("all", 24))
    (tmp_path / "cohort.json").write_text(json.dumps(record))
    told = write_report(tmp_path).read_text(encoding="utf-8")
    for words in (
        "scans of 12 subjects", "<p>12 subjects, each judged", "of 24 scans are missed",
        "All 24 scans", "Test scans of all folds",
        "Of scans of about the same", "each with the mean of its scans",
        "in which the scans of a subject, or of a family, count together",
        "as if those of a subject were independent", "the scans of a subject counting together",
    ):  # fmt: skip
        assert words in told, words
    rows = rows_of(told, "Score against motion and age")
    assert len(rows) == 2 * 2 and {cells[3] for cells in rows} == {"6"}
    for words in ("of 24 subjects are missed", "All 24 subjects", "Test subjects of all folds"):
        assert words not in told and words in page, words


def test_records_of_earlier_versions_know_no_single_subjects(copy, undrawn):
    record = json.loads((copy / "cohort.json").read_text())
    for name in ("rows", "constant"):
        del record[name]
    (copy / "cohort.json").write_text(json.dumps(record))
    page = write_report(copy).read_text(encoding="utf-8")
    assert "Motion and age of single subjects are not known here." in page
    assert len(rows_of(page, "Each subject")) == 24


def test_long_tables_end_and_the_file_has_all(copy, monkeypatch, undrawn):
    monkeypatch.setattr("sklearn_lstmdg.report._subject_sections.MOST_ROWS", 10)
    page = write_report(copy).read_text(encoding="utf-8")
    assert len(rows_of(page, "Each subject")) == 10 and "These are the first 10" in page
    record = json.loads((copy / "report.json").read_text())
    assert len(record["subjects"]["subjects"]) == 24


def test_the_page_of_several_classes(cohort, tmp_path, undrawn):
    y = np.array(["adhd", "autism", "control"])[np.arange(24) % 3]
    X = np.array([np.std(x, axis=0) for x in cohort.data])
    models = {"a": LogisticRegression(), "b": LogisticRegression(C=100.0)}
    comparison = compare_models(models, X, y, n_folds=3, out=tmp_path, random_state=0)
    page = write_report(tmp_path).read_text(encoding="utf-8")
    counts = confusion_matrices(comparison).query("model == 'b'")
    rows = [cells[2:5] for cells in rows_of(page, "Confusion matrices") if cells[0] == "b"]
    assert rows == [[f"{n:g}" for n in part["n"]] for _, part in counts.groupby("y")]
    assert {"adhd", "autism"} <= {cells[2] for cells in rows_of(page, "Each subject")}
    proba = comparison.fold("a").proba
    own = proba[0, ["adhd", "autism", "control"].index(comparison.fold("a").y[0])]
    assert f"{own:.3f}" in [cells[4] for cells in rows_of(page, "Each subject")]
    assert "Found of adhd (%)" in page and 'id="roc"' not in page and 'id="agreement"' not in page
    assert "AUC (95 % interval) was" in page and "a against each other model" in page


class Line(RegressorMixin, BaseEstimator):
    """The mean over time and ROIs, on a line."""

    def __init__(self, slope=1.0):
        self.slope = slope

    def fit(self, X, y):
        """Take the mean of the target."""
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        """Return the line."""
        return self.mean_ + self.slope * np.array([np.mean(x) for x in X])


def test_the_page_of_a_continuous_target(cohort, tmp_path, undrawn):
    y = np.array([10 + 5 * np.mean(x) for x in cohort.data])
    models = {"line": Line(5.0), "half": Line(2.5)}
    options = {"sites": cohort.sites, "n_folds": 3, "out": tmp_path, "random_state": 0}
    comparison = compare_models(models, cohort.data, y, **options)
    changed = Bunch(**cohort | {"target": y})
    record = cohort_record(changed, cohort.sites)
    (tmp_path / "cohort.json").write_text(json.dumps(record))
    page = write_report(tmp_path).read_text(encoding="utf-8")
    row = intervals_over_sites(comparison.predictions).set_index(["model", "metric"]).loc["half"]
    told = ", ".join(
        f"{name} {row.loc[m, 'pooled']:.2f} ({row.loc[m, 'low']:.2f} to {row.loc[m, 'high']:.2f})"
        for m, name in {"r": "r", "mae": "MAE", "r2": "R2"}.items()
    )
    assert f"<figcaption>half: {told}</figcaption>" in page
    rows = rows_of(page, "Each subject")
    assert len(rows) == 24 and rows[0][2] == f"{y[0]:g}"
    assert [cells[1:3] for cells in rows_of(page, "Groups")] == [["all", "12"]] * 2
    absent = ("roc", "confusion", "calibration", "chance")
    assert not any(f'id="{name}"' in page for name in absent)
    assert {cells[2] for cells in rows_of(page, "Score against motion and age")} == {"all"}
    methods = page.split('<section id="methods"')[1].split("</section>")[0]
    assert "AUC" not in methods and "24 all" not in methods and "of 24 subjects" in methods
