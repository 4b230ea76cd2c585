import mmap

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator

from sklearn_lstmdg.scans import window_view
from sklearn_lstmdg.scans._validation import (
    check_groups,
    check_labels,
    check_sequences,
    check_validation_mask,
)


@pytest.fixture
def rows(scans):
    return scans[0]


def boxed(rows):
    array = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        array[i] = row
    return array


def test_the_four_forms(rows):
    ragged = [scan[: 30 + i % 3] for i, scan in enumerate(rows)]
    for X, kind in (
        (rows[:, 0], "table"),
        (rows, "scans"),
        (ragged, "scans"),
        (boxed(ragged), "scans"),
        (rows.tolist(), "scans"),
        (window_view(rows, 10, 1), "bags"),
        ([window_view(scan, 10, 1) for scan in ragged], "bags"),
    ):
        sequences = check_sequences(X)
        assert (sequences.kind, len(sequences), sequences.n_rois) == (kind, 12, 6)
        for row in range(12):
            windows = np.asarray(X[row], dtype=float).reshape(sequences.windows(row).shape)
            np.testing.assert_array_equal(sequences.windows(row), windows)


@pytest.mark.parametrize("step", [1, 3, 10, 12])
def test_a_view_of_windows_is_known_as_one_series(rows, step):
    bag = window_view(rows[0], 10, step)
    sequences = check_sequences([bag])
    np.testing.assert_array_equal(sequences.windows(0), bag)
    if step <= 10:
        assert np.shares_memory(sequences.series[0], rows)
        assert len(sequences.series[0]) == (len(bag) - 1) * step + 10


BAGS = {
    "copy": lambda bag: bag.copy(),
    "fortran": np.asfortranarray,
    "backwards in windows": lambda bag: bag[::-1],
    "backwards in time": lambda bag: bag[:, ::-1],
    "backwards in ROIs": lambda bag: bag[..., ::-1],
    "every other window": lambda bag: bag[::2],
    "every other point": lambda bag: bag[:, ::2],
    "some windows": lambda bag: bag[[3, 1, 7]],
    "one window": lambda bag: bag[:1],
    "one window backwards": lambda bag: bag[:1, ::-1],
    "one ROI": lambda bag: bag[..., :1],
    "last ROIs": lambda bag: bag[..., 2:],
    "first points": lambda bag: bag[:, :4],
    "first point": lambda bag: bag[:, :1],
    "one point, new axis": lambda bag: np.ascontiguousarray(bag[:, 0])[:, None],
    "one point of a copy": lambda bag: bag.copy()[:, :1],
    "repeated window": lambda bag: np.broadcast_to(bag[0], (5, *bag.shape[1:])),
    "repeated point": lambda bag: np.broadcast_to(bag[:, :1], bag.shape),
    "one point everywhere": lambda bag: np.broadcast_to(bag[:1, :1], bag.shape),
    "other order of axes": lambda bag: np.ascontiguousarray(bag.T).T,
    "ROIs before points": lambda bag: np.ascontiguousarray(bag.swapaxes(1, 2)).swapaxes(1, 2),
}


@pytest.mark.parametrize("name", BAGS)
@pytest.mark.parametrize("step", [1, 3])
def test_windows_are_the_bags_whatever_its_strides(rows, name, step):
    bag = BAGS[name](window_view(rows[0], 10, step))
    np.testing.assert_array_equal(check_sequences([bag]).windows(0), bag)


def test_rows_taken_and_joined(rows):
    bags = check_sequences([window_view(scan, 10 + i, 1) for i, scan in enumerate(rows)])
    taken = bags.take([5, 2]).join(bags.take(np.array([0])))
    assert taken.lengths.tolist() == [15, 12, 10]
    for row, origin in enumerate([5, 2, 0]):
        np.testing.assert_array_equal(taken.windows(row), bags.windows(origin))


def test_floats_are_viewed_and_other_numbers_copied(rows):
    for dtype in (np.float32, np.float64):
        X = rows.astype(dtype)
        assert np.shares_memory(check_sequences(X).series[3], X)
    for dtype in (np.int16, np.float16, ">f8", object):
        assert check_sequences(rows.astype(dtype)).series[0].dtype == np.float64


def test_features_are_the_rois(rows):
    estimator = BaseEstimator()
    check_sequences(rows, estimator=estimator, reset=True)
    assert estimator.n_features_in_ == 6
    check_sequences(rows[:, :7], estimator=estimator)
    with pytest.raises(ValueError, match=r"5 features.*expecting 6"):
        check_sequences(rows[..., :5], estimator=estimator)


def test_names_of_a_table_are_forgotten_with_it(rows):
    pandas = pytest.importorskip("pandas")
    estimator = BaseEstimator()
    check_sequences(pandas.DataFrame(rows[:, 0], columns=[*"abcdef"]), estimator=estimator, reset=1)
    assert estimator.feature_names_in_.tolist() == [*"abcdef"]
    check_sequences(rows, estimator=estimator, reset=True)
    assert not hasattr(estimator, "feature_names_in_")


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (np.zeros((40, 5)), "Row 7 of X has 5 ROIs where row 0 has 6"),
        (np.zeros((1, 40, 6)), "Row 7 of X has 3 axes where row 0 has 2"),
        (np.zeros(6), "Row 7 of X has 1 axes"),
        (np.zeros((0, 6)), "Row 7 of X is a scan without time points"),
        (np.full((40, 6), np.nan), "NaN: row 7, time point 0, ROI 0"),
        (np.full((40, 6), "a"), "row 7 of X holds something that is not a number"),
        (np.zeros((40, 6), dtype=complex), "Complex data not supported: row 7"),
    ],
)
def test_the_row_at_fault_is_named(rows, odd, message):
    X = list(rows)
    X[7] = odd
    with pytest.raises(ValueError, match=message):
        check_sequences(X)


def test_the_place_of_a_bad_value_in_a_bag_is_that_in_its_scan(rows):
    rows[2, 13, 4] = -np.inf
    with pytest.raises(ValueError, match=r"infinity \(inf\): row 2, time point 13, ROI 4"):
        check_sequences(window_view(rows, 10, 1))


@pytest.mark.parametrize(("dtype", "value"), [(np.float64, 1e200), (np.float32, 1e30)])
def test_values_whose_squares_are_infinite_are_refused(rows, dtype, value):
    rows[2, 13, 4] = value
    X = rows.astype(dtype)
    for same in (X, list(X), window_view(X, 20, 1)):
        with pytest.raises(ValueError, match="sums of squares: row 2, time point 13, ROI 4"):
            check_sequences(same)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((0, 40, 6), "0 sample"),
        ((3, 0, 6), "Row 0 of X is a scan without time points"),
        ((3, 0, 10, 6), "Row 0 of X is a bag without windows"),
        ((3, 2, 0, 6), "Row 0 of X is a bag without windows or points"),
        ((3, 40, 0), "0 feature"),
    ],
)
def test_nothing_is_an_error(shape, message):
    with pytest.raises(ValueError, match=message):
        check_sequences(np.zeros(shape))


def test_no_rows_in_any_container_are_an_error():
    for X in ([], (), np.empty(0, dtype=object), np.zeros((0, 4))):
        with pytest.raises(ValueError, match=r"0 sample|1D array"):
            check_sequences(X)


def test_labels():
    classes, codes = check_labels(["b", "a", "b"], 3)
    assert classes.tolist() == ["a", "b"]
    assert codes.tolist() == [1, 0, 1]
    for y, message in (
        (None, "y is None"),
        ([0, 1], "X has 3 rows and y has 2"),
        ([1, 1, 1], "holds one class: .*1"),
        ([0, 1, np.nan], "NaN"),
        ([0.5, 1.2, 3.3], "Unknown label type"),
        ([0, "a", 0], "y mixes texts with other values: 0 in row 0 of X, 'a' in row 1"),
        (["a", None, "b"], "y has no value for row 1"),
        (np.ma.masked_array([0, 1, 2], [0, 0, 1]), "y is a masked array"),
    ):
        with pytest.raises(ValueError, match=message):
            check_labels(y, 3)


def test_groups():
    assert check_groups(None, 3).tolist() == [0, 1, 2]
    assert check_groups(["s2", "s1", "s2"], 3).tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="3 rows and groups has 2"):
        check_groups([1, 2], 3)
    for missing in (None, np.nan):
        with pytest.raises(ValueError, match="no value for row 1"):
            check_groups(np.array([1, missing, 2], dtype=object), 3)
    for bad, message in (
        ([1, "a", 1], "groups mixes texts with other values: 1 in row 0 of X, 'a' in row 1"),
        (np.zeros((3, 2)), "groups needs one value for each row of X"),
        ([[0, 1], [1], [2]], "groups needs one value for each row of X"),
    ):
        with pytest.raises(ValueError, match=message):
            check_groups(bad, 3)


@pytest.mark.parametrize("dtype", [object, "string", "Int64", "category"])
def test_values_that_pandas_lacks_are_named(dtype):
    pandas = pytest.importorskip("pandas")
    values = pandas.Series([1, 2, pandas.NA, 1], dtype=object).astype(dtype)
    for name, check in (("groups", check_groups), ("y", check_labels)):
        with pytest.raises(ValueError, match=f"{name} has no value for row 2 of X"):
            check(values, 4)


def test_validation_mask():
    groups = np.array([0, 0, 1, 2])
    mask = check_validation_mask([False, False, True, False], groups, np.zeros(4, int))
    assert mask.tolist() == [False, False, True, False]
    for bad, message in (
        ([0, 0, 1, 0], "boolean mask over the 4 rows"),
        ([True], "boolean mask over the 4 rows"),
        ([False] * 4, "at least one row to train on and one to validate"),
        ([True] * 4, "at least one row to train on and one to validate"),
        ([True, False, False, False], r"rows \[0, 1\] belong together"),
    ):
        with pytest.raises(ValueError, match=message):
            check_validation_mask(bad, groups, np.zeros(4, int))


class Boxed:
    """An array in a box, as other libraries hand them over."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array, dtype=dtype)


def test_arrays_in_a_box_and_backwards_are_read():
    X = np.random.default_rng(0).standard_normal((3, 8, 4))
    assert check_sequences(Boxed(X)).kind == "scans"
    backwards = check_sequences(X[:, ::-1, ::-1])
    np.testing.assert_array_equal(backwards.windows(1)[0], X[1, ::-1, ::-1])


def test_arrays_that_would_be_read_as_their_opposite_are_refused():
    X = np.ma.masked_invalid(np.ones((3, 8, 4)))
    for rows in (X, list(X), X[:, 0]):
        with pytest.raises(ValueError, match="masked array"):
            check_sequences(rows)
    times = np.zeros((3, 8, 4), dtype="datetime64[s]")
    for rows in (times, list(times), times[:, 0], times[:, 0] - times[0, 0]):
        with pytest.raises(TypeError, match="holds times"):
            check_sequences(rows)


def test_names_of_rois_are_kept_and_compared():
    pandas = pytest.importorskip("pandas")
    scans = [pandas.DataFrame(np.ones((8, 3)) * i, columns=["a", "b", "c"]) for i in range(4)]
    estimator = BaseEstimator()
    check_sequences(scans, estimator=estimator, reset=True)
    assert estimator.feature_names_in_.tolist() == ["a", "b", "c"]
    check_sequences(scans, estimator=estimator)
    with pytest.raises(ValueError, match="Row 2 of X has other ROI names"):
        check_sequences([*scans[:2], scans[2][["b", "a", "c"]]], estimator=estimator)
    with pytest.raises(ValueError, match="feature names should match"):
        check_sequences([scan[["b", "a", "c"]] for scan in scans], estimator=estimator)


@pytest.mark.parametrize("form", ["table", "scans", "ragged", "bags", "views"])
def test_rows_come_back_in_the_form_of_x_from_one_mapped_file(form, tmp_path):
    scans = np.random.default_rng(0).normal(size=(3, 12, 4)).astype(np.float32)
    X = {
        "table": scans[:, 0],
        "scans": scans,
        "ragged": [scan[: 12 - i] for i, scan in enumerate(scans)],
        "bags": window_view(scans, 5, 2),
        "views": list(window_view(scans, 5, 2)),
    }[form]
    joblib.dump(check_sequences(X), tmp_path / "rows")
    rows = joblib.load(tmp_path / "rows", mmap_mode="r")
    back = rows.in_form()
    assert isinstance(back, list) == isinstance(X, list)
    for row, wanted in zip(back, X, strict=True):
        np.testing.assert_array_equal(row, wanted)
    bases = {id(_base(series)) for series in rows.series}
    assert len(bases) == 1, "one block, mapped once"
    assert isinstance(_base(rows.series[0]), mmap.mmap)
    taken = rows.take(np.array([2, 0])).in_form()
    np.testing.assert_array_equal(taken[0], X[2])


def _base(array):
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array
