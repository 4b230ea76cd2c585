import numpy as np
import pytest

from sklearn_lstmdg import decoding
from sklearn_lstmdg.decoding._decoder import map_correlations, null_sets, set_correlations

nibabel = pytest.importorskip("nibabel")
pytest.importorskip("nilearn")
pandas = pytest.importorskip("pandas")

REGIONS = {
    "Precentral": ("motor", "motor"),
    "Heschl": ("auditory", "auditory"),
    "Amygdala": ("emotional", "amygdala|fear"),
    "Calcarine": ("visual", "visual|cuneus"),
}


def test_correlations_are_pearson(maps, block_atlas):
    codes = block_atlas.codes[:7]
    image = decoding.to_image(np.ones(7, dtype=bool), codes, block_atlas)
    told = decoding.decode(image, maps, n_permutations=0)
    assert list(told.columns) == ["term", "r"]
    inside = np.asarray(image.dataobj)[maps.inside]
    for term, r in zip(told["term"], told["r"], strict=True):
        wanted = np.corrcoef(inside, maps.maps[maps.terms.index(term)])[0, 1]
        assert r == pytest.approx(wanted, abs=1e-6)
    assert told["r"].is_monotonic_decreasing


def test_sums_over_rois_give_the_same_correlations(maps):
    rng = np.random.default_rng(0)
    rois = rng.integers(0, 9, maps.maps.shape[1])
    sets = rng.random((5, 9)) < 0.4
    sizes = np.bincount(rois)
    sums = np.array([np.bincount(rois, row) for row in maps.maps])
    told = set_correlations(sets, sums, sizes, maps.maps)
    for row, members in zip(told, sets, strict=True):
        np.testing.assert_allclose(row, map_correlations(members[rois] * 1.0, maps.maps), atol=1e-6)


def test_a_constant_map_correlates_with_nothing(maps, mask, block_atlas):
    flat = decoding.TermMaps(["flat"], np.ones((1, maps.maps.shape[1])), mask)
    image = decoding.to_image([1], [100], block_atlas)
    told = decoding.decode(image, flat, block_atlas, n_permutations=9, random_state=0)
    assert told.loc[0, "r"] == told.loc[0, "z"] == 0
    assert told.loc[0, "p"] == 1


@pytest.mark.parametrize("null", ["spin", "random"])
def test_null_sets_are_as_large_as_the_community(block_atlas, null):
    from sklearn_lstmdg.decoding._images import centroids

    positions = centroids(block_atlas.codes, block_atlas)
    members = np.zeros(60, dtype=bool)
    members[[0, 1, 4, 5, 12]] = True
    sets = null_sets(members, positions, np.full(60, 12), 40, null, np.random.RandomState(0))
    assert (sets.sum(axis=1) == 5).all()
    assert len(np.unique(sets, axis=0)) > 20

    def spread(rows):
        return np.mean([positions[row].std(axis=0).sum() for row in rows])

    ratio = spread(sets) / spread([members])
    assert ratio < 1.6 if null == "spin" else ratio > 2


def test_spin_keeps_volume():
    rng = np.random.default_rng(0)
    sizes = np.where(np.arange(80) < 10, 400, 20)
    positions = rng.standard_normal((80, 3))
    members = np.isin(np.arange(80), [0, 3, 6])
    sets = null_sets(members, positions, sizes, 50, "spin", np.random.RandomState(0))
    assert (sets @ sizes).mean() > 900


def test_spin_is_nearer_to_its_level_than_random_sets(data_dir):
    """Smooth maps that know nothing of a community in one place."""
    from scipy.ndimage import gaussian_filter

    from sklearn_lstmdg.decoding._images import brain_mask

    atlas = decoding.load_atlas(data_dir / "atlases" / "aal_mask_pad.nii.gz")
    mask = brain_mask(8)
    inside = np.asarray(mask.dataobj) > 0
    rng = np.random.default_rng(0)
    noise = [gaussian_filter(rng.standard_normal(mask.shape), 2)[inside] for _ in range(400)]
    smooth = decoding.TermMaps([str(i) for i in range(400)], np.array(noise), mask)
    visual = [5001, 5002, 5011, 5012, 5021, 5022, 5101, 5102, 5201, 5202]
    image = decoding.to_image(np.ones(10), visual, atlas)
    errors = {}
    for null in ("spin", "random"):
        told = decoding.decode(image, smooth, atlas, n_permutations=200, null=null, random_state=0)
        errors[null] = (told["p"] <= 0.05).mean()
    assert errors["spin"] < 0.11
    assert errors["random"] > 0.15


def test_decode_finds_the_term_with_its_p(maps, block_atlas):
    codes = block_atlas.codes.reshape(5, 12)[0]
    image = decoding.to_image(np.ones(12, dtype=bool), codes, block_atlas)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    told = decoding.decode(image, maps, block_atlas, n_permutations=200, random_state=3)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    assert told.loc[0, "term"] == "left"
    assert told.loc[0, "p"] < 0.05 < told.loc[1, "p"]
    assert (told["p_fwe"] >= told["p"] - 1e-9).all()
    again = decoding.decode(image, maps, block_atlas, n_permutations=200, random_state=3)
    pandas.testing.assert_frame_equal(told, again)


def test_wrong_masks(maps, mask, block_atlas):
    image = decoding.to_image([1], [100], block_atlas)
    with pytest.raises(ValueError, match="need atlas"):
        decoding.decode(image, maps)
    with pytest.raises(ValueError, match="null must be"):
        decoding.decode(image, maps, block_atlas, null="none")
    with pytest.raises(ValueError, match="all of them"):
        decoding.decode(mask, maps, block_atlas)
    with pytest.raises(ValueError, match="0 and 1"):
        decoding.decode(decoding.to_image([0.5], [100], block_atlas), maps, block_atlas)
    one_voxel = np.zeros(mask.shape, dtype=np.uint8)
    one_voxel[3, 3, 3] = 1
    with pytest.raises(ValueError, match="more than half"):
        decoding.decode(nibabel.Nifti1Image(one_voxel, mask.affine), maps, block_atlas)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["neurosynth", "neuroquery"])
def test_reverse_inference_is_right_on_known_regions(data_dir, database):
    atlas = decoding.load_atlas(
        data_dir / "atlases" / "aal_mask_pad.nii.gz", data_dir / "atlases" / "aal_labels.csv"
    )
    studies = decoding.load_studies(data_dir / database)
    threshold = 0.05 if database == "neurosynth" else 0
    maps = decoding.term_maps_from_peaks(
        **studies, threshold=threshold, min_studies=100, resolution=6
    )
    for region, wanted in REGIONS.items():
        members = np.array([name.startswith(f"{region}_") for name in atlas.names])
        assert members.sum() == 2
        image = decoding.to_image(members, atlas.codes, atlas)
        told = decoding.decode(image, maps, atlas, n_permutations=200, random_state=0)
        words = wanted[database == "neuroquery"].split("|")
        assert any(word in told.loc[0, "term"] for word in words), told.head()
        assert told.loc[0, "p"] < 0.1


def test_nimare_agrees_on_the_same_maps(maps, mask, block_atlas, tmp_path):
    continuous = pytest.importorskip("nimare.decode.continuous")
    paths = {term: str(tmp_path / f"{term}.nii.gz") for term in maps.terms}
    for term, path in paths.items():
        nibabel.save(maps.image(term), path)
    decoder = continuous.CorrelationDecoder()
    decoder.load_imgs(paths, mask=mask)
    image = decoding.to_image(np.ones(20, dtype=bool), block_atlas.codes[:20], block_atlas)
    theirs = decoder.transform(image)["r"]
    ours = decoding.decode(image, maps, n_permutations=0).set_index("term")["r"]
    np.testing.assert_allclose(ours[theirs.index], theirs, atol=1e-5)
