"""From a Pipeline to the windows that its network reads."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_lstmdg import FCSVM, LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.explain import attribute

pytest.importorskip("captum")


def test_pipelines_are_followed_wherever_they_end_in_a_network(pipeline, scans, small):
    X, y = scans
    expected = attribute(pipeline, X[:2]).attributions
    cleaner, *rest = (step for _, step in pipeline.steps)
    search = GridSearchCV(pipeline, {"lstmdgclassifier__n_units": [3]}, cv=2).fit(X, y)
    for same in [
        FrozenEstimator(pipeline),
        make_pipeline(make_pipeline(cleaner), "passthrough", make_pipeline(*rest)),
        search,
    ]:
        np.testing.assert_array_equal(attribute(same, X[:2]).attributions, expected)
    table = LSTMDGClassifier(**small).fit(X[:, 0], y)
    assert attribute(table, X[:2, 0]).attributions.shape == (2, 1, 6)


def test_samplers_are_left_out(scans, small):
    imblearn = pytest.importorskip("imblearn.pipeline")
    X, y = scans
    sampler = SubsequenceAugmenter(6, 3, output="windows")
    model = imblearn.make_pipeline(ScanCleaner(), sampler, LSTMDGClassifier(**small)).fit(X, y)
    told = attribute(model, X[:2])
    assert told.attributions.shape == (2, 40, 6)
    np.testing.assert_allclose(told.logits, model.decision_function(X[:2]), atol=1e-5)


def test_what_cannot_be_followed_is_refused(pipeline, scans):
    X, y = scans
    after = FunctionTransformer().fit(X)
    broken = Pipeline([*pipeline.steps[:-1], ("after", after), pipeline.steps[-1]])
    with pytest.raises(ValueError, match="FunctionTransformer stands between"):
        attribute(broken, X)
    with pytest.raises(
        ValueError, match=r"FCSVM cannot be explained: .* permutation_importance takes any"
    ):
        attribute(make_pipeline(ScanCleaner(), FCSVM(Cs=[1.0])).fit(X, y), X)
    with pytest.raises(NotFittedError):
        attribute(make_pipeline(ScanCleaner(), LSTMDGClassifier()), X)
