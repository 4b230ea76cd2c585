"""Three classes and a quantity through a comparison, against scikit-learn's and scipy's metrics."""

import warnings

import numpy as np
import pytest
from joblib import parallel_config
from scipy.stats import pearsonr
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import make_classification
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import (
    balanced_accuracy_score,
    mean_absolute_error,
    r2_score,
    recall_score,
    roc_auc_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_lstmdg.evaluation import compare_models, find_target_kind, load_comparison
from sklearn_lstmdg.evaluation._target_kinds import ContinuousTarget, SeveralClasses

pandas = pytest.importorskip("pandas")
CLASSES = ("adhd", "autism", "control")
CLASSIFIERS = {"logistic": LogisticRegression(), "ridge": RidgeClassifier()}
REGRESSORS = {"ridge": Ridge(), "mean": DummyRegressor()}


class Learner(RegressorMixin, BaseEstimator):
    """Predicts a number, and keeps what its fits saw."""

    seen = []

    def __init__(self, value=1.0, best_epoch=None):
        self.value = value
        self.best_epoch = best_epoch

    def fit(self, X, y, groups=None, validation=None):
        self.seen.append({"rows": X[:, 0].astype(int), "y": y, "validation": validation})
        self.best_epoch_, self.n_iter_ = self.best_epoch, 5
        return self

    def predict(self, X):
        return np.full(len(X), self.value)


@pytest.fixture
def three():
    X, codes = make_classification(
        90, 6, n_informative=4, n_redundant=0, n_classes=3, random_state=0
    )
    return X, np.array(CLASSES)[codes]


@pytest.fixture
def age():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    return X, 30 + 8 * X[:, 0] + rng.normal(size=60)


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        ([0, 1, 1], "classes"),
        (["a", "b"], "classes"),
        ([True, False], "classes"),
        ([1.0, 2.0, 10.0], "classes"),
        (range(10), "classes"),
        (range(11), "continuous"),
        ([1.0, 1.5], "continuous"),
        (np.array([8.25, 9], dtype=object), "continuous"),
        ([str(i) for i in range(20)], "classes"),
    ],
)
def test_the_kind_of_a_target(y, kind):
    assert find_target_kind(y) == kind


def test_three_classes_are_judged_as_scikit_learn_does(three):
    X, y = three
    c = compare_models(CLASSIFIERS, X, y, n_folds=3, random_state=0)
    assert c.kind.name == "classes" and c.kind.classes == CLASSES and c.pos_label is None
    columns = ["probability_adhd", "probability_autism", "probability_control"]
    assert [n for n in c.predictions if n.startswith("probability_")] == columns
    assert "score" not in c.predictions
    for row in c.folds.to_dict("records"):
        part = c.predictions[
            (c.predictions["model"] == row["model"]) & (c.predictions["fold"] == row["fold"])
        ]
        proba = part[columns].to_numpy()
        truth, predicted = part["y"], part["predicted"]
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        assert (predicted == np.array(CLASSES)[proba.argmax(axis=1)]).all()
        assert row["acc"] == pytest.approx(np.mean(truth == predicted))
        assert row["balanced_acc"] == pytest.approx(balanced_accuracy_score(truth, predicted))
        assert row["auc"] == pytest.approx(roc_auc_score(truth, proba, multi_class="ovr"))
        recalls = recall_score(truth, predicted, average=None, labels=CLASSES)
        assert [row[f"recall_{name}"] for name in CLASSES] == pytest.approx(recalls)
    summary = c.summary()
    assert summary["n_undefined"].tolist() == [0, 0] and (summary["auc_pooled"] > 0.7).all()
    assert (summary["auc_within_sites"] == summary["auc_pooled"]).all()  # one site
    assert c.fold("ridge").proba.shape == (30, 3)


def test_a_quantity_is_judged_as_scikit_learn_and_scipy_do(age):
    X, y = age
    c = compare_models({"ridge": Ridge()}, X, y, n_folds=4, n_repeats=2, random_state=0)
    assert c.kind.name == "continuous" and c.kind.classes is None
    for (repeat, fold), part in c.predictions.groupby(["repeat", "fold"]):
        row = c.folds.set_index(["repeat", "fold"]).loc[(repeat, fold)]
        assert row["r"] == pytest.approx(pearsonr(part["y"], part["predicted"])[0])
        assert row["mae"] == pytest.approx(mean_absolute_error(part["y"], part["predicted"]))
        assert row["r2"] == pytest.approx(r2_score(part["y"], part["predicted"]))
    row = c.summary().iloc[0]
    pooled = [part for _, part in c.predictions.groupby("repeat")]
    r2 = np.mean([r2_score(part["y"], part["predicted"]) for part in pooled])
    assert row["r2_pooled"] == pytest.approx(r2) and row["n_subjects"] == 60
    assert row["r_pooled"] > 0.95 and not c.folds["untrained"].any()


def test_whole_numbers_are_a_quantity_or_classes_as_one_says(age):
    X, y = age[0], np.arange(60) % 6
    c = compare_models({"m": Ridge()}, X, y, n_folds=3, target_kind="continuous", random_state=0)
    assert c.predictions["y"].dtype == float
    c = compare_models({"m": LogisticRegression()}, X, y, n_folds=3, random_state=0)
    assert c.kind.classes == (0, 1, 2, 3, 4, 5)


def test_every_fold_holds_all_quantiles_of_each_site(age):
    X, y = age
    sites = np.repeat(["A", "B"], 30)
    y = y + 40 * (sites == "B")
    for scheme in ("within-site", "pooled"):
        c = compare_models(
            {"m": Ridge()}, X, y, sites=sites, n_folds=5, scheme=scheme, random_state=0
        )
        for fold in c.predictions.assign(place=sites[c.predictions["subject"]]).groupby("fold"):
            for site, part in fold[1].groupby("place"):
                ranks = np.searchsorted(np.sort(y[sites == site]), part["y"])
                assert sorted(ranks // 5) == [0, 1, 2, 3, 4, 5]


def test_few_and_equal_values_still_make_folds():
    strata = ContinuousTarget().strata(np.array([1.0, 1.0, 2.0, 5.0]), np.array(["a"] * 4), 3)
    assert strata.tolist() == [0, 0, 0, 0]


def test_a_regressor_is_told_which_rows_validate():
    Learner.seen.clear()
    X, y = np.arange(30.0)[:, None], np.arange(30.0)
    c = compare_models({"m": Learner(best_epoch=3)}, X, y, n_folds=5, random_state=0)
    tests = [set(c.fold("m", fold=f).test.tolist()) for f in range(5)]
    for f, seen in enumerate(Learner.seen):
        assert not tests[f] & set(seen["rows"])
        assert set(seen["rows"][seen["validation"]]) == tests[(f + 1) % 5]
        np.testing.assert_array_equal(seen["y"], seen["rows"])


def test_models_of_the_other_kind_are_refused_by_name_before_the_first_fold(three, age):
    class Binary(LogisticRegression):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.classifier_tags.multi_class = False
            return tags

    Learner.seen.clear()
    pipeline = make_pipeline(StandardScaler(), Ridge())
    with pytest.raises(ValueError, match=r"3 classes, and these are regressors: a, b\."):
        compare_models({"a": Learner(), "b": pipeline, "c": RidgeClassifier()}, *three, n_folds=3)
    with pytest.raises(ValueError, match=r"is continuous, and these are classifiers: c\."):
        compare_models({"a": Learner(), "c": RidgeClassifier()}, *age, n_folds=3)
    with pytest.raises(ValueError, match=r"only tell two apart: two\."):
        compare_models({"two": Binary(), "c": RidgeClassifier()}, *three, n_folds=3)
    assert not Learner.seen


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target_kind": "age"}, "target_kind='age' must be classes or continuous"),
        ({"pos_label": 1}, "pos_label=1 is for classes"),
        ({"y": ["7", "old"] * 30, "target_kind": "continuous"}, "holds numbers"),
        ({"y": np.append(np.nan, np.arange(59.0))}, "y has no value for row 0"),
        ({"y": np.append(np.inf, np.arange(59.0))}, "y contains infinity .*in row 0"),
        ({"y": np.full(60, 0.5)}, "all of y is 0.5"),
        ({"y": np.arange(59.0)}, "inconsistent numbers"),
    ],
)
def test_a_target_that_is_no_quantity_is_refused(age, change, message):
    arguments = {"X": age[0], "y": age[1], "n_folds": 3} | change
    with pytest.raises(ValueError, match=message):
        compare_models({"m": Ridge()}, **arguments)


@pytest.mark.parametrize("kind", ["three", "age"])
def test_same_bits_for_any_n_jobs_and_after_an_interruption(kind, request, tmp_path):
    X, y = request.getfixturevalue(kind)
    models = {"a": CLASSIFIERS["ridge"] if kind == "three" else Ridge()}
    options = {"n_folds": 3, "random_state": 0, "confounds": X[:, :1]}
    alone = compare_models(models, X, y, **options)
    compare_models(models, X, y, out=tmp_path, **options)
    (tmp_path / "folds" / "a__all__repeat0__fold1.npz").unlink()
    with parallel_config("threading"):  # processes take seconds to begin
        again = compare_models(models, X, y, out=tmp_path, n_jobs=2, **options)
    kept = load_comparison(tmp_path)
    for c in (again, kept):
        pandas.testing.assert_frame_equal(c.predictions, alone.predictions)
        pandas.testing.assert_frame_equal(c.summary(), alone.summary())
        assert c.kind == alone.kind
    written = pandas.read_csv(tmp_path / "predictions.csv")
    pandas.testing.assert_frame_equal(written, alone.predictions, check_dtype=False)
    with pytest.raises(ValueError, match=r"these differ: .*positive class"):
        compare_models({"a": RidgeClassifier()}, X, y > np.sort(y)[40], out=tmp_path, **options)


def test_a_folder_of_two_classes_refuses_a_quantity_and_says_why(age, tmp_path):
    X, y = age
    compare_models({"a": RidgeClassifier()}, X, y > 30, out=tmp_path, n_folds=3, random_state=0)
    with pytest.raises(ValueError, match="kind of target"):
        compare_models({"a": Ridge()}, X, y, out=tmp_path, n_folds=3, random_state=0)


def test_a_class_without_training_rows_has_probability_0():
    kind = SeveralClasses((0, 1, 2))
    X = np.arange(4.0)[:, None]
    for model in (LogisticRegression(), RidgeClassifier()):
        kept = kind.predict(model.fit(X, [0, 0, 2, 2]), X)
        assert (kept["proba"][:, 1] == 0).all()
        assert kept["predicted"].tolist() == [0, 0, 2, 2]


def test_folds_that_lack_a_class_count_as_undefined():
    y = np.repeat(CLASSES, [20, 20, 2])
    X = np.random.default_rng(0).normal(size=(42, 3))
    with pytest.warns(UserWarning, match="2 subjects of its smallest class, fewer than n_folds=3"):
        c = compare_models({"m": LogisticRegression()}, X, y, n_folds=3, random_state=0)
    row = c.summary().iloc[0]
    assert row["n_undefined"] == 1 and row["auc"] > 0
    assert c.folds["recall_control"].isna().sum() == 1


def test_a_constant_prediction_is_hardly_trained_but_for_a_dummy(age):
    X, y = age
    X = np.column_stack([np.arange(60), X])
    with pytest.warns(ConvergenceWarning, match="'constant' is hardly trained in 3 of 3 folds"):
        compare_models({"constant": Learner()}, X, y, n_folds=3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        c = compare_models({"mean": DummyRegressor()}, X, y, n_folds=3, random_state=0)
    row = c.summary().iloc[0]
    assert row["n_undefined"] == 3 and row["n_untrained"] == 0 and np.isnan(row["r"])


def test_what_sites_differ_by_counts_for_nothing_within_sites():
    sites = np.repeat(["A", "B"], 30)
    x = np.random.default_rng(0).normal(size=60) * 0.1
    y = 10.0 * (sites == "B") + x
    options = {"sites": sites, "scheme": "pooled", "n_folds": 3, "random_state": 0}
    X = (sites == "B")[:, None] + np.random.default_rng(1).normal(size=(60, 1)) * 0.01
    row = compare_models({"m": Ridge(1e-6)}, X, y, **options).summary().iloc[0]
    assert row["r_pooled"] > 0.99 and abs(row["r_within_sites"]) < 0.4


def test_predictions_that_cannot_be_are_named(age):
    for value, message in ((np.inf, "not finite"), ([1.0, 2.0], "broadcast|shape")):
        with pytest.raises(RuntimeError, match=message):
            compare_models({"m": Learner(value)}, *age, n_folds=3)


@pytest.mark.parametrize("scheme", ["within-site", "leave-one-site-out", "pooled"])
def test_families_of_all_ages_stay_together(age, scheme):
    X, y = age
    groups, sites = np.arange(60) // 3, np.repeat(["A", "B"], 30)
    c = compare_models(
        {"m": Ridge()}, X, y, groups, sites, n_folds=3, scheme=scheme, random_state=0
    )
    for row in c.folds.to_dict("records"):
        fold = c.fold("m", row["site"], fold=row["fold"])
        parts = [groups[fold[name]] for name in ("train", "validation", "test")]
        assert not set(parts[0]) & set(parts[2]) and not set(parts[1]) & set(parts[2])
        assert not set(parts[0]) & set(parts[1])
        assert np.ptp(y[fold.test]) > np.ptp(y) / 3
    assert sorted(c.predictions["subject"]) == sorted(groups)
    assert (c.summary()["r_pooled"] > 0.9).all()
