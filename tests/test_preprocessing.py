import warnings

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg.preprocessing import ScanCleaner
from sklearn_lstmdg.scans._signals import band_pass, regress_global_mean


@pytest.fixture
def scan():
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((200, 1))
    return 100 + 3 * shared + rng.standard_normal((200, 5)) * np.arange(1, 6)


def test_standardizes_each_scan_over_its_whole_length(scan):
    X = np.stack([scan, 7 * scan[::-1] - 40])
    cleaned = ScanCleaner().fit_transform(X)
    expected = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    np.testing.assert_allclose(cleaned, expected, atol=1e-10)


def test_a_scan_is_cleaned_alike_whatever_is_beside_it(scan):
    cleaner = ScanCleaner(band_pass=(0.01, 0.1), regress_global_mean=True).fit([scan])
    alone = cleaner.transform([scan])[0]
    beside = cleaner.transform([scan[:150] * 9, scan, scan[50:]])[1]
    np.testing.assert_array_equal(alone, beside)


def test_forms_of_input_are_kept(scan):
    cleaner = ScanCleaner()
    assert cleaner.fit_transform(np.stack([scan, scan])).shape == (2, 200, 5)
    ragged = cleaner.fit_transform([scan, scan[:90]])
    assert isinstance(ragged, list) and [len(x) for x in ragged] == [200, 90]
    assert cleaner.n_features_in_ == 5
    assert cleaner.get_feature_names_out(list("abcde")).tolist() == list("abcde")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_number_format_is_kept_and_input_untouched(scan, dtype):
    X = scan.astype(dtype)[None]
    before = X.copy()
    for cleaner in (ScanCleaner(), ScanCleaner(standardize=False)):
        cleaned = cleaner.fit_transform(X)
        assert cleaned.dtype == dtype and not np.shares_memory(cleaned, X)
    np.testing.assert_array_equal(X, before)
    assert ScanCleaner().fit_transform(X.astype(int)).dtype == np.float64


@pytest.mark.parametrize(
    "cleaner", [ScanCleaner(), ScanCleaner(regress_global_mean=True), ScanCleaner(False)]
)
def test_scans_of_one_point_come_back_as_they_are(cleaner, scan):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(cleaner.fit_transform(scan), scan)
        np.testing.assert_array_equal(cleaner.fit_transform(scan[:, None])[:, 0], scan)


def test_no_steps_change_nothing(scan):
    scan[:, 2] = 5
    np.testing.assert_array_equal(ScanCleaner(standardize=False).fit_transform([scan])[0], scan)


def test_regression_is_least_squares_and_keeps_the_mean(scan):
    mean = scan.mean(axis=1)
    design = np.column_stack([mean, np.ones(200)])
    residual = scan - design @ np.linalg.lstsq(design, scan, rcond=None)[0]
    cleaned = ScanCleaner(standardize=False, regress_global_mean=True).fit_transform([scan])[0]
    np.testing.assert_allclose(cleaned, residual + scan.mean(axis=0), atol=1e-9)


def test_mean_is_regressed_after_the_filter(scan):
    cleaner = ScanCleaner(band_pass=(0.01, 0.1), regress_global_mean=True)
    cleaned = cleaner.fit_transform([scan])[0]
    inside = band_pass(scan, 0.01, 0.1, 2.0).mean(axis=1)
    np.testing.assert_allclose(inside @ cleaned, 0, atol=1e-8)
    np.testing.assert_allclose(cleaned.std(axis=0), 1)


def test_band_pass_keeps_the_band_in_time_and_drops_the_rest():
    seconds = np.arange(400) * 2.0
    inside, slow, fast = (np.sin(2 * np.pi * f * seconds) for f in (0.04, 0.002, 0.2))
    mixed = (50 + inside + slow + fast)[:, None]
    cleaner = ScanCleaner(standardize=False, band_pass=(0.01, 0.1))
    cleaned = cleaner.fit_transform([mixed])[0][:, 0]
    np.testing.assert_allclose(cleaned[60:-60], inside[60:-60], atol=0.05)


def test_band_pass_depends_on_the_repetition_time(scan):
    half = ScanCleaner(band_pass=(0.02, 0.2), t_r=1.0).fit_transform([scan])[0]
    np.testing.assert_allclose(half, ScanCleaner(band_pass=(0.01, 0.1)).fit_transform([scan])[0])


@pytest.mark.parametrize(
    "band", [(0.1, 0.01), (0, 0.1), (0.01, 0.25), (0.01,), ("a", "b"), (None, 0.1)]
)
def test_an_impossible_band_is_an_error(scan, band):
    with pytest.raises(ValueError, match=r"0 < low < high < 0.25"):
        ScanCleaner(band_pass=band).fit([scan])


def test_scans_too_short_for_the_band_are_named(scan):
    with pytest.raises(ValueError, match=r"\(50 points\): rows 1, 2"):
        ScanCleaner(band_pass=(0.01, 0.1)).fit([scan, scan[:30], scan[:49]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "parameters",
    [{}, {"band_pass": (0.01, 0.1)}, {"regress_global_mean": True, "standardize": False}],
)
def test_constant_rois_become_zeros_with_one_warning(scan, dtype, parameters):
    X = np.stack([scan, scan, scan]).astype(dtype)
    X[1, :, 3] = 1234.567
    X[2, :, :2] = 0
    X[1, ::2, 3] *= 1 + np.finfo(dtype).eps  # rounding is no signal
    with pytest.warns(UserWarning) as caught:
        cleaned = ScanCleaner(**parameters).fit_transform(X)
    assert len(caught) == 1
    assert "3 ROI series are constant" in str(caught[0].message)
    assert "(first: row 1, ROI 3)" in str(caught[0].message)
    assert not cleaned[1, :, 3].any() and not cleaned[2, :, :2].any()
    assert cleaned.std(axis=1).astype(bool).sum() == 12


def test_an_roi_that_regression_leaves_constant_becomes_zeros(scan):
    with pytest.warns(UserWarning, match="2 ROI series are constant"):
        cleaned = ScanCleaner(regress_global_mean=True).fit_transform([scan[:, [0, 0]]])
    assert not cleaned[0].any()


def test_regressing_the_mean_of_constant_rois_is_harmless():
    constant = np.full((50, 3), 0.1)
    np.testing.assert_allclose(regress_global_mean(constant), constant)


def test_bags_are_refused(scan):
    bags = SubsequenceAugmenter().fit_transform(scan[None])
    with pytest.raises(ValueError, match="clean scans before cutting windows"):
        ScanCleaner().fit(bags)


def test_composes_in_a_pipeline(scan):
    pipeline = make_pipeline(ScanCleaner(), SubsequenceAugmenter(length=30))
    bags = pipeline.fit_transform([scan, scan[:80]])
    assert [bag.shape for bag in bags] == [(170, 31, 5), (50, 31, 5)]


def test_scans_that_look_transposed_warn_once():
    scans = np.random.default_rng(0).standard_normal((4, 6, 30))
    with pytest.warns(UserWarning, match="4 of 4 scans have more ROIs than time points") as caught:
        ScanCleaner().fit_transform(scans)
    assert len(caught) == 1
