"""The generative half beside persistence and autoregressions."""

import numpy as np
import pytest

from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter
from sklearn_lstmdg.evaluation._forecast import (
    connectivity_agreement,
    evaluate_forecast,
    forecast,
    mean_connectivity,
    mean_spectrum,
)

from _autoregressive import vector_scans

pytest.importorskip("pandas")


class Oracle:
    """Generates what a function makes of the points that were read."""

    horizon = 1

    def __init__(self, following):
        self.following = following
        self.read = []

    def generate(self, X, n_steps=1):
        self.read += [np.array(row) for row in X]
        out = []
        for row in X:
            points = np.asarray(row)
            for _ in range(n_steps):
                points = np.concatenate([points, self.following(points)], axis=-2)
            out.append(points[..., -n_steps:, :])
        return out


def test_what_can_be_known_is_found_out():
    rng = np.random.default_rng(3)
    scans, step = vector_scans(8, rng)
    bags = SubsequenceAugmenter(20, 5).fit_transform(np.stack(scans))
    oracle = Oracle(lambda points: points[..., -1:, :] @ step)
    table = evaluate_forecast(oracle, bags[:6], bags[6:], n_steps=30, n_lags=4)
    table = table.set_index("model")
    assert table.index.tolist() == [
        *["generative half", "persistence", "autoregression", "vector autoregression", "real"]
    ]
    assert table.loc["generative half", "mse"] < 1e-25
    assert table.loc["vector autoregression", "mse"] < 1e-6
    assert table.loc["persistence", "relative"] == 1 and table.loc["persistence", "mse"] > 0.01
    own = table.loc["generative half"]
    np.testing.assert_allclose(
        own[["amplitude", "largest", "fc_correlation"]].astype(float), 1, atol=1e-5
    )
    assert own["spectral_distance"] < 1e-10 and own["finite"]
    assert table.loc["persistence", "amplitude"] == pytest.approx(0, abs=1e-12)
    assert np.isnan(table.loc["persistence", "spectral_distance"])
    assert np.isnan(table.loc["persistence", "fc_correlation"])


def test_persistence_is_the_last_point_read_and_errors_are_by_subject():
    rng = np.random.default_rng(4)
    X = rng.standard_normal((5, 3, 13, 4))  # bags of a copy, windows of 12 points and a target
    oracle = Oracle(lambda points: np.zeros_like(points[..., -1:, :]))
    table = evaluate_forecast(oracle, X[:3], X[3:], n_steps=10, n_lags=30).set_index("model")
    errors = np.square(X[3:, :, 12] - X[3:, :, 11]).mean(axis=(1, 2))
    np.testing.assert_allclose(table.loc["persistence", "mse"], errors.mean())
    np.testing.assert_allclose(table.loc["persistence", "mse_sd"], errors.std(ddof=1))
    zeros = np.square(X[3:, :, 12]).mean()
    np.testing.assert_allclose(table.loc["generative half", "mse"], zeros)
    assert all(read.shape[-2] == 12 for read in oracle.read)


def test_the_model_never_reads_what_it_predicts():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((4, 30, 3))
    oracle = Oracle(lambda points: points[..., -1:, :])
    bags = SubsequenceAugmenter(8, 4).fit_transform(X)
    real, generated = forecast(oracle, bags, n_steps=15)
    np.testing.assert_array_equal(real, X[:, 8:23])
    np.testing.assert_array_equal(oracle.read, X[:, :8])
    np.testing.assert_array_equal(generated, X[:, [7] * 15])


class LoudForOne(Oracle):
    """An oracle that drifts away for the third of several subjects."""

    def generate(self, X, n_steps=1):
        generated = super().generate(X, n_steps)
        return [points * (100 if row == 2 else 1) for row, points in enumerate(generated)]


def test_the_amplitude_is_that_of_the_subject_in_the_middle():
    scans, step = vector_scans(7, np.random.default_rng(7))
    bags = SubsequenceAugmenter(20, 5).fit_transform(np.stack(scans))
    oracle = LoudForOne(lambda points: points[..., -1:, :] @ step)
    own = evaluate_forecast(oracle, bags[:4], bags[4:], n_steps=30, n_lags=4).iloc[0]
    assert own["amplitude"] == pytest.approx(1) and own["largest"] > 30


def test_a_run_that_explodes_is_told():
    X = np.random.default_rng(6).standard_normal((4, 30, 3))
    bags = SubsequenceAugmenter(8, 4).fit_transform(X)
    oracle = Oracle(lambda points: points[..., -1:, :] * 1e40)
    with np.errstate(over="ignore"):
        table = evaluate_forecast(oracle, bags[:2], bags[2:], n_steps=12, n_lags=2)
    assert not table.loc[0, "finite"] and np.isnan(table.loc[0, "spectral_distance"])
    assert table.loc[4, "finite"]


def test_a_pipeline_reads_scans(fitted):
    model, scans = fitted
    table = evaluate_forecast(model, scans[:8], scans[8:], n_steps=20, n_lags=3)
    assert table["finite"].all() and (table["mse"].dropna() > 0).all()
    bags = model[:-1].transform(scans)
    bare = evaluate_forecast(model[-1], bags[:8], bags[8:], n_steps=20, n_lags=3)
    np.testing.assert_allclose(table["mse"], bare["mse"])


def test_the_generative_half_runs_for_long_and_stays_finite(fitted):
    model, scans = fitted
    real, generated = forecast(model, scans, n_steps=1000)
    assert real.shape == generated.shape == (10, 57 - 12, 3)  # the last window ends there
    first = model[0].transform(scans[:2])
    assert np.isfinite(model[-1].generate([scan[:12] for scan in first], n_steps=2000)).all()


def test_spectrum_and_connectivity_of_a_sine():
    seconds = 2.0 * np.arange(128)
    wave = np.sin(2 * np.pi * 0.0625 * seconds)
    series = np.stack([wave, -wave, np.zeros(128)], axis=1)[None]
    frequencies, power = mean_spectrum(series, 2.0)
    assert frequencies[power.argmax()] == pytest.approx(0.0625)
    assert power.sum() == pytest.approx(1)
    louder = np.concatenate(
        [series, 1e3 * np.sin(np.pi / 2 * np.arange(128))[:, None] + 0 * series]
    )
    middle = mean_spectrum(louder, 2.0)[1]
    assert middle[:12].sum() == pytest.approx(0.5, abs=0.01)  # subjects count alike
    np.testing.assert_allclose(mean_connectivity(series), [-1, 0, 0], atol=1e-6)
    assert np.isnan(connectivity_agreement(np.zeros((1, 9, 3)), series))
    assert np.isnan(mean_spectrum(np.zeros((1, 9, 3)), 2.0)[1]).all()


def test_faults_are_named(fitted):
    model, scans = fitted
    with pytest.raises(ValueError, match="2 training subjects"):
        evaluate_forecast(model, scans[:1], scans[8:])
    with pytest.raises(ValueError, match="n_lags"):
        evaluate_forecast(model, scans[:8], scans[8:], n_lags=0)
    with pytest.raises(ValueError, match="5 points after its first window"):
        forecast(model, [scan[:17] for scan in scans])
    oracle = Oracle(None)
    bags = SubsequenceAugmenter(8, 4).fit_transform(np.zeros((4, 30, 3)))
    with pytest.raises(ValueError, match="X_train has 3 ROIs and X_test has 2"):
        evaluate_forecast(oracle, bags, bags[..., :2])
    plain = LSTMDGClassifier("d", max_epochs=1, n_communities=2, n_units=2)
    rows = SubsequenceAugmenter(8, 4).fit_transform(
        np.random.default_rng(0).normal(size=(6, 30, 3))
    )
    plain.fit(rows, np.arange(6) % 2)
    with pytest.raises(AttributeError, match="no generate"):
        evaluate_forecast(plain, rows, rows)
