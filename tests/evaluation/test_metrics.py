"""Metrics against numbers counted by hand."""

import numpy as np
import pytest

from sklearn_lstmdg.evaluation import compare_models
from sklearn_lstmdg.evaluation._metrics import auc_within_sites, score_predictions, summarize
from sklearn_lstmdg.evaluation._target_kinds import TwoClasses

from _stubs import Noise

pandas = pytest.importorskip("pandas")


def test_metrics_of_a_hand_counted_case():
    y = [1, 1, 1, 0, 0]
    score = [0.9, 0.6, 0.2, 0.3, 0.6]
    predicted = [1, 1, 0, 0, 1]
    metrics = score_predictions(y, predicted, score)
    # Pairs of a positive and a negative subject: 3 wins, 1 tie, 2 losses of 6.
    assert metrics == pytest.approx({"acc": 3 / 5, "tpr": 2 / 3, "tnr": 1 / 2, "auc": 3.5 / 6})


def test_metrics_of_one_class():
    metrics = score_predictions([0, 0, 0], [0, 1, 0], [0.1, 0.8, 0.2])
    assert metrics["acc"] == metrics["tnr"] == pytest.approx(2 / 3)
    assert np.isnan(metrics["tpr"]) and np.isnan(metrics["auc"])


def test_auc_within_sites_counts_pairs_of_one_site():
    y = [1, 1, 0, 0, 1, 0, 1]
    score = [0.9, 0.8, 0.1, 0.85, 0.2, 0.3, 0.7]
    sites = ["A"] * 4 + ["B"] * 2 + ["C"]
    # A wins 3 of 4 pairs, B none of 1, C has no pair.
    assert auc_within_sites(y, score, sites) == pytest.approx(3 / 5)
    assert np.isnan(auc_within_sites([1, 0], [0.1, 0.2], ["A", "B"]))


def make_tables():
    """Two folds of two repeats; the second fold of each repeat holds controls only."""
    predictions = pandas.DataFrame(
        {
            "model": "a",
            "site": "S",
            "repeat": np.repeat([0, 1], 4),
            "fold": [0, 0, 1, 1] * 2,
            "subject": [0, 1, 2, 2] * 2,
            "y": [1, 0, 0, 0] * 2,
            "predicted": [1, 1, 0, 0, 0, 0, 0, 1],
            "score": [0.6, 0.7, 0.1, 0.2, 0.4, 0.3, 0.2, 0.9],
        }
    )
    folds = [
        {"model": "a", "site": "S", "repeat": r, "fold": f}
        | score_predictions(part["y"], part["predicted"], part["score"])
        for (r, f), part in predictions.groupby(["repeat", "fold"])
    ]
    return pandas.DataFrame(folds), predictions


def test_summary_of_folds_and_pooled():
    row = summarize(*make_tables(), TwoClasses(1)).iloc[0]
    # Folds: ACC 1/2, 1, 1/2, 1/2; TPR 1, -, 0, -; TNR 0, 1, 1, 1/2; AUC 0, -, 1, -.
    assert row["acc"] == pytest.approx(5 / 8)
    assert row["acc_sd"] == pytest.approx(np.std([0.5, 1, 0.5, 0.5], ddof=1))
    assert row["tpr"] == row["auc"] == pytest.approx(1 / 2)
    assert row["tnr"] == pytest.approx(5 / 8)
    assert row["auc_sd"] == pytest.approx(np.sqrt(0.5))
    # Pooled by repeat: ACC 3/4, 2/4; TPR 1, 0; TNR 2/3, 2/3; AUC 2/3, 2/3.
    assert row["acc_pooled"] == pytest.approx(5 / 8)
    assert row["tpr_pooled"] == pytest.approx(1 / 2)
    assert row["tnr_pooled"] == pytest.approx(2 / 3)
    assert row["auc_pooled"] == pytest.approx(2 / 3)
    assert row["auc_within_sites"] == pytest.approx(row["auc_pooled"]), "there is one site"
    # Two of the four scans are of one subject.
    assert row[["n_folds", "n_one_class", "n_subjects", "n_scans"]].tolist() == [4, 2, 3, 4]


def test_one_class_folds_are_counted_and_left_out():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [9, 3])
    with pytest.warns(UserWarning, match="3 subjects of its smallest class, fewer than n_folds=6"):
        comparison = compare_models(
            {"a": Noise()}, rng.normal(size=(12, 6, 2)), y, n_folds=6, random_state=0
        )
    told = "1 subject of its .*: some folds test none of it, and one trains on none of it"
    with pytest.warns(UserWarning, match=told), pytest.raises(RuntimeError, match="all of class"):
        compare_models({"a": Noise()}, rng.normal(size=(12, 6, 2)), [1] + [0] * 11, n_folds=3)
    row = comparison.summary().iloc[0]
    assert row["n_one_class"] == comparison.folds["auc"].isna().sum() == 3
    assert np.isfinite(row[["auc", "tpr", "tnr", "auc_pooled"]].astype(float)).all()
