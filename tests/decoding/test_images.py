from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_lstmdg import decoding

nibabel = pytest.importorskip("nibabel")
pytest.importorskip("nilearn")

CODES = [40, 7, 2001]


@pytest.mark.parametrize("file", ["aal_mask_pad", "ho_mask_pad", "CC200"])
def test_real_atlases_round_trip(data_dir, file):
    atlas = decoding.load_atlas(data_dir / "atlases" / f"{file}.nii.gz")
    rng = np.random.default_rng(0)
    codes = rng.permutation(atlas.codes)
    values = rng.standard_normal((len(codes), 3)).astype(np.float32)
    image = decoding.to_image(values, codes, atlas)
    np.testing.assert_allclose(decoding.from_image(image, codes, atlas), values, atol=1e-6)


def test_values_go_where_their_code_is(atlas):
    volume = np.asarray(decoding.to_image([1.5, -2, 3], CODES, atlas).dataobj)
    labels = np.asarray(atlas.image.dataobj)
    for code, value in zip(CODES, [1.5, -2, 3], strict=True):
        assert (volume[labels == code] == value).all()
    assert not volume[labels == 0].any()


def test_rois_without_a_value_stay_empty(atlas):
    image = decoding.to_image(np.array([True]), [7], atlas)
    assert image.get_data_dtype() == np.uint8
    labels = np.asarray(atlas.image.dataobj)
    np.testing.assert_array_equal(np.asarray(image.dataobj), labels == 7)


def test_masks_on_the_mni_grid_stay_masks(aal):
    communities = np.zeros((116, 2), dtype=bool)
    communities[[0, 40, 41], [0, 1, 1]] = True
    image = decoding.to_image(communities, aal.codes, aal, resolution=2)
    assert np.allclose(np.abs(np.diag(image.affine)), [2, 2, 2, 1])
    volumes = np.asarray(image.dataobj)
    coarse = np.asarray(decoding.to_image(communities, aal.codes, aal).dataobj)
    to_atlas = np.linalg.inv(aal.image.affine) @ image.affine
    voxels = np.argwhere(np.ones(volumes.shape[:3]))
    nearest = np.rint(voxels @ to_atlas[:3, :3].T + to_atlas[:3, 3]).astype(int)
    inside = ((nearest >= 0) & (nearest < coarse.shape[:3])).all(axis=1)
    np.testing.assert_array_equal(
        volumes[tuple(voxels[inside].T)], coarse[tuple(nearest[inside].T)]
    )
    assert not volumes[tuple(voxels[~inside].T)].any()
    back = decoding.from_image(image, aal.codes, aal)
    np.testing.assert_array_equal(back, communities)


def test_from_image_averages(atlas):
    rng = np.random.default_rng(0)
    data = rng.standard_normal((12, 10, 8))
    means = decoding.from_image(nibabel.Nifti1Image(data, atlas.image.affine), CODES, atlas)
    labels = np.asarray(atlas.image.dataobj)
    np.testing.assert_allclose(means, [data[labels == code].mean() for code in CODES])


def test_images_of_an_estimator(atlas):
    rng = np.random.default_rng(0)
    communities = np.array([[1, 0], [1, 1], [0, 0]], dtype=bool)
    extractor = SimpleNamespace(
        membership_=rng.random((3, 2)), communities_=communities, influence_=np.array([2.0, 5])
    )
    images = decoding.estimator_images(extractor, CODES, atlas)
    assert set(images) == {"membership", "communities", "influence"}
    for name, wanted in (
        ("membership", extractor.membership_),
        ("communities", communities),
        ("influence", [2, 7, 0]),
    ):
        np.testing.assert_allclose(
            decoding.from_image(images[name], CODES, atlas), wanted, atol=1e-6
        )
    svm = SimpleNamespace(connectivity_coef_=rng.random((3, 3)))
    coef = decoding.estimator_images(svm, CODES, atlas).connectivity_coef
    np.testing.assert_allclose(
        decoding.from_image(coef, CODES, atlas), svm.connectivity_coef_, atol=1e-6
    )
    with pytest.raises(ValueError, match="SimpleNamespace has none"):
        decoding.estimator_images(SimpleNamespace(), CODES, atlas)


@pytest.mark.parametrize(
    ("values", "codes", "message"),
    [
        ([1, 2], CODES, "2 codes"),
        ([1, 2, 3], [7, 40, 41], r"not in the atlas: 41\."),
        ([1, 2, 3], [7, 40, 7], "twice"),
        ([1, 2, 3], [7, 40, 0], r"not in the atlas: 0\."),
        (np.zeros((3, 2, 2)), CODES, "1-D or 2-D"),
    ],
)
def test_wrong_values_or_codes(atlas, values, codes, message):
    with pytest.raises(ValueError, match=message):
        decoding.to_image(values, codes, atlas)


def test_wrong_images(atlas, tmp_path):
    data = np.zeros((12, 10, 8))
    data[7, 3, 2] = np.nan
    with pytest.raises(ValueError, match="not finite in ROI 40"):
        decoding.from_image(nibabel.Nifti1Image(data, atlas.image.affine), CODES, atlas)
    far = atlas.image.affine.copy()
    far[:3, 3] += 20
    with pytest.raises(ValueError, match="ROI 40 has no voxel"):
        decoding.from_image(nibabel.Nifti1Image(np.zeros((9, 9, 9)), far), CODES, atlas)
    with pytest.raises(ValueError, match="whole, non-negative"):
        decoding.load_atlas(nibabel.Nifti1Image(np.full((2, 2, 2), 0.5), np.eye(4)))
    with pytest.raises(ValueError, match="neither a file nor one of the atlases aal"):
        decoding.load_atlas(tmp_path / "none.nii")
    (tmp_path / "names.csv").write_text("index,region\n7,seven\n")
    with pytest.raises(ValueError, match=r"columns index \(or code\) and name"):
        decoding.load_atlas(atlas.image, tmp_path / "names.csv")
