"""ROI series of an image, against nilearn's maskers and least squares."""

import numpy as np
import pytest

from _extracted import read, series_of
from _image_trees import AFFINE, REGIONS, SHAPE, image_path, labels, write_atlas, write_image

pandas = pytest.importorskip("pandas")
nibabel = pytest.importorskip("nibabel")
maskers = pytest.importorskip("nilearn.maskers")
from nilearn.interfaces.fmriprep import load_confounds_strategy  # noqa: E402

from sklearn_lstmdg.datasets import extract_scans, load_bids  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def test_series_are_those_of_nilearns_masker(study):
    images, out, atlas = study
    done = extract_scans(images, atlas, out)
    path = image_path(images, "01")
    confounds, _ = load_confounds_strategy(str(path), "simple")
    expected = maskers.NiftiLabelsMasker(atlas).fit_transform(path, confounds=confounds)
    series = series_of(out)
    assert list(series) == REGIONS == done.feature_names
    np.testing.assert_allclose(series, expected, rtol=1e-5)
    assert done.table["n_points"].tolist() == [40, 41, 42, 40]


def test_maps_are_read_by_least_squares(study, tmp_path):
    images, out, _ = study
    codes = np.asarray(labels().dataobj)
    maps = np.stack([codes == code for code in (3, 5, 8, 10)], axis=-1).astype(np.float32)
    maps[..., 1] += 0.5 * maps[..., 0]
    image = nibabel.Nifti1Image(maps, AFFINE)
    atlas = write_atlas(tmp_path, "atlas-Maps_probseg", image, table=False)
    (tmp_path / "atlas-Maps_probseg.csv").write_text("index,name\n1,a\n2,b\n3,c\n4,d\n")
    done = extract_scans(images, atlas, out)
    assert done.feature_names == [*"abcd"] and done.atlas == "Maps"
    path = image_path(images, "02")
    confounds, _ = load_confounds_strategy(str(path), "simple")
    mask = image_path(images, "02", desc="brain_mask")
    masker = maskers.NiftiMapsMasker(atlas, mask_img=mask)
    expected = masker.fit_transform(path, confounds=confounds)
    np.testing.assert_allclose(series_of(out, "02"), expected, rtol=1e-4)
    assert load_bids(out, target="diagnosis").feature_names == [*"abcd"]


def test_scrubbed_points_are_counted_and_told(study):
    images, out, atlas = study
    rng = np.random.default_rng(1)
    write_image(images, "03", "1", rng.standard_normal((60, 4)), rng, worst=3.0)
    done = extract_scans(
        images, atlas, out, "scrubbing", strategy_options={"fd_threshold": 0.5, "scrub": 0}
    )
    assert done.table["n_scrubbed"].tolist() == [0, 0, 1, 0]
    assert len(series_of(out, "03")) == done.table["n_points"][2] == 59
    (outliers,) = out.glob("sub-03/*/*/*_outliers.tsv")
    assert np.flatnonzero(read(outliers)["outlier"]).tolist() == [30]
    cohort = load_bids(out, confounds="func_mean_fd")
    assert cohort.confounds["func_mean_fd"][2] == pytest.approx((58 * 0.1 + 3) / 59)


def test_regions_outside_of_the_brain_are_missing(study):
    images, out, atlas = study
    brain = np.ones(SHAPE, np.uint8)
    brain[1:3, 1:3, 3:] = 0  # a quarter of the first region is left
    brain[5:7, 5:7, 4:] = 0  # half of the last
    path = image_path(images, "02", desc="brain_mask")
    nibabel.Nifti1Image(brain, AFFINE).to_filename(path)
    done = extract_scans(images, atlas, out)
    assert series_of(out, "02").isna().all().tolist() == [True, False, False, False]
    assert done.table["n_missing_rois"].tolist() == [0, 1, 0, 0]
    with pytest.warns(UserWarning, match="1 of 4 ROIs is dropped"):
        assert load_bids(out, max_missing=0.5).feature_names == REGIONS[1:]
    again = extract_scans(images, atlas, out.with_name("strict"), min_coverage=0.6)
    assert again.table["n_missing_rois"].tolist() == [0, 2, 0, 0]


def test_an_image_on_another_grid(study):
    images, out, atlas = study
    path = image_path(images, "01")
    image = nibabel.load(path)
    fine = np.repeat(np.repeat(np.repeat(image.get_fdata(), 2, 0), 2, 1), 2, 2)
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = -1.0
    extract_scans(images, atlas, out)
    coarse = series_of(out)
    nibabel.Nifti1Image(fine.astype(np.float32), affine).to_filename(path)
    image_path(images, "01", desc="brain_mask").unlink()
    extract_scans(images, atlas, out.with_name("again"))
    np.testing.assert_allclose(series_of(out.with_name("again")), coarse, rtol=1e-4)
