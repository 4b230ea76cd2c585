import shutil
import warnings

import numpy as np
import pytest

from sklearn_lstmdg import ScanCleaner
from sklearn_lstmdg.datasets import load_bids

from _trees import ROIS, make_tree, write_series, write_text, xcpd_path

pd = pytest.importorskip("pandas")


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path, n_subjects=6)


@pytest.fixture
def whole(tmp_path):
    """One session of each subject, and no parcel missing."""
    return make_tree(tmp_path, n_subjects=6, sessions=("1",), missing=False)


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape).round(6)


def first_file(tree, subject="01", session="1"):
    return xcpd_path(tree, subject, session)


def rename(tree, old, new):
    for path in sorted(tree.rglob("*")):
        if old in path.name:
            path.rename(path.with_name(path.name.replace(old, new)))


def test_sessions_are_rows_and_a_participant_is_a_group(tree):
    with pytest.warns(UserWarning, match="1 of 8 ROIs are dropped.* 'Parcel8' in 2 of 12"):
        cohort = load_bids(tree, target="diagnosis", site="site", max_missing=0.2)
    assert cohort.groups.tolist() == [f"sub-{i:02d}" for i in range(1, 7) for _ in range(2)]
    assert cohort.target.tolist() == ["control", "control", "patient", "patient"] * 3
    assert cohort.target_names == ["control", "patient"]
    assert cohort.sites.tolist() == ["siteA"] * 4 + ["siteB"] * 4 + ["siteC"] * 4
    assert cohort.t_r.tolist() == [2.0] * 4 + [2.5] * 4 + [2.0] * 4
    assert [len(scan) for scan in cohort.data[::2]] == [40, 41, 42, 43, 40, 41]
    assert cohort.feature_names == ROIS[:-1]
    assert cohort.n_rois_dropped == 1
    assert cohort.phenotypic["session"].tolist() == ["1", "2"] * 6
    assert cohort.left_out.empty
    assert "12 scans of 6 participants, atlas 4S156Parcels" in cohort.DESCR


def test_values_are_those_of_the_file(whole):
    cohort = load_bids(whole, target="diagnosis")
    file = pd.read_csv(first_file(whole), sep="\t")
    np.testing.assert_array_equal(cohort.data[0], file.to_numpy(np.float32))
    assert cohort.filenames[0] == str(first_file(whole))
    assert set(cohort.sites) == {"all"}


def test_estimators_know_the_names_of_the_rois(whole):
    cohort = load_bids(whole, target="diagnosis")
    assert ScanCleaner().fit(cohort.data).feature_names_in_.tolist() == ROIS


def test_a_scan_with_too_many_missing_parcels_is_left_out(tree):
    with pytest.warns(UserWarning, match="Left out: 2 with missing points in 1 of 8 ROIs"):
        cohort = load_bids(tree, target="diagnosis")
    assert cohort.feature_names == ROIS
    assert cohort.left_out["participant_id"].tolist() == ["sub-06", "sub-06"]
    assert cohort.left_out["file"].tolist() == [str(first_file(tree, "06", s)) for s in "12"]


def test_each_participant_that_is_left_out_has_a_reason(whole):
    table = whole.parents[1] / "participants.tsv"
    lines = table.read_text().splitlines()
    lines[1] = lines[1].replace("control", "n/a")
    lines[3] = lines[3].replace("siteB", "n/a")
    table.write_text("\n".join([*lines[:-1], "sub-99\tcontrol\tsiteA\t30", ""]))
    shutil.copy(first_file(whole, "04"), first_file(whole, "05"))
    with pytest.warns(
        UserWarning, match="Left out: 1 not among the participants; 1 without series"
    ):
        cohort = load_bids(whole, target="diagnosis", site="site")
    told = cohort.left_out.set_index("participant_id")["reason"].to_dict()
    assert told == {
        "sub-06": "not among the participants",
        "sub-99": "without series",
        "sub-01": "without diagnosis",
        "sub-03": "without site",
        "sub-05": f"with the series of {first_file(whole, '04').name}",
    }
    assert cohort.groups.tolist() == ["sub-02", "sub-04"]


def test_a_session_that_some_lack_leaves_them_out(tree):
    first_file(tree, "02", "2").unlink()
    with (
        pytest.warns(UserWarning, match="1 of 8 ROIs are dropped"),
        pytest.warns(UserWarning, match="without a series of the labels asked for"),
    ):
        cohort = load_bids(tree, target="diagnosis", session="ses-2", max_missing=1)
    assert cohort.groups.tolist() == ["sub-01", "sub-03", "sub-04", "sub-05", "sub-06"]
    assert "session" not in cohort.phenotypic


@pytest.mark.parametrize("run", [1, "1", "01", "run-01"])
def test_runs_are_numbers(tmp_path, whole, run):
    rename(whole, "_task-rest", "_task-rest_run-01")
    write_series(xcpd_path(whole, "01", "1", "02"), noise(50, 8), RepetitionTime=2)
    assert len(load_bids(whole, target="age").data) == 7
    assert len(load_bids(whole, target="age", run=run).data) == 6


def test_numbers_stay_numbers(whole):
    cohort = load_bids(whole, target="age")
    assert cohort.target.tolist() == [20.5, 21.5, 22.5, 23.5, 24.5, 25.5]
    assert cohort.target_names is None
    table = pd.DataFrame({"participant_id": ["01", "02"], "dx": [1, 2], "is_case": [True, False]})
    with pytest.warns(UserWarning, match="4 not among the participants"):
        cohort = load_bids(whole, table, target="dx")
    assert cohort.target.tolist() == [1, 2] and cohort.target_names == ["1", "2"]
    with pytest.warns(UserWarning, match="4 not among the participants"):
        assert load_bids(whole, table, target="is_case").target.tolist() == ["True", "False"]


def test_scans_are_loaded_without_a_target_and_without_a_table(whole):
    (whole.parents[1] / "participants.tsv").unlink()
    cohort = load_bids(whole)
    assert cohort.target is None and cohort.target_names is None
    assert cohort.groups.tolist() == [f"sub-0{i}" for i in range(1, 7)]


def test_families_are_groups(whole):
    table = whole.parents[1] / "participants.tsv"
    people = pd.read_csv(table, sep="\t")
    people["family"] = [1, 1, 2, 2, 3, 3]
    cohort = load_bids(whole, people, target="diagnosis", group="family")
    assert cohort.groups.tolist() == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("asked", ["4S156Parcels", "seg-4S156Parcels", "atlas-4S156Parcels"])
def test_atlas_is_seg_in_newer_releases(whole, asked):
    rename(whole, "seg-", "atlas-")
    assert len(load_bids(whole, target="age", atlas=asked).data) == 6


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sub-{}_task-rest_seg-DiFuMo64_desc-simple_timeseries.tsv", {"desc": "simple"}),
        ("sub-{}_task-rest_feature-fc1_atlas-schaefer_timeseries.tsv", {}),
        (
            "sub-{}_task-rest_feature-fc1_atlas-schaefer_timeseries.tsv",
            {"entities": {"feature": "fc1"}},
        ),
        ("sub-{}_timeseries.tsv", {}),
    ],
)
@pytest.mark.parametrize("names", [ROIS, None])
def test_other_writers_with_and_without_a_header(tmp_path, name, options, names):
    rng = np.random.default_rng(0)
    for subject in ("1", "2"):
        path = tmp_path / f"sub-{subject}" / "func" / name.format(subject)
        write_series(path, rng.standard_normal((30, 8)), names, SamplingFrequency=0.5)
    write_text(tmp_path / "participants.tsv", "participant_id\tdx\nsub-1\ta\nsub-2\tb\n")
    cohort = load_bids(tmp_path, target="dx", **options)
    assert cohort.feature_names == (names or [str(i) for i in range(1, 9)])
    assert [len(scan) for scan in cohort.data] == [30, 30]
    assert cohort.t_r.tolist() == [2, 2]


def test_names_that_are_numbers_are_codes(tmp_path):
    for subject in ("1", "2"):
        path = tmp_path / f"sub-{subject}_timeseries.tsv"
        write_series(path, int(subject) * noise(9, 3), [2001, 2002, 2101], RepetitionTime=2)
    cohort = load_bids(tmp_path)
    assert cohort.roi_codes.tolist() == [2001, 2002, 2101]
    assert len(cohort.data[0]) == 9


def test_codes_come_from_the_table_of_the_atlas(whole):
    rows = "".join(f"{10 * i}\t{name}\n" for i, name in enumerate(ROIS, start=1))
    folder = whole / "atlases" / "atlas-4S156Parcels"
    write_text(folder / "atlas-4S156Parcels_dseg.tsv", f"index\tname\n{rows}")
    assert load_bids(whole).roi_codes.tolist() == list(range(10, 90, 10))
    write_text(folder / "atlas-4S156Parcels_dseg.tsv", "index\tname\n1\tParcel1\n")
    assert load_bids(whole).roi_codes is None


def test_the_nearest_sidecar_wins(whole):
    for path in whole.rglob("sub-*.json"):
        path.unlink()
    study = whole.parents[1]
    write_text(study / "task-rest_bold.json", '{"RepetitionTime": 1}')
    assert set(load_bids(whole).t_r) == {1}
    write_text(
        whole / "sub-01" / "sub-01_task-rest_desc-denoised_bold.json", '{"RepetitionTime": 2}'
    )
    write_text(whole / "sub-02" / "ses-1" / "sub-02_ses-1_bold.json", '{"EchoTime": 0.03}')
    assert load_bids(whole).t_r.tolist() == [2, 1, 1, 1, 1, 1]
    write_text(whole / "task-rest_timeseries.json", '{"SamplingFrequency": 0.25}')
    write_text(whole / "task-nback_timeseries.json", '{"RepetitionTime": 3}')
    write_text(whole / "task-rest_seg-Other_timeseries.json", '{"RepetitionTime": 3}')
    assert set(load_bids(whole).t_r) == {4}
    first_file(whole).with_suffix(".json").write_text('{"RepetitionTime": 5}')
    assert load_bids(whole).t_r.tolist() == [5, 4, 4, 4, 4, 4]


def test_head_motion_is_a_confound(whole):
    cohort = load_bids(whole, target="diagnosis", confounds=["func_mean_fd", "age"])
    np.testing.assert_allclose(cohort.confounds["func_mean_fd"], np.arange(0.1, 0.16, 0.01))
    assert list(cohort.confounds) == ["func_mean_fd", "age"]
    rename(whole, "_motion.tsv", "_desc-confounds_timeseries.tsv")
    again = load_bids(whole, target="diagnosis", confounds="func_mean_fd")
    assert again.confounds["func_mean_fd"].equals(cohort.confounds["func_mean_fd"])
    assert len(again.data) == 6


def test_scans_without_motion_have_no_such_column(whole):
    for path in whole.rglob("*_motion.tsv"):
        path.unlink()
    assert "func_mean_fd" not in load_bids(whole).phenotypic


def test_several_tasks_are_rows_where_both_are_named(whole):
    path = first_file(whole)
    other = path.with_name(path.name.replace("task-rest", "task-movie"))
    write_series(other, noise(50, 8), RepetitionTime=1)
    cohort = load_bids(whole, task=["rest", "movie"])
    assert cohort.phenotypic["task"].tolist() == ["movie", *["rest"] * 6]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load_bids(whole, task="rest").data) == 6


def test_sites_that_are_numbers_stay_whole(whole):
    table = whole.parents[1] / "participants.tsv"
    people = pd.read_csv(table, sep="\t").assign(site=[1, 1, 2, 2, 3, None])
    with pytest.warns(UserWarning, match="1 without site"):
        cohort = load_bids(whole, people, site="site", group="site")
    assert cohort.sites.tolist() == ["1", "1", "2", "2", "3"]
    assert cohort.groups.tolist() == [1, 1, 2, 2, 3]


def test_line_ends_of_other_systems(whole):
    table = whole.parents[1] / "participants.tsv"
    for path, end in ((table, b"\r\n"), (first_file(whole), b"\r")):
        path.write_bytes(path.read_bytes().replace(b"\n", end))
    cohort = load_bids(whole, target="diagnosis")
    assert [len(scan) for scan in cohort.data] == [40, 41, 42, 43, 40, 41]
    assert cohort.target_names == ["control", "patient"]


def test_a_frame_of_participants_has_no_folder_of_sidecars(whole, monkeypatch):
    for path in whole.rglob("sub-*.json"):
        path.unlink()
    study = whole.parents[1]
    people = pd.read_csv(study / "participants.tsv", sep="\t")
    elsewhere = write_text(study / "elsewhere" / "task-rest_bold.json", '{"RepetitionTime": 1}')
    monkeypatch.chdir(elsewhere.parent)
    with pytest.raises(ValueError, match="has no repetition time"):
        load_bids(whole, people)
    write_text(study / "task-rest_bold.json", '{"RepetitionTime": 3}')
    assert set(load_bids(whole, people).t_r) == {3}
