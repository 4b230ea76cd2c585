import numpy as np
import pytest

from sklearn_lstmdg import ScanCleaner
from sklearn_lstmdg.datasets import load_bids

from _derivatives import first_file
from _trees import ROIS, write_series, write_text

pd = pytest.importorskip("pandas")


def test_sessions_are_rows_and_a_participant_is_a_group(tree):
    with pytest.warns(UserWarning, match="1 of 8 ROIs is dropped.* 'Parcel8' in 2 of 12"):
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


def test_scans_are_loaded_without_a_target_and_without_a_table(whole):
    (whole.parents[1] / "participants.tsv").unlink()
    cohort = load_bids(whole)
    assert cohort.target is None and cohort.target_names is None
    assert cohort.groups.tolist() == [f"sub-0{i}" for i in range(1, 7)]


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


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"task": []}, r"task must be a label, or several, got \[\]"),
        ({"session": 1.5}, "session must be a label, or several, got 1.5"),
        ({"target": ["age"]}, r"target must be the name of a column, got \['age'\]"),
        ({"site": 3}, "site must be the name of a column, got 3"),
        ({"group": ("site",)}, "group must be the name of a column"),
        ({"confounds": 3}, "confounds must be names of columns, got 3"),
        ({"confounds": ["age", None]}, "confounds must be names of columns"),
        ({"max_missing": np.nan}, "max_missing must be a finite number, got nan"),
    ],
)
def test_options_of_the_wrong_kind_are_named(whole, options, match):
    with pytest.raises(ValueError, match=match):
        load_bids(whole, **options)
