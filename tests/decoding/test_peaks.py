import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import chi2_contingency

from sklearn_lstmdg import decoding
from sklearn_lstmdg.decoding import _peaks
from sklearn_lstmdg.decoding._peaks import active_studies, association_z, talairach_to_mni

pytest.importorskip("nilearn")
pandas = pytest.importorskip("pandas")


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
