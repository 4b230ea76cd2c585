"""From files and a table's rows to a cohort."""

import shutil

import numpy as np
import pytest

from sklearn_lstmdg.datasets import load_bids, load_scans

from _derivatives import first_file, noise
from _series_formats import draw, write
from _trees import ROIS, write_series

pd = pytest.importorskip("pandas")


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
        pytest.warns(UserWarning, match="1 of 8 ROIs is dropped"),
        pytest.warns(UserWarning, match="without a series of the labels asked for"),
    ):
        cohort = load_bids(tree, target="diagnosis", session="ses-2", max_missing=1)
    assert cohort.groups.tolist() == ["sub-01", "sub-03", "sub-04", "sub-05", "sub-06"]
    assert "session" not in cohort.phenotypic


def test_families_are_groups(whole):
    table = whole.parents[1] / "participants.tsv"
    people = pd.read_csv(table, sep="\t")
    people["family"] = [1, 1, 2, 2, 3, 3]
    cohort = load_bids(whole, people, target="diagnosis", group="family")
    assert cohort.groups.tolist() == [1, 1, 2, 2, 3, 3]


def test_names_that_are_numbers_are_codes(tmp_path):
    for subject in ("1", "2"):
        path = tmp_path / f"sub-{subject}_timeseries.tsv"
        write_series(path, int(subject) * noise(9, 3), [2001, 2002, 2101], RepetitionTime=2)
    cohort = load_bids(tmp_path)
    assert cohort.roi_codes.tolist() == [2001, 2002, 2101]
    assert len(cohort.data[0]) == 9


def test_sites_that_are_numbers_stay_whole(whole):
    table = whole.parents[1] / "participants.tsv"
    people = pd.read_csv(table, sep="\t").assign(site=[1, 1, 2, 2, 3, None])
    with pytest.warns(UserWarning, match="1 without site"):
        cohort = load_bids(whole, people, site="site", group="site")
    assert cohort.sites.tolist() == ["1", "1", "2", "2", "3"]
    assert cohort.groups.tolist() == [1, 1, 2, 2, 3]


def test_a_file_that_stops_within_a_line_is_told_of(listed, tmp_path):
    listed["scan"] = [f"scan{i}.csv" for i in range(4)]
    for i, name in enumerate(listed["scan"]):
        np.savetxt(tmp_path / name, draw(i), delimiter=",")
    content = (tmp_path / "scan2.csv").read_bytes()
    (tmp_path / "scan2.csv").write_bytes(content[:-9])
    with pytest.warns(UserWarning, match=r"1 of 4 files stops within a line, .*scan2.csv first"):
        load_scans(write(listed, tmp_path), target="label")


def test_files_that_all_end_without_an_end_of_a_line_are_as_their_program_writes(
    listed, tmp_path, recwarn
):
    listed["scan"] = [f"scan{i}.txt" for i in range(4)]
    for i, name in enumerate(listed["scan"]):
        (tmp_path / name).write_text("\n".join(" ".join(map(str, row)) for row in draw(i)))
    load_scans(write(listed, tmp_path), target="label")
    assert not recwarn.list
