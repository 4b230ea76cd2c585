"""Subjects drawn with replacement, families and sites whole."""

import numpy as np
import pytest

from sklearn_lstmdg.evaluation._metrics import score_predictions
from sklearn_lstmdg.evaluation._paired_tests import test_against

from _tables import make_tables, score_folds

pandas = pytest.importorskip("pandas")


def test_the_pooled_interval_draws_subjects_of_each_site_and_class():
    """Against a plain loop that judges each draw as scikit-learn does."""
    folds, predictions = make_tables(n=30, skills={"lstm-dg": 1.0, "svm": 0.4})
    metrics = ["acc", "tpr", "auc"]
    tests = test_against(folds, predictions, metrics=metrics, n_permutations=9)
    a, b = (predictions[predictions["model"] == model] for model in ("lstm-dg", "svm"))
    site, y = a["site"].to_numpy(), a["y"].to_numpy()
    judge = [(part["predicted"].to_numpy(), part["score"].to_numpy()) for part in (a, b)]
    rng, drawn = np.random.default_rng(0), []
    for _ in range(300):
        of_sites = []
        for name in ("NYU", "UM"):
            classes = [np.flatnonzero((site == name) & (y == label)) for label in (0, 1)]
            rows = np.concatenate([rng.choice(mine, len(mine)) for mine in classes])
            told = [score_predictions(y[rows], p[rows], s[rows]) for p, s in judge]
            of_sites.append([told[0][metric] - told[1][metric] for metric in metrics])
        drawn.append(np.mean(of_sites, axis=0))
    wanted = np.quantile(drawn, [0.025, 0.975], axis=0)
    told = tests[["difference_pooled_low", "difference_pooled_high"]].T
    np.testing.assert_allclose(told, wanted, atol=0.2 * np.ptp(wanted, axis=0).min())


def test_classes_are_as_large_in_each_draw():
    """One model is always right, one always says no: only the classes' sizes make a difference."""
    keys = {"site": "S", "repeat": 0, "fold": np.arange(60) % 5, "subject": np.arange(60)}
    keys["y"] = (np.arange(60) % 3 == 0) * 1
    predictions = pandas.concat(
        pandas.DataFrame(keys | {"model": model, "score": labels * 1.0, "predicted": labels})
        for model, labels in (("lstm-dg", keys["y"]), ("no", np.zeros(60, int)))
    )
    tests = test_against(score_folds(predictions), predictions, metrics=["acc"], n_permutations=9)
    names = ["difference_pooled", "difference_pooled_low", "difference_pooled_high"]
    np.testing.assert_allclose(tests[names], 1 / 3)


def test_the_pooled_interval_draws_families_whole():
    """Twins that are copies tell no more than one of them."""
    folds, predictions = make_tables(sites=["NYU"])
    twice = predictions.loc[predictions.index.repeat(2)].reset_index(drop=True)
    apart = twice.assign(subject=twice["subject"] + twice.groupby(level=0).cumcount().astype(str))
    apart["subject"] += np.where(np.arange(len(apart)) % 2, "a", "b")
    once, told, wrong = (
        test_against(folds, table, metrics=["auc"], n_permutations=9)
        for table in (predictions, twice, apart)
    )
    width = [t["difference_pooled_high"] - t["difference_pooled_low"] for t in (once, told, wrong)]
    np.testing.assert_allclose(width[0], width[1])
    assert (width[2] < 0.85 * width[0]).all()


def test_sites_that_were_pooled_are_drawn_site_by_site():
    """Models that differ by much at one site and the other way at another: no chance in that."""
    y = np.tile([0, 1], 30)
    site = np.repeat(["A", "B", "B"], 20)
    right = np.where(site == "A", y, 1 - y)
    keys = {"site": "pooled", "repeat": 0, "fold": np.arange(60) % 5, "y": y}
    keys |= {"subject": np.arange(60), "subject_site": site}
    predictions = pandas.concat(
        pandas.DataFrame(keys | {"model": model, "score": labels * 1.0, "predicted": labels})
        for model, labels in (("lstm-dg", right), ("svm", 1 - right))
    )
    folds = score_folds(predictions)
    tests = test_against(folds, predictions, metrics=["acc"], n_permutations=9)
    names = ["difference_pooled", "difference_pooled_low", "difference_pooled_high"]
    np.testing.assert_allclose(tests[names], -1 / 3)
    mixed = predictions.drop(columns="subject_site")
    tests = test_against(folds, mixed, metrics=["acc"], n_permutations=9)
    assert (tests[names[1]] < -1 / 3 - 0.1).all()
