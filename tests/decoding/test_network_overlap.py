"""Communities beside known networks: which ROI is in which, overlap, and its null."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.utils import Bunch

from sklearn_lstmdg import CommunityExtractor, decoding
from sklearn_lstmdg.decoding._decoder import turned_sets
from sklearn_lstmdg.decoding._images import centroids

nibabel = pytest.importorskip("nibabel")
pytest.importorskip("nilearn")
pandas = pytest.importorskip("pandas")

N_ROIS = 100


@pytest.fixture(scope="module")
def ball():
    """A ball of 100 ROIs of different sizes, and seven networks of ROIs that lie together."""
    rng = np.random.default_rng(0)
    voxels = np.argwhere(np.ones((15, 15, 15))) - 7.0
    voxels = voxels[np.linalg.norm(voxels, axis=1) < 7.3]
    centres = voxels[rng.permutation(len(voxels))[:N_ROIS]]
    labels = np.zeros((15, 15, 15), dtype=np.int16)
    labels[tuple((voxels + 7).astype(int).T)] = 1 + cdist(voxels, centres).argmin(axis=1)
    atlas = decoding.load_atlas(nibabel.Nifti1Image(labels, np.diag([4.0, 4, 4, 1])))
    places = centroids(atlas.codes, atlas)
    of_roi = KMeans(7, n_init=1, random_state=0).fit_predict(places)
    return atlas, places, np.array([f"network {k}" for k in of_roi])


def make_blobs(places, n, size, rng):
    """Return communities of the ROIs nearest to a place."""
    somewhere = places[rng.integers(0, len(places), n)] + rng.normal(0, 4, (n, 3))
    return (cdist(places, somewhere).argsort(axis=0).argsort(axis=0) < size).astype(bool)


def test_a_planted_overlap_is_found_and_no_other(ball):
    atlas, _, networks = ball
    planted = networks == "network 3"
    planted[np.flatnonzero(planted)[:2]] = False
    none = np.zeros(N_ROIS, dtype=bool)
    none[np.random.default_rng(0).permutation(N_ROIS)[:12]] = True
    communities = np.column_stack([none, planted])
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    told = decoding.network_overlap(communities, atlas.codes, atlas, networks, random_state=0)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    found = told[told["p_fwe"] <= 0.05]
    assert found[["community", "network"]].to_numpy().tolist() == [[1, "network 3"]]
    assert found["share"].item() == 1 and found["z"].item() > 3
    assert (told["p_fwe"] >= told["p"] - 1e-9).all()
    again = decoding.network_overlap(communities, atlas.codes, atlas, networks, random_state=0)
    pandas.testing.assert_frame_equal(told, again)


def test_overlap_is_of_rois(ball):
    atlas, _, networks = ball
    communities = np.random.default_rng(1).random((N_ROIS, 3)) < 0.2
    communities[:, 1] = False
    told = decoding.network_overlap(communities, atlas.codes, atlas, networks, n_permutations=0)
    assert list(told) == ["community", "network", "size", "n_shared", "share", "dice"]
    assert told["community"].tolist() == [0] * 7 + [2] * 7
    assert told["network"][:7].tolist() == list(dict.fromkeys(networks))
    for row in told.to_dict("records"):
        community, network = communities[:, row["community"]], networks == row["network"]
        assert row["size"] == community.sum() and row["n_shared"] == (community & network).sum()
        assert row["share"] == pytest.approx(row["n_shared"] / row["size"])
        assert row["dice"] == pytest.approx(2 * row["n_shared"] / (row["size"] + network.sum()))
    with pytest.raises(ValueError, match="All communities are empty"):
        decoding.network_overlap(communities[:, 1:2], atlas.codes, atlas, networks)
    with pytest.raises(ValueError, match=r"communities must have the shape \(n_rois, n_comm"):
        decoding.network_overlap(communities[:, 0], atlas.codes, atlas, networks)


def test_spin_keeps_its_level_where_random_sets_do_not(ball):
    """Communities that lie together, but anywhere."""
    atlas, places, networks = ball
    rng = np.random.default_rng(0)
    errors, in_family = {}, {}
    for null in ("spin", "random"):
        tables = [
            decoding.network_overlap(
                make_blobs(places, 4, 10, rng),
                atlas.codes,
                atlas,
                networks,
                n_permutations=99,
                null=null,
                random_state=seed,
            )
            for seed in range(20)
        ]
        errors[null] = np.mean([(table["p"] <= 0.05).mean() for table in tables])
        in_family[null] = np.mean([(table["p_fwe"] <= 0.05).any() for table in tables])
    assert errors["spin"] < 0.07 and errors["random"] > 0.1
    assert in_family["spin"] <= 0.15 and in_family["random"] > 0.8


def test_turned_sets_are_as_large_and_as_close_together(ball):
    _, places, _ = ball
    blobs = make_blobs(places, 5, 15, np.random.default_rng(0)).T
    for members in blobs:
        sets = turned_sets(members, places, 30, np.random.RandomState(0))
        assert (sets.sum(axis=1) == 15).all() and len(np.unique(sets, axis=0)) > 20
        spread = np.mean([places[row].std(axis=0).sum() for row in sets])
        assert spread < 1.2 * places[members].std(axis=0).sum()
    assert turned_sets(np.ones(100, dtype=bool), places, 2, np.random.RandomState(0)).all()


def test_extractors_and_maskers_tell_their_rois(ball):
    maskers = pytest.importorskip("nilearn.maskers")
    atlas, _, networks = ball
    named = decoding.load_atlas(atlas.image, {code: f"ROI {code}" for code in atlas.codes})
    order = np.random.default_rng(0).permutation(N_ROIS)
    extractor = CommunityExtractor()
    extractor.communities_ = (networks[order] == "network 2")[:, None]
    extractor.feature_names_in_ = np.array(named.names, dtype=object)[order]
    of_names = dict(zip(named.names, networks, strict=True))
    told = decoding.network_overlap(extractor, None, named, of_names, n_permutations=0)
    assert told.set_index("network")["dice"]["network 2"] == 1
    masker = maskers.NiftiLabelsMasker(atlas.image).fit()
    communities = (networks == "network 2")[:, None]
    by_code = dict(zip(atlas.codes.tolist(), networks, strict=True))
    told = decoding.network_overlap(communities, masker, None, by_code, n_permutations=9)
    assert told.set_index("network")["dice"]["network 2"] == 1


@pytest.fixture
def row_of_rois():
    """Three ROIs of four voxels each, in a row, and networks on a grid of voxels half as long."""
    rois = np.repeat([5, 6, 9], 4).astype(np.int16)[:, None, None]
    codes = np.array([1, 1, 1, 2, 2, 2, 2, 2, 0, 0, 0, 1], dtype=np.int16).repeat(2)
    known = nibabel.Nifti1Image(codes[:, None, None], np.diag([1.0, 2, 2, 1]))
    atlas = decoding.load_atlas(
        nibabel.Nifti1Image(rois, np.diag([2.0, 2, 2, 1])), {5: "a", 6: "b", 9: "c"}
    )
    return atlas, known


def test_rois_are_in_the_network_of_most_voxels(row_of_rois, tmp_path):
    atlas, known = row_of_rois
    names = {1: "Visual", 2: "Limbic"}
    parcels = decoding.load_atlas(known, names)
    told = decoding.assign_networks(None, atlas, parcels, min_share=0.3)
    assert told["network"].dropna().to_dict() == {0: "Visual", 1: "Limbic"}
    np.testing.assert_allclose(told["share"], [0.75, 1, 0.25])
    assert told["index"].tolist() == [5, 6, 9] and told["name"].tolist() == [*"abc"]
    assert decoding.assign_networks(["c"], atlas, parcels)["network"].tolist() == ["Visual"]
    nibabel.save(known, tmp_path / "known.nii.gz")
    by_file = decoding.assign_networks([9, 5], atlas, tmp_path / "known.nii.gz")
    assert by_file["network"].tolist() == ["1", "1"]
    with pytest.raises(ValueError, match="No ROI is in a network"):
        decoding.assign_networks(["c"], atlas, parcels, min_share=0.5)


def test_networks_are_told_by_table_mapping_or_sequence(row_of_rois, tmp_path):
    atlas, known = row_of_rois
    table = decoding.assign_networks(None, atlas, known, min_share=0.3)
    path = tmp_path / "networks.tsv"
    path.write_text("name\tnetwork\nc\tn/a\na\t1\nb\t2\n")
    mappings = {"a": "1", "b": 2, "c": None}, {9: "", 5: 1, 6: "2"}
    for networks in (table, path, str(path), *mappings, ["1", "2", np.nan]):
        told = decoding.assign_networks(None, atlas, networks)
        assert told["network"].dropna().to_dict() == {0: "1", 1: "2"}
        assert told["share"].isna().all()
    turned = decoding.assign_networks(["c", "b"], atlas, table)
    assert turned["network"].dropna().to_dict() == {1: "2"}


def test_yeos_networks_are_fetched_and_have_names(row_of_rois, monkeypatch):
    from nilearn import datasets

    atlas, known = row_of_rois
    asked = {}

    def fetch(**options):
        asked.update(options)
        image = nibabel.Nifti1Image(np.asarray(known.dataobj)[..., None], known.affine)
        table = pandas.DataFrame({"index": [1, 2], "name": ["17Networks_1", "17Networks_2"]})
        return Bunch(maps=image, lut=table)

    monkeypatch.setattr(datasets, "fetch_atlas_yeo_2011", fetch)
    told = decoding.assign_networks(["a", "b"], atlas)
    assert told["network"].tolist() == ["Visual", "Somatomotor"] and asked["n_networks"] == 7
    told = decoding.assign_networks(["a", "b"], atlas, "yeo2011-17")
    assert told["network"].tolist() == ["17Networks_1", "17Networks_2"]
    assert asked["n_networks"] == 17


@pytest.mark.parametrize(
    ("networks", "match"),
    [
        (["1"], "names 1 networks for 3 ROIs"),
        ({5: "1", 6: "2"}, r"no ROI 9 \(c\)"),
        ([None] * 3, "No ROI is in a network"),
        (pandas.DataFrame({"name": ["a"], "label": ["1"]}), "it has name, label"),
        (pandas.DataFrame({"index": [5, 5], "network": ["1", "2"]}), "row 1: index 5 is there"),
        (None, "networks must be an image, a table, or names, got None"),
        ("nowhere.nii.gz", "neither a file nor one of the atlases"),
    ],
)
def test_what_tells_no_network_is_refused(row_of_rois, networks, match):
    with pytest.raises(ValueError, match=match):
        decoding.assign_networks(None, row_of_rois[0], networks)


def test_a_flat_atlas_can_be_turned():
    """All centroids at one height: no spread along an axis."""
    codes = np.arange(1, 37, dtype=np.int16)
    atlas = decoding.load_atlas(nibabel.Nifti1Image(codes.reshape(6, 6, 1), np.eye(4)))
    networks = np.where(codes < 19, "left", "right")
    told = decoding.network_overlap(
        codes[:, None] > 30, atlas.codes, atlas, networks, n_permutations=20
    )
    assert np.isfinite(told["z"]).all()


def test_names_that_look_like_codes_are_names(tmp_path):
    image = nibabel.Nifti1Image(np.array([[[1, 2]]], dtype=np.int16), np.eye(4))
    atlas = decoding.load_atlas(image, {2: "1", 1: "2"})
    (tmp_path / "networks.tsv").write_text("name\tnetwork\n1\tA\n2\tB\n")
    told = decoding.assign_networks([2, 1], atlas, tmp_path / "networks.tsv")
    assert told["network"].tolist() == ["A", "B"]


@pytest.mark.parametrize(
    ("options", "match"),
    [({"min_share": 25}, "min_share == 25"), ({"min_share": -1}, "min_share == -1")],
)
def test_shares_are_between_0_and_1(row_of_rois, options, match):
    with pytest.raises(ValueError, match=match):
        decoding.assign_networks(None, row_of_rois[0], ["1"] * 3, **options)


@pytest.mark.parametrize("wrong", [0.5, np.nan, 2, -1])
def test_a_membership_is_no_member(row_of_rois, wrong):
    weights = np.array([[1.0], [0.0], [wrong]])
    with pytest.raises(ValueError, match="communities must be true or false"):
        decoding.network_overlap(weights, [5, 7, 9], row_of_rois[0], ["1", "2", "2"])


@pytest.mark.parametrize("atlas", ["aal", 3])
def test_an_atlas_is_what_was_loaded(atlas):
    with pytest.raises(ValueError, match=f"atlas must be what load_atlas returns, got {atlas!r}"):
        decoding.network_overlap(np.eye(3, dtype=bool), [5, 7, 9], atlas, ["1", "2", "2"])


def test_there_are_no_fewer_null_sets_than_0(row_of_rois):
    with pytest.raises(
        ValueError, match="n_permutations must be a whole number of at least 0, got -1"
    ):
        decoding.network_overlap(
            np.eye(3, dtype=bool), [5, 6, 9], row_of_rois[0], ["1"] * 3, n_permutations=-1
        )
