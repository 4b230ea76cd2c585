"""Metrics with their intervals, and calibration."""

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import brier_score_loss, roc_auc_score

from sklearn_lstmdg.evaluation._confidence_intervals import calibration_curve, confidence_intervals
from sklearn_lstmdg.evaluation._metrics import METRICS, summarize
from sklearn_lstmdg.evaluation._target_kinds import TwoClasses

from _tables import SKILLS, make_predictions, make_several_classes, make_tables, score_folds

pandas = pytest.importorskip("pandas")


def test_intervals_of_one_repeat():
    folds, predictions = make_tables()
    table = confidence_intervals(predictions, folds).set_index(["model", "site", "metric"])
    assert len(table) == 3 * 2 * 7
    part = predictions[(predictions["model"] == "lstm-s") & (predictions["site"] == "UM")]
    rows = table.sort_index().loc["lstm-s", "UM"].loc[table.index.unique("metric")]
    hits = (part["y"] == part["predicted"]).to_numpy()
    ci = stats.binomtest(int(hits.sum()), 40).proportion_ci(method="wilson")
    assert rows.loc["acc", ["pooled", "low", "high"]].tolist() == pytest.approx(
        [hits.mean(), ci.low, ci.high]
    )
    assert rows["n"].tolist() == [40, 40, 20, 20, 40, 40, 40]
    assert rows["pooled"]["auc"] == pytest.approx(roc_auc_score(part["y"], part["score"]))
    errors = np.square(part["score"] - part["y"])
    assert rows["pooled"]["brier"] == pytest.approx(brier_score_loss(part["y"], part["score"]))
    ci = stats.t.interval(0.95, 39, errors.mean(), stats.sem(errors))
    assert rows.loc["brier", ["low", "high"]].tolist() == pytest.approx(ci)
    rates = rows["pooled"]
    assert rates["balanced_acc"] == pytest.approx((rates["tpr"] + rates["tnr"]) / 2)
    inside = rows.drop("ece")
    assert (inside["low"] < inside["pooled"]).all() and (inside["pooled"] < inside["high"]).all()


def test_intervals_by_fold_are_corrected():
    folds, predictions = make_tables()
    table = confidence_intervals(predictions, folds, level=0.9).set_index(
        ["model", "site", "metric"]
    )
    acc = folds[(folds["model"] == "fc-svm") & (folds["site"] == "NYU")]["acc"]
    row = table.loc["fc-svm", "NYU", "acc"]
    half = stats.t.ppf(0.95, 4) * np.sqrt((1 / 5 + 8 / 24) * acc.var())
    wanted = [acc.mean(), acc.std(), max(acc.mean() - half, 0), min(acc.mean() + half, 1)]
    names = ["fold_mean", "fold_sd", "fold_low", "fold_high"]
    assert row[names].astype(float).tolist() == pytest.approx(wanted)
    without = table.index[table["fold_mean"].isna()].get_level_values("metric")
    assert set(without) == {"ece"}


def test_repeats_do_not_narrow_intervals():
    predictions = make_predictions(sites=["NYU"], n_repeats=3, same_folds=True)
    first = predictions[predictions["repeat"] == 0]
    copies = pandas.concat([first.assign(repeat=i) for i in range(4)])
    pandas.testing.assert_frame_equal(confidence_intervals(copies), confidence_intervals(first))
    pooled = confidence_intervals(predictions).set_index(["model", "metric"])["pooled"]
    summary = summarize(score_folds(predictions), predictions, TwoClasses(1)).set_index("model")
    for metric in METRICS:
        for model in SKILLS:
            assert pooled[model, metric] == pytest.approx(summary[f"{metric}_pooled"][model])


@pytest.mark.parametrize("target", ["two classes", "three classes"])
def test_scans_that_are_there_twice_narrow_no_interval(target):
    predictions = make_predictions(sites=["NYU"])
    if target == "three classes":
        predictions = make_several_classes(predictions)
    twice = pandas.concat([predictions, predictions], ignore_index=True)
    once, told = confidence_intervals(predictions), confidence_intervals(twice)
    assert told["n"].tolist() == (2 * once["n"]).tolist()
    np.testing.assert_allclose(told["pooled"], once["pooled"], rtol=1e-9)
    for name in ("low", "high"):  # how alike scans are, some 13 subjects of a class tell a bit
        np.testing.assert_allclose(told[name], once[name], atol=0.02)
    rates = ~once["metric"].isin(["auc", "brier", "ece"])
    assert (told["low"] <= once["low"])[rates].all()
    assert (told["high"] >= once["high"])[rates].all()


def test_scans_of_a_subject_that_are_independent_hardly_change_intervals():
    predictions = make_predictions(sites=["NYU"], n=400)
    number = predictions["subject"].str[3:].astype(int)
    families = predictions.assign(subject="f" + (number // 4).astype(str))
    wanted, told = confidence_intervals(predictions), confidence_intervals(families)
    for name in ("pooled", "n"):
        np.testing.assert_allclose(told[name], wanted[name])
    widths = ((table["high"] - table["low"]).dropna() for table in (told, wanted))
    np.testing.assert_allclose(*widths, rtol=0.2)
    assert wanted.set_index(["model", "metric"])["n"]["lstm-dg", "acc"] == 400


def test_intervals_of_scans_of_a_subject_cover():
    """Four scans of a subject are alike; one by one they would cover in two thirds of studies."""
    rng, covered = np.random.default_rng(0), []
    y, n = np.arange(30).repeat(4) % 2, 30
    truth = {"acc": stats.norm.cdf(0.5 / np.sqrt(1.25)), "auc": stats.norm.cdf(1 / np.sqrt(2.5))}
    for _ in range(150):
        latent = rng.normal(size=n).repeat(4) + 0.5 * rng.normal(size=4 * n) + y - 0.5
        columns = {"y": y, "score": stats.norm.cdf(latent), "predicted": (latent > 0) * 1}
        keys = {"model": "a", "site": "b", "repeat": 0, "fold": 0}
        table = pandas.DataFrame(keys | {"subject": np.arange(n).repeat(4)} | columns)
        rows = confidence_intervals(table).set_index("metric")
        covered.append([rows.low[m] <= truth[m] <= rows.high[m] for m in truth])
    assert (np.mean(covered, axis=0) > 0.9).all()


def make_siblings(missed_of_one, missed_of_other):
    """Families of a positive and a negative, some of whom are missed."""
    family, y = np.arange(60).repeat(2), np.tile([0, 1], 60)
    missed = np.where(y, np.isin(family, missed_of_one), np.isin(family, missed_of_other))
    predicted = np.where(missed, 1 - y, y)
    keys = {"model": "a", "site": "b", "repeat": 0, "fold": 0, "subject": family, "y": y}
    return pandas.DataFrame(keys | {"score": predicted * 1.0, "predicted": predicted})


@pytest.mark.parametrize("other", [np.arange(15), np.arange(15, 30), np.arange(30, 60, 4)])
def test_a_family_of_both_classes_counts_once_in_balanced_accuracy(other):
    """Where classes are as large it is accuracy, and so is its interval."""
    rows = confidence_intervals(make_siblings(np.arange(15), other)).set_index("metric")
    names = ["pooled", "low", "high"]
    told, wanted = (rows.loc[name, names].astype(float) for name in ("balanced_acc", "acc"))
    np.testing.assert_allclose(told, wanted, atol=0.01)


def test_intervals_of_one_class():
    predictions = make_predictions(sites=["NYU"])
    controls = predictions[predictions["y"] == 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = (
            confidence_intervals(controls, pos_label=0)
            .set_index(["model", "metric"])
            .loc["lstm-dg"]
        )
    assert np.isfinite(rows.loc[["acc", "tpr"], ["pooled", "low", "high"]]).all(axis=None)
    assert rows.loc[["tnr", "auc", "balanced_acc"], ["pooled", "low", "high"]].isna().all(axis=None)


def test_calibration_counts_every_prediction():
    predictions = make_predictions(n_repeats=2)
    table = calibration_curve(predictions, n_bins=5)
    assert len(table) == 3 * 2 * 5
    part = table[(table["model"] == "lstm-s") & (table["site"] == "UM")]
    mine = predictions[(predictions["model"] == "lstm-s") & (predictions["site"] == "UM")]
    inside = mine[(mine["score"] >= 0.4) & (mine["score"] < 0.6)]
    row = part.iloc[2]
    assert part["n_predictions"].sum() == 80
    assert row[["low", "high"]].tolist() == pytest.approx([0.4, 0.6])
    wanted = [len(inside), inside["score"].mean(), inside["y"].mean()]
    assert row[["n_predictions", "mean_score", "share_positive"]].tolist() == pytest.approx(wanted)
