"""ROIs by name, and as the columns of nilearn's maskers."""

from types import SimpleNamespace

import numpy as np
import pytest

pandas = pytest.importorskip("pandas")
nibabel = pytest.importorskip("nibabel")
maskers = pytest.importorskip("nilearn.maskers")

from sklearn_lstmdg import decoding  # noqa: E402

from _image_trees import AFFINE, REGIONS, SHAPE, labels, write_atlas  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

CODES = [3, 5, 8, 10]
TABLE = pandas.DataFrame({"index": [0, *CODES], "name": ["Background", *REGIONS]})
VALUES = np.array([1.0, -2.0, 3.0, 0.5])


@pytest.fixture
def images():
    noise = np.random.default_rng(0).normal(size=(*SHAPE, 9)).astype(np.float32)
    return nibabel.Nifti1Image(noise, AFFINE)


def volume(image):
    return np.asarray(image.dataobj)


def painted(values, codes=CODES):
    expected = np.zeros(SHAPE)
    for code, value in zip(codes, values, strict=True):
        expected[volume(labels()) == code] = value
    return expected


@pytest.mark.parametrize("form", ["lut", "dseg.tsv", "csv"])
def test_tables_of_maskers_and_of_bids(form, tmp_path):
    write_atlas(tmp_path)
    image, table = labels(), tmp_path / "atlas-Mine_dseg.tsv"
    if form == "lut":
        pytest.importorskip("nilearn", minversion="0.12")  # before, maskers keep no table
        masker = maskers.NiftiLabelsMasker(labels(), lut=TABLE).fit()
        image, table = masker.labels_img_, masker.lut_
    if form == "csv":
        table = tmp_path / "names.csv"
        TABLE.to_csv(table, index=False)
    atlas = decoding.load_atlas(image, table)
    assert atlas.names == REGIONS and atlas.codes.tolist() == CODES


def test_values_are_painted_by_name():
    atlas = decoding.load_atlas(labels(), TABLE)
    backwards = decoding.to_image(VALUES[::-1], REGIONS[::-1], atlas)
    np.testing.assert_array_equal(volume(backwards), painted(VALUES))
    np.testing.assert_array_equal(decoding.from_image(backwards, REGIONS, atlas), VALUES)
    with pytest.raises(ValueError, match=r"ROI names that are not in the atlas: Insula\."):
        decoding.to_image(VALUES[:1], ["Insula"], atlas)


def test_values_are_painted_by_a_masker(images):
    fitted = maskers.NiftiLabelsMasker(labels(), lut=TABLE).fit()
    np.testing.assert_array_equal(volume(decoding.to_image(VALUES, fitted)), painted(VALUES))
    fitted.transform(images)
    np.testing.assert_array_equal(volume(decoding.to_image(VALUES, fitted)), painted(VALUES))
    two = decoding.to_image(np.column_stack([VALUES, -VALUES]), fitted)
    np.testing.assert_array_equal(volume(two)[..., 1], painted(-VALUES))
    with pytest.raises(ValueError, match="roi_codes must be 1-D with 3 codes"):
        decoding.to_image(VALUES[:3], fitted)
    with pytest.raises(ValueError, match="NiftiLabelsMasker is not fitted"):
        decoding.to_image(VALUES, maskers.NiftiLabelsMasker(labels()))


def test_a_masker_that_lost_a_region(images):
    brain = np.ones(SHAPE, np.uint8)
    brain[volume(labels()) == 5] = 0
    masker = maskers.NiftiLabelsMasker(labels(), mask_img=nibabel.Nifti1Image(brain, AFFINE))
    series = masker.fit_transform(images)
    if series.shape[1] == 4:  # older versions keep it by default
        pytest.skip("this nilearn keeps regions beyond the mask")
    image = decoding.to_image(VALUES[:3], masker)
    np.testing.assert_array_equal(volume(image), painted(VALUES[:3], [3, 8, 10]))


def test_values_are_painted_by_maps():
    maps = np.stack([volume(labels()) == code for code in CODES], axis=-1).astype(np.float32)
    masker = maskers.NiftiMapsMasker(nibabel.Nifti1Image(maps, AFFINE)).fit()
    np.testing.assert_allclose(volume(decoding.to_image(VALUES, masker)), painted(VALUES))
    two = decoding.to_image(np.column_stack([VALUES, -VALUES]), masker)
    np.testing.assert_allclose(volume(two)[..., 1], painted(-VALUES))


@pytest.fixture
def extractor():
    members = np.array([[1, 0], [1, 0], [0, 1], [0, 0]], dtype=bool)
    return SimpleNamespace(
        communities_=members, influence_=np.array([1.0, 4.0]), feature_names_in_=np.array(REGIONS)
    )


def test_what_an_extractor_knows_needs_no_codes(extractor):
    atlas = decoding.load_atlas(labels(), TABLE)
    masker = maskers.NiftiLabelsMasker(labels(), lut=TABLE).fit()
    for where in ((None, atlas), (masker,)):
        images = decoding.estimator_images(extractor, *where)
        np.testing.assert_array_equal(volume(images.influence), painted([1, 1, 4, 0]))
    extractor.feature_names_in_ = None
    with pytest.raises(ValueError, match="ROI codes are needed"):
        decoding.estimator_images(extractor, None, atlas)
    with pytest.raises(ValueError, match="An atlas is needed"):
        decoding.estimator_images(extractor, CODES)


def test_an_extractor_is_drawn(extractor):
    pytest.importorskip("matplotlib").use("Agg")
    atlas = decoding.load_atlas(labels(), TABLE)
    masker = maskers.NiftiLabelsMasker(labels(), lut=TABLE).fit()
    for where in ((None, atlas), (CODES, atlas), (masker,)):
        figure = decoding.plot_communities(extractor, *where)
        titles = [t for ax in figure.axes if (t := ax.get_title(loc="left"))]
        assert titles == ["Community 1, 1 ROI, influence 4", "Community 0, 2 ROIs, influence 1"]


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("index\tname\n3\t01\n5\t02\n8\t03\n10\t1e2\n", ["01", "02", "03", "1e2"]),
        ("index\tlabel\n3\ta\n5\tb\n8\tc\n10\td\n", list("abcd")),
    ],
)
def test_names_are_as_they_are_written(table, names, tmp_path):
    (tmp_path / "names.tsv").write_text(table)
    assert decoding.load_atlas(labels(), tmp_path / "names.tsv").names == names


def test_a_code_that_is_there_twice_is_refused(tmp_path):
    (tmp_path / "names.tsv").write_text("index\tname\n3\ta\n5\tb\n3\tc\n")
    with pytest.raises(ValueError, match=r"names.tsv, line 4: index 3 is there twice"):
        decoding.load_atlas(labels(), tmp_path / "names.tsv")


def test_a_name_of_two_rois_tells_none():
    atlas = decoding.load_atlas(labels(), {3: "a", 5: "a", 8: "b", 10: "c"})
    with pytest.raises(ValueError, match=r"the name of several ROIs: a\."):
        decoding.to_image([1.0, 2.0], ["a", "b"], atlas)
    assert decoding.to_image([1.0, 2.0], ["b", "c"], atlas).get_fdata().max() == 2


@pytest.mark.parametrize("codes", [[3.5, 5.0], [3, np.nan], [True, False]])
def test_codes_that_are_no_whole_numbers_are_refused(codes):
    atlas = decoding.load_atlas(labels(), TABLE)
    with pytest.raises(ValueError, match="roi_codes must be whole numbers or names"):
        decoding.to_image([1.0, 2.0], codes, atlas)
    np.testing.assert_array_equal(
        volume(decoding.to_image([1.0, 2.0], [3.0, 5.0], atlas)), painted([1, 2], [3, 5])
    )
