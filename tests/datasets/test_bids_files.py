"""Names, sidecars and head motion of BIDS derivatives."""

import warnings

import numpy as np
import pytest

from sklearn_lstmdg.datasets import _bids_files, load_bids, read_names

from _derivatives import first_file, noise
from _trees import ROIS, write_motion, write_series, write_text, xcpd_path

pd = pytest.importorskip("pandas")


def rename(tree, old, new):
    for path in sorted(tree.rglob("*")):
        if old in path.name:
            path.rename(path.with_name(path.name.replace(old, new)))


@pytest.mark.parametrize("run", [1, "1", "01", "run-01"])
def test_runs_are_numbers(whole, run):
    rename(whole, "_task-rest", "_task-rest_run-01")
    write_series(xcpd_path(whole, "01", "1", "02"), noise(50, 8), RepetitionTime=2)
    assert len(load_bids(whole, target="age").data) == 7
    assert len(load_bids(whole, target="age", run=run).data) == 6


@pytest.mark.parametrize("asked", ["4S156Parcels", "seg-4S156Parcels", "atlas-4S156Parcels"])
def test_atlas_is_seg_in_newer_releases(whole, asked):
    rename(whole, "seg-", "atlas-")
    assert len(load_bids(whole, target="age", atlas=asked).data) == 6


def test_codes_come_from_the_table_of_the_atlas(whole):
    rows = "".join(f"{10 * i}\t{name}\n" for i, name in enumerate(ROIS, start=1))
    folder = whole / "atlases" / "atlas-4S156Parcels"
    write_text(folder / "atlas-4S156Parcels_dseg.tsv", f"index\tname\n{rows}")
    assert load_bids(whole).roi_codes.tolist() == list(range(10, 90, 10))
    write_text(folder / "atlas-4S156Parcels_dseg.tsv", "index\tname\n1\tParcel1\n")
    assert load_bids(whole).roi_codes is None


@pytest.mark.parametrize(
    ("index", "match"),
    [
        ("n/a", "dseg.tsv, line 3: index is missing"),
        ("1.5", "dseg.tsv: index must be whole numbers"),
        ("x", "dseg.tsv: index must be whole numbers"),
        ("99999999999999999999", "dseg.tsv: index must be whole numbers"),
        ("3", "dseg.tsv, line 4: index 3 is there twice"),
    ],
)
def test_codes_that_are_none_are_refused(whole, index, match):
    codes = ["1", index, *map(str, range(3, 9))]
    rows = "".join(f"{code}\t{name}\n" for code, name in zip(codes, ROIS, strict=True))
    write_text(whole / "atlas-4S156Parcels_dseg.tsv", f"index\tname\n{rows}0\tBackground\n")
    with pytest.raises(ValueError, match=match):
        load_bids(whole)


def test_a_name_of_two_codes_is_refused(whole):
    rows = "".join(f"{i}\t{name}\n" for i, name in enumerate([*ROIS, "Parcel1"]))
    write_text(whole / "atlas-4S156Parcels_dseg.tsv", f"index\tname\n{rows}")
    with pytest.raises(ValueError, match=r"dseg.tsv, line 10: name Parcel1 is there twice"):
        load_bids(whole)


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


def test_codes_of_rois_may_begin_with_zeros(whole):
    rows = "".join(f"{i:03d}\t{name}\n" for i, name in enumerate(ROIS, start=7))
    path = write_text(whole / "atlas-4S156Parcels_dseg.tsv", f"index\tlabel\n{rows}")
    assert load_bids(whole).roi_codes.tolist() == list(range(7, 15))
    assert read_names(path) == dict(enumerate(ROIS, start=7))


def test_motion_in_a_folder_of_many_is_looked_for_among_the_subjects_own(tmp_path, monkeypatch):
    for i in range(30):
        stem = f"sub-{i:02d}_task-rest"
        write_series(tmp_path / f"{stem}_timeseries.tsv", noise(20 + i, 8), RepetitionTime=2)
        write_motion(tmp_path / f"{stem}_motion.tsv", np.full(20 + i, i / 10))
    read = []
    parse_name = _bids_files.parse_name
    monkeypatch.setattr(
        _bids_files, "parse_name", lambda path: read.append(path) or parse_name(path)
    )
    cohort = load_bids(tmp_path, confounds="func_mean_fd")
    np.testing.assert_allclose(cohort.confounds["func_mean_fd"], np.arange(30) / 10)
    assert len(read) < 200
