"""Attributions of a subject's logit by ROI and time."""

import sys

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.explain import attribute, permutation_importance

pytest.importorskip("captum")


def _mean_logit(model, scan):
    """Return the mean logit of the windows of a cleaned scan."""
    bags = model[-2].transform([scan])
    return np.mean([model[-1].decision_function(list(window[None]))[0] for window in bags[0]])


def test_gradients_are_those_of_finite_differences(pipeline, scans):
    told = attribute(pipeline, scans[0][:1], "gradient", overlap="sum")
    scan, change = told.scans[0], 0.02
    for point, roi in [(0, 0), (5, 2), (17, 4), (30, 5)]:
        step = np.zeros_like(scan)
        step[point, roi] = change
        above, below = (_mean_logit(pipeline, scan + sign * step) for sign in (1, -1))
        slope = (above - below) / (2 * change)
        np.testing.assert_allclose(told.attributions[0, point, roi], slope, rtol=0.02, atol=2e-5)


@pytest.mark.parametrize("baseline", [0.0, -0.5, np.linspace(-1, 1, 6)])
@pytest.mark.parametrize(
    "parameters", [{}, {"variant": "s"}, {"n_nets": 2, "augment": ("sign", "reverse")}]
)
def test_integrated_gradients_are_complete(scans, small, parameters, baseline):
    X, y = scans
    model = LSTMDGClassifier(**{**small, **parameters})
    model = make_pipeline(ScanCleaner(), SubsequenceAugmenter(6, 3), model).fit(X, y)
    told = attribute(model, X[:3], baseline=baseline, overlap="sum", n_steps=50)
    change = told.logits - told.baseline_logits
    np.testing.assert_allclose(told.attributions.sum(axis=(1, 2)), change, atol=1e-6)
    np.testing.assert_allclose(told.gap, 0, atol=1e-6)
    assert np.abs(change).min() > 1e-4
    logits = [_mean_logit(model, scan) for scan in told.scans]
    np.testing.assert_allclose(told.logits, logits, atol=1e-5)


def test_few_steps_leave_a_gap(pipeline, scans):
    gaps = [np.abs(attribute(pipeline, scans[0][:2], n_steps=n).gap).max() for n in (1, 3, 9)]
    assert gaps[0] > gaps[1] > gaps[2]


def test_windows_are_averaged_where_they_read(pipeline, scans):
    X, _ = scans
    mean, total = (attribute(pipeline, X[:2], "gradient", overlap=o) for o in ("mean", "sum"))
    starts, counts = np.arange(0, 40 - 7 + 1, 3), np.zeros(40)
    for start in starts:
        counts[start : start + 6] += 1
    expected = mean.attributions * counts[:, None] / len(starts)
    np.testing.assert_allclose(total.attributions, expected, atol=1e-12)
    assert not mean.attributions[:, counts == 0].any() and (counts == 0).sum() == 1
    bags = pipeline[:-1].transform(X[:2])
    bare = attribute(pipeline[-1], bags, "gradient").attributions
    np.testing.assert_allclose(bare[:, :39], mean.attributions[:, :39], atol=1e-7)
    np.testing.assert_array_equal(mean.scans[1], pipeline[0].transform(X[:2])[1])


def test_saliency_is_the_gradients_absolute_value(pipeline, scans):
    gradient, saliency = (attribute(pipeline, scans[0][:2], m) for m in ("gradient", "saliency"))
    np.testing.assert_array_equal(saliency.attributions, np.abs(gradient.attributions))
    assert gradient.gap is None


def test_windows_far_apart_and_ragged_scans(scans, small):
    X, y = scans
    ragged = [scan[: 40 - row % 3] for row, scan in enumerate(X)]
    model = make_pipeline(SubsequenceAugmenter(6, 12), LSTMDGClassifier(**small)).fit(ragged, y)
    told = attribute(model, ragged[:3], overlap="sum", n_steps=50)
    assert [a.shape for a in told.attributions] == [(40, 6), (39, 6), (38, 6)]
    read = np.flatnonzero(told.attributions[0].any(axis=1))
    np.testing.assert_array_equal(read, [*range(6), *range(12, 18), *range(24, 30)])
    np.testing.assert_allclose(told.gap, 0, atol=1e-6)


def test_targets_of_two_classes_and_of_more(pipeline, scans, small):
    X, _ = scans
    second, first = attribute(pipeline, X[:2]), attribute(pipeline, X[:2], target=0)
    np.testing.assert_array_equal(second.target, [1, 1])
    np.testing.assert_allclose(first.attributions, -second.attributions)
    names = np.array(["a", "b", "c"])[np.arange(12) % 3]
    model = LSTMDGClassifier(**small).fit(X, names)
    told = attribute(model, X[:4])
    np.testing.assert_array_equal(told.target, model.predict(X[:4]))
    np.testing.assert_allclose(told.logits, model.decision_function(X[:4]).max(axis=1), atol=1e-5)
    each = attribute(model, X[:4], target=names[:4], n_steps=50)
    np.testing.assert_array_equal(each.target, names[:4])
    np.testing.assert_allclose(each.gap, 0, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "lime"}, "method must be one of integrated_gradients"),
        ({"overlap": "max"}, "overlap must be one of mean, sum, got 'max'"),
        ({"target": 2}, "target 2 is not among 0, 1"),
        ({"target": [0, 1, 0]}, "target has 3 labels for 2 subjects"),
        ({"baseline": [0.0, 1.0]}, r"each of the 6 ROIs, got an array of shape \(2,\)"),
        ({"n_steps": 0}, "n_steps must be a whole number of at least 1, got 0"),
        ({"n_steps": True}, "n_steps must be a whole number of at least 1, got True"),
    ],
)
def test_other_parameters_are_refused(pipeline, scans, options, message):
    with pytest.raises(ValueError, match=message):
        attribute(pipeline, scans[0][:2], **options)


def test_without_captum_the_extra_is_named(pipeline, scans, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(ImportError, match=r"captum is needed.*sklearn-lstmdg\[explain\]"):
        attribute(pipeline, scans[0][:1])


def test_rois_have_the_names_of_the_fit(scans, small):
    pandas = pytest.importorskip("pandas")
    names = ["insula", "cuneus", "caudate", "putamen", "angular", "lingual"]
    frames = [pandas.DataFrame(scan, columns=names) for scan in scans[0]]
    model = make_pipeline(ScanCleaner(), LSTMDGClassifier(**small)).fit(frames, scans[1])
    assert attribute(model, frames[:2], "gradient").feature_names == names
    told = permutation_importance(model, frames, scans[1], n_repeats=1, random_state=0)
    assert told.names == names
    model.fit(*scans)
    assert attribute(model, scans[0][:1], "gradient").feature_names[5] == "ROI 5"


def test_the_roi_that_tells_the_class_is_found(small):
    rng, y = np.random.default_rng(0), np.arange(40) % 2
    X = rng.standard_normal((40, 12, 5))
    X[..., 3] += 2 * y[:, None] - 1
    model = LSTMDGClassifier(**{**small, "max_epochs": 40}).fit(X[:30], y[:30])
    told = attribute(model, X[30:])
    relevance = np.abs(told.attributions).mean(axis=(0, 1))
    assert relevance.argmax() == 3 and relevance[3] > 2 * np.sort(relevance)[-2]
    for values, label in zip(told.attributions, y[30:], strict=True):
        assert (values[:, 3].sum() > 0) == label
    lost = permutation_importance(model, X[30:], y[30:], random_state=0).importances_mean
    assert lost.argmax() == 3 and lost[3] > 0.2
