"""A Pipeline may begin with nilearn's masker, and read images."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

pandas = pytest.importorskip("pandas")
nibabel = pytest.importorskip("nibabel")
pytest.importorskip("nilearn", minversion="0.13")  # before, y was taken for confounds
maskers = pytest.importorskip("nilearn.maskers")

from sklearn_lstmdg import (  # noqa: E402
    CommunityExtractor,
    LSTMDGClassifier,
    ScanCleaner,
    SubsequenceAugmenter,
)
from sklearn_lstmdg.decoding import to_image  # noqa: E402
from sklearn_lstmdg.persistence import load_model, save_model  # noqa: E402

from _image_trees import AFFINE, REGIONS, SHAPE, labels  # noqa: E402

CODES = [3, 5, 8, 10]
Y = np.tile(["control", "patient"], 6)


@pytest.fixture(scope="module")
def images():
    """Twelve images of two lengths, in which patients' first two regions go together."""
    rng, codes, made = np.random.default_rng(0), np.asarray(labels().dataobj), []
    for row in range(12):
        series = rng.standard_normal((4, 24 + row % 3))
        series[1] += 3 * (row % 2) * series[0]
        voxels = rng.normal(100, 0.1, (*SHAPE, series.shape[1])).astype(np.float32)
        for code, values in zip(CODES, series, strict=True):
            voxels[codes == code] += values.astype(np.float32)
        made.append(nibabel.Nifti1Image(voxels, AFFINE))
    return made


def label_masker():
    table = pandas.DataFrame({"index": [0, *CODES], "name": ["Background", *REGIONS]})
    return maskers.MultiNiftiLabelsMasker(labels(), lut=table, standardize=None)


def map_masker():
    voxels = np.stack([np.asarray(labels().dataobj) == code for code in CODES], axis=-1)
    image = nibabel.Nifti1Image(voxels.astype(np.float32), AFFINE)
    return maskers.MultiNiftiMapsMasker(image, standardize=None)


def system(masker):
    net = LSTMDGClassifier(n_communities=3, n_units=2, max_updates=3, random_state=0)
    return make_pipeline(masker, ScanCleaner(), SubsequenceAugmenter(8, step=4), net)


@pytest.mark.parametrize("masker", [label_masker, map_masker])
def test_images_are_read_as_their_series_are(masker, images):
    pipeline = system(masker()).fit(images, Y)
    series = masker().fit_transform(images)
    same = clone(pipeline[1:]).fit(series, Y)
    proba = pipeline.predict_proba(images)
    np.testing.assert_array_equal(proba, same.predict_proba(series))
    assert pipeline.predict(images[:1]).shape == (1,) and pipeline[-1].n_features_in_ == 4


def test_cross_validation_over_images(images):
    scores = cross_val_score(
        system(label_masker()), images, Y, cv=GroupKFold(3), groups=np.arange(12) // 2
    )
    assert scores.shape == (3,) and np.isfinite(scores).all()


def test_images_on_disk(images, tmp_path):
    paths = [str(tmp_path / f"{row}.nii.gz") for row in range(12)]
    for image, path in zip(images, paths, strict=True):
        image.to_filename(path)
    pipeline = system(label_masker())
    expected = pipeline.fit(images, Y).predict_proba(images)
    np.testing.assert_array_equal(clone(pipeline).fit(paths, Y).predict_proba(paths), expected)


def test_a_saved_pipeline_reads_images(images, tmp_path):
    pytest.importorskip("skops")
    pipeline = system(label_masker()).fit(images, Y)
    save_model(pipeline, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict_proba(images), pipeline.predict_proba(images))
    image = to_image(loaded[-1].membership_, loaded[0])
    np.testing.assert_array_equal(
        image.get_fdata()[np.asarray(labels().dataobj) == 8][0],
        pipeline[-1].membership_[2].astype(np.float32),
    )


def test_communities_of_images_are_painted_by_the_masker(images):
    masker = label_masker()
    series = masker.fit_transform(images)
    extractor = CommunityExtractor(system(masker)[1:]).fit(series, Y)
    painted = np.asarray(to_image(extractor.communities_, masker).dataobj)
    assert painted.shape == (*SHAPE, 3)
    for code, members in zip(CODES, extractor.communities_, strict=True):
        assert (painted[np.asarray(labels().dataobj) == code] == members).all()
