"""The simulated study on disk is what the loaders read."""

import numpy as np
import pytest

pandas = pytest.importorskip("pandas")

from sklearn_lstmdg.datasets import extract_scans, load_bids, make_study  # noqa: E402

SMALL = {"n_subjects": 12, "n_sessions": 1, "n_timepoints": 40, "random_state": 0}


def files_of(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in paths}


def test_series_have_what_real_studies_have(tmp_path):
    derivatives = make_study(tmp_path, **SMALL | {"n_sessions": 2})
    with (
        pytest.warns(UserWarning, match="1 of 16 ROIs is dropped"),
        pytest.warns(UserWarning, match="2 without diagnosis"),
    ):
        cohort = load_bids(
            derivatives, target="diagnosis", site="site", confounds=["func_mean_fd", "age"]
        )
    assert len(cohort.data) == 22 and len(set(cohort.groups)) == 11
    assert set(cohort.sites) == {"Bern", "Kyoto", "Oslo"} and set(cohort.t_r) == {2.0, 2.5}
    assert cohort.target_names == ["control", "patient"]
    assert len({len(scan) for scan in cohort.data}) > 1
    sessions = [scan.to_numpy() for scan in cohort.data[:2]]
    assert not np.array_equal(sessions[0][:20], sessions[1][:20])


@pytest.mark.parametrize("images", [False, True])
def test_a_seed_writes_the_same_bytes(tmp_path, images):
    if images:
        pytest.importorskip("nibabel")
    a, b, c = (
        files_of(make_study(tmp_path / name, images=images, **SMALL | {"random_state": seed}))
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert a == b and a != c


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_series_of_images_are_those_simulated(tmp_path):
    pytest.importorskip("nilearn")
    pytest.importorskip("nibabel")
    long = SMALL | {"n_timepoints": 100}
    images = make_study(tmp_path, images=True, **long)
    with pytest.warns(UserWarning, match="1 of 12 images is left out.*sub-04.*no _desc-conf"):
        done = extract_scans(images, tmp_path / "atlas-Blocks_dseg.nii.gz", tmp_path / "series")
    assert done.table["n_missing_rois"].tolist() == [0] * 5 + [1] + [0] * 5
    with pytest.warns(UserWarning, match=r"1 of 16 ROIs|without"):
        read = load_bids(tmp_path / "series", target="diagnosis")
    derivatives = make_study(tmp_path / "xcpd", **long)
    with pytest.warns(UserWarning, match=r"1 of 16 ROIs|without"):
        simulated = load_bids(derivatives, target="diagnosis")
    # Confounds of noise take what they explain by chance, some thirty of a hundred points.
    r = np.corrcoef(read.data[0]["LH_Vis_1"], simulated.data[0]["LH_Vis_1"])[0, 1]
    assert r > 0.6 and read.feature_names == simulated.feature_names


@pytest.mark.parametrize("change", [{"n_subjects": 4}, {"n_sessions": 0}, {"n_timepoints": 10}])
def test_studies_that_are_too_small(tmp_path, change):
    with pytest.raises(ValueError, match=next(iter(change))):
        make_study(tmp_path, **SMALL | change)


def test_numbers_may_be_numpys(tmp_path):
    make_study(tmp_path, n_subjects=np.int64(12), n_sessions=np.int32(1), random_state=0)
    assert len((tmp_path / "participants.tsv").read_text().splitlines()) == 13


def test_no_other_study_is_written_over(tmp_path):
    table = tmp_path / "participants.tsv"
    table.write_text("participant_id\tage\nsub-01\t30\n")
    with pytest.raises(ValueError, match=r"participants\.tsv is of another study: choose"):
        make_study(tmp_path, **SMALL)
    assert [*tmp_path.rglob("*")] == [table] and table.read_text().endswith("sub-01\t30\n")
    table.unlink()
    assert make_study(tmp_path, **SMALL) == make_study(tmp_path, **SMALL)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1])
def test_an_impossible_effect_leaves_no_file(tmp_path, wrong):
    with pytest.raises(ValueError, match="effect_size"):
        make_study(tmp_path, **SMALL, effect_size=wrong)
    assert not [*tmp_path.rglob("*")]
