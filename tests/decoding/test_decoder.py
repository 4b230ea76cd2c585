import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import chi2_contingency
from sklearn.utils import Bunch

from sklearn_lstmdg import decoding
from sklearn_lstmdg.decoding import _peaks
from sklearn_lstmdg.decoding._decoder import map_correlations, null_sets, set_correlations
from sklearn_lstmdg.decoding._peaks import active_studies, association_z, talairach_to_mni

nibabel = pytest.importorskip("nibabel")
pytest.importorskip("nilearn")
pandas = pytest.importorskip("pandas")

REGIONS = {
    "Precentral": ("motor", "motor"),
    "Heschl": ("auditory", "auditory"),
    "Amygdala": ("emotional", "amygdala|fear"),
    "Calcarine": ("visual", "visual|cuneus"),
}


@pytest.fixture(scope="module")
def mask():
    """A block of 10 x 9 x 8 voxels of 4 mm in a margin of one voxel."""
    inside = np.zeros((12, 11, 10), dtype=np.uint8)
    inside[1:-1, 1:-1, 1:-1] = 1
    return nibabel.Nifti1Image(inside, np.diag([4.0, 4, 4, 1]))


@pytest.fixture(scope="module")
def studies():
    """Sixty studies, of which those with the term "left" have their peaks at low x."""
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(60), 4)
    xyz = rng.uniform(0, 40, (len(rows), 3)).round(1)
    left = np.arange(60) % 3 == 0
    xyz[left[rows], 0] *= 0.3
    weights = np.column_stack([left * 0.4, rng.random(60), np.arange(60) == 0, np.ones(60)])
    ids = rng.permutation(1000)[:60]
    peaks = pandas.DataFrame(xyz, columns=list("xyz")).assign(id=ids[rows])
    return Bunch(
        peaks=peaks.sample(frac=1, random_state=0),
        term_weights=weights,
        terms=["left", "any", "rare", "all"],
        ids=ids,
    )


@pytest.fixture(scope="module")
def maps(studies, mask):
    return decoding.term_maps_from_peaks(**studies, threshold=0.3, min_studies=5, mask=mask)


@pytest.fixture
def atlas(mask):
    """The block cut into 5 x 3 x 4 ROIs of 12 voxels, with codes from 100 in steps of 10."""
    x, y, z = np.indices((10, 9, 8))
    labels = np.zeros(mask.shape, dtype=np.int16)
    labels[1:-1, 1:-1, 1:-1] = 100 + 10 * (x // 2 * 12 + y // 3 * 4 + z // 2)
    return decoding.load_atlas(nibabel.Nifti1Image(labels, mask.affine))


def test_a_study_is_active_within_the_radius_of_a_peak():
    rng = np.random.default_rng(0)
    xyz, studies = rng.integers(0, 30, (50, 3)) * 1.0, rng.integers(0, 7, 50)
    studies[0] = 6
    voxels = np.argwhere(np.ones((9, 8, 7))) * 4.0
    near = np.linalg.norm(xyz[:, None] - voxels, axis=2) <= 10
    wanted = np.array([near[studies == study].any(axis=0) for study in range(7)])
    told = active_studies(xyz, studies, voxels, radius=10)
    np.testing.assert_array_equal(told.toarray(), wanted)


def test_association_z_is_the_signed_root_of_chi_square():
    rng = np.random.default_rng(0)
    active = rng.random((40, 6)) < 0.4
    active[:, 0], active[:, 1] = False, True
    uses = rng.random((40, 3)) < [0.2, 0.5, 0.8]
    z = association_z(sp.csr_matrix(active, dtype=float), sp.csc_matrix(uses, dtype=float))
    assert not z[:, :2].any()
    for term in range(3):
        for voxel in range(2, 6):
            table = [
                [
                    np.sum(active[:, voxel] & uses[:, term]),
                    np.sum(active[:, voxel] > uses[:, term]),
                ],
                [
                    np.sum(~active[:, voxel] & uses[:, term]),
                    np.sum(~active[:, voxel] & ~uses[:, term]),
                ],
            ]
            sign = np.sign(active[uses[:, term], voxel].mean() - active[:, voxel].mean())
            wanted = sign * np.sqrt(chi2_contingency(table, correction=False).statistic)
            assert z[term, voxel] == pytest.approx(wanted, abs=1e-5)


def test_maps_show_where_a_term_is_active(maps):
    assert maps.terms == ["left", "any"]
    assert maps.n_studies[0] == 20
    volume = maps.image("left").get_fdata()
    assert volume[1:4].mean() > 1 > 0 > volume[-4:-1].mean()
    assert not volume[~maps.inside].any()
    np.testing.assert_array_equal(volume[maps.inside].astype("f4"), maps.maps[0])


def test_order_of_studies_and_peaks_does_not_matter(studies, maps, mask):
    order = np.random.default_rng(1).permutation(60)
    again = decoding.term_maps_from_peaks(
        studies.peaks.sample(frac=1, random_state=5),
        sp.csc_matrix(studies.term_weights[order]),
        studies.terms,
        studies.ids[order],
        threshold=0.3,
        min_studies=5,
        mask=mask,
    )
    np.testing.assert_allclose(again.maps, maps.maps, atol=1e-6)


def test_studies_without_partner_are_left_out(studies, maps, mask):
    extra = pandas.DataFrame({"id": [5000], "x": [4.0], "y": [4.0], "z": [4.0]})
    with pytest.warns(UserWarning, match="1 peaks of studies .* and 1 studies without peaks"):
        told = decoding.term_maps_from_peaks(
            pandas.concat([studies.peaks, extra]),
            np.vstack([studies.term_weights, np.ones(4)]),
            studies.terms,
            np.append(studies.ids, 6000),
            threshold=0.3,
            min_studies=5,
            mask=mask,
        )
    np.testing.assert_array_equal(told.maps, maps.maps)


def test_talairach_peaks_are_brought_to_mni(studies, mask):
    xyz = np.array([[10.0, -20, 30], [-44, 4, -18]])
    forward = talairach_to_mni(xyz) @ np.array(
        [[0.9357, -0.0065, 0.0103], [0.0029, 0.9396, 0.0752], [-0.0072, -0.0726, 0.8967]]
    ) + [-1.0423, -1.3940, 3.6475]
    np.testing.assert_allclose(forward, xyz)
    axes = list("xyz")
    in_tal = studies.peaks.assign(space="TAL")
    moved = studies.peaks.copy()
    moved[axes] = talairach_to_mni(studies.peaks[axes].to_numpy())
    keywords = {**studies, "threshold": 0.3, "min_studies": 5, "mask": mask}
    told = decoding.term_maps_from_peaks(**(keywords | {"peaks": in_tal}))
    wanted = decoding.term_maps_from_peaks(**(keywords | {"peaks": moved.assign(space="MNI")}))
    np.testing.assert_array_equal(told.maps, wanted.maps)
    before = in_tal.copy()
    decoding.term_maps_from_peaks(**(keywords | {"peaks": in_tal}))
    pandas.testing.assert_frame_equal(in_tal, before)


def test_cache(studies, maps, mask, tmp_path, monkeypatch):
    keywords = {**studies, "threshold": 0.3, "min_studies": 5, "mask": mask, "cache_dir": tmp_path}
    decoding.term_maps_from_peaks(**keywords)
    (entry,) = tmp_path.rglob("output.pkl")
    decoding.term_maps_from_peaks(**(keywords | {"radius": 8.0}))
    decoding.term_maps_from_peaks(**(keywords | {"threshold": 0.35}))
    moved = studies.peaks.assign(x=studies.peaks["x"] + 1)
    decoding.term_maps_from_peaks(**(keywords | {"peaks": moved}))
    assert len(list(tmp_path.rglob("output.pkl"))) == 4
    with monkeypatch.context() as patch:
        patch.delattr(_peaks, "association_z")
        cached = decoding.term_maps_from_peaks(**keywords)
    np.testing.assert_array_equal(cached.maps, maps.maps)
    np.testing.assert_array_equal(cached.n_studies, maps.n_studies)
    monkeypatch.setattr(_peaks, "__version__", "another")
    decoding.term_maps_from_peaks(**keywords)
    assert len(list(tmp_path.rglob("output.pkl"))) == 5
    assert entry.is_file()


def test_a_damaged_cache_is_told_of_and_computed_again(studies, maps, mask, tmp_path, caplog):
    keywords = {**studies, "threshold": 0.3, "min_studies": 5, "mask": mask, "cache_dir": tmp_path}
    decoding.term_maps_from_peaks(**keywords)
    (entry,) = tmp_path.rglob("output.pkl")
    whole = entry.read_bytes()
    damages = [whole[:100], whole[:-100]]
    for at in (len(whole) // 2, len(whole) - 2):
        damages.append(bytearray(whole))
        damages[-1][at] ^= 1
    for damaged in damages:
        entry.write_bytes(damaged)
        caplog.clear()
        repaired = decoding.term_maps_from_peaks(**keywords)
        assert "Exception while loading results" in caplog.text
        np.testing.assert_array_equal(repaired.maps, maps.maps)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"terms": ["left"]}, r"shape \(60, 1\)"),
        ({"min_studies": 40}, "40 studies"),
        ({"threshold": -1}, "threshold"),
        ({"ids": np.zeros(60, dtype=int)}, "twice"),
    ],
)
def test_wrong_studies(studies, mask, change, message):
    with pytest.raises(ValueError, match=message):
        decoding.term_maps_from_peaks(**({**studies, "mask": mask} | change))


def test_peaks_that_are_not_finite(studies, mask):
    peaks = studies.peaks.reset_index(drop=True)
    peaks.loc[3, "y"] = np.nan
    with pytest.raises(ValueError, match="peak 3"):
        decoding.term_maps_from_peaks(**({**studies, "mask": mask} | {"peaks": peaks}))


def test_folder_of_images(maps, mask, tmp_path):
    for term in maps.terms:
        nibabel.save(maps.image(term), tmp_path / f"{term}.nii.gz")
    (tmp_path / "notes.txt").write_text("not an image")
    read = decoding.term_maps_from_folder(tmp_path, mask=mask)
    assert read.terms == sorted(maps.terms)
    np.testing.assert_array_equal(read.maps, maps.maps[::-1])
    broken = maps.image("left")
    broken.get_fdata()[5, 5, 5] = np.nan
    nibabel.save(nibabel.Nifti1Image(broken.get_fdata(), mask.affine), tmp_path / "broken.nii")
    with pytest.raises(ValueError, match="'broken' is not finite"):
        decoding.term_maps_from_folder(tmp_path, mask=mask)
    nibabel.save(maps.image("left"), tmp_path / "left.nii")
    with pytest.raises(ValueError, match="two images of one term"):
        decoding.term_maps_from_folder(tmp_path, mask=mask)


def test_correlations_are_pearson(maps, atlas):
    codes = atlas.codes[:7]
    image = decoding.to_image(np.ones(7, dtype=bool), codes, atlas)
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


def test_a_constant_map_correlates_with_nothing(maps, mask, atlas):
    flat = decoding.TermMaps(["flat"], np.ones((1, maps.maps.shape[1])), mask)
    image = decoding.to_image([1], [100], atlas)
    told = decoding.decode(image, flat, atlas, n_permutations=9, random_state=0)
    assert told.loc[0, "r"] == told.loc[0, "z"] == 0
    assert told.loc[0, "p"] == 1


@pytest.mark.parametrize("null", ["spin", "random"])
def test_null_sets_are_as_large_as_the_community(atlas, null):
    from sklearn_lstmdg.decoding._images import centroids

    positions = centroids(atlas.codes, atlas)
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


def test_decode_finds_the_term_with_its_p(maps, atlas):
    codes = atlas.codes.reshape(5, 12)[0]
    image = decoding.to_image(np.ones(12, dtype=bool), codes, atlas)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    told = decoding.decode(image, maps, atlas, n_permutations=200, random_state=3)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    assert told.loc[0, "term"] == "left"
    assert told.loc[0, "p"] < 0.05 < told.loc[1, "p"]
    assert (told["p_fwe"] >= told["p"] - 1e-9).all()
    again = decoding.decode(image, maps, atlas, n_permutations=200, random_state=3)
    pandas.testing.assert_frame_equal(told, again)


def test_wrong_masks(maps, mask, atlas):
    image = decoding.to_image([1], [100], atlas)
    with pytest.raises(ValueError, match="need atlas"):
        decoding.decode(image, maps)
    with pytest.raises(ValueError, match="null must be"):
        decoding.decode(image, maps, atlas, null="none")
    with pytest.raises(ValueError, match="all of them"):
        decoding.decode(mask, maps, atlas)
    with pytest.raises(ValueError, match="0 and 1"):
        decoding.decode(decoding.to_image([0.5], [100], atlas), maps, atlas)
    one_voxel = np.zeros(mask.shape, dtype=np.uint8)
    one_voxel[3, 3, 3] = 1
    with pytest.raises(ValueError, match="more than half"):
        decoding.decode(nibabel.Nifti1Image(one_voxel, mask.affine), maps, atlas)


def test_terms_are_drawn(maps, atlas):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    image = decoding.to_image(np.ones(12), atlas.codes[:12], atlas)
    told = decoding.decode(image, maps, atlas, n_permutations=50, random_state=0)
    ax = decoding.plot_terms(told, n_terms=1)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["left"]
    assert ax.patches[0].get_width() == pytest.approx(told.loc[0, "r"])
    assert len(decoding.plot_terms(told[["term", "r"]]).patches) == 2
    plt.close("all")


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


def test_nimare_agrees_on_the_same_maps(maps, mask, atlas, tmp_path):
    continuous = pytest.importorskip("nimare.decode.continuous")
    paths = {term: str(tmp_path / f"{term}.nii.gz") for term in maps.terms}
    for term, path in paths.items():
        nibabel.save(maps.image(term), path)
    decoder = continuous.CorrelationDecoder()
    decoder.load_imgs(paths, mask=mask)
    image = decoding.to_image(np.ones(20, dtype=bool), atlas.codes[:20], atlas)
    theirs = decoder.transform(image)["r"]
    ours = decoding.decode(image, maps, n_permutations=0).set_index("term")["r"]
    np.testing.assert_allclose(ours[theirs.index], theirs, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*nimare.dataset.Dataset is deprecated:FutureWarning")
def test_maps_of_a_nimare_data_set_are_like_its_own(studies, mask):
    mkda = pytest.importorskip("nimare.meta.cbma.mkda")
    from nimare.dataset import Dataset

    # Peaks at voxel centres: NiMARE rounds them to voxels, we don't.
    peaks = studies.peaks.assign(**{axis: (studies.peaks[axis] / 4).round() * 4 for axis in "xyz"})
    contrasts = {
        str(i): {
            "contrasts": {
                "1": {
                    "coords": {
                        "space": "MNI",
                        **{axis: rows[axis].tolist() for axis in "xyz"},
                    },
                    "labels": {"LDA__left": float(studies.term_weights[row, 0])},
                    "metadata": {"sample_sizes": [20]},
                }
            }
        }
        for row, i in enumerate(studies.ids)
        for rows in [peaks[peaks["id"] == i]]
    }
    dataset = Dataset(contrasts, mask=mask, target=None)
    ours = decoding.term_maps_from_nimare(dataset, "LDA", min_studies=5, mask=mask)
    assert ours.terms == ["LDA__left"]
    users = dataset.get_studies_by_label("LDA__left", label_threshold=0.001)
    others = sorted(set(dataset.ids) - set(users))
    estimator = mkda.MKDAChi2()
    result = estimator.fit(dataset.slice(users), dataset.slice(others))
    theirs = result.get_map("z_desc-association", return_type="array")
    touched = np.asarray(ours.maps[0] != 0)
    np.testing.assert_allclose(ours.maps[0][touched], theirs[touched], atol=1e-4)
