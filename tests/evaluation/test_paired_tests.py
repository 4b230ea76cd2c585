"""Tests over the tables of a comparison, against plain computations on the same tables."""

from io import StringIO

import numpy as np
import pytest
from scipy import stats

from sklearn_lstmdg.evaluation._metrics import METRICS, summarize
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
