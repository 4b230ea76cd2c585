"""Sections on how well the models did."""

import json

import numpy as np
import pytest

from sklearn_lstmdg.evaluation import compare_models
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
    other = write_report(folder, tmp_path / "page.html", reference=ODD_NAME).read_text()
    swapped = rows_of(other, "odd&lt;b&gt;&amp;&#34;name against each other model")
    np.testing.assert_allclose([float(c[2]) for c in swapped], [-float(c[2]) for c in rows])
    with pytest.raises(ValueError, match=r"reference='none' must be one of lstm-dg"):
        write_report(folder, reference="none")


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
