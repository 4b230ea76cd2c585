"""One fold: what fits are handed, and what is kept of them."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from sklearn_lstmdg.communities import common_influence, common_memberships
from sklearn_lstmdg.evaluation import compare_models, load_comparison
from sklearn_lstmdg.models import make_model

from _fold_checks import N_ROWS, assert_no_leak, flat_logistic
from _stubs import Noise, Recorder

pandas = pytest.importorskip("pandas")


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


def test_what_several_nets_have_learnt_is_kept_with_what_they_have_in_common(cohort, tmp_path):
    X, y = cohort
    small = {"length": 10, "n_communities": 5, "n_units": 3, "max_updates": 3}
    models = {
        name: make_model(f"lstm-{name}-classify", n_nets=n_nets, **small)
        for name, n_nets in {"dg": 2, "h": 1, "d": 2}.items()
    }
    kept = {"n_folds": 3, "random_state": 0, "out": tmp_path}
    comparison = compare_models(models, X, y, **kept)
    assert load_comparison(tmp_path).fold("dg").keys() == comparison.fold("dg").keys()
    fold = load_comparison(tmp_path).fold("dg")
    assert fold.memberships.shape == (2, 4, 5) and fold.influences.shape == (2, 5)
    np.testing.assert_array_equal(fold.membership, common_memberships(fold.memberships))
    wanted = common_influence(fold.membership, fold.memberships, fold.influences)
    np.testing.assert_allclose(fold.influence, wanted)
    one, without = comparison.fold("h"), comparison.fold("d")
    assert one.membership.shape == (4, 5) and "memberships" not in one
    assert without.membership is None and without.influence.shape == (5,)


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


def test_a_tie_is_decided_as_predict_decides_it(cohort, seen):
    comparison = compare_models({"a": Recorder("a")}, *cohort, n_folds=3, random_state=0)
    assert (comparison.predictions["predicted"] == 0).all()
    assert comparison.summary().loc[0, ["tpr", "tnr"]].tolist() == [0, 1]


def test_a_tie_is_not_positive_whichever_label_is():
    from sklearn_lstmdg.evaluation._target_kinds import TwoClasses

    proba = np.array([[0.5, 0.5], [0.6, 0.4], [0.4, 0.6]])
    for pos_label, wanted in ((1, [0, 0, 1]), (0, [1, 0, 1])):
        decided = TwoClasses(pos_label).decide(proba, np.array([0, 1]))
        assert decided["predicted"].tolist() == wanted
