"""The registry of named models."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import r2_score

from sklearn_lstmdg import FCSVM, LSTMDGRegressor, models
from sklearn_lstmdg.baselines import MeanMLPClassifier, TransferAutoencoderClassifier
from sklearn_lstmdg.models import describe_model, make_model, model_names, register_model
from sklearn_lstmdg.presets import CLASSIFY, COMMUNITIES, PAPER

PRESETS = {
    "lstm-dg-paper": PAPER,
    "lstm-dg-classify": CLASSIFY,
    "lstm-dg-communities": COMMUNITIES,
}
VARIANTS = {"lstm-dg": "dg", "lstm-h": "h", "lstm-d": "d", "lstm-s": "s"}
VARIANTS |= dict.fromkeys(PRESETS, "dg") | {f"{name}-classify": v for name, v in VARIANTS.items()}

WHOLE_SCANS = {
    "fc-svm-scan": (FCSVM, {"Cs": [0.1]}),
    "fc-logistic": (LogisticRegression, {"C": 0.5}),
    "fc-ridge": (RidgeClassifier, {"alpha": 2.0}),
    "tangent-logistic": (LogisticRegression, {"C": 0.5}),
    "mean-mlp": (MeanMLPClassifier, {"hidden_sizes": (4,), "max_epochs": 2}),
    "dtl": (TransferAutoencoderClassifier, {"layer_sizes": (4, 3), "max_epochs": 2}),
}


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    monkeypatch.setattr(models, "_FACTORIES", dict(models._FACTORIES))
    monkeypatch.setattr(models, "_REGRESSORS", set(models._REGRESSORS))
    monkeypatch.setattr(models, "_ABOUT", dict(models._ABOUT))


def test_the_paper_s_models_are_there():
    assert {*VARIANTS, "fc-svm"} <= set(model_names())


@pytest.mark.parametrize("name", VARIANTS)
def test_networks(name):
    cleaner, augmenter, classifier = make_model(name, length=20, step=3, regress_global_mean=True)
    assert cleaner.regress_global_mean and cleaner.standardize
    assert (augmenter.length, augmenter.step, augmenter.horizon) == (20, 3, 1)
    assert classifier.variant == VARIANTS[name]


def test_the_svm_reads_every_point_of_a_window():
    augmenter = make_model("fc-svm", length=20, step=3)[1]
    assert (augmenter.length, augmenter.step, augmenter.horizon) == (20, 3, 0)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_literal_and_can_be_overridden(name):
    parameters = make_model(name)[-1].get_params()
    assert PRESETS[name].items() <= parameters.items()
    assert "monitor" in PRESETS[name]
    assert make_model(name, monitor="auc")[-1].monitor == "auc"


@pytest.mark.parametrize("variant", ["h", "d", "s"])
def test_variants_classify_with_the_same_choices(variant):
    told = make_model(f"lstm-{variant}-classify")[-1].get_params()
    assert CLASSIFY.items() <= (told | {"variant": "dg"}).items()
    given = models._FACTORIES[f"lstm-{variant}-classify"].keywords
    assert set(CLASSIFY) - set(given) <= {"discriminative_weight", "generate_at"}
    assert ("generate_at" in given) == (variant == "h")


@pytest.mark.parametrize("variant", ["dg", "h", "d", "s"])
def test_variants_regress_with_the_same_choices(variant):
    model = make_model(f"lstm-{variant}-regress", length=20, horizon=2)
    assert isinstance(model[-1], LSTMDGRegressor)
    assert model[1].length == 20 and model[1].horizon == model[-1].horizon == 2
    told = model[-1].get_params()
    assert told["variant"] == variant
    same = CLASSIFY.keys() - {"variant", "aggregation"}
    assert {name: told[name] for name in same} == {name: CLASSIFY[name] for name in same}


def test_the_paper_s_settings_are_literal():
    paper = make_model("lstm-dg-paper")[-1]
    assert (paper.discriminative_weight, paper.generate_at, paper.augment) == (0.1, "last", None)
    assert (paper.max_updates, paper.lr_schedule, paper.aggregation) == (None, None, "vote")
    assert (paper.input_noise, paper.monitor, paper.patience) == (0, "loss", 10)


def test_parameters_reach_the_classifier_and_its_horizon_the_windows():
    _, augmenter, classifier = make_model("lstm-h", n_units=7, horizon=2)
    assert classifier.n_units == 7 and classifier.horizon == augmenter.horizon == 2


@pytest.mark.parametrize("name", ["lstm-dg", "lstm-s", "fc-svm"])
def test_models_classify_scans(name, scans):
    X, y = scans
    small = {} if name == "fc-svm" else {"n_units": 2, "max_epochs": 2, "validation_fraction": 0}
    model = clone(make_model(name, length=15, step=10, **small)).fit(X.astype(np.float32), y)
    assert model.predict_proba(X).shape == (12, 2)


@pytest.mark.parametrize("name", WHOLE_SCANS)
def test_whole_scan_models_ignore_windows(name, scans):
    if name.startswith("tangent"):
        pytest.importorskip("nilearn")
    kind, parameters = WHOLE_SCANS[name]
    X, y = scans
    told = []
    for length, step in [(15, 10), (1000, 7)]:
        model = make_model(name, length, step, regress_global_mean=True, **parameters)
        assert model[0].regress_global_mean and isinstance(model[-1], kind)
        assert parameters.items() <= model[-1].get_params().items()
        if "random_state" in model[-1].get_params():
            model[-1].set_params(random_state=0)
        told.append(clone(model).fit(X, y).decision_function(X))
    assert told[0].shape == (12,)
    np.testing.assert_array_equal(*told)


def test_connectivity_models_differ_in_their_features():
    kinds = {name: make_model(name)[1].kind for name in ("fc-logistic", "fc-ridge")}
    assert kinds == {"fc-logistic": "correlation", "fc-ridge": "correlation"}
    assert make_model("tangent-logistic")[1].kind == "tangent"


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="Unknown model 'lstm'; known are lstm-dg, lstm-h"):
        make_model("lstm")


def test_registering():
    def chance(length, step, regress_global_mean, **parameters):
        return DummyClassifier(**parameters)

    register_model("chance", chance)
    assert "chance" in model_names()
    assert make_model("chance", strategy="uniform").strategy == "uniform"
    with pytest.raises(TypeError, match="str and a callable"):
        register_model("none", None)


def test_names_tell_what_their_models_predict():
    def guess(length, step, regress_global_mean):
        return DummyRegressor()

    register_model("guess", guess, kind="regressor")
    kinds = {kind: model_names(kind) for kind in ("classifier", "regressor")}
    assert [*kinds["classifier"], *kinds["regressor"]] == model_names()
    for kind, tells in (("classifier", is_classifier), ("regressor", is_regressor)):
        assert kinds[kind] and all(tells(make_model(name)) for name in kinds[kind])
    register_model("guess", lambda *told: DummyClassifier())
    assert "guess" in model_names("classifier")
    for call in (model_names, lambda kind: register_model("guess", guess, kind)):
        with pytest.raises(ValueError, match="kind must be 'classifier' or 'regressor', got 'r'"):
            call("r")


@pytest.mark.parametrize("name", ["fc-ridge-regress", "fc-svr", "mean"])
@pytest.mark.parametrize("form", ["scans", "ragged"])
def test_baselines_of_a_continuous_target(name, form):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 30, 4))
    y = 1000 * rng.standard_normal(40)
    X[:, :, 1] += y[:, None] / 1000 * X[:, :, 0]
    X = list(X) if form == "scans" else [scan[: 30 - i % 4] for i, scan in enumerate(X)]
    model = make_model(name).fit(X[:30], y[:30])
    predicted = model.predict(X[30:])
    if name == "mean":
        np.testing.assert_allclose(predicted, y[:30].mean())
    else:
        assert r2_score(y[30:], predicted) > 0.3


def test_each_model_is_told_in_words_of_its_own():
    told = [describe_model(name) for name in model_names()]
    assert all(told) and len(set(told)) == len(told)
    assert all(f'"{name}"' in make_model.__doc__ for name in model_names())
    register_model("fc-svm", lambda length, step, regress_global_mean: DummyClassifier())
    assert describe_model("fc-svm") == describe_model("nobody's") == ""
