"""The torch module that reads windows batch first."""

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.explain import WindowLogits


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"variant": "s"},
        {"variant": "d", "horizon": 0},
        {"n_nets": 2, "augment": ("sign", "reverse"), "horizon": 2},
    ],
)
def test_answers_are_the_classifiers(scans, small, parameters):
    X, y = scans
    model = LSTMDGClassifier(**{**small, **parameters}).fit(X, y)
    module = WindowLogits(model)
    logits = module(torch.from_numpy(X).float()).numpy()
    np.testing.assert_allclose(logits[:, 0], model.decision_function(X), atol=1e-5)


def test_more_classes_have_a_logit_each(scans, small):
    X, _ = scans
    model = LSTMDGClassifier(**small).fit(X, np.arange(12) % 3)
    logits = WindowLogits(model)(torch.from_numpy(X).float()).numpy()
    np.testing.assert_allclose(logits, model.decision_function(X), atol=1e-5)


def test_training_drops_nothing_and_gradients_are_those_of_inputs(pipeline):
    module = WindowLogits(pipeline).train()
    windows = torch.randn(5, 7, 6, requires_grad=True)
    first, second = module(windows), module(windows)
    assert torch.equal(first, second)
    first.sum().backward()
    assert windows.grad[:, :6].abs().min() > 0 and not windows.grad[:, 6].any()
    assert all(weights.grad is None for weights in module.parameters())


@pytest.mark.parametrize("variant", ["dg", "s"])
def test_gradients_are_those_of_finite_differences(scans, small, variant):
    settings = {**small, "variant": variant, "n_nets": 2, "augment": ("reverse",)}
    model = LSTMDGClassifier(**settings).fit(*scans)
    windows = torch.from_numpy(scans[0][:2, :5]).double().requires_grad_()
    assert torch.autograd.gradcheck(WindowLogits(model).double(), windows)


def test_the_module_is_a_copy(pipeline, scans):
    before = pipeline.predict_proba(scans[0])
    for weights in WindowLogits(pipeline).parameters():
        weights.zero_()
    np.testing.assert_array_equal(pipeline.predict_proba(scans[0]), before)


def test_other_shapes_and_estimators_are_refused(pipeline):
    for shape in [(7, 5, 4), (7, 6), (2, 5, 7, 6)]:
        with pytest.raises(ValueError, match=r"n_windows, n_points, 6\), batch first, got"):
            WindowLogits(pipeline)(torch.zeros(shape))
    with pytest.raises(ValueError, match="LogisticRegression cannot be explained"):
        WindowLogits(LogisticRegression().fit([[0], [1]], [0, 1]))
    for unfitted in (LSTMDGClassifier(), GridSearchCV(LSTMDGClassifier(), {"n_units": [3]})):
        with pytest.raises(NotFittedError):
            WindowLogits(unfitted)
