"""How well a model's generative half predicts the next point, and what it makes up when it runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch
from sklearn.base import BaseEstimator

from .._extras import require
from .._routing import follow
from .._typing import Scans
from ..base import check_number, check_whole
from ..scans import check_sequences, connectivity_features, n_connections
from ._autoregression import Persistence, RoiAutoregression, VectorAutoregression, fit_by_validation

if TYPE_CHECKING:
    from pandas import DataFrame

_ALPHAS = tuple(10.0 ** np.arange(-6, 2))
_BANDS = ((0.01, 0.027), (0.027, 0.073), (0.073, 0.1))
_SEGMENT = 64
_LEAST_POINTS = 8


def evaluate_forecast(
    model: BaseEstimator,
    X_train: Scans,
    X_test: Scans,
    *,
    n_lags: int = 10,
    n_steps: int = 100,
    t_r: float = 2.0,
    bands: Sequence[tuple[float, float]] = _BANDS,
    alphas: Sequence[float] = _ALPHAS,
) -> "DataFrame":
    """Compare the generative half of a model with persistence and linear autoregressions.

    Two questions are asked of test subjects. How well is the next point of each window predicted?
    And when the model goes on from a subject's first window, reading what it has generated: does
    it stay finite, and are its fluctuations like those that the scan really has there?

    Parameters
    ----------
    model : classifier or Pipeline
        Fitted on the training subjects, with ``generate``, such as an ``LSTMDGClassifier`` of
        variant "dg" or "h", or a Pipeline that ends with one.
    X_train : array-like or list
        What the model was fitted on: scans for a Pipeline that cuts windows, bags for a bare
        classifier. The autoregressions are fitted on the same windows.
    X_test : array-like or list
        Other subjects, in the same form.
    n_lags : int, default=10
        Points that the autoregressions read, at most those of a window.
    n_steps : int, default=100
        Points to generate, at most; fewer where all test scans end before.
    t_r : float, default=2.0
        Repetition time, in seconds, which gives the spectra their unit.
    bands : sequence of (float, float), default=((0.01, 0.027), (0.027, 0.073), (0.073, 0.1))
        Frequency bands in Hz; by default slow-5, slow-4, and the rest of what PCP's filter leaves.
    alphas : sequence of float, default=10^-6, ..., 10
        Candidate ridge penalties, relative to the mean square of the inputs; chosen on every
        fifth training subject.

    Returns
    -------
    DataFrame
        One row per ``model``: "generative half", "persistence", "autoregression" (each ROI
        alone), "vector autoregression", and "real", the scans themselves. Columns:

        - ``mse``, ``mse_sd``: squared error of the next point, mean and standard deviation over
          subjects, and ``relative``, divided by that of persistence;
        - ``finite``: whether all that was generated is; where it is not, the rest is NaN;
        - ``amplitude``: standard deviation over time, divided by that of the real points, median
          over subjects, and ``largest``: largest absolute value of all, divided likewise;
        - ``fc_correlation``: correlation, over pairs of ROIs, of the subjects' mean Pearson
          connectivity with the real one;
        - ``spectral_distance``: half the sum of absolute differences between the spectra, each
          scaled to sum 1: 0 where they are equal, 1 where they do not overlap;
        - ``power_<low>-<high>``: share of the power in each band.

    Raises
    ------
    ValueError
        If there are fewer than two training subjects, if the numbers of ROIs differ, or windows
        or scans are too short.

    Notes
    -----
    The models are run without noise, so that their fluctuations may die out, and the cell state
    that LSTM-DG generates from has no bound, so that a run may drift away: ``amplitude`` and
    ``largest`` tell. Spectrum and connectivity are then those of the decay, or of the drift. The
    fluctuations of persistence are 0.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.evaluation import evaluate_forecast
    >>> from sklearn_lstmdg.models import make_model
    >>> cohort = make_scans(n_subjects=20, n_timepoints=80, n_rois=12, random_state=0)
    >>> model = make_model("lstm-dg", step=10, n_communities=6, max_epochs=2, random_state=0)
    >>> model = model.fit(cohort.data[:16], cohort.target[:16])
    >>> table = evaluate_forecast(model, cohort.data[:16], cohort.data[16:], n_steps=40)
    >>> table["model"].tolist()[:3]
    ['generative half', 'persistence', 'autoregression']
    >>> bool(table["finite"].all())
    True
    """
    pandas = require("pandas", extra="data")
    check_whole(n_lags, "n_lags", 1)
    check_whole(n_steps, "n_steps", _LEAST_POINTS)
    check_number(t_r, "t_r", min_val=0, include_boundaries="neither")
    step, train = _windows_of(model, X_train)
    test = _windows_of(model, X_test)[1]
    _check_rows(train, test, step.horizon)
    linear = _fit_linear(train, step.horizon, n_lags, alphas)
    real, generated = _run_freely(step, test, n_steps)
    runs = {"generative half": generated}
    runs |= {name: _go_on(m, test, step.horizon, generated.shape[1]) for name, m in linear.items()}
    errors = {"generative half": _errors(lambda x: step.generate([x])[0][:, 0], test, step.horizon)}
    errors |= {n: _errors(m.predict, test, step.horizon, m.n_lags) for n, m in linear.items()}
    floor = np.mean(errors["persistence"])
    records = [
        {"model": name, **_describe_errors(errors[name], floor), **_liken(run, real, t_r, bands)}
        for name, run in runs.items()
    ]
    records.append({"model": "real", **_liken(real, real, t_r, bands)})
    return pandas.DataFrame(records)


def forecast(model: BaseEstimator, X: Scans, n_steps: int = 100) -> tuple[NDArray, NDArray]:
    """Let a model go on from each subject's first window, beside what the scan really does.

    Parameters
    ----------
    model : classifier or Pipeline
        Fitted, with ``generate``.
    X : array-like or list
        Scans or bags, as the model reads them; the windows of a bag must overlap.
    n_steps : int, default=100
        Points to generate, at most; fewer where all scans end before.

    Returns
    -------
    real : ndarray of shape (n_subjects, n_points, n_rois)
        Points after the first window, as the model sees them (cleaned). ``n_points`` is the
        shortest scan's, at most ``n_steps``.
    generated : ndarray of shape (n_subjects, n_points, n_rois)
        What the model makes of them.

    Raises
    ------
    ValueError
        If a scan has fewer than 8 points after its first window.
    """
    step, rows = _windows_of(model, X)
    return _run_freely(step, rows, n_steps)


def _windows_of(model, X):
    """Return the classifier, and its windows of the rows of X."""
    step, windows = follow(model, X)
    return step, check_sequences(windows)


def _check_rows(train, test, horizon):
    if len(train) < 2:
        raise ValueError("At least 2 training subjects are needed.")
    if train.n_rois != test.n_rois:
        raise ValueError(f"X_train has {train.n_rois} ROIs and X_test has {test.n_rois}.")
    shortest = min(train.lengths.min(), test.lengths.min())
    if shortest <= horizon:
        raise ValueError(f"Windows of {shortest} points leave none to read (horizon={horizon}).")


def _run_freely(step, rows, n_steps):
    read = rows.lengths - step.horizon
    n_points = min(len(s) - n for s, n in zip(rows.series, read, strict=True))
    if n_points < _LEAST_POINTS:
        raise ValueError(
            f"A scan has {n_points} points after its first window; {_LEAST_POINTS} are needed."
        )
    n_points = min(n_points, n_steps)
    first = [series[:n] for series, n in zip(rows.series, read, strict=True)]
    generated = np.asarray(step.generate(first, n_steps=n_points), dtype=np.float64)
    after = [series[n : n + n_points] for series, n in zip(rows.series, read, strict=True)]
    return np.stack(after).astype(np.float64), generated


def _fit_linear(rows, horizon, n_lags, alphas):
    n_lags = min(n_lags, int(rows.lengths.min()) - horizon)
    pairs = [_lags_and_target(rows, row, horizon, n_lags) for row in range(len(rows))]
    return {
        "persistence": Persistence(),
        "autoregression": fit_by_validation(RoiAutoregression, pairs, alphas),
        "vector autoregression": fit_by_validation(VectorAutoregression, pairs, alphas),
    }


def _lags_and_target(rows, row, horizon, n_lags=None):
    """Return the last points read of each window of a row, or all, and the point that follows."""
    windows = rows.windows(row)
    last = windows.shape[1] - horizon
    points = windows[:, 0 if n_lags is None else last - n_lags : last]
    return points.astype(np.float64), windows[:, last].astype(np.float64)


def _errors(predict, rows, horizon, n_lags=None):
    """Return each subject's mean squared error of the next point."""
    pairs = (_lags_and_target(rows, row, horizon, n_lags) for row in range(len(rows)))
    return [np.square(predict(points) - targets).mean() for points, targets in pairs]


def _go_on(predictor, rows, horizon, n_steps):
    """Let a linear predictor go on from each first window."""
    read = rows.lengths - horizon
    last = [s[n - predictor.n_lags : n] for s, n in zip(rows.series, read, strict=True)]
    points = np.stack(last).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(n_steps):
            following = predictor.predict(points[:, -predictor.n_lags :])
            points = np.concatenate([points, following[:, None]], axis=1)
    return points[:, predictor.n_lags :]


def _describe_errors(errors, floor):
    spread = np.std(errors, ddof=1) if len(errors) > 1 else np.nan
    return {"mse": np.mean(errors), "mse_sd": spread, "relative": np.mean(errors) / floor}


def _liken(series, real, t_r, bands):
    """Describe generated series (n_subjects, n_points, n_rois) beside real ones."""
    names = ["amplitude", "largest", "fc_correlation", "spectral_distance"]
    names += [f"power_{low:g}-{high:g}" for low, high in bands]
    if not np.isfinite(series).all():
        return {"finite": False} | dict.fromkeys(names, np.nan)
    amplitude = np.median(series.std(axis=1).mean(axis=1) / real.std(axis=1).mean(axis=1))
    largest = np.abs(series).max() / np.abs(real).max()
    agreement = connectivity_agreement(series, real)
    frequencies, spectrum = mean_spectrum(series, t_r)
    distance = np.abs(spectrum - mean_spectrum(real, t_r)[1]).sum() / 2
    shares = [spectrum[(frequencies >= low) & (frequencies < high)].sum() for low, high in bands]
    return {"finite": True} | dict(
        zip(names, [amplitude, largest, agreement, distance, *shares], strict=True)
    )


def connectivity_agreement(series: NDArray, real: NDArray) -> float:
    """Correlate two mean connectivities over pairs of ROIs.

    Parameters
    ----------
    series, real : ndarray of shape (n_subjects, n_points, n_rois)
        Scans.

    Returns
    -------
    float
        NaN where one of them is the same for all pairs.
    """
    first, second = mean_connectivity(series), mean_connectivity(real)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return np.nan
    return float(np.corrcoef(first, second)[0, 1])


def mean_connectivity(series: NDArray) -> NDArray:
    """Average the Pearson connectivity of subjects.

    Parameters
    ----------
    series : ndarray of shape (n_subjects, n_points, n_rois)
        Scans; the coefficients of a constant ROI are 0.

    Returns
    -------
    ndarray of shape (n_rois * (n_rois - 1) / 2,)
        Upper triangle, row by row.
    """
    features = np.empty((len(series), n_connections(series.shape[2])), dtype=np.float32)
    connectivity_features(series, features)
    return features.mean(axis=0)


def mean_spectrum(series: NDArray, t_r: float) -> tuple[NDArray, NDArray]:
    """Average the power spectra (Welch) of ROIs and, each scaled to sum 1, of subjects.

    Parameters
    ----------
    series : ndarray of shape (n_subjects, n_points, n_rois)
        Scans.
    t_r : float
        Repetition time, in seconds.

    Returns
    -------
    frequencies : ndarray of shape (n_frequencies,)
        In Hz.
    spectrum : ndarray of shape (n_frequencies,)
        Sums to 1; subjects without fluctuations are left out, NaN where none has any.
    """
    n_points = min(_SEGMENT, series.shape[1])
    frequencies, power = welch(series, fs=1 / t_r, nperseg=n_points, axis=1)
    power = power.mean(axis=2)
    rounding = np.finfo(np.float64).eps * np.square(series).mean(axis=(1, 2))
    power = power[power.sum(axis=1) > rounding]
    if not len(power):
        return frequencies, np.full(len(frequencies), np.nan)
    return frequencies, (power / power.sum(axis=1, keepdims=True)).mean(axis=0)
