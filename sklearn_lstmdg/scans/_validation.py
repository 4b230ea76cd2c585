"""The one definition of what ``X``, ``y`` and ``groups`` may be, and the one wording of each error.

:func:`check_sequences` turns the four data forms (2-D table, scans, ragged scans, bags of windows)
into :class:`Sequences`. Windows stay views, so nothing here costs more than the scans.
"""

from dataclasses import dataclass, replace
from numbers import Real

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from sklearn.base import BaseEstimator
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils._missing import is_pandas_na
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_feature_names, validate_data

from ._names import as_frame, names_of, with_names

_FLOATS = (np.float64, np.float32)
_LARGEST = {np.float64: 1e150, np.float32: np.float32(1e16)}  # whose squares, summed, are finite


def window_view(scan, length, step):
    """Return all windows of a scan as a view.

    Shapes: scan (..., n_timepoints, n_rois); returned (..., n_windows, length, n_rois).
    """
    return sliding_window_view(scan, length, axis=-2)[..., ::step, :, :].swapaxes(-1, -2)


@dataclass(frozen=True)
class Sequences:
    """Rows of ``X``: each a series of points with the windows that begin in it.

    A pickle holds all series in one block, so that ``joblib.load(..., mmap_mode="r")`` maps one.
    """

    series: list  # of (n_points_i, n_rois); for a bag of overlapping windows, the scan itself
    starts: list  # of (n_windows_i,): first points of a row's windows, [0] for one sequence
    lengths: np.ndarray  # (n_rows,): points of each window
    kind: str  # "table" (one point a row), "scans" or "bags"
    is_array: bool = False  # and not a list of rows
    names: list | None = None  # of the ROIs, where rows are DataFrames or bags cut from such

    @classmethod
    def from_table(cls, table):
        """Return the rows of a 2-D array as they are, missing values included."""
        n_rows = len(table)
        starts = [np.zeros(1, dtype=np.intp)] * n_rows
        return cls(list(table[:, None]), starts, np.ones(n_rows, np.intp), "table", True)

    def __reduce__(self):
        ends = [np.cumsum([len(part) for part in parts]) for parts in (self.series, self.starts)]
        blocks = [np.concatenate(parts) for parts in (self.series, self.starts)]
        return _unpack, (*blocks, *ends, self.lengths, self.kind, self.is_array, self.names)

    def __len__(self):
        return len(self.series)

    @property
    def n_rois(self):
        """Number of ROIs, the last axis of every data form."""
        return self.series[0].shape[1]

    @property
    def n_windows(self):
        """Number of windows of each row."""
        return np.array([len(starts) for starts in self.starts])

    def step(self, row):
        """Return by how many points the windows of a row follow each other; 1 if there is one."""
        starts = self.starts[row]
        return starts[1] - starts[0] if len(starts) > 1 else 1

    def windows(self, row):
        """Return the windows of a row as a view of shape (n_windows, n_points, n_rois)."""
        series, (time, roi) = self.series[row], self.series[row].strides
        shape = (len(self.starts[row]), self.lengths[row], series.shape[1])
        return as_strided(series, shape, (self.step(row) * time, time, roi), writeable=False)

    def take(self, rows):
        """Return the given rows, in the given order."""
        parts = ([part[row] for row in rows] for part in (self.series, self.starts))
        return replace(self, series=next(parts), starts=next(parts), lengths=self.lengths[rows])

    def join(self, other):
        """Return these rows followed by those of another."""
        series, starts = self.series + other.series, self.starts + other.starts
        lengths = np.append(self.lengths, other.lengths)
        return replace(self, series=series, starts=starts, lengths=lengths)

    def in_form(self):
        """Return the rows in the form of X: table, scans or bags; bags are read-only views."""
        if self.kind == "table":
            return np.concatenate(self.series)
        is_scans = self.kind == "scans"
        if not self.is_array:
            rows = self.series if is_scans else [self.windows(row) for row in range(len(self))]
            return with_names(rows, self.names)
        series = np.stack(self.series)
        return series if is_scans else window_view(series, self.lengths[0], self.step(0))


def _unpack(points, starts, ends, window_ends, lengths, kind, is_array, names):
    """Return rows as views of their blocks, mapped from a file or not."""
    parts = (points, ends), (starts, window_ends)
    series, starts = (np.split(np.asarray(block), where[:-1]) for block, where in parts)
    return Sequences(series, starts, np.asarray(lengths), kind, is_array, names)


def check_sequences(X, *, estimator=None, reset=False):
    """Check ``X`` in any data form and return its rows."""
    if _is_collection(X):
        rows = [_as_floats(row, f"row {i} of X") for i, row in enumerate(X)]
        sequences, names = _from_rows(rows, estimator, reset), names_of(X)
        if estimator is not None and names:
            _check_feature_names(estimator, as_frame(np.empty((0, len(names))), names), reset=reset)
        return replace(sequences, names=names)
    if hasattr(X, "__array__") and not hasattr(X, "ndim"):
        X = np.asarray(X)
    if getattr(X, "ndim", 2) in (3, 4):
        return _from_rows(list(_as_floats(X, "X")), estimator, reset, is_array=True)
    return _from_table(X, estimator, reset)


def _is_collection(X):
    """Tell whether X is a sequence of scans or bags and not a numeric array."""
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and len(X) > 0 and np.ndim(X[0]) >= 2
    return isinstance(X, list | tuple) and len(X) > 0 and _depth(X[0]) >= 2


def _depth(row):
    """Return the number of axes of a row without converting it."""
    if hasattr(row, "ndim"):
        return row.ndim
    if hasattr(row, "__array__"):
        return np.asarray(row).ndim
    return 1 + _depth(row[0]) if isinstance(row, list | tuple) and len(row) else 0


def _refuse_opposites(array, name):
    """Refuse what numpy and scikit-learn would read as other than it says."""
    if isinstance(array, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array: fill or leave out what is masked.")
    dtypes = array.dtypes if hasattr(array, "dtypes") else [getattr(array, "dtype", None)]
    for dtype in dtypes:
        if getattr(dtype, "kind", "") in ("m", "M"):
            raise TypeError(f"{name} holds times (dtype {dtype}), not numbers.")


def _as_floats(array, name):
    _refuse_opposites(array, name)
    array = np.asarray(array)
    if np.iscomplexobj(array):
        raise ValueError(f"Complex data not supported: {name} has dtype {array.dtype}.")
    if array.dtype in _FLOATS:
        return array
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} holds something that is not a number: {error}") from error


def _from_table(X, estimator, reset):
    _refuse_opposites(X, "X")
    checker = BaseEstimator() if estimator is None else estimator
    table = validate_data(checker, X, reset=reset or estimator is None, dtype=_FLOATS)
    return _check_size(Sequences.from_table(table), _LARGEST, "sums of squares")


def _from_rows(rows, estimator, reset, is_array=False):
    if not rows:
        raise ValueError("Found array with 0 sample(s): X holds no rows, at least 1 is required.")
    _check_same_form(rows)
    kind = "scans" if rows[0].ndim == 2 else "bags"
    parts = [_scan(row, i) if kind == "scans" else _bag(row, i) for i, row in enumerate(rows)]
    series, starts, lengths = zip(*parts, strict=True)
    _check_n_rois(rows[0].shape[-1], estimator, reset)
    sequences = Sequences(list(series), list(starts), np.array(lengths), kind, is_array)
    return _check_size(sequences, _LARGEST, "sums of squares")


def _check_same_form(rows):
    for i, row in enumerate(rows):
        if row.ndim not in (2, 3):
            raise ValueError(
                f"Row {i} of X has {row.ndim} axes; a scan has 2 (n_timepoints, n_rois) and a "
                "bag has 3 (n_windows, n_points, n_rois)."
            )
        if row.ndim != rows[0].ndim:
            raise ValueError(
                f"Row {i} of X has {row.ndim} axes where row 0 has {rows[0].ndim}; rows must all "
                "be scans or all be bags of windows."
            )
        if row.shape[-1] != rows[0].shape[-1]:
            raise ValueError(
                f"Row {i} of X has {row.shape[-1]} ROIs where row 0 has {rows[0].shape[-1]}."
            )


def _scan(scan, row):
    if not len(scan):
        raise ValueError(f"Row {row} of X is a scan without time points (shape {scan.shape}).")
    return scan, np.zeros(1, dtype=np.intp), len(scan)


def _bag(bag, row):
    """Find the series that a bag's windows overlap on, or lay them one after the other."""
    n_windows, n_points, n_rois = bag.shape
    if not n_windows or not n_points:
        raise ValueError(f"Row {row} of X is a bag without windows or points (shape {bag.shape}).")
    step = _step_of_view(bag)
    if not step:
        # A copy has plain strides; numpy calls axes of one point contiguous whatever theirs are.
        bag, step = bag.copy(), n_points
    shape = ((n_windows - 1) * step + n_points, n_rois)
    series = as_strided(bag, shape, bag.strides[1:], writeable=False)
    return series, np.arange(n_windows) * step, n_points


def _step_of_view(bag):
    """Return by how many points windows of one series follow each other; 0 where there is none."""
    (n_windows, n_points, _), (onward, time, _) = bag.shape, bag.strides
    if n_windows == 1:
        return n_points if time > 0 else 0
    return onward // time if 0 < time <= onward <= n_points * time and not onward % time else 0


def _check_n_rois(n_rois, estimator, reset):
    if n_rois == 0:
        raise ValueError("Found array with 0 feature(s): X has no ROI, at least 1 is required.")
    if estimator is None:
        return
    if reset:
        estimator.n_features_in_ = n_rois
        vars(estimator).pop("feature_names_in_", None)
    elif n_rois != estimator.n_features_in_:
        raise ValueError(
            f"X has {n_rois} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input (the ROIs of the last axis)."
        )


def check_float32(sequences):
    """Refuse values that float32, which networks compute in, cannot hold."""
    largest = dict.fromkeys(_FLOATS, np.finfo(np.float32).max)
    return _check_size(sequences, largest, "float32, standardize the scans (ScanCleaner)")


def _check_size(sequences, largest, use):
    """Refuse NaN, infinity, and values beyond the largest of their format that serve a use."""
    for row, series in enumerate(sequences.series):
        bad = ~(np.abs(series) <= largest[series.dtype.type])
        if bad.any():
            point, roi = np.argwhere(bad)[0]
            what = _what_is_wrong(series[point, roi], use)
            raise ValueError(f"Input X contains {what}: row {row}, time point {point}, ROI {roi}.")
    return sequences


def _what_is_wrong(value, use):
    what = "infinity (inf)" if np.isinf(value) else f"a value too large for {use}"
    return "NaN" if np.isnan(value) else what


def check_labels(y, n_rows, min_classes=2):
    """Check class labels; return the classes, and each row's number among them."""
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    y = check_column(y, n_rows, "y")
    assert_all_finite(y, input_name="y")
    check_classification_targets(y)
    classes, y_encoded = np.unique(y, return_inverse=True)
    if len(classes) < min_classes:
        only = classes.tolist()[0]
        raise ValueError(f"At least 2 classes are needed, but y holds one class: {only!r}.")
    return classes, y_encoded


def check_target(y, n_rows):
    """Check a continuous target; return its values, float64 of shape (n_rows,)."""
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    column = check_column(y, n_rows, "y")
    if column.dtype.kind not in "biufO" or any(isinstance(value, str) for value in column):
        raise ValueError(f"y must hold numbers, got {column[0]!r} in row 0 of X.")
    try:
        values = column.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"y holds something that is not a number: {error}") from error
    bad = ~(np.abs(values) <= _LARGEST[np.float64])
    if bad.any():
        row = int(bad.argmax())
        what = _what_is_wrong(values[row], "sums of squares")
        raise ValueError(f"Input y contains {what}: {values[row]} in row {row} of X.")
    return values


def check_column(values, n_rows, name):
    """Check that there is one value for each row, all of them texts or none."""
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array: fill or leave out what is masked.")
    try:
        column = column_or_1d(values, warn=True)
    except ValueError as error:
        said = str(error).removeprefix("y ")
        raise ValueError(f"{name} needs one value for each row of X: {said}") from error
    if len(column) != n_rows:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {n_rows} rows and "
            f"{name} has {len(column)}."
        )
    # numpy makes text of what a list mixes with it.
    given = np.asarray(values, dtype=object).ravel() if column.dtype.kind in "OUS" else column
    _check_kinds(given, name)
    return column


def _check_kinds(column, name):
    """Refuse missing values, and texts beside others."""
    for row, value in enumerate(column):
        if value is None or is_pandas_na(value) or value != value:
            raise ValueError(f"{name} has no value for row {row} of X (None, NaN or NA).")
        if isinstance(value, str) != isinstance(column[0], str):
            raise ValueError(
                f"{name} mixes texts with other values: {column[0]!r} in row 0 of X, {value!r} in "
                f"row {row}."
            )


def check_times(t_r, n_rows, may_lack=False):
    """Check repetition times, one or one for each row, which may lack (NaN); (n_rows,), seconds."""
    seconds = np.asarray(t_r, dtype=float)
    can_be = ((seconds > 0) & (seconds < np.inf)) | (may_lack & np.isnan(seconds))
    if seconds.shape not in ((), (n_rows,)) or not can_be.all():
        raise ValueError(f"t_r must be seconds above 0, one number or {n_rows}, got {t_r!r}.")
    return np.broadcast_to(seconds, n_rows)


def check_groups(groups, n_rows):
    """Check groups and number them; without groups every row is its own."""
    if groups is None:
        return np.arange(n_rows)
    return np.unique(check_column(groups, n_rows, "groups"), return_inverse=True)[1]


def check_sample_weight(sample_weight, n_rows):
    """Check weights of rows; without, and with one number, all rows weigh the same.

    Shapes: returned (n_rows,), float64.
    """
    if sample_weight is None or isinstance(sample_weight, Real):
        sample_weight = np.full(n_rows, 1.0 if sample_weight is None else sample_weight)
    column = check_column(sample_weight, n_rows, "sample_weight")
    try:
        weights = column.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"sample_weight holds something that is no number: {error}") from error
    bad = ~((weights >= 0) & (weights < np.inf))
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"sample_weight must be 0 or more, and finite, got {weights[row]:g} in row {row} of X."
        )
    if not weights.any():
        raise ValueError("sample_weight is zero for every row of X.")
    return weights


def class_weights(class_weight, y_encoded, row_weights, n_classes):
    """Return each class's weight, (n_classes,), for what :func:`check_class_weight` has returned.

    "balanced" gives all classes the same sum over rows; 1 where no row is of a class. Shapes:
    y_encoded, row_weights (n_rows,).
    """
    if class_weight != "balanced":
        by_number = class_weight or {}
        return np.array([by_number.get(number, 1.0) for number in range(n_classes)])
    totals = np.bincount(y_encoded, row_weights, n_classes)
    present = totals > 0
    weights = np.ones(n_classes)
    weights[present] = totals.sum() / (present.sum() * totals[present])
    return weights


def check_mask(validation, n_rows):
    """Check that there is a truth value for each row."""
    mask = np.asarray(validation)
    if mask.dtype != bool or mask.shape != (n_rows,):
        raise ValueError(
            f"validation must be a boolean mask over the {n_rows} rows of X, got an array of "
            f"dtype {mask.dtype} and shape {mask.shape}."
        )
    return mask


def check_validation_mask(validation, groups, y_encoded):
    """Check a boolean mask over rows that says which of them validate."""
    mask = check_mask(validation, len(groups))
    if mask.all() or not mask.any():
        raise ValueError("validation must leave at least one row to train on and one to validate.")
    split = np.intersect1d(groups[mask], groups[~mask])
    if len(split):
        rows = np.flatnonzero(groups == split[0]).tolist()
        raise ValueError(f"validation splits a group: rows {rows} belong together.")
    lacking = np.setdiff1d(y_encoded, y_encoded[~mask])
    if len(lacking):
        raise ValueError(
            f"validation holds all rows of class number {lacking[0]}: none is left to train on."
        )
    return mask


def check_class_weight(class_weight, classes):
    """Check weights of classes and return them by class number."""
    if class_weight is None or class_weight == "balanced":
        return class_weight
    numbers = {label: number for number, label in enumerate(np.asarray(classes).tolist())}
    for label, weight in class_weight.items():
        if label not in numbers:
            known = ", ".join(map(repr, numbers))
            raise ValueError(f"class_weight names {label!r}, which is not among {known}.")
        if isinstance(weight, bool) or not isinstance(weight, Real) or not 0 <= weight < np.inf:
            raise ValueError(f"class_weight of {label!r} must be 0 or more, got {weight!r}.")
    weights = dict.fromkeys(range(len(numbers)), 1.0)
    weights |= {numbers[label]: float(weight) for label, weight in class_weight.items()}
    if not any(weights.values()):
        raise ValueError("class_weight is 0 for every class.")
    return weights
