"""The protocol: folds, what reaches each fit, seeds, results."""

import warnings

import numpy as np
import pytest
from _stubs import Noise, Recorder, WithoutMask
from sklearn import config_context
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg.evaluation import compare_models

N_ROWS = 30


@pytest.fixture
def cohort():
    """Scans whose first number is their row; labels alternate."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 12, 4)).astype(np.float32)
    y = np.arange(N_ROWS) % 2
    X += 0.5 * y[:, None, None]
    X[:, 0, 0] = np.arange(N_ROWS)
    return X, y


@pytest.fixture
def seen():
    """What recorders record."""
    Recorder.seen.clear()
    return Recorder.seen


def rows_of(X):
    return [int(np.ravel(scan)[0]) for scan in X]


def flat_logistic(**parameters):
    flatten = FunctionTransformer(np.reshape, kw_args={"shape": (-1, 48)})
    return make_pipeline(flatten, LogisticRegression(**parameters))


def assert_no_leak(calls, n_folds, groups=None):
    """Test rows never reach fit, the mask is the next test fold, and every row is tested once."""
    tests = [rows_of(call["predict"]) for call in calls]
    assert sorted(np.concatenate(tests)) == list(range(N_ROWS))
    for f, call in enumerate(calls):
        rows = rows_of(call["fit"])
        assert sorted(rows + tests[f]) == list(range(N_ROWS))
        np.testing.assert_array_equal(call["y"], np.array(rows) % 2)
        if call["validation"] is not None:
            held = [row for row, valid in zip(rows, call["validation"], strict=True) if valid]
            assert held == tests[(f + 1) % n_folds]
        if groups is not None:
            assert not set(groups[rows]) & set(groups[tests[f]])


def test_test_rows_never_reach_fit_and_the_mask_is_the_next_fold(cohort, seen):
    X, y = cohort
    models = {"a": Recorder("a"), "b": make_pipeline("passthrough", Recorder("b"))}
    compare_models(models, X, y, n_folds=5, random_state=0)
    for name in models:
        assert len(seen[name]) == 5
        assert all(call["validation"] is not None for call in seen[name])
        assert_no_leak(seen[name], 5)
    assert [rows_of(c["fit"]) for c in seen["a"]] == [rows_of(c["fit"]) for c in seen["b"]]


def test_folds_are_stratified(cohort, seen):
    X, y = cohort
    compare_models({"a": Recorder("a")}, X, y, n_folds=5, random_state=0)
    for call in seen["a"]:
        assert np.sum(y[rows_of(call["predict"])]) == 3


def test_other_estimators_train_on_both(cohort, seen):
    X, y = cohort
    compare_models({"a": WithoutMask("a")}, X, y, n_folds=5, random_state=0)
    assert_no_leak(seen["a"], 5)
    assert all(len(call["fit"]) == 24 for call in seen["a"])


def test_groups_stay_together_and_reach_fit(cohort, seen):
    X, y = cohort
    groups = np.array([f"family{i // 3}" for i in range(N_ROWS)], dtype=object)
    comparison = compare_models({"a": Recorder("a")}, X, y, groups, n_folds=4, random_state=0)
    assert_no_leak(seen["a"], 4, groups)
    for call in seen["a"]:
        expected = np.unique(groups[rows_of(call["fit"])].astype(str), return_inverse=True)[1]
        got = np.unique(call["groups"], return_inverse=True)[1]
        np.testing.assert_array_equal(got, expected)
    assert set(comparison.predictions["subject"]) == set(groups)


def test_sites_are_split_on_their_own(cohort, seen):
    X, y = cohort
    sites = np.where(np.arange(N_ROWS) < 18, "A", "B")
    comparison = compare_models({"a": Recorder("a")}, X, y, sites=sites, n_folds=3, random_state=0)
    for call in seen["a"]:
        rows = rows_of(call["fit"]) + rows_of(call["predict"])
        assert len(set(sites[rows])) == 1
    assert comparison.summary()["n_subjects"].tolist() == [18, 12]


def test_repeats_have_folds_and_seeds_of_their_own(cohort):
    comparison = compare_models({"a": Noise()}, *cohort, n_folds=3, n_repeats=2, random_state=0)
    first, second = (comparison.fold("a", repeat=r) for r in (0, 1))
    assert first.seed != second.seed
    assert first.test.tolist() != second.test.tolist()
    counts = comparison.predictions.groupby(["repeat", "subject"]).size()
    assert len(counts) == 2 * N_ROWS and (counts == 1).all()


@pytest.mark.parametrize("routing", [False, True])
def test_metadata_reaches_steps_with_and_without_routing(cohort, seen, routing):
    X, y = cohort

    class NeedsGroups(FunctionTransformer):
        def fit(self, X, y=None, groups=None):
            assert len(groups) == len(X)
            return super().fit(X)

    pipeline = make_pipeline(NeedsGroups(), make_pipeline("passthrough", Recorder("a")))
    models = {"a": pipeline, "b": Recorder("b"), "c": flat_logistic()}
    with config_context(enable_metadata_routing=routing):
        compare_models(models, X, y, n_folds=5, random_state=0)
    for name in "ab":
        assert_no_leak(seen[name], 5)
        assert all(call["validation"] is not None for call in seen[name])
        assert all(call["groups"] is not None for call in seen[name])


@pytest.mark.parametrize("routing", [False, True])
def test_a_search_gets_groups_for_its_splitter(cohort, routing):
    X, y = cohort
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=GroupKFold(3))
    groups = np.arange(N_ROWS) // 2
    with config_context(enable_metadata_routing=routing):
        compare_models({"a": search}, X[:, -1], y, groups, n_folds=3, random_state=0)


def test_same_bits_whatever_n_jobs(cohort):
    models = {"noise": Noise(), "logistic": flat_logistic()}
    one, two = (
        compare_models(models, *cohort, n_folds=3, random_state=7, n_jobs=n) for n in (1, 2)
    )
    assert_same_results(one, two)


def assert_same_results(one, two):
    assert one.predictions.equals(two.predictions)
    assert one.folds.drop(columns="seconds").equals(two.folds.drop(columns="seconds"))
    for _, row in one.folds.iterrows():
        key = row["model"], row["site"], row["repeat"], row["fold"]
        for name in ("membership", "influence"):
            np.testing.assert_array_equal(one.fold(*key)[name], two.fold(*key)[name])


def test_results_do_not_depend_on_other_models_and_sites(cohort):
    X, y = cohort
    sites = np.where(np.arange(N_ROWS) < 18, "B", "A")
    models = {"other": Noise(), "noise": Noise()}
    both = compare_models(models, X, y, sites=sites, n_folds=3, random_state=0)
    alone = compare_models(
        {"noise": Noise()}, X[:18], y[:18], sites=sites[:18], n_folds=3, random_state=0
    )
    mine = both.predictions.query("model == 'noise' and site == 'B'").reset_index(drop=True)
    assert mine.equals(alone.predictions)
    other = both.predictions.query("model == 'other' and site == 'B'").reset_index(drop=True)
    assert not np.array_equal(mine["score"], other["score"])


def test_global_generators_are_left_alone(cohort):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    compare_models({"a": Noise()}, *cohort, n_folds=3, random_state=0)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_without_a_seed_runs_differ(cohort):
    runs = [compare_models({"a": Noise()}, *cohort, n_folds=3) for _ in range(2)]
    assert not runs[0].predictions.equals(runs[1].predictions)


def test_data_forms_reach_the_models_as_they_are(cohort, seen):
    X, y = cohort
    ragged = [scan[: 12 - i % 3] for i, scan in enumerate(X)]
    bags = SubsequenceAugmenter(length=5, step=2).fit_transform(X)
    for name, data in {"array": X, "list": ragged, "bags": bags, "table": X[:, 0]}.items():
        compare_models({name: Recorder(name)}, data, y, n_folds=3, random_state=0)
        call = seen[name][0]
        for row, scan in zip(rows_of(call["fit"]), call["fit"], strict=True):
            np.testing.assert_array_equal(scan, data[row])
    assert isinstance(seen["array"][0]["fit"], np.ndarray)
    assert isinstance(seen["list"][0]["fit"], list)
    bag = seen["bags"][0]["fit"][0]
    assert bag.strides[0] == 2 * bag.strides[1], "bags must stay views"


def test_confounds_are_a_model_of_their_own(cohort):
    pandas = pytest.importorskip("pandas")
    X, y = cohort
    motion = y + 0.01 * np.arange(N_ROWS)
    confounds = pandas.DataFrame({"motion": motion, "sex": ["F", "M", "M"] * 10})
    confounds.loc[3, "motion"] = np.nan
    comparison = compare_models(
        {"a": flat_logistic()}, X, y, confounds=confounds, n_folds=3, random_state=0
    )
    summary = comparison.summary().set_index("model")
    assert summary.loc["confounds", "auc_pooled"] > 0.9
    tests = [comparison.fold(model).test.tolist() for model in ("a", "confounds")]
    assert tests[0] == tests[1]


def test_what_a_model_has_learnt_is_kept(cohort):
    comparison = compare_models(
        {"a": make_pipeline("passthrough", Noise()), "b": DummyClassifier()},
        *cohort,
        n_folds=3,
        random_state=0,
    )
    fold = comparison.fold("a", fold=1)
    assert fold.membership.shape == (5, 2) and fold.influence.shape == (2,)
    assert fold.history["train_loss"].shape == (3,)
    assert (fold.n_iter, fold.best_epoch) == (3, 2)
    assert comparison.fold("b").membership is None and comparison.fold("b").history == {}
    with pytest.raises(KeyError, match="No fold"):
        comparison.fold("c")


def test_decision_function_scores_where_there_is_no_predict_proba(cohort):
    X, y = cohort
    table = X[:, -1]
    comparison = compare_models({"svc": LinearSVC()}, table, y, n_folds=3, random_state=0)
    fold = comparison.fold("svc")
    rows = np.sort(np.append(fold.train, fold.validation))
    seed = int(np.random.SeedSequence(fold.seed).generate_state(1)[0] >> 1)
    model = LinearSVC(random_state=seed).fit(table[rows], y[rows])
    np.testing.assert_array_equal(fold.predicted, model.predict(table[fold.test]))
    np.testing.assert_array_equal(fold.score > 0.5, fold.predicted == 1)


def test_pos_label_and_string_labels(cohort):
    X, y = cohort
    names = np.array(["control", "asd"], dtype=object)[y]
    default = compare_models({"a": flat_logistic()}, X, names, n_folds=3, random_state=0)
    chosen = compare_models(
        {"a": flat_logistic()}, X, names, n_folds=3, random_state=0, pos_label="asd"
    )
    assert default.pos_label == "control" and chosen.pos_label == "asd"
    one, two = default.summary().iloc[0], chosen.summary().iloc[0]
    assert one["tpr"] == two["tnr"] and one["auc"] == pytest.approx(two["auc"])
    scores = default.predictions["score"], chosen.predictions["score"]
    np.testing.assert_allclose(scores[0], 1 - scores[1], atol=1e-6)


def test_a_tie_is_decided_as_predict_decides_it(cohort, seen):
    comparison = compare_models({"a": Recorder("a")}, *cohort, n_folds=3, random_state=0)
    assert (comparison.predictions["predicted"] == 0).all()
    assert comparison.summary().loc[0, ["tpr", "tnr"]].tolist() == [0, 1]


def test_warnings_of_models_are_reported_once_with_a_count(cohort):
    X, y = cohort
    with pytest.warns(UserWarning, match="'a' warned in 3 of its folds.*Convergence") as caught:
        comparison = compare_models(
            {"a": flat_logistic(max_iter=1)}, X, y, n_folds=3, random_state=0
        )
    assert len(caught) == 1
    assert "ConvergenceWarning" in comparison.fold("a").warnings[0]


def test_no_warning_without_a_reason(cohort):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare_models({"a": flat_logistic()}, *cohort, n_folds=3, random_state=0)


def test_a_failing_model_is_named(cohort):
    X, y = cohort
    models = {"good": Noise(), "bad": LogisticRegression()}
    with pytest.raises(RuntimeError, match="'bad' failed at site 'all', repeat 0, fold 0"):
        compare_models(models, X, y, n_folds=3, random_state=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_folds": 2}, "n_folds"),
        ({"n_folds": 31}, "too few for n_folds=31"),
        ({"n_repeats": 0}, "n_repeats"),
        ({"y": np.arange(N_ROWS) % 3}, "2 classes, but y holds 3"),
        ({"pos_label": 2}, "pos_label=2"),
        ({"sites": ["A"]}, "sites has 1"),
        ({"groups": [1, 2]}, "groups"),
        ({"confounds": np.zeros((3, 2))}, "confounds has the shape"),
        ({"estimators": {}}, "estimators"),
        ({"estimators": {1: Noise()}}, "must be str"),
        ({"estimators": {"confounds": Noise()}, "confounds": np.zeros(N_ROWS)}, "is taken"),
    ],
)
def test_errors_say_what_is_wrong(cohort, change, message):
    arguments = {"estimators": {"a": Noise()}, "X": cohort[0], "y": cohort[1]} | change
    with pytest.raises(ValueError, match=message):
        compare_models(**arguments)
