import numpy as np
import pytest
from sklearn.base import clone

from sklearn_lstmdg import SubsequenceAugmenter

from _scans import numbered


def sampler(*args, **params):
    return SubsequenceAugmenter(*args, output="windows", **params)


def test_bags_of_an_array_are_views():
    X = np.stack(numbered(20, 20))
    bags = SubsequenceAugmenter(5, 3).fit_transform(X)
    assert bags.shape == (2, 5, 6, 3)
    assert np.shares_memory(bags, X)
    assert not bags.flags.writeable
    row, point, roi = X.strides
    assert bags.strides == (row, 3 * point, point, roi)


def test_bags_of_a_list_are_views():
    scans = numbered(20, 9)
    bags = SubsequenceAugmenter(5).fit_transform(scans)
    assert isinstance(bags, list)
    for bag, scan in zip(bags, scans, strict=True):
        assert np.shares_memory(bag, scan)
        assert bag.shape == (len(scan) - 5, 6, 3)


@pytest.mark.parametrize(("length", "step", "horizon"), [(5, 1, 1), (4, 3, 0), (3, 5, 2)])
@pytest.mark.parametrize("lengths", [(20, 20, 20), (20, 9, 6)])
def test_every_window_against_explicit_slices(length, step, horizon, lengths):
    scans = numbered(*lengths)
    X = np.stack(scans) if len(set(lengths)) == 1 else scans
    bags = SubsequenceAugmenter(length, step, horizon).fit(X).transform(X)
    for bag, scan in zip(bags, scans, strict=True):
        n_points = length + horizon
        starts = range(0, len(scan) - n_points + 1, step)
        np.testing.assert_array_equal(bag, [scan[s : s + n_points] for s in starts])


def test_a_scan_of_one_window():
    assert SubsequenceAugmenter(5).fit_transform(np.zeros((2, 6, 3))).shape == (2, 1, 6, 3)


def test_other_containers_mean_the_same():
    scans = numbered(20, 9)
    boxed = np.empty(2, dtype=object)
    boxed[:] = scans
    wanted = SubsequenceAugmenter(5).fit_transform(scans)
    for same in (boxed, tuple(scans), [scan.tolist() for scan in scans]):
        bags = SubsequenceAugmenter(5).fit_transform(same)
        for bag, expected in zip(bags, wanted, strict=True):
            np.testing.assert_array_equal(bag, expected)


def test_windows_are_rows_with_their_origin():
    scans, y = numbered(20, 9, 6), np.array(["autism", "control", "autism"])
    augmenter = sampler(4, 3)
    windows, labels = augmenter.fit_resample(scans, y)
    origin, start = augmenter.sample_indices_, augmenter.start_indices_
    assert origin.tolist() == [0] * 6 + [1] * 2 + [2]
    assert start.tolist() == [0, 3, 6, 9, 12, 15, 0, 3, 0]
    np.testing.assert_array_equal(labels, y[origin])
    for window, row, first in zip(windows, origin, start, strict=True):
        np.testing.assert_array_equal(window, scans[row][first : first + 5])


def test_windows_as_rows_are_a_copy_and_equal_the_bags():
    X = np.stack(numbered(20, 20))
    windows, _ = sampler(4).fit_resample(X, [0, 1])
    np.testing.assert_array_equal(windows, np.concatenate(SubsequenceAugmenter(4).fit_transform(X)))
    assert not np.shares_memory(windows, X)
    assert windows.flags.writeable


def test_labels_must_fit_the_scans():
    with pytest.raises(ValueError, match="X has 2 rows and y has 3"):
        sampler(4).fit_resample(numbered(20, 20), [0, 1, 1])
    with pytest.raises(ValueError, match="y has no value for row 1"):
        sampler(4).fit_resample(numbered(20, 20), [0, None])


def test_each_output_has_its_own_methods():
    X = np.stack(numbered(20, 20))
    bags, windows = SubsequenceAugmenter(5).fit(X), sampler(5).fit(X)
    for augmenter, absent in [
        (bags, ["fit_resample"]),
        (windows, ["transform", "fit_transform"]),
    ]:
        for name in ("transform", "fit_transform", "fit_resample"):
            assert hasattr(augmenter, name) == (name not in absent)
    with pytest.raises(AttributeError) as error:
        _ = windows.transform
    assert "needs output='bags', not 'windows'" in str(error.value.__cause__)
    assert hasattr(bags.set_params(output="windows"), "fit_resample")


@pytest.mark.parametrize("output", ["abc", None, ["bags"]])
def test_an_output_that_there_is_not_is_told_of_with_those_that_there_are(output):
    X = np.stack(numbered(20, 20))
    for call in (
        lambda augmenter: augmenter.fit(X),
        lambda augmenter: augmenter.fit_transform(X),
        lambda augmenter: augmenter.fit_resample(X, [0, 1]),
    ):
        with pytest.raises(ValueError, match=r"'output' parameter.* among \{'(bags|windows)', "):
            call(SubsequenceAugmenter(5, output=output))
    with pytest.raises(ValueError, match="'output' parameter"):
        SubsequenceAugmenter(5).fit(X).set_params(output=output).transform(X)


def test_scans_too_short_are_named():
    scans = numbered(20, 5, 20, 3)
    message = r"length \+ horizon = 6 points: rows 1 \(5 points\), 3 \(3 points\)\."
    for call in (SubsequenceAugmenter(5).fit, lambda X: sampler(5).fit_resample(X, [0, 1, 0, 1])):
        with pytest.raises(ValueError, match=message):
            call(scans)
    fitted = SubsequenceAugmenter(5).fit(scans[::2])
    with pytest.raises(ValueError, match=message):
        fitted.transform(scans)
    with pytest.raises(ValueError, match=r"9 \(1 point\) and 3 more"):
        SubsequenceAugmenter(5).fit(numbered(*[1] * 12, 2))
    with pytest.raises(ValueError, match=r": row 1 \(2 points\)\."):
        SubsequenceAugmenter(5).fit(numbered(20, 2))
    with pytest.raises(ValueError, match=r": all 12 rows have 2 points\."):
        SubsequenceAugmenter(5).fit(numbered(*[2] * 12))


def test_a_table_holds_scans_of_one_point():
    table = np.stack(numbered(4))[0]
    bags = SubsequenceAugmenter(1, horizon=0).fit_transform(table)
    assert bags.shape == (4, 1, 1, 3)
    np.testing.assert_array_equal(bags[:, 0, 0], table)
    windows, labels = sampler(1, horizon=0).fit_resample(table, [0, 1, 1, 0])
    np.testing.assert_array_equal(windows[:, 0], table)
    assert labels.tolist() == [0, 1, 1, 0]
    with pytest.raises(ValueError, match=r"31 points: all 4 rows have 1 point\..*: \[scan\]\."):
        SubsequenceAugmenter().fit(table)


def test_bags_are_not_cut_again():
    bags = SubsequenceAugmenter(5).fit_transform(np.zeros((2, 20, 3)))
    with pytest.raises(ValueError, match="holds bags of windows already"):
        SubsequenceAugmenter(2).fit(bags)


@pytest.mark.parametrize(
    ("given", "told"),
    [(np.float64, np.float64), (np.float32, np.float32), (np.int16, np.float64)],
)
def test_dtypes(given, told):
    X = np.stack(numbered(8, 8)).astype(given)
    bags = SubsequenceAugmenter(5).fit_transform(X)
    assert bags.dtype == told
    assert np.shares_memory(bags, X) == (given == told)
    assert all(bag.dtype == told for bag in SubsequenceAugmenter(5).fit_transform(list(X)))
    assert sampler(5).fit_resample(X, [0, 1])[0].dtype == told


def test_one_row_of_another_dtype_changes_no_value():
    scans = numbered(8, 9)
    scans[1] = scans[1].astype(np.float32)
    bags = SubsequenceAugmenter(5).fit_transform(scans)
    assert [bag.dtype for bag in bags] == [np.float64, np.float32]
    windows, _ = sampler(5).fit_resample(scans, [0, 1])
    np.testing.assert_array_equal(windows, np.concatenate(bags))


def test_an_array_that_is_not_contiguous():
    X = np.stack(numbered(20, 20, n_rois=4))[:, ::2, ::-1]
    bags = SubsequenceAugmenter(4).fit_transform(X)
    assert np.shares_memory(bags, X)
    np.testing.assert_array_equal(bags[1, 2], X[1, 2:7])


def test_the_fit_counts_rois():
    augmenter = SubsequenceAugmenter(5).fit(np.zeros((2, 20, 3)))
    assert augmenter.n_features_in_ == 3
    with pytest.raises(ValueError, match="X has 4 features"):
        augmenter.transform(np.zeros((2, 20, 4)))


@pytest.mark.parametrize(
    "params", [{"length": 0}, {"step": 0}, {"horizon": -1}, {"length": 2.5}, {"output": "rows"}]
)
def test_parameters_out_of_range_are_named(params):
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter"):
        SubsequenceAugmenter(**params).fit(np.zeros((2, 40, 3)))


def test_clones_keep_their_output():
    augmenter = clone(sampler(7, 2, horizon=0))
    assert augmenter.get_params() == {"length": 7, "step": 2, "horizon": 0, "output": "windows"}
