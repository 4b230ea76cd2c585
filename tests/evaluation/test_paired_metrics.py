"""Tests, intervals and tables of three classes and of a quantity, against plain computations."""

import numpy as np
import pytest
from scipy import stats
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import balanced_accuracy_score, mean_absolute_error, r2_score, roc_auc_score

from sklearn_lstmdg.evaluation import (
    calibration_curve,
    compare_models,
    confidence_intervals,
    confusion_matrices,
    intervals_over_sites,
    null_from_permutations,
    paper_table,
    subjects_needed,
)
from sklearn_lstmdg.evaluation import test_against as compare_against
from sklearn_lstmdg.evaluation._metrics import summarize
from sklearn_lstmdg.evaluation._target_kinds import (
    ContinuousTarget,
    SeveralClasses,
    check_predictions,
)

from _fold_checks import NAMES
from _tables import make_tables

pandas = pytest.importorskip("pandas")
N = 60


def make_pairs(kind, seed=0):
    """Return two models' predictions side by side."""
    rng = np.random.default_rng(seed)
    if kind == "continuous":
        y = rng.normal(size=N)
        scores = {f"predicted_{w}": y * k + rng.normal(size=N) for w, k in (("a", 2), ("b", 0.5))}
        return pandas.DataFrame({"y": y} | scores)
    y = rng.integers(0, 3, N)
    table = {"y": np.array(NAMES)[y]}
    for which, skill in (("a", 1.0), ("b", 0.2)):
        proba = rng.dirichlet(np.ones(3), N) + skill * np.eye(3)[y]
        proba /= proba.sum(axis=1, keepdims=True)
        table |= {f"probability_{name}_{which}": proba[:, i] for i, name in enumerate(NAMES)}
        table[f"predicted_{which}"] = np.array(NAMES)[proba.argmax(axis=1)]
    return pandas.DataFrame(table)


def value(metric, pairs, which, weights=None):
    """Return a metric by scikit-learn, or numpy."""
    y, predicted = pairs["y"], pairs[f"predicted_{which}"]
    if metric in ("mae", "r2"):
        judge = mean_absolute_error if metric == "mae" else r2_score
        return judge(y, predicted, sample_weight=weights)
    if metric == "r":
        covariance = np.cov(y, predicted, aweights=np.ones(N) if weights is None else weights)
        return covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    if metric == "balanced_acc":
        return balanced_accuracy_score(y, predicted, sample_weight=weights)
    if metric == "acc":
        return np.average(y == predicted, weights=weights)
    areas = [
        roc_auc_score(y == name, pairs[f"probability_{name}_{which}"], sample_weight=weights)
        for name in NAMES
    ]
    return np.mean(areas)


CASES = [("continuous", m) for m in ("mae", "r", "r2")]
CASES += [("classes", m) for m in ("acc", "balanced_acc", "auc")]


@pytest.mark.parametrize(("kind", "metric"), CASES)
def test_contributions_and_draws_are_the_difference_of_the_metric(kind, metric):
    pairs = make_pairs(kind)
    target = ContinuousTarget() if kind == "continuous" else SeveralClasses(NAMES)
    paired = target.paired_metrics[metric]
    wanted = value(metric, pairs, "a") - value(metric, pairs, "b")
    assert paired.contributions(pairs).sum() == pytest.approx(wanted)
    counts = np.random.default_rng(1).multinomial(N, np.full(N, 1 / N), 5).astype(float)
    for drawn, row in zip(paired.drawn(pairs, counts), counts, strict=True):
        wanted = value(metric, pairs, "a", row) - value(metric, pairs, "b", row)
        assert drawn == pytest.approx(wanted)


@pytest.mark.parametrize("metric", ["mae", "r2"])
def test_a_swapped_subject_turns_the_sign_of_what_it_adds(metric):
    pairs, paired = make_pairs("continuous"), ContinuousTarget().paired_metrics[metric]
    added = paired.contributions(pairs)
    swapped = pairs.copy()
    swapped.loc[:9, ["predicted_a", "predicted_b"]] = pairs.loc[
        :9, ["predicted_b", "predicted_a"]
    ].to_numpy()
    wanted = value(metric, swapped, "a") - value(metric, swapped, "b")
    assert added[10:].sum() - added[:10].sum() == pytest.approx(wanted)


@pytest.fixture(scope="module")
def ages():
    """Comparison of regressors, one good, at two sites in two repeats."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = 30 + 5 * X[:, 0] + rng.normal(size=80)
    models = {"good": Ridge(), "poor": Ridge(300.0), "mean": DummyRegressor()}
    sites = np.repeat(["A", "B"], 40)
    return compare_models(models, X, y, sites=sites, n_folds=4, n_repeats=2, random_state=0)


@pytest.mark.parametrize("which", ["ages", "groups"])
def test_tests_are_of_the_summary_s_differences(which, request):
    c = request.getfixturevalue(which)
    tests = compare_against(c.folds, c.predictions, "good", n_permutations=199)
    assert list(dict.fromkeys(tests["metric"])) == [*c.kind.tested]
    summary = c.summary().groupby("model").mean(numeric_only=True)
    for row in tests[tests["model"] != "mean"].to_dict("records"):
        pooled, by_fold = (summary[f"{row['metric']}{end}"] for end in ("_pooled", ""))
        difference = by_fold["good"] - by_fold[row["model"]]
        assert row["difference"] == pytest.approx(difference)
        assert row["difference_pooled"] == pytest.approx(pooled["good"] - pooled[row["model"]])
        assert row["difference_pooled_low"] < row["difference_pooled"]
        assert row["difference_pooled_high"] > row["difference_pooled"]
    shown = tests[(tests["metric"] == c.kind.tested[-1]) & (tests["model"] != "mean")]
    assert (shown[["p_corrected_t_holm", "p_permutation_holm"]] < 0.05).all(axis=None)
    assert (shown["p_paired_t_liberal"] < 0.05).all()


def test_a_smaller_error_speaks_for_the_reference(ages):
    tests = compare_against(ages.folds, ages.predictions, "good", ["mae"], n_permutations=199)
    assert (tests["difference"] < 0).all() and (tests["difference_high"] < 0).all()
    assert (tests["p_paired_t_liberal"] < 0.01).all()  # its one tail is that of smaller errors
    behind = compare_against(ages.folds, ages.predictions, "mean", ["mae"], n_permutations=199)
    assert (behind["p_paired_t_liberal"] > 0.5).all()


def test_r_of_a_constant_prediction_is_not_tested(ages):
    tests = compare_against(ages.folds, ages.predictions, "good", ["r"], n_permutations=9)
    row = tests.set_index("model").loc["mean"]
    assert np.isnan(row["p_corrected_t"]) and "predictions of both models" in row["remark"]


@pytest.mark.parametrize("which", ["ages", "groups"])
def test_metrics_of_another_kind_are_refused(which, request):
    c = request.getfixturevalue(which)
    with pytest.raises(ValueError, match="lacks the columns tnr"):
        compare_against(c.folds, c.predictions, "good", ["tnr"])
    with pytest.raises(ValueError, match=r"metrics=\('tnr',\) must be among"):
        compare_against(c.folds.assign(tnr=0.5), c.predictions, "good", ["tnr"])
    with pytest.raises(ValueError, match="paper's tables are of two classes"):
        paper_table(c.folds, c.predictions)


def test_a_null_of_errors_counts_the_runs_that_err_as_little(ages):
    predictions = ages.predictions
    rng = np.random.default_rng(0)
    nulls = [
        predictions.assign(predicted=rng.permutation(predictions["predicted"])) for _ in range(9)
    ]
    null = null_from_permutations(predictions, nulls).set_index(["model", "site", "metric"])
    for metric in ("r", "mae", "r2"):
        row = null.loc[("good", "A", metric)]
        assert row["p"] == pytest.approx(0.1) and row["n_permuted"] == 9
    assert null.loc[("good", "mean over sites", "mae"), "null_mean"] > 3


def test_intervals_of_a_quantity_are_those_of_draws(ages):
    predictions = ages.predictions[ages.predictions["repeat"] == 0]
    found = confidence_intervals(predictions, ages.folds).set_index(["model", "site", "metric"])
    part = predictions[(predictions["model"] == "good") & (predictions["site"] == "A")]
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(2000):
        rows = part.iloc[rng.integers(0, len(part), len(part))]
        error = mean_absolute_error(rows["y"], rows["predicted"])
        drawn.append([stats.pearsonr(rows["y"], rows["predicted"])[0], error])
    for metric, values in zip(("r", "mae"), np.transpose(drawn), strict=True):
        row = found.loc[("good", "A", metric)]
        low, high = np.quantile(values, [0.025, 0.975])
        width = high - low
        assert row["low"] == pytest.approx(low, abs=0.15 * width)
        assert row["high"] == pytest.approx(high, abs=0.15 * width)
        assert row["low"] < row["pooled"] < row["high"] and row["n"] == 40
    assert found.loc[("good", "A", "mae"), "fold_high"] > 0
    again = confidence_intervals(predictions, ages.folds)
    pandas.testing.assert_frame_equal(again, found.reset_index())


def as_several(predictions):
    """Write predictions of two classes as if there were more."""
    proba = {"probability_0": 1 - predictions["score"], "probability_1": predictions["score"]}
    return predictions.drop(columns="score").assign(**proba)


def test_two_classes_written_as_several_are_judged_alike():
    folds, predictions = make_tables(n_repeats=2)
    several = as_several(predictions)
    kind = check_predictions(several)[1]
    assert kind.name == "classes" and check_predictions(predictions)[1].name == "two classes"
    two = confidence_intervals(predictions).set_index(["model", "site", "metric"])
    more = confidence_intervals(several).set_index(["model", "site", "metric"])
    same = two[two.index.get_level_values("metric").isin(["acc", "balanced_acc", "auc", "brier"])]
    pandas.testing.assert_frame_equal(more.loc[same.index], same)
    needed = [subjects_needed(each, "lstm-dg") for each in (predictions, several)]
    pandas.testing.assert_frame_equal(*needed)
    rows = [kind.score(part) for _, part in several.groupby(["model", "site", "repeat", "fold"])]
    assert len(rows) == len(folds)


def test_subjects_needed_to_see_a_difference_of_errors(ages):
    predictions = ages.predictions[ages.predictions["repeat"] == 0]
    one_site = predictions[predictions["site"] == "A"]
    needed = subjects_needed(one_site, "good", difference=2.0).set_index("model")
    error = {
        model: (part["y"] - part["predicted"]).abs().to_numpy()
        for model, part in one_site.sort_values("subject").groupby("model")
    }
    gained = error["good"] - error["poor"]
    row = needed.loc["poor"]
    assert row["difference_pooled"] == pytest.approx(gained.mean())
    assert row["standard_error"] == pytest.approx(stats.sem(gained))
    reach = stats.norm.isf(0.025) + stats.norm.ppf(0.8)
    assert row["smallest_difference"] == pytest.approx(reach * stats.sem(gained))
    assert row["n_needed"] == np.ceil((reach / 2.0) ** 2 * gained.var(ddof=1))
    assert subjects_needed(predictions, "good")["n_needed"].isna().all()
    with pytest.raises(ValueError, match="difference == 0"):
        subjects_needed(predictions, "good", difference=0)


def test_calibration_of_each_class(groups):
    curve = calibration_curve(groups.predictions, n_bins=4)
    assert set(curve["class"]) == set(NAMES)
    part = curve[(curve["model"] == "good") & (curve["site"] == "A")]
    assert part.groupby("class")["n_predictions"].sum().tolist() == [45, 45, 45]


def test_what_is_of_classes_only_refuses_a_quantity(ages):
    with pytest.raises(ValueError, match="continuous"):
        calibration_curve(ages.predictions)
    with pytest.raises(ValueError, match="continuous"):
        confusion_matrices(ages)


def test_a_class_that_no_column_is_of_is_named(groups):
    with pytest.raises(ValueError, match="no column probability_c"):
        compare_against(groups.folds, groups.predictions.drop(columns="probability_c"), "good")


def test_a_missing_prediction_is_named(ages):
    predictions = ages.predictions.assign(
        predicted=ages.predictions["predicted"].where(lambda p: p.index != 3)
    )
    with pytest.raises(ValueError, match="no predicted of model 'good'"):
        confidence_intervals(predictions)


def test_summary_from_tables_is_the_comparison_s(groups):
    pandas.testing.assert_frame_equal(
        summarize(groups.folds, groups.predictions, groups.kind), groups.summary()
    )


def test_over_all_sites_two_classes_written_as_several_are_judged_alike():
    predictions = make_tables(sites=("NYU", "UM"))[1]
    two, more = (
        intervals_over_sites(each).set_index(["model", "metric"])
        for each in (predictions, as_several(predictions))
    )
    same = [name for name in two.index if name[1] in ("acc", "balanced_acc", "auc", "brier")]
    pandas.testing.assert_frame_equal(more.loc[same], two.loc[same])


def test_a_class_may_have_the_name_of_a_column(groups):
    new = {"a": "error", "b": "hit", "c": "y"}
    renamed = groups.predictions.replace({"y": new, "predicted": new})
    renamed = renamed.rename(
        columns={f"probability_{n}": f"probability_{m}" for n, m in new.items()}
    )
    for estimate in (confidence_intervals, intervals_over_sites):
        wanted, found = estimate(groups.predictions), estimate(renamed)
        told = wanted["metric"].replace({f"recall_{n}": f"recall_{m}" for n, m in new.items()})
        pandas.testing.assert_frame_equal(found, wanted.assign(metric=told))


def test_over_all_sites_a_quantity_is_judged_within_them():
    rng = np.random.default_rng(0)
    sites = np.repeat(["A", "B"], 50)
    y = 50.0 * (sites == "B") + rng.normal(size=100)
    table = {"model": "m", "site": "pooled", "repeat": 0, "fold": 0, "subject": range(100), "y": y}
    table |= {"predicted": 50.0 * (sites == "B") + rng.normal(size=100), "subject_site": sites}
    predictions = pandas.DataFrame(table)
    found = intervals_over_sites(predictions).set_index("metric")
    assert found["low"]["r"] < 0 < found["high"]["r"] and found["pooled"]["r2"] < 0
    assert found["pooled"]["mae"] == pytest.approx(mean_absolute_error(y, table["predicted"]))
    residuals = [y[sites == s] - table["predicted"][sites == s] for s in "AB"]
    total = sum(np.sum((y[sites == s] - y[sites == s].mean()) ** 2) for s in "AB")
    assert found["pooled"]["r2"] == pytest.approx(1 - np.sum(np.square(residuals)) / total)
    everywhere = confidence_intervals(predictions).set_index("metric")
    assert everywhere["pooled"]["r"] > 0.99 and everywhere["pooled"]["r2"] > 0.9


@pytest.mark.filterwarnings("error")
def test_at_a_site_of_one_target_there_is_no_r2():
    rng = np.random.default_rng(0)
    sites, y = np.repeat(["A", "B"], 15), rng.normal(50, 10, 30)
    y[15:] = 40.1  # whose mean is off by a bit
    keys = {"site": sites, "repeat": 0, "fold": np.tile([0, 1, 2], 10), "subject": np.arange(30)}
    guesses = {"good": y + rng.normal(0, 5, 30), "blind": np.full(30, 30.0)}
    tables = [
        pandas.DataFrame(keys | {"y": y, "predicted": g, "model": m}) for m, g in guesses.items()
    ]
    predictions = pandas.concat(tables, ignore_index=True)
    parts = predictions.groupby(["model", "site", "repeat", "fold"])
    folds = parts.apply(lambda p: pandas.Series(ContinuousTarget().score(p)), include_groups=False)
    folds = folds.assign(n_train=10, n_test=5).reset_index()
    both = compare_against(folds, predictions, "good").set_index("metric")
    alone = compare_against(
        *(table[table["site"] == "A"] for table in (folds, predictions)), "good"
    ).set_index("metric")
    assert both["n_sites"].to_dict() == {"mae": 2, "r": 0, "r2": 1}
    for name in ("difference_pooled", "difference_pooled_low", "difference_pooled_high"):
        assert both[name]["r2"] == pytest.approx(alone[name]["r2"])
        assert np.isnan(both[name]["r"])


@pytest.mark.parametrize("name", ["r", "r2"])
def test_a_draw_of_one_subject_alone_defines_no_spread(name):
    y, guess = np.array([0.1, 1.7, 2.3]), np.array([0.3, 0.9, 2.2])
    counts = np.array([[3.0, 0, 0], [0, 3, 0], [1, 1, 1]])
    drawn = ContinuousTarget().paired_metrics[name].value(y, guess, counts)
    assert np.isnan(drawn).tolist() == [True, True, False]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("metric", ["recall_a", "balanced_acc", "auc"])
def test_a_draw_without_a_class_is_not_defined_and_warns_not(metric):
    pairs = make_pairs("classes")
    counts = np.ones((2, N))
    counts[0, pairs["y"] == "a"] = 0
    drawn = SeveralClasses(NAMES).paired_metrics[metric].drawn(pairs, counts)
    assert np.isnan(drawn).tolist() == [True, False]
