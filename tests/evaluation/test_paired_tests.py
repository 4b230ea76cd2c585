"""Tests over the tables of a comparison, against plain computations on the same tables."""

import warnings
from io import StringIO

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import brier_score_loss, roc_auc_score

from sklearn_lstmdg.evaluation._confidence_intervals import calibration_curve, confidence_intervals
from sklearn_lstmdg.evaluation._metrics import METRICS, score_predictions, summarize
from sklearn_lstmdg.evaluation._paired_tests import null_from_permutations, test_against
from sklearn_lstmdg.evaluation._statistics import holm
from sklearn_lstmdg.evaluation._target_kinds import TwoClasses

from _tables import SKILLS, make_predictions, make_tables, score_folds

pandas = pytest.importorskip("pandas")


def differences(folds, metric, other="lstm-s"):
    """Differences of folds, one array per site."""
    table = folds.pivot_table(index=["site", "repeat", "fold"], columns="model", values=metric)
    d = table["lstm-dg"] - table[other]
    return [d.loc[site].dropna().to_numpy() for site in dict.fromkeys(folds["site"])]


def test_t_tests_of_one_repeat():
    folds, predictions = make_tables(n=80)
    tests = test_against(folds, predictions, n_permutations=99)
    assert tests["model"].tolist() == ["lstm-s"] * 3 + ["fc-svm"] * 3
    assert tests["metric"].tolist() == ["acc", "tnr", "auc"] * 2
    for row in tests.to_dict("records"):
        sites = differences(folds, row["metric"], row["model"])
        naive = stats.ttest_1samp(np.concatenate(sites), 0, alternative="greater")
        variance = sum((1 / 5 + 16 / 16) * d.var(ddof=1) for d in sites) / 4
        t = np.mean([d.mean() for d in sites]) / np.sqrt(variance)
        assert row["n_folds"] == 10 and row["n_sites"] == 2 and row["n_undefined"] == 0
        assert row["difference"] == pytest.approx(np.mean([d.mean() for d in sites]))
        assert row["p_paired_t_liberal"] == pytest.approx(naive.pvalue)
        assert row["p_corrected_t"] == pytest.approx(2 * stats.t.sf(abs(t), 8))
        low, high = stats.t.interval(0.95, 8, row["difference"], np.sqrt(variance))
        assert row["difference_low"] == pytest.approx(low)
        assert row["difference_high"] == pytest.approx(high)


def test_pooled_difference_is_that_of_the_summary():
    folds, predictions = make_tables(n_repeats=3)
    tests = test_against(folds, predictions, metrics=METRICS, n_permutations=9)
    pooled = summarize(folds, predictions, TwoClasses(1)).groupby("model").mean(numeric_only=True)
    for row in tests.to_dict("records"):
        column = pooled[f"{row['metric']}_pooled"]
        wanted = column["lstm-dg"] - column[row["model"]]
        assert row["difference_pooled"] == pytest.approx(wanted)


def test_repeated_partitions_count_and_repeated_seeds_are_averaged():
    for same_folds, n_values in ((False, 15), (True, 5)):
        folds, predictions = make_tables(sites=["NYU"], n_repeats=3, same_folds=same_folds)
        row = test_against(folds, predictions, metrics=["acc"], n_permutations=9).iloc[0]
        d = differences(folds, "acc")[0].reshape(3, 5)
        by_number = d.mean(axis=0)
        naive = stats.ttest_1samp(by_number, 0, alternative="greater")
        assert row["p_paired_t_liberal"] == pytest.approx(naive.pvalue)
        values = by_number if same_folds else d.ravel()
        t = d.mean() / np.sqrt((1 / n_values + 8 / 24) * values.var(ddof=1))
        assert row["p_corrected_t"] == pytest.approx(2 * stats.t.sf(abs(t), n_values - 1))


def test_a_better_model_is_found_and_an_equal_one_is_not():
    tests = test_against(*make_tables(n=80, sites=["A", "B", "C", "D"]), n_permutations=999)
    tests = tests.set_index(["model", "metric"])
    ps = ["p_corrected_t_holm", "p_permutation_holm"]
    assert (tests.loc[[("lstm-s", "acc"), ("lstm-s", "auc")], ps] < 0.05).all(axis=None)
    assert (tests.loc["fc-svm", ps] > 0.05).all(axis=None)


def test_a_model_that_is_behind_is_found_too():
    tables = make_tables(n=80, sites=["A", "B", "C", "D"])
    ahead = test_against(*tables, n_permutations=999)
    behind = test_against(*tables, reference="lstm-s", n_permutations=999)
    ahead, behind = (
        tests[tests["model"] == other].set_index("metric")
        for tests, other in ((ahead, "lstm-s"), (behind, "lstm-dg"))
    )
    for name in ("p_corrected_t", "p_permutation"):
        np.testing.assert_allclose(ahead[name], behind[name])
    np.testing.assert_allclose(ahead["p_paired_t_liberal"], 1 - behind["p_paired_t_liberal"])
    for end in ("", "_pooled"):
        np.testing.assert_allclose(ahead[f"difference{end}"], -behind[f"difference{end}"])
    np.testing.assert_allclose(ahead["difference_low"], -behind["difference_high"])
    np.testing.assert_allclose(ahead["difference_pooled_low"], -behind["difference_pooled_high"])


def test_subjects_are_swapped_in_all_repeats_at_once():
    folds, predictions = make_tables(sites=["NYU"])
    more = [pandas.concat([t.assign(repeat=i) for i in range(5)]) for t in (folds, predictions)]
    once, five = (
        test_against(*tables, metrics=["acc", "auc"], n_permutations=999)
        for tables in ((folds, predictions), more)
    )
    columns = ["difference_pooled", "difference_pooled_low", "difference_pooled_high"]
    columns.append("p_permutation")
    pandas.testing.assert_frame_equal(once[columns], five[columns])


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


def test_one_fold_a_site_says_why_there_is_no_corrected_t():
    predictions = make_predictions(sites=["A", "B", "C"]).assign(fold=0)
    tests = test_against(score_folds(predictions), predictions, n_permutations=9)
    assert tests[["p_corrected_t", "difference_low"]].isna().all(axis=None)
    assert tests["difference"].notna().all() and tests["difference_pooled_low"].notna().all()
    why = "no corrected t: of 3 of 3 sites there is one fold, which has no spread"
    assert (tests["remark"] == why).all()


def test_equal_and_constant_differences():
    folds, predictions = make_tables(sites=["NYU"])
    same = [t.query("model == 'lstm-dg'") for t in (folds, predictions)]
    tables = [pandas.concat([t, t.assign(model="copy")]) for t in same]
    tests = test_against(*tables, n_permutations=99)
    assert (tests[["p_paired_t_liberal", "p_corrected_t", "p_permutation"]] == 1).all(axis=None)
    names = ["difference_low", "difference_high", "difference_pooled_low", "difference_pooled_high"]
    assert (tests[names] == 0).all(axis=None) and (tests["remark"] == "").all()
    tables[0].loc[tables[0]["model"] == "copy", "acc"] -= 0.125
    tests = test_against(*tables, metrics=["acc"], n_permutations=99)
    names = ["p_corrected_t", "p_paired_t_liberal", "difference_low", "difference_high"]
    assert tests[names].isna().all(axis=None)
    why = "no corrected t: all differences of folds are +0.125, which has no spread"
    assert tests["remark"][0] == why


def test_of_two_training_sets_the_smaller_counts():
    folds, predictions = make_tables(sites=["NYU"])
    plain = test_against(folds, predictions, n_permutations=9)
    folds.loc[folds["model"] != "lstm-dg", "n_train"] += 8
    assert test_against(folds, predictions, n_permutations=9).equals(plain)
    folds["n_train"] += 8
    more = test_against(folds, predictions, n_permutations=9)
    differ = plain["p_corrected_t"] < 0.999
    assert (more["p_corrected_t"][differ] < plain["p_corrected_t"][differ]).all()


def test_a_missing_score_is_refused():
    folds, predictions = make_tables()
    predictions.loc[7, "score"] = np.nan
    with pytest.raises(ValueError, match="no score of model 'lstm-dg' for subject 'NYU7'"):
        test_against(folds, predictions)


def test_holm_is_over_all_rows_and_liberal_results_are_flagged():
    tests = test_against(*make_tables(9, {"lstm-dg": 0.9, "a": 0.6, "b": 0.7}), n_permutations=99)
    names = ["p_paired_t_liberal", "p_corrected_t", "p_permutation"]
    for name in names[1:]:
        np.testing.assert_allclose(tests[f"{name}_holm"], holm(tests[name]))
    below = tests[names].to_numpy() < 0.05
    flagged = below[:, 0] & ~below[:, 1] & ~below[:, 2]
    assert tests["liberal_only"].tolist() == flagged.tolist()
    assert flagged.any() and not flagged.all()


def test_rows_do_not_depend_on_the_other_models_or_the_order():
    folds, predictions = make_tables()
    whole = test_against(folds, predictions, n_permutations=99, random_state=3)
    two = [table[table["model"] != "lstm-s"] for table in (folds, predictions)]
    alone = test_against(*two, n_permutations=99, random_state=3)
    shuffled = predictions.sample(frac=1, random_state=0)
    again = test_against(folds, shuffled, n_permutations=99, random_state=3)
    part = whole[whole["model"] == "fc-svm"].reset_index(drop=True)
    columns = [name for name in whole if not name.endswith(("_holm", "_only"))]
    pandas.testing.assert_frame_equal(part[columns], alone[columns])
    pandas.testing.assert_frame_equal(whole, again)


def test_csv_files_and_labels_of_words_give_the_same():
    folds, predictions = make_tables()
    wanted = test_against(folds, predictions, n_permutations=99)
    read = [pandas.read_csv(StringIO(t.to_csv(index=False))) for t in (folds, predictions)]
    pandas.testing.assert_frame_equal(test_against(*read, n_permutations=99), wanted)
    words = predictions.replace(
        {"y": {0: "control", 1: "asd"}, "predicted": {0: "control", 1: "asd"}}
    )
    told = test_against(folds, words, pos_label="asd", n_permutations=99)
    pandas.testing.assert_frame_equal(told, wanted)


def test_rows_of_a_family_are_swapped_together():
    """Each subject twice: the same differences, but no more independent subjects than before."""
    folds, predictions = make_tables(sites=["NYU"])
    twice = predictions.loc[predictions.index.repeat(2)]
    once = test_against(folds, predictions, metrics=["acc"], n_permutations=999)
    told = test_against(folds, twice, metrics=["acc"], n_permutations=999)
    pandas.testing.assert_frame_equal(told, once)


def test_folds_of_one_class_are_counted():
    folds, predictions = make_tables(sites=["NYU"])
    first = (folds["fold"] == 0) & (folds["model"] == "lstm-s")
    folds.loc[first, "auc"] = np.nan
    tests = test_against(folds, predictions, metrics=["acc", "auc"], n_permutations=9)
    assert tests["n_undefined"].tolist() == [0, 1, 0, 0]
    assert tests["n_folds"].tolist() == [5, 4, 5, 5]
    d = differences(folds[folds["fold"] > 0], "auc")[0]
    assert tests["difference"][1] == pytest.approx(d.mean())
    folds["auc"] = np.nan
    tests = test_against(folds, predictions[predictions["y"] == 0], metrics=["auc"])
    assert tests[["p_corrected_t", "p_permutation", "p_permutation_holm"]].isna().all(axis=None)


def test_an_unfinished_model_is_compared_on_what_it_has():
    folds, predictions = make_tables()
    gone = [(t["model"] == "fc-svm") & (t["site"] == "UM") for t in (folds, predictions)]
    left = folds[~gone[0]], predictions[~gone[1]]
    with pytest.warns(UserWarning, match="'lstm-dg' has 80 and 'fc-svm' 40 predictions; the 40"):
        tests = test_against(*left, metrics=["acc"], n_permutations=9)
    assert tests["n_sites"].tolist() == [2, 1]


def test_what_cannot_be_compared_is_refused():
    folds, predictions = make_tables()
    with pytest.raises(ValueError, match="'hmm' and others are needed"):
        test_against(folds, predictions, reference="hmm")
    with pytest.raises(ValueError, match="folds lacks the columns f1"):
        test_against(folds, predictions, metrics=["f1"])
    with pytest.raises(ValueError, match="must be among acc, tpr"):
        test_against(folds, predictions, metrics=["n_test"])
    with pytest.raises(ValueError, match="predictions lacks the columns score"):
        test_against(folds, predictions.drop(columns="score"))
    with pytest.raises(ValueError, match="pos_label must say"):
        test_against(folds, predictions.assign(y=0, predicted=0))
    with pytest.raises(ValueError, match="pos_label=2 is not among the labels"):
        test_against(folds, predictions, pos_label=2)
    moved = predictions.copy()
    moved.loc[0, "fold"] += 1
    with pytest.raises(ValueError, match="not tested on the same folds and labels: subject 'NYU0'"):
        test_against(folds, moved)


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


def test_rows_of_a_family_count_one_by_one_in_intervals():
    """Families are no subjects of their own: their rows stay apart, whatever their number."""
    predictions = make_predictions(sites=["NYU"])
    number = predictions["subject"].str[3:].astype(int)
    families = predictions.assign(subject="f" + (number // 3).astype(str))
    wanted = confidence_intervals(predictions)
    pandas.testing.assert_frame_equal(confidence_intervals(families), wanted)
    assert wanted.set_index(["model", "metric"])["n"]["lstm-dg", "acc"] == 40


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


def test_reliability_counts_every_prediction():
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


def test_null_of_permuted_runs():
    predictions = make_predictions()
    permuted = [make_predictions(seed, dict.fromkeys(SKILLS, 0.0)) for seed in range(1, 20)]
    table = null_from_permutations(predictions, iter(permuted))
    table = table.set_index(["model", "site", "metric"])
    assert len(table) == 3 * 3 * 4 and (table["n_permuted"] == 19).all()

    def accuracy(run):
        mine = run[run["model"] == "lstm-dg"]
        return np.mean([np.mean(p["y"] == p["predicted"]) for _, p in mine.groupby("site")])

    null = [accuracy(run) for run in permuted]
    row = table.loc["lstm-dg", "mean over sites", "acc"]
    wanted = [accuracy(predictions), np.mean(null), np.std(null, ddof=1), 19, 1 / 20]
    assert row.tolist() == pytest.approx(wanted)
    assert accuracy(predictions) > max(null)
    assert (table.loc["lstm-s", "UM", "auc"]["p"] * 20) % 1 == pytest.approx(0)


def test_null_counts_ties_and_the_run_itself():
    predictions = make_predictions(sites=["NYU"])
    table = null_from_permutations(predictions, [predictions] * 3, metrics=["auc"])
    assert table["site"].unique().tolist() == ["NYU"]
    assert table["p"].tolist() == [1, 1, 1]
    without = predictions[predictions["model"] != "lstm-s"]
    table = null_from_permutations(predictions, [without], metrics=["auc"]).set_index("model")
    assert table["n_permuted"].to_dict() == {"lstm-dg": 1, "lstm-s": 0, "fc-svm": 1}
    assert np.isnan(table["p"]["lstm-s"])
    with pytest.raises(ValueError, match="permuted holds no run"):
        null_from_permutations(predictions, [])
