"""Whether a loaded model is as consistent as a fitted one."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_lstmdg import (
    FCSVM,
    CommunityExtractor,
    ConnectivityFeatures,
    LSTMDGRegressor,
    MeanMLPClassifier,
    ParafacCommunities,
    ROIHMMClassifier,
    ScanCleaner,
    SubsequenceAugmenter,
    TransferAutoencoderClassifier,
)
from sklearn_lstmdg.models import make_model
from sklearn_lstmdg.persistence import _model_file, load_model, save_model
from sklearn_lstmdg.persistence._consistency import estimators_in

from _model_files import NET, TINY, find, gets, label, net, number, put, rewrite, same, with_array

skops = pytest.importorskip("skops.io")


def nodes_with(value, name):
    """Return every dict node, at any depth, that has an item of a name."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [node for part in parts for node in nodes_with(part, name)]
    content = value.get("content") if isinstance(value, dict) else None
    return [value, *found] if isinstance(content, dict) and name in content else found


def test_estimators_are_looked_for_in_each_container_once():
    value = [StandardScaler()]
    for _ in range(60):
        value = [value, value]
    assert len(list(estimators_in(value))) == 1


@pytest.mark.parametrize(
    ("estimator", "name", "value"),
    [(SubsequenceAugmenter(10, 3), "length", 10**15), (ScanCleaner(), "band_pass", [1e-12, 0.1])],
)
def test_a_file_does_not_choose_how_long_synthetic_scans_are(estimator, name, value, scans, path):
    save_model(estimator.fit(scans[0]), path)
    rewrite(path, gets(name, value))
    with pytest.raises(ValueError, match="it reads scans of"):
        load_model(path)


@pytest.mark.parametrize(
    "estimator",
    [
        ConnectivityFeatures(),
        FCSVM(Cs=[0.1]),
        make_pipeline(ScanCleaner(), ConnectivityFeatures("fisher")),
    ],
    ids=label,
)
def test_a_file_does_not_choose_how_many_connections_are_made(estimator, scans, path):
    save_model(estimator.fit(*scans), path)

    def pretend(document):
        for node in nodes_with(document["content"]["estimator"], "n_features_in_"):
            put(node, "n_features_in_", number(100_000))
            node["content"].pop("coef_", None)

    rewrite(path, pretend)
    with pytest.raises(ValueError, match="all connections of 100000 ROIs"):
        load_model(path)


def test_a_model_that_weighs_many_connections_is_kept(path, monkeypatch):
    monkeypatch.setattr("sklearn_lstmdg.persistence._consistency._MOST_CONNECTIONS", 300)
    rng, y = np.random.default_rng(0), np.arange(8) % 2
    X = rng.standard_normal((8, 10, 30))
    model = make_pipeline(ConnectivityFeatures(), LogisticRegression()).fit(X, y)
    save_model(model, path)
    assert same(load_model(path).predict_proba(X), model.predict_proba(X))
    with pytest.raises(ValueError, match="all connections of 30 ROIs"):
        save_model(model[:1], path)


def test_pipelines_may_not_choose_a_cache(scans, path):
    save_model(make_pipeline(ScanCleaner(), FCSVM(Cs=[0.1])).fit(*scans), path)
    rewrite(path, gets("memory", "elsewhere"))
    with pytest.raises(ValueError, match="memory"):
        load_model(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("target_scale_", 0.0), ("target_scale_", -1.0), ("target_scale_", "1"), ("target_mean_", 1)],
)
def test_the_unit_of_a_target_is_checked(name, value, scans, path):
    save_model(LSTMDGRegressor(**TINY).fit(*scans), path)
    rewrite(path, gets(name, value))
    with pytest.raises(ValueError, match=f"{name} of LSTMDGRegressor"):
        load_model(path)
    rewrite(path, lambda document: find(document)["content"]["content"].pop(name) and None)
    with pytest.raises(ValueError, match=f"{name} of LSTMDGRegressor"):
        load_model(path)


def test_arrays_that_do_not_fit_are_refused(saved):
    path = saved[1]
    content = path.read_bytes()
    for change in (lambda a: a[:-1], lambda a: a[None], lambda a: a.astype(np.float64)):
        for names in (("weights", "community_lstm.weight_hh_l0"), ("moments", "0", "exp_avg")):
            path.write_bytes(content)
            rewrite(path, lambda document: None, with_array((*NET, "0", *names), change))
            with pytest.raises(ValueError, match="must be float32 of shape"):
                load_model(path)


def test_weights_that_are_not_finite_are_refused(saved):
    path = saved[1]
    name = (*NET, "0", "weights", "shared_dense.weight")
    rewrite(path, lambda document: None, with_array(name, lambda a: a * np.nan))
    with pytest.raises(ValueError, match="not finite"):
        load_model(path)


@pytest.mark.parametrize(
    ("estimator", "names"),
    [
        (FCSVM(Cs=[0.1]), ["coef_"]),
        (LSTMDGRegressor(**TINY), ["_nets", "nets", "0", "weights", "shared_dense.weight"]),
        (MeanMLPClassifier([5], max_epochs=1), ["_net", "weights", "hidden.0.weight"]),
        (
            TransferAutoencoderClassifier((5, 3), max_epochs=1, pretrain_epochs=1),
            ["_net", "weights", "layers.1.weight"],
        ),
        (ROIHMMClassifier([2], random_state=0), ["_models", "0", "1", "means"]),
        (CommunityExtractor(net()), ["membership_"]),
        (ParafacCommunities(3, max_iter=20, n_init=1, random_state=0), ["membership_"]),
        (make_model("fc-logistic"), ["steps", "2", "1", "coef_"]),
        (make_pipeline(ConnectivityFeatures(), StandardScaler()), ["steps", "1", "1", "mean_"]),
    ],
    ids=lambda value: label(value) if hasattr(value, "fit") else value[-1],
)
@pytest.mark.parametrize("change", [lambda a: a[..., :-1], lambda a: a * np.nan])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_arrays_of_other_estimators_that_do_not_fit(estimator, names, change, scans, path):
    save_model(estimator.fit(*scans), path)
    rewrite(path, lambda document: None, with_array(names, change))
    with pytest.raises(ValueError, match="No model can be made"):
        load_model(path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("classes_", np.array([1, 0]), "classes_ of LSTMDGClassifier are not in order"),
        ("classes_", np.array([1, 1]), "classes_ of LSTMDGClassifier are not in order"),
        ("feature_names_in_", np.array(["a"], dtype=object), "feature_names_in_ .* not 6 names"),
        ("feature_names_in_", np.array(["a"] * 6, dtype=object), "feature_names_in_ .* each once"),
        ("n_iter_", -1, "n_iter_ of LSTMDGClassifier is -1, and no count"),
        ("n_iter_", "x", "n_iter_ of LSTMDGClassifier is 'x', and no count"),
        ("best_epoch_", True, "best_epoch_ of LSTMDGClassifier is True, and no count"),
        ("intercept_", np.array([np.nan]), "intercept_ of FCSVM is not finite"),
        ("C_", float("nan"), "C_ of FCSVM is not finite"),
    ],
)
def test_what_no_fit_leaves_is_neither_saved_nor_loaded(
    scans, path, monkeypatch, name, value, message
):
    model = (FCSVM(Cs=[0.1]) if "FCSVM" in message else net()).fit(*scans)
    setattr(model, name, value)
    with pytest.raises(ValueError, match=message):
        save_model(model, path)
    monkeypatch.setattr(_model_file, "check_estimator_state", lambda estimator: None)
    save_model(model, path)
    monkeypatch.undo()
    with pytest.raises(ValueError, match=message):
        load_model(path)
