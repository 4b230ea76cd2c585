"""Checks for estimators that read scans, beside scikit-learn's: 3-D, ragged and bag input.

scikit-learn's own checks know tables only. These hold an estimator to what this package promises
of every data form. Use them on an estimator of your own as the package's tests do::

    @parametrize_with_scan_checks([MyClassifier()])
    def test_scans(estimator, check):
        check(estimator)
"""

import pickle
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor

from .scans import window_view

if TYPE_CHECKING:
    import pytest

__all__ = ["check_scan_estimator", "parametrize_with_scan_checks", "yield_scan_checks"]

_Forms: TypeAlias = Sequence[str] | None
_METHODS = ("transform", "predict_proba", "decision_function", "predict")
_FORMS = ("scans", "ragged", "bags", "ragged bags")


def yield_scan_checks(estimator: BaseEstimator, forms: _Forms = None) -> Iterator[Callable]:
    """Yield the checks that an estimator should pass.

    Parameters
    ----------
    estimator : estimator
        With parameters that let it fit 12 scans of 24 points and 5 ROIs.
    forms : sequence of {"scans", "ragged", "bags", "ragged bags"}, default=None
        Data forms that it reads. By default all of them for a classifier or regressor, and scans
        and ragged scans for a transformer, which must refuse bags.

    Yields
    ------
    callable
        ``check(estimator)`` raises an AssertionError where the estimator fails.
    """
    if forms is None:
        forms = _FORMS if is_classifier(estimator) or is_regressor(estimator) else _FORMS[:2]
    by_form = [
        check_forms_and_features,
        check_same_seed_same_bits,
        check_rows_are_independent,
        check_input_is_unchanged,
        check_pickle,
    ]
    if is_classifier(estimator):
        by_form += [check_predictions_agree, check_string_labels]
    if is_regressor(estimator):
        by_form += [check_numbers_are_predicted]
    for form in forms:
        yield from (partial(check, form=form) for check in by_form)
    if "bags" not in forms:
        yield check_bags_are_refused
    yield from (
        check_containers_agree,
        check_other_lengths,
        check_number_of_rois,
        check_bad_values_are_named,
        check_rows_that_differ,
        check_globals_are_untouched,
    )


def check_scan_estimator(estimator: BaseEstimator, forms: _Forms = None) -> None:
    """Run all checks on an estimator.

    Parameters
    ----------
    estimator, forms : as in ``yield_scan_checks``
        What to check.

    Raises
    ------
    AssertionError
        At the first check that fails.
    """
    for check in yield_scan_checks(estimator, forms):
        check(estimator)


def parametrize_with_scan_checks(
    estimators: Sequence[BaseEstimator], forms: _Forms = None
) -> "pytest.MarkDecorator":
    """Return a pytest decorator that runs each check on each estimator as a test of its own.

    Parameters
    ----------
    estimators : list of estimators
        What to check.
    forms : as in ``yield_scan_checks``
        Data forms that all of them read.

    Returns
    -------
    pytest mark
        For a function of ``estimator`` and ``check``.
    """
    import pytest

    pairs = [(e, check) for e in estimators for check in yield_scan_checks(e, forms)]
    return pytest.mark.parametrize(("estimator", "check"), pairs, ids=_name)


def _name(value):
    if isinstance(value, partial):
        return f"{value.func.__name__}({value.keywords['form']})"
    return getattr(value, "__name__", None) or repr(value).replace("\n", "")


def _cohort(form="scans", dtype=np.float64):
    """Return rows of one data form, of two classes that differ in how two ROIs are coupled."""
    rng = np.random.default_rng(0)
    y = np.arange(12) % 2
    scans = rng.standard_normal((12, 24, 5))
    scans[y == 1, :, 1] += 2 * scans[y == 1, :, 0]
    scans = scans.astype(dtype)
    if form == "scans":
        return scans, y
    ragged = [scan[: 24 - i % 3] for i, scan in enumerate(scans)]
    if form == "ragged":
        return ragged, y
    rows = ragged if form == "ragged bags" else scans
    bags = [window_view(row, 20, 1) for row in rows]
    return (bags if form == "ragged bags" else np.stack(bags)), y


@contextmanager
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _fit(estimator, X, y):
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=0)
    return _train(estimator, X, y)


@_quiet()
def _train(estimator, X, y):
    """Fit to classes, or to numbers far from 0 that differ within them."""
    is_continuous = is_regressor(estimator)
    return estimator.fit(X, 10.0 * y + np.linspace(50, 51, len(y)) if is_continuous else y)


@_quiet()
def _answers(fitted, X):
    """Return what each method says of X, each row an array."""
    return {name: list(getattr(fitted, name)(X)) for name in _METHODS if hasattr(fitted, name)}


def _fitted(estimator, form="scans"):
    """Return a cohort, the estimator fitted to it, and what that answers of it."""
    X, y = _cohort(form)
    fitted = _fit(estimator, X, y)
    return X, y, fitted, _answers(fitted, X)


def _assert_same(answers, wanted, atol=0.0):
    assert answers.keys() == wanted.keys()
    for name in answers:
        for row, expected in zip(answers[name], wanted[name], strict=True):
            np.testing.assert_allclose(row, expected, rtol=0, atol=atol, err_msg=name)


@_quiet()
def _error(call, *args):
    """Return the message of the ValueError that a call must raise."""
    try:
        call(*args)
    except ValueError as error:
        return str(error)
    raise AssertionError("no ValueError was raised")


def check_forms_and_features(estimator, form):
    """Rows of this form are read, and the ROIs of the last axis are counted."""
    X, y, fitted, answers = _fitted(estimator, form)
    assert fitted.n_features_in_ == 5, "n_features_in_ must be the number of ROIs"
    for name, rows in answers.items():
        assert len(rows) == len(y), f"{name} must answer for every row"
    X, y = _cohort(form, np.float32)
    _answers(_fit(estimator, X, y), X)


def check_same_seed_same_bits(estimator, form):
    """Two fits with one random_state, and a fit again, agree to the last bit."""
    X, y, first, wanted = _fitted(estimator, form)
    _assert_same(_answers(_fit(estimator, X, y), X), wanted)
    _assert_same(_answers(_train(first, X, y), X), wanted)


def check_rows_are_independent(estimator, form):
    """What is said of a row does not depend on the rows beside it."""
    X, _, fitted, answers = _fitted(estimator, form)
    chosen = [7, 2, 9]
    part = [X[i] for i in chosen] if isinstance(X, list) else X[chosen]
    wanted = {name: [rows[i] for i in chosen] for name, rows in answers.items()}
    _assert_same(_answers(fitted, part), wanted, 1e-6)


def check_input_is_unchanged(estimator, form):
    """Input may be read-only, or mapped from a file, and keeps its values."""
    before = [np.array(row) for row in _cohort(form)[0]]
    X, y, _, wanted = _fitted(estimator, form)
    for row, values in zip(X, before, strict=True):
        np.testing.assert_array_equal(row, values)
    with tempfile.TemporaryDirectory() as folder:
        mapped = []
        for i, row in enumerate(before):
            np.save(Path(folder) / f"{i}.npy", row)
            mapped.append(np.load(Path(folder) / f"{i}.npy", mmap_mode="r"))
        _assert_same(_answers(_fit(estimator, mapped, y), mapped), wanted, 1e-6)
        del mapped


def check_pickle(estimator, form):
    """A fitted estimator says the same after pickling."""
    X, _, fitted, wanted = _fitted(estimator, form)
    _assert_same(_answers(pickle.loads(pickle.dumps(fitted)), X), wanted)


def check_predictions_agree(estimator, form):
    """The predicted class is the most probable one, and scores are finite and in its order."""
    _, _, fitted, answers = _fitted(estimator, form)
    answers = {name: np.array(rows) for name, rows in answers.items()}
    np.testing.assert_allclose(answers["predict_proba"].sum(axis=1), 1)
    most = fitted.classes_[answers["predict_proba"].argmax(axis=1)]
    np.testing.assert_array_equal(answers["predict"], most)
    scores, positive = answers["decision_function"], answers["predict_proba"][:, 1]
    assert np.isfinite(scores).all()
    order = np.argsort(scores, kind="stable")
    assert (np.diff(positive[order]) >= -1e-12).all(), "decision_function is in another order"


def check_string_labels(estimator, form):
    """Labels may be strings; they decide nothing else."""
    X, y, _, wanted = _fitted(estimator, form)
    fitted = _fit(estimator, X, np.array(["autism", "control"])[y])
    assert fitted.classes_.tolist() == ["autism", "control"]
    answers = _answers(fitted, X)
    np.testing.assert_array_equal(answers["predict_proba"], wanted["predict_proba"])
    assert set(answers["predict"]) <= {"autism", "control"}


def check_numbers_are_predicted(estimator, form):
    """A finite number is predicted for each row; targets that are texts or missing are errors."""
    X, y, fitted, answers = _fitted(estimator, form)
    predicted = np.asarray(answers["predict"])
    assert predicted.shape == (12,) and predicted.dtype.kind == "f", "one number a row is needed"
    assert np.isfinite(predicted).all()
    assert not hasattr(fitted, "classes_")
    for bad in (np.array(["low", "high"])[y], np.where(y, np.nan, 1.0), np.tile(y, (2, 1)).T):
        _error(clone(estimator).fit, X, bad)


def check_bags_are_refused(estimator):
    """A transformer of scans says that it does not read bags."""
    X, y = _cohort("bags")
    assert "bag" in _error(_fit, estimator, X, y)


def check_containers_agree(estimator):
    """A 3-D array, a list and an object array of scans mean the same."""
    X, y, fitted, wanted = _fitted(estimator)
    boxed = np.empty(len(X), dtype=object)
    boxed[:] = list(X)
    for same in (list(X), boxed, X.tolist()):
        _assert_same(_answers(fitted, same), wanted, 1e-6)
        _assert_same(_answers(_fit(estimator, same, y), X), wanted, 1e-6)


def check_other_lengths(estimator):
    """Scans may be longer or shorter than those of the fit."""
    fitted = _fit(estimator, *_cohort())
    for n_points in (21, 30):
        _answers(fitted, np.random.default_rng(0).standard_normal((3, n_points, 5)))


def check_number_of_rois(estimator):
    """Another number of ROIs than in the fit is an error that names both."""
    X, _, fitted, answers = _fitted(estimator)
    for name in answers:
        for other in (X[..., :4], list(X[..., :4])):
            message = _error(getattr(fitted, name), other)
            assert "4" in message and "5" in message, message


def check_bad_values_are_named(estimator):
    """NaN and infinity are errors that name the row and the ROI."""
    X, y = _cohort()
    for value in (np.nan, np.inf):
        bad = X.copy()
        bad[7, 3, 2] = value
        for same in (bad, list(bad)):
            message = _error(_fit, estimator, same, y)
            assert "row 7" in message and "ROI 2" in message, message


def check_rows_that_differ(estimator):
    """Rows of other ROIs or another form, empty rows and no rows are errors."""
    X, y = _cohort()
    for row in (X[3, :, :4], X[3, None], X[3, :0]):
        message = _error(_fit, estimator, [*X[:3], row, *X[4:]], y)
        assert "row 3" in message.lower(), message
    _error(_fit, estimator, X[:0], y[:0])
    _error(_fit, estimator, X[..., :0], y)


def check_globals_are_untouched(estimator):
    """The caller's generators and threads are as they were."""
    before = _globals()
    _fitted(estimator)
    for name, value in _globals().items():
        assert value == before[name], f"{name} was changed"


def _globals():
    numpys = np.random.get_state()  # noqa: NPY002
    return {
        "numpy's global generator": (numpys[1].tolist(), *numpys[2:]),
        "torch's global generator": torch.get_rng_state().tolist(),
        "torch's number of threads": torch.get_num_threads(),
    }
