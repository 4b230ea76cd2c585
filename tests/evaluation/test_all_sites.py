"""Metrics over all sites."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import brier_score_loss, roc_auc_score

from sklearn_lstmdg.evaluation import confidence_intervals, intervals_over_sites
from sklearn_lstmdg.evaluation._metrics import correlate_within_sites

from _tables import make_predictions, make_several_classes

pandas = pytest.importorskip("pandas")


def auc_row(predictions, **options):
    over_sites = intervals_over_sites(predictions, **options)
    return over_sites[over_sites["metric"] == "auc"].iloc[0]


def test_one_site_is_as_on_its_own():
    predictions = make_predictions(sites=("NYU",), n_repeats=2)
    here = intervals_over_sites(predictions).set_index(["model", "metric"])
    there = confidence_intervals(predictions).set_index(["model", "metric"])
    columns = ["pooled", "low", "high", "n"]
    pandas.testing.assert_frame_equal(here[columns], there.loc[here.index, columns])


def test_to_tell_sites_apart_is_worth_nothing():
    rng = np.random.default_rng(0)
    predictions = make_predictions(skills={"lstm-dg": 0.0}, sites=("A", "B"), n=400)
    is_b = predictions["site"] == "B"
    predictions["y"] = (rng.uniform(size=800) < np.where(is_b, 0.9, 0.1)) * 1
    predictions["score"] = np.where(is_b, 0.9, 0.1) + rng.uniform(-0.05, 0.05, size=800)
    assert roc_auc_score(predictions["y"], predictions["score"]) > 0.85
    row = auc_row(predictions)
    assert row["low"] < 0.5 < row["high"] and abs(row["pooled"] - 0.5) < 0.08


def test_pairs_of_all_sites_count_by_hand():
    predictions = make_predictions(skills={"m": 0.7}, n=30)
    predictions = predictions.drop(index=predictions.index[31:50])
    won, n_pairs, errors = 0, 0, []
    for _, site in predictions.groupby("site"):
        n = site["y"].sum() * (site["y"] == 0).sum()
        won, n_pairs = won + n * roc_auc_score(site["y"], site["score"]), n_pairs + n
        errors.append(brier_score_loss(site["y"], site["score"]) * len(site))
    over_sites = intervals_over_sites(predictions).set_index("metric")
    assert over_sites["pooled"]["auc"] == pytest.approx(won / n_pairs)
    assert over_sites["pooled"]["brier"] == pytest.approx(sum(errors) / len(predictions))
    assert over_sites["n"]["auc"] == len(predictions) and set(over_sites["n_sites"]) == {2}


def test_pooled_folds_are_stratified_by_each_subject_s_own_site():
    apart = make_predictions(skills={"m": 0.7})
    pooled = apart.assign(subject_site=apart["site"], site="pooled")
    assert auc_row(apart)["pooled"] == pytest.approx(auc_row(pooled)["pooled"])


@pytest.mark.parametrize(("n", "sites", "skill"), [(20, "ABC", 0.6), (40, "ABC", 2.0)])
def test_its_interval_covers_as_often_as_it_says(n, sites, skill):
    """Of scores that are nearly perfect the interval of draws covers in 86 of 100 studies."""
    truth, covered = norm.cdf(skill * np.sqrt(2)), []
    for seed in range(150):
        row = auc_row(make_predictions(seed + 1, {"m": skill}, n=n, sites=sites))
        covered.append(row["low"] <= truth <= row["high"])
    assert 0.91 <= np.mean(covered) <= 1


@pytest.mark.parametrize("target", ["two classes", "three classes"])
def test_more_scans_of_the_same_subjects_narrow_no_interval_of_auc(target):
    once = make_predictions(skills={"m": 0.6}, n=60)
    once = once if target == "two classes" else make_several_classes(once)
    often = pandas.concat([once] * 4, ignore_index=True)
    wanted, found = (auc_row(table) for table in (once, often))
    columns = ["pooled", "low", "high"]
    np.testing.assert_allclose(found[columns].astype(float), wanted[columns].astype(float))
    assert found["n"] == 4 * wanted["n"]


def test_perfect_scores_are_not_certain_and_one_class_has_none():
    predictions = make_predictions(skills={"m": 0.0})
    row = auc_row(predictions.assign(score=predictions["y"] / 2 + 0.25))
    assert row["pooled"] == 1 and 0.8 < row["low"] < 1
    alone = predictions[(predictions["site"] == "NYU") == (predictions["y"] == 1)]
    assert np.isnan(auc_row(alone)["pooled"]) and np.isnan(auc_row(alone)["low"])


@pytest.mark.parametrize("skill", [0.5, np.inf])
def test_subjects_of_a_site_without_pairs_tell_nothing_of_auc(skill):
    """One positive has pairs, and its site alone has no interval: nor with another of positives."""
    predictions = make_predictions(skills={"m": 0.5})
    if np.isinf(skill):
        predictions["score"] = predictions["y"] * 0.5 + 0.25
    is_positive, is_here = predictions["y"] == 1, predictions["site"] == "UM"
    kept = predictions[is_here == ~is_positive]
    one = predictions[is_here & is_positive].iloc[[0]]
    row = auc_row(pandas.concat([kept, one]))
    here = auc_row(pandas.concat([kept[kept["site"] == "UM"], one]))
    assert row["pooled"] == here["pooled"]
    assert row[["low", "high"]].isna().all() and here[["low", "high"]].isna().all()


def make_numbers(n_repeats=1, n_scans=1, n=15):
    """Predictions of a quantity at two sites: in each repeat others are off by a constant."""
    tables = []
    for repeat in range(n_repeats):
        rng = np.random.default_rng(0)
        for site, offset in (("A", 30.0 * repeat), ("B", -30.0 * repeat)):
            y, subject = rng.normal(50, 10, n), [f"{site}{i}" for i in range(n)]
            keys = {"model": "m", "site": site, "repeat": repeat, "subject": subject, "y": y}
            row = keys | {"fold": np.arange(n) % 3, "predicted": y + rng.normal(0, 5, n) + offset}
            tables += [pandas.DataFrame(row)] * n_scans
    return pandas.concat(tables, ignore_index=True)


def test_the_mean_of_a_site_is_that_of_a_repeat():
    once, twice = (intervals_over_sites(make_numbers(n)).set_index("metric") for n in (1, 2))
    assert twice["pooled"]["r"] == pytest.approx(once["pooled"]["r"])


@pytest.mark.parametrize("name", ["r", "mae", "r2"])
def test_more_scans_of_the_same_subjects_narrow_no_interval_of_draws(name):
    once = make_numbers()
    often = pandas.concat([once] * 4, ignore_index=True)
    columns = ["pooled", "low", "high"]
    wanted, found = (intervals_over_sites(p).set_index("metric") for p in (once, often))
    np.testing.assert_allclose(
        found.loc[name, columns].astype(float), wanted.loc[name, columns].astype(float)
    )
    assert found["n"][name] == 4 * wanted["n"][name]


def test_one_value_for_a_site_has_no_r():
    predictions = make_numbers()
    value = predictions["site"].map({"A": 0.1, "B": 0.3})
    row = intervals_over_sites(predictions.assign(predicted=value)).set_index("metric").loc["r"]
    assert row[["pooled", "low", "high"]].isna().all()
    assert np.isnan(correlate_within_sites(predictions["y"], value, predictions["site"]))


def test_one_family_at_each_site_has_no_interval_of_numbers():
    predictions = make_numbers()
    predictions["subject"] = predictions["site"]
    for rows in (confidence_intervals(predictions), intervals_over_sites(predictions)):
        assert rows["pooled"].notna().all() and rows[["low", "high"]].isna().all(axis=None)


def test_a_generator_is_drawn_from_once_for_all_models():
    one = make_numbers()
    both = pandas.concat([one, one.assign(model="alike")], ignore_index=True)
    rows = intervals_over_sites(both, random_state=np.random.RandomState(0))
    rows = rows[rows["metric"] == "mae"]
    assert rows["low"].nunique() == rows["high"].nunique() == 1
